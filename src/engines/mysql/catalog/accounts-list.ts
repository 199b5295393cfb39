import type { Client, TextRecord } from '../client.ts'
import { quoteText } from '../lexer.ts'
import type { Server } from '../session.ts'
import { accountName, type AccountName } from './account-name.ts'

/** An account or a role of the server. */
export interface Account extends AccountName {
  /** Made by CREATE ROLE. */
  readonly isRole: boolean
}

/** Which accounts have to do with a database. */
export interface ListedAccounts {
  readonly accounts: readonly Account[]
  /** Those with rights on this database by what holds for others too, and with none of its own. */
  readonly fromElsewhere: readonly Account[]
  /** Names (`user@host`) of definers that no account has. */
  readonly missingDefiners: readonly string[]
  /** Names with grants on this database, which are not written: of the server's own accounts, and of none. */
  readonly leftOut: { readonly own: readonly string[]; readonly unknown: readonly string[] }
  /** Names of accounts with a second password, which no statement shows. */
  readonly secondPasswords: readonly string[]
  /** Grants on packages, which SHOW GRANTS leaves out. */
  readonly packageGrants: readonly PackageGrant[]
}

/** One line of mysql.procs_priv about a package. */
export interface PackageGrant {
  /** `user@host`. */
  readonly account: string
  /** `PACKAGE` or `PACKAGE BODY`. */
  readonly objectType: string
  readonly object: string
  /** As the server keeps them: `Execute,Alter Routine,Grant`. */
  readonly privileges: string
}

/** Accounts that every installation has: they are never written. */
function isPredefined({ user, host }: AccountName): boolean {
  if (user === 'root') return ['localhost', '127.0.0.1', '::1'].includes(host ?? '')
  return /^(?:mysql\.|mariadb\.sys$)/.test(user)
}

/**
 * The accounts and roles with grants on this database or what is in it, that define something in it, those whom
 * such a role was granted to, and the roles that were granted to any of these.
 */
export async function listAccounts(
  client: Client,
  server: Server,
  definers: ReadonlySet<string>,
): Promise<ListedAccounts> {
  const { users, grants, members, packages } = await readTables(client, server)
  const nameOf = (record: TextRecord) => accountName(accountOf(record, server))
  const isOwn = ({ db = null }: TextRecord) => db === null || isExactly(db, server.database)
  const granted = new Set(grants.filter(isOwn).map(nameOf))
  const edges = members.map((record) => ({
    member: nameOf(record),
    role: nameOf({ user: record['role'] ?? '', host: record['roleHost'] ?? '' }),
  }))
  const names = closure(granted, definers, edges)
  const known = new Map(users.map((record) => [nameOf(record), record]))
  const all = users.map((record) => accountOf(record, server))
  const written = all.filter((account) => names.has(accountName(account)) && !isPredefined(account))
  const reached = new Set([
    ...grants.filter((grant) => !isOwn(grant)).map(nameOf),
    ...users.filter(({ restricted }) => restricted === '1').map(nameOf),
  ])
  const isElsewhere = (account: Account) =>
    reached.has(accountName(account)) && !names.has(accountName(account))
  return {
    accounts: written.toSorted(byName),
    fromElsewhere: all.filter(isElsewhere).toSorted(byName),
    missingDefiners: [...definers].filter((name) => !known.has(name)).toSorted(),
    leftOut: {
      own: all
        .filter(isPredefined)
        .map(accountName)
        .filter((name) => granted.has(name)),
      unknown: [...granted].filter((name) => !known.has(name)).toSorted(),
    },
    secondPasswords: written
      .map(accountName)
      .filter((name) => known.get(name)?.['second'] === '1')
      .toSorted(),
    packageGrants: packages.map((record) => ({
      account: nameOf(record),
      objectType: record['type'] ?? '',
      object: record['name'] ?? '',
      privileges: record['privileges'] ?? '',
    })),
  }
}

interface Tables {
  readonly users: readonly TextRecord[]
  readonly grants: readonly TextRecord[]
  readonly members: readonly TextRecord[]
  readonly packages: readonly TextRecord[]
}

async function readTables(client: Client, { product, database }: Server): Promise<Tables> {
  const here = quoteText(database)
  const isMariaDb = product === 'MariaDB'
  const [users = [], grants = [], members = [], packages = []] = await client.queryAll([
    isMariaDb
      ? "SELECT user AS user, host AS host, is_role = 'Y' AS isRole FROM mysql.user"
      : `SELECT user AS user, host AS host, account_locked = 'Y' AND password_expired = 'Y' AND authentication_string = '' AS isRole,
           JSON_CONTAINS(JSON_EXTRACT(user_attributes, '$.Restrictions[*].Database'), JSON_QUOTE(${here})) AS restricted,
           JSON_CONTAINS_PATH(user_attributes, 'one', '$.additional_password') AS second
         FROM mysql.user`,
    `SELECT user AS user, host AS host, db AS db FROM mysql.db WHERE ${here} LIKE db OR db = ${here}
     UNION SELECT user, host, NULL FROM mysql.tables_priv WHERE db = ${here}
     UNION SELECT user, host, NULL FROM mysql.procs_priv WHERE db = ${here}`,
    isMariaDb
      ? "SELECT user AS user, host AS host, role AS role, '' AS roleHost FROM mysql.roles_mapping"
      : 'SELECT to_user AS user, to_host AS host, from_user AS role, from_host AS roleHost FROM mysql.role_edges',
    `SELECT user AS user, host AS host, routine_type AS type, routine_name AS name, proc_priv AS privileges
     FROM mysql.procs_priv WHERE db = ${here} AND routine_type LIKE 'PACKAGE%'`,
  ])
  return { users, grants, members, packages }
}

/** Whether a pattern of mysql.db was meant for this database alone; `_` is a wildcard there that few know of. */
export function isExactly(pattern: string, database: string): boolean {
  return pattern === database || pattern.replaceAll(/\\([_%\\])/g, '$1') === database
}

function accountOf({ user, host, isRole }: TextRecord, { product }: Server): Account {
  const hasHost = product === 'MySQL' || host !== ''
  return {
    user: user ?? '',
    ...(hasHost ? { host: host ?? '' } : {}),
    isRole: isRole === '1' || !hasHost,
  }
}

function byName(one: Account, other: Account): number {
  return accountName(one) < accountName(other) ? -1 : 1
}

function closure(
  granted: ReadonlySet<string>,
  definers: ReadonlySet<string>,
  edges: readonly { readonly member: string; readonly role: string }[],
): ReadonlySet<string> {
  const names = new Set(granted)
  grow(names, (name) => edges.filter(({ role }) => role === name).map(({ member }) => member))
  for (const name of definers) names.add(name)
  grow(names, (name) => edges.filter(({ member }) => member === name).map(({ role }) => role))
  return names
}

/** A set that grows while it is walked through is walked through to its end. */
function grow(names: Set<string>, next: (name: string) => readonly string[]): void {
  for (const name of names) for (const more of next(name)) names.add(more)
}
