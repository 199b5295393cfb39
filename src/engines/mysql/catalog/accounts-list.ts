import type { Client, TextRecord } from '../client.ts'
import { quoteText } from '../lexer.ts'
import type { Server } from '../session.ts'
import { accountName, type Account } from './account-text.ts'

/** Which accounts have to do with a database. */
export interface ListedAccounts {
  readonly accounts: readonly Account[]
  /** Names (`user@host`) of definers that no account has. */
  readonly missingDefiners: readonly string[]
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
function isPredefined({ user, host }: Pick<Account, 'user' | 'host'>): boolean {
  if (user === 'root') return ['localhost', '127.0.0.1', '::1'].includes(host)
  return user === '' || /^(?:mysql\.|mariadb\.sys$)/.test(user)
}

/**
 * The accounts and roles that have grants on this database or what is in it, that define something in it, those whom
 * such a role was granted to, and the roles that were granted to any of these.
 */
export async function listAccounts(
  client: Client,
  server: Server,
  definers: ReadonlySet<string>,
): Promise<ListedAccounts> {
  const here = quoteText(server.database)
  const isMariaDb = server.product === 'MariaDB'
  const [users = [], grants = [], members = [], packages = []] = await client.queryAll([
    isMariaDb
      ? "SELECT user AS user, host AS host, is_role = 'Y' AS isRole FROM mysql.user"
      : `SELECT user AS user, host AS host, account_locked = 'Y' AND password_expired = 'Y'
           AND authentication_string = '' AS isRole FROM mysql.user`,
    `SELECT user AS user, host AS host, db AS db FROM mysql.db WHERE ${here} LIKE db OR db = ${here}
     UNION SELECT user, host, NULL FROM mysql.tables_priv WHERE db = ${here}
     UNION SELECT user, host, NULL FROM mysql.procs_priv WHERE db = ${here}`,
    isMariaDb
      ? "SELECT user AS user, host AS host, role AS role, '' AS roleHost FROM mysql.roles_mapping"
      : 'SELECT to_user AS user, to_host AS host, from_user AS role, from_host AS roleHost FROM mysql.role_edges',
    `SELECT user AS user, host AS host, routine_type AS type, routine_name AS name, proc_priv AS privileges
     FROM mysql.procs_priv WHERE db = ${here} AND routine_type LIKE 'PACKAGE%'`,
  ])
  const granted = grants.filter(({ db = null }) => db === null || isExactly(db, server.database))
  const names = closure(new Set(granted.map(nameOf)), definers, members)
  const accounts = users.map(accountOf).filter((account) => !isPredefined(account))
  const known = new Set(users.map(nameOf))
  return {
    accounts: accounts
      .filter((account) => names.has(accountName(account)))
      .toSorted((a, b) => (accountName(a) < accountName(b) ? -1 : 1)),
    missingDefiners: [...definers].filter((name) => !known.has(name)).toSorted(),
    packageGrants: packages.map((record) => ({
      account: nameOf(record),
      objectType: record['type'] ?? '',
      object: record['name'] ?? '',
      privileges: record['privileges'] ?? '',
    })),
  }
}

/** Whether a pattern of mysql.db was meant for this database alone; `_` is a wildcard there that few know of. */
export function isExactly(pattern: string, database: string): boolean {
  return pattern === database || pattern.replaceAll(/\\([_%\\])/g, '$1') === database
}

function accountOf({ user, host, isRole }: TextRecord): Account {
  return { user: user ?? '', host: host ?? '', isRole: isRole === '1' || host === '' }
}

function nameOf(record: TextRecord): string {
  return accountName({ user: record['user'] ?? '', host: record['host'] ?? '' })
}

function closure(
  granted: ReadonlySet<string>,
  definers: ReadonlySet<string>,
  members: readonly TextRecord[],
): ReadonlySet<string> {
  const edges = members.map((record) => ({
    member: nameOf(record),
    role: accountName({ user: record['role'] ?? '', host: record['roleHost'] ?? '' }),
  }))
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
