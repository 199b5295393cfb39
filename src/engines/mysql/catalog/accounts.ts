import type { DbObject, ObjectKey } from '../../../model.ts'
import type { Client, TextRecord } from '../client.ts'
import { errorNumber, serverErrors } from '../failures.ts'
import { quoteName } from '../lexer.ts'
import type { Server } from '../session.ts'
import {
  accountName,
  accountSql,
  everybody,
  readCreateUser,
  readGrantLine,
  type Account,
  type GrantLine,
} from './account-text.ts'
import { isExactly, listAccounts, type ListedAccounts, type PackageGrant } from './accounts-list.ts'
import { withSettings } from './programs.ts'
import { changedWhileReading, describeAll, isDenied } from './describe.ts'

/** What was found out about accounts and roles. */
export interface AccountsRead {
  readonly accounts: readonly DbObject[]
  /** By account: what it may do in other places, which the server adds to what it may do here. */
  readonly elsewhere: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
}

/** What an account can have a grant on; names as the server keeps them. */
export interface GrantTargets {
  readonly tables: ReadonlySet<string>
  readonly routines: ReadonlySet<string>
}

/**
 * The accounts and roles that this database concerns (accounts-list.ts), with their grants on it. What they may do
 * elsewhere belongs to no object: a restore of one database gives nobody power over others.
 */
export async function readAccounts(
  client: Client,
  server: Server,
  objects: readonly DbObject[],
): Promise<AccountsRead> {
  const definers = definersOf(objects)
  try {
    const listed = await listAccounts(client, server, definers)
    const targets = targetsOf(objects)
    const shown = await describeAccounts(client, server, listed)
    return {
      accounts: shown.map((each) => roleOf(each, server, targets, listed)),
      elsewhere: Object.fromEntries(shown.flatMap((each) => elsewhereOf(each, server))),
      warnings: [
        ...listed.missingDefiners.map(missingDefiner),
        ...shown.flatMap((each) => staleGrants(each, server, targets)),
      ],
    }
  } catch (error) {
    if (!isDenied(error)) throw error
    return { accounts: [], elsewhere: {}, warnings: [blind] }
  }
}

function missingDefiner(name: string): string {
  return `there is no account ${name}, and something in the database has it as its definer: what runs with its definer's rights can't be used`
}

function elsewhereOf({ account, grants }: Shown, { database }: Server): [string, string][] {
  const found = grants.filter((grant) => isElsewhere(grant, database))
  if (found.length === 0) return []
  const texts = found.map(
    (grant) =>
      `${grant.what} ON ${globalTarget(grant)}${grant.withOption ? ' WITH GRANT OPTION' : ''}`,
  )
  return [[`elsewhere ${accountName(account)}`, texts.toSorted().join('; ')]]
}

/** The server keeps grants on what was dropped, for whatever gets its name next. */
function staleGrants(
  { account, grants }: Shown,
  { database }: Server,
  targets: GrantTargets,
): readonly string[] {
  const stale = grants.filter((grant) => isHere(grant, database) && !isThere(grant, targets))
  return stale.map(
    ({ what, on }) =>
      `${accountName(account)} has ${what} on ${on?.object ?? ''}, which is not in the snapshot: this grant is not saved`,
  )
}

const blind =
  'the account may not see other accounts, so users, roles and grants are not saved: GRANT SELECT ON `mysql`.* TO the account'

/** `CREATE … DEFINER=`user`@`host`` at the beginning of a statement; under ANSI_QUOTES in ". */
const definer =
  /^CREATE (?:OR REPLACE )?(?:ALGORITHM=\w+ )?DEFINER ?= ?(`(?:[^`]|``)*`|"(?:[^"]|"")*")(?:@(`(?:[^`]|``)*`|"(?:[^"]|"")*"))?/gm

function definersOf(objects: readonly DbObject[]): ReadonlySet<string> {
  const names = objects.flatMap(({ sql, sqlAfterRows = '' }) =>
    [...`${sql}${sqlAfterRows}`.matchAll(definer)].map(([, user = '', host = '']) =>
      accountName({ user: unquoted(user), host: unquoted(host) }),
    ),
  )
  return new Set(names)
}

function unquoted(name: string): string {
  const [quote = ''] = name
  return name.slice(1, -1).replaceAll(quote + quote, quote)
}

function targetsOf(objects: readonly DbObject[]): GrantTargets {
  const names = (kinds: readonly string[]) =>
    new Set(objects.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name))
  const routines = objects.map(({ kind, name }) => routineName(kind, name))
  return { tables: names(['table', 'view', 'sequence']), routines: new Set(routines) }
}

/** Names of routines do not tell upper and lower case apart. */
function routineName(kind: string, name: string): string {
  return `${kind.replace(/ BODY$/i, '').toLowerCase()} ${name.toLowerCase()}`
}

/** An account as the server shows it. */
interface Shown {
  readonly account: Account
  readonly create?: string
  readonly lines: readonly string[]
  readonly grants: readonly GrantLine[]
}

async function describeAccounts(
  client: Client,
  { product, database }: Server,
  { accounts, packageGrants }: ListedAccounts,
): Promise<readonly Shown[]> {
  const isShown = (account: Account) => product === 'MySQL' || !account.isRole
  const created = await describeAll(
    client,
    accounts.filter(isShown),
    (account) => `SHOW CREATE USER ${accountSql(account)}`,
  )
  for (const { item, refusal } of created) if (refusal !== undefined) throw gone(item, refusal)
  const texts = new Map(created.map(({ item, record }) => [item, Object.values(record ?? {})[0]]))
  const answers = await showGrants(client, accounts)
  return accounts.map((account, index) => {
    const create = texts.get(account)
    const lines = (answers[index] ?? []).map((record) => Object.values(record)[0] ?? '')
    const grants = [
      ...lines.flatMap((line) => readGrantLine(line, account) ?? []),
      ...packageGrants
        .filter((grant) => grant.account === accountName(account))
        .map((grant) => ofPackage(grant, database)),
    ]
    return { account, lines, grants, ...(typeof create === 'string' ? { create } : {}) }
  })
}

async function showGrants(
  client: Client,
  accounts: readonly Account[],
): Promise<readonly TextRecord[][]> {
  try {
    return await client.queryAll(
      accounts.map((account) => `SHOW GRANTS FOR ${accountSql(account)}`),
    )
  } catch (error) {
    if (errorNumber(error) !== serverErrors.noSuchGrant) throw error
    throw changedWhileReading('The accounts')
  }
}

function gone(account: Account, refusal: Error): Error {
  return isDenied(refusal) ? refusal : changedWhileReading(`The account ${accountName(account)}`)
}

function roleOf(
  { account, create, lines, grants }: Shown,
  { database }: Server,
  targets: GrantTargets,
  { accounts }: ListedAccounts,
): DbObject {
  const made = makingOf(account, create)
  const roles = grants.filter(({ on }) => on === undefined)
  const here = grants.filter((grant) => isHere(grant, database) && isThere(grant, targets))
  const afterRows = grantsHere(here, account)
  const known = new Set(accounts.map(accountName))
  return {
    kind: 'role',
    name: accountName(account),
    sql: [
      made.sql,
      ...roles.map((grant) => membership(grant, account)).toSorted(),
      ...defaultRoles(account, create, lines),
    ].join(''),
    ...(afterRows === '' ? {} : { sqlAfterRows: afterRows }),
    ...(made.secret === undefined ? {} : { sqlSecrets: made.secret }),
    dependsOn: roles
      .map(({ what }): ObjectKey => ({ kind: 'role', name: roleName(what) }))
      .filter((role) => known.has(role.name)),
  }
}

function membership({ what, withOption }: GrantLine, account: Account): string {
  return `GRANT ${what} TO ${accountSql(account)}${withOption ? ' WITH ADMIN OPTION' : ''};\n`
}

function grantsHere(grants: readonly GrantLine[], account: Account): string {
  const isOfOracle = ({ objectType }: GrantLine) => objectType?.startsWith('PACKAGE') === true
  const statements = (some: readonly GrantLine[]) =>
    some
      .map((grant) => grantStatement(grant, account, localTarget(grant)))
      .toSorted()
      .join('')
  const usual = statements(grants.filter((grant) => !isOfOracle(grant)))
  const ofPackages = statements(grants.filter(isOfOracle))
  // Other sessions do not know the word PACKAGE.
  return usual + (ofPackages === '' ? '' : withSettings({ sql_mode: "'ORACLE'" }, ofPackages))
}

function makingOf(account: Account, create: string | undefined): { sql: string; secret?: string } {
  if (account.isRole && account.user === everybody) return { sql: '' }
  if (account.isRole) return { sql: `CREATE ROLE ${accountSql(account)};\n` }
  // An empty text would make an account without a password.
  if (create === undefined) throw changedWhileReading(`The account ${accountName(account)}`)
  return readCreateUser(create, account)
}

/** MariaDB lists them with the grants, MySQL in CREATE USER, where they would have to be granted already. */
function defaultRoles(account: Account, create = '', lines: readonly string[]): readonly string[] {
  const own = lines
    .filter((line) => line.startsWith('SET DEFAULT ROLE '))
    .map((line) => `${line};\n`)
  const [, roles] = /\sDEFAULT ROLE ((?:`(?:[^`]|``)*`@`(?:[^`]|``)*`,?)+)/.exec(create) ?? []
  return roles === undefined ? own : [`ALTER USER ${accountSql(account)} DEFAULT ROLE ${roles};\n`]
}

/** `` `writer`@`%` `` → `writer@%`. */
function roleName(what: string): string {
  const [, user = '', host = ''] = /^(`(?:[^`]|``)*`)(?:@(`(?:[^`]|``)*`))?$/.exec(what) ?? []
  return accountName({ user: unquoted(user), host: unquoted(host) })
}

function isHere({ on }: GrantLine, database: string): boolean {
  return on !== undefined && isExactly(on.database, database)
}

/** Everything that is no right of this database alone, but holds for it too. */
function isElsewhere({ what, on }: GrantLine, database: string): boolean {
  if (on === undefined || isExactly(on.database, database)) return false
  const isPattern = on.object === '*' && /(?<!\\)[%_]/.test(on.database)
  return (on.database === '*' && what !== 'USAGE') || isPattern
}

function isThere({ objectType, on }: GrantLine, { tables, routines }: GrantTargets): boolean {
  if (on === undefined || on.object === '*') return true
  if (objectType === undefined) return tables.has(on.object)
  return routines.has(routineName(objectType, on.object))
}

function ofPackage({ objectType, object, privileges }: PackageGrant, database: string): GrantLine {
  const words = privileges.split(',').map((word) => word.toUpperCase())
  const what = words.filter((word) => word !== 'GRANT').join(', ')
  return {
    what: what === '' ? 'USAGE' : what,
    objectType,
    on: { database, object },
    withOption: words.includes('GRANT'),
  }
}

function grantStatement({ what, withOption }: GrantLine, account: Account, target: string): string {
  return `GRANT ${what} ON ${target} TO ${accountSql(account)}${withOption ? ' WITH GRANT OPTION' : ''};\n`
}

/** Without the name of the database, which is the current one when it is run. */
function localTarget({ objectType, on }: GrantLine): string {
  const object = on?.object ?? '*'
  const name = object === '*' ? '*' : quoteName(object)
  return objectType === undefined ? name : `${objectType} ${name}`
}

function globalTarget({ on }: GrantLine): string {
  const database = on?.database ?? '*'
  return `${database === '*' ? '*' : quoteName(database)}.${on?.object === '*' ? '*' : quoteName(on?.object ?? '')}`
}
