import type { DbObject, NotCaptured, ObjectKey, TextPolicies } from '../../../model.ts'
import type { Client, TextRecord } from '../client.ts'
import { errorNumber, serverErrors } from '../failures.ts'
import { quoteName } from '../lexer.ts'
import { accountsGrant } from '../privileges.ts'
import type { Server } from '../session.ts'
import { splitStatements } from '../split.ts'
import { accountWarnings, elsewhereOf, mandatoryRoles, type ShownAccount } from './account-facts.ts'
import { accountName, accountSql, everybody } from './account-name.ts'
import { readCreateUser } from './account-text.ts'
import {
  isExactly,
  listAccounts,
  type Account,
  type ListedAccounts,
  type PackageGrant,
} from './accounts-list.ts'
import { changedWhileReading, describeAll, isDenied } from './describe.ts'
import { readGrantLine, type GrantLine } from './grant-line.ts'
import { withSettings } from './programs.ts'

/** What was found out about accounts and roles. */
export interface AccountsRead {
  readonly accounts: readonly DbObject[]
  /** By account: what it may do in other places, which the server adds to what it may do here; roles that all have. */
  readonly elsewhere: Readonly<Record<string, string>>
  readonly notCaptured: readonly NotCaptured[]
  readonly warnings: readonly string[]
}

/** What an account can have a grant on; names as the server keeps them. */
interface GrantTargets {
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
  texts: TextPolicies,
): Promise<AccountsRead> {
  try {
    return await readThem(client, server, objects, texts)
  } catch (error) {
    if (!isDenied(error)) throw error
    // They would vanish from the files without a word.
    const reason = `the account can't see accounts, roles and grants: ${accountsGrant}`
    const notCaptured = [
      { kind: 'account', name: `${server.database}.*`, reason, ofServer: true as const },
    ]
    return { accounts: [], elsewhere: {}, notCaptured, warnings: [] }
  }
}

async function readThem(
  client: Client,
  server: Server,
  objects: readonly DbObject[],
  { definers }: TextPolicies,
): Promise<AccountsRead> {
  const listed = await listAccounts(client, server, definersOf(objects))
  // An account that the configuration names may be that of another server.
  const named = typeof definers === 'string' ? new Set<string>() : new Set(definers.values())
  const missingDefiners = listed.missingDefiners.filter((name) => !named.has(name))
  const targets = targetsOf(objects)
  const shown = await describeAccounts(client, server, listed)
  const others = await describeGrants(client, listed.fromElsewhere)
  const accounts = shown.map((each) => roleOf(each, server, targets, listed))
  const facts = [...shown, ...others].flatMap((each) => elsewhereOf(each, server.database))
  const names = new Set(accounts.map(({ name }) => name))
  return {
    accounts,
    elsewhere: {
      ...Object.fromEntries(facts),
      ...mandatoryRoles(await mandatorySetting(client, server), names),
    },
    notCaptured: [],
    warnings: [
      ...accountWarnings({ ...listed, missingDefiners }),
      ...shown.flatMap((each) => staleGrants(each, server, targets)),
    ],
  }
}

async function mandatorySetting(client: Client, { product }: Server): Promise<string> {
  if (product === 'MariaDB') return ''
  const [record] = await client.query<'roles'>('SELECT @@GLOBAL.mandatory_roles AS roles')
  return record?.roles ?? ''
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

/** `CREATE … DEFINER=`user`@`host`` at the beginning of a statement, also of one that is put together; under ANSI_QUOTES in ". */
const definer =
  /^(?:SET @statement = concat\(')?CREATE (?:OR REPLACE )?(?:ALGORITHM=\w+ )?DEFINER ?= ?(`(?:[^`]|``)*`|"(?:[^"]|"")*")(?:@(`(?:[^`]|``)*`|"(?:[^"]|"")*"))?/

/** The accounts by whose rights the objects' code runs. */
export function definersOf(
  objects: readonly Pick<DbObject, 'sql' | 'sqlAfterRows'>[],
): ReadonlySet<string> {
  const names = objects
    .flatMap(({ sql, sqlAfterRows = '' }) => splitStatements(`${sql}${sqlAfterRows}`))
    .flatMap((statement) => {
      const [, user, host] = definer.exec(statement.replace(leadingNotes, '')) ?? []
      if (user === undefined) return []
      return accountName({
        user: unquoted(user),
        ...(host === undefined ? {} : { host: unquoted(host) }),
      })
    })
  return new Set(names)
}

/** The lines of comments that this program writes before a statement. */
const leadingNotes = /^(?:--[^\n]*\n)+/

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

/** An account with the statement that makes it. */
interface Shown extends ShownAccount {
  readonly account: Account
  readonly create?: string
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
  const described = await describeGrants(client, accounts)
  return described.map(({ account, lines, grants }) => {
    const create = texts.get(account)
    const own = packageGrants.filter((grant) => grant.account === accountName(account))
    return {
      account,
      lines,
      grants: [...grants, ...own.map((grant) => ofPackage(grant, database))],
      ...(typeof create === 'string' ? { create } : {}),
    }
  })
}

async function describeGrants(
  client: Client,
  accounts: readonly Account[],
): Promise<readonly (ShownAccount & { readonly account: Account })[]> {
  const answers = await showGrants(client, accounts)
  return accounts.map((account, index) => {
    const lines = (answers[index] ?? []).map((record) => Object.values(record)[0] ?? '')
    return { account, lines, grants: lines.flatMap((line) => readGrantLine(line, account)) }
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
      .flatMap(({ role }): ObjectKey[] =>
        role === undefined ? [] : [{ kind: 'role', name: role }],
      )
      .filter(({ name }) => known.has(name))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
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

function isHere({ on }: GrantLine, database: string): boolean {
  return on !== undefined && isExactly(on.database, database)
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
