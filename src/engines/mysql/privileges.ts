import type { NotCaptured } from '../../model.ts'
import type { Finding } from '../engine.ts'
import { grantForBodies } from './catalog/routines.ts'
import type { Client } from './client.ts'
import { quoteName } from './lexer.ts'
import type { Server } from './session.ts'

/** The grant that shows accounts, roles, their grants and passwords. */
export const accountsGrant = 'GRANT SELECT ON `mysql`.* TO the account.'

/** One line of SHOW GRANTS: privileges in capitals, on `*.*`, `db.*` or `db.table` without quotes. */
export interface Grant {
  readonly privileges: ReadonlySet<string>
  /** `*` for all; otherwise a pattern with `%`, `_` and `\` escapes when `object` is `*`. */
  readonly database: string
  readonly object: string
}

/** What the account, with its active roles, may do. */
export async function readGrants(client: Client): Promise<readonly Grant[]> {
  const records = await client.query('SHOW GRANTS')
  return records.flatMap((record) => parseGrant(Object.values(record)[0] ?? ''))
}

/** Reads a GRANT statement as the server prints it; roles and proxies give none. */
export function parseGrant(statement: string): Grant[] {
  const match = /^GRANT (.+?) ON (?:TABLE )?(\*|`(?:[^`]|``)*`)\.(\*|`(?:[^`]|``)*`) TO /.exec(
    statement,
  )
  const [, privileges, database, object] = match ?? []
  if (privileges === undefined || database === undefined || object === undefined) return []
  // Privileges on single columns, `SELECT (a, b)`, are none on the table.
  const names = privileges.replaceAll(/ \([^)]*\)/g, ' (columns)').split(', ')
  return [{ privileges: new Set(names), database: unquote(database), object: unquote(object) }]
}

function unquote(name: string): string {
  return name.replace(/^`([\s\S]*)`$/, '$1').replaceAll('``', '`')
}

/** Whether the account may read the rows of a table. */
export function mayReadRows(
  grants: readonly Grant[],
  table: string,
  { database }: Server,
): boolean {
  if (isGranted(grants, 'SELECT', database)) return true
  return grants.some(
    (grant) =>
      (grant.privileges.has('SELECT') || grant.privileges.has('ALL PRIVILEGES')) &&
      grant.object === table &&
      grant.database === database,
  )
}

/** Whether a privilege holds for everything in a database (`undefined`: for the whole server). */
export function isGranted(grants: readonly Grant[], privilege: string, database?: string): boolean {
  return grants.some((grant) => {
    const named = grant.privileges.has(privilege)
    const inAll = grant.privileges.has('ALL PRIVILEGES')
    return (named || inAll) && grant.object === '*' && covers(grant.database, database)
  })
}

function covers(pattern: string, database: string | undefined): boolean {
  if (pattern === '*') return true
  if (database === undefined) return false
  const expression = pattern.replaceAll(/\\?[\s\S]/gu, (part) => {
    if (part === '%') return '[\\s\\S]*'
    if (part === '_') return '[\\s\\S]'
    return part.replace(/^\\/, '').replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  })
  return new RegExp(`^${expression}$`, 'u').test(database)
}

interface Need {
  readonly kind: string
  readonly what: string
  readonly grant: string
}

/** Privileges without which something can exist and not be seen. */
function missing(grants: readonly Grant[], server: Server): Need[] {
  const { database } = server
  const here = quoteName(database)
  const needs = [
    { privilege: 'SELECT', kind: 'table', what: 'tables and views on which it has no privilege' },
    { privilege: 'SHOW VIEW', kind: 'view', what: 'the definitions of views' },
    { privilege: 'TRIGGER', kind: 'trigger', what: 'triggers' },
    { privilege: 'EVENT', kind: 'event', what: 'events' },
  ]
  const lacking = needs
    .filter(({ privilege }) => !isGranted(grants, privilege, database))
    .map(({ privilege, kind, what }) => ({
      kind,
      what,
      grant: `GRANT ${privilege} ON ${here}.* TO the account.`,
    }))
  if (seesRoutines(grants, server)) return lacking
  const routines = 'routines that other accounts defined'
  return [...lacking, { kind: 'routine', what: routines, grant: grantForBodies(server) }]
}

function seesRoutines(grants: readonly Grant[], server: Server): boolean {
  const names = ['SELECT', 'SHOW_ROUTINE', 'SHOW CREATE ROUTINE']
  if (names.some((name) => isGranted(grants, name))) return true
  if (isGranted(grants, 'SHOW CREATE ROUTINE', server.database)) return true
  const [schema, table] = server.can.readRoutinesFrom?.split('.') ?? []
  if (schema === undefined) return false
  return grants.some(
    (grant) =>
      (grant.privileges.has('SELECT') || grant.privileges.has('ALL PRIVILEGES')) &&
      grant.database === schema &&
      (grant.object === '*' || grant.object === table),
  )
}

/** What the account can't see, so that it would be missing without a word. */
export function invisibleObjects(grants: readonly Grant[], server: Server): NotCaptured[] {
  return missing(grants, server).map(({ kind, what, grant }) => ({
    kind,
    name: `${server.database}.*`,
    reason: `the account can't see ${what}: ${grant}`,
  }))
}

/** The same for `check`, with those of `tables` that can be seen and not be read. */
export function privilegeFindings(
  grants: readonly Grant[],
  server: Server,
  tables: readonly string[],
): Finding[] {
  const unreadable = tables.filter((table) => !mayReadRows(grants, table, server))
  const rows = unreadable.map((table) => ({
    table: { name: table },
    message: `The account may not read the rows of table ${table}.`,
    next: `GRANT SELECT ON ${quoteName(server.database)}.${quoteName(table)} TO the account.`,
  }))
  const unseen = missing(grants, server).map(({ what, grant }) => ({
    message: `The account can't see ${what} of the database ${server.database}.`,
    next: grant,
  }))
  const accounts = isGranted(grants, 'SELECT', 'mysql')
    ? []
    : [{ message: "The account can't see accounts, roles and grants.", next: accountsGrant }]
  return [...rows, ...unseen, ...accounts]
}
