import type { Client } from 'pg'
import { ExpectedError } from '../../errors.ts'
import type { DbObject, Snapshot, Table, TableName } from '../../model.ts'
import type { ReadRequest } from '../engine.ts'
import { readCatalog } from './catalog/index.ts'
import { catalogFingerprint } from './catalog/fingerprint.ts'
import { isNoMember, isUserSchema } from './catalog/parts.ts'
import type { Connector } from './connect.ts'
import { deniedLargeObjects, largeObjects, unreadableLargeObjects } from './large-objects.ts'
import { changedWhileReading, readingError } from './errors.ts'
import { objectText } from './object-text.ts'
import { pointInTime } from './point-in-time.ts'
import { pooledConnection } from './pooler.ts'
import { grantReading, identifier, qualifiedIdentifier } from './quote.ts'
import { copyRows } from './rows.ts'
import { catalogSession } from './session.ts'

interface ListedTable {
  schema: string
  name: string
  oid: number
  /** NULL when the table was dropped since it was found. */
  may_read: boolean | null
  is_filtered: boolean
  /** Unlogged, on a standby: the server has no rows of it, whatever the primary has. */
  is_elsewhere: boolean
  partition_of: readonly TableName[]
}

// Names may pg_class resolve differently later: LOCK is by name, so the oid is compared afterwards.
const listQuery = `
  SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name,
    has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS may_read,
    row_security_active(c.oid) AS is_filtered, c.relpersistence = 'u' AND pg_is_in_recovery() AS is_elsewhere,
    CASE WHEN c.relispartition THEN (
      SELECT json_agg(json_build_object('schema', an.nspname::text, 'name', a.relname::text) ORDER BY p.distance)
      FROM pg_partition_ancestors(c.oid) WITH ORDINALITY p(oid, distance)
        JOIN pg_class a ON a.oid = p.oid JOIN pg_namespace an ON an.oid = a.relnamespace
      WHERE p.oid <> c.oid) ELSE '[]' END AS partition_of
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND (
    (${isUserSchema('n')} AND ${isNoMember('pg_class', 'c.oid')})
    OR EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE c.oid = ANY (e.extconfig)))
  ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`

async function listTables(
  client: Client,
  wantsRows: ReadRequest['wantsRows'],
): Promise<ListedTable[]> {
  const { rows } = await client.query<ListedTable>(listQuery)
  return rows.filter(({ schema, name, partition_of: parents }) =>
    wantsRows({ schema, name }, parents),
  )
}

function refuseUnreadable(tables: readonly ListedTable[], user: string): void {
  if (tables.some(({ may_read }) => may_read === null))
    throw changedWhileReading('the list of tables')
  const denied = tables.filter(({ may_read }) => may_read === false)
  const filtered = tables.filter(({ may_read, is_filtered }) => may_read === true && is_filtered)
  const elsewhere = tables.filter(({ is_elsewhere }) => is_elsewhere)
  const names = (list: readonly ListedTable[]): string =>
    list.map(({ schema, name }) => `${schema}.${name}`).join(', ')
  if (denied.length > 0) {
    throw new ExpectedError(
      'missing-privilege',
      `The user ${user} may not read the rows of ${names(denied)}.`,
      grantReading(denied, user),
    )
  }
  if (filtered.length > 0) {
    throw new ExpectedError(
      'missing-privilege',
      `Row security hides rows of ${names(filtered)} from the user ${user}.`,
      `Run: ALTER ROLE ${identifier(user)} BYPASSRLS; or read as the owner of the tables.`,
    )
  }
  if (elsewhere.length > 0) {
    throw new ExpectedError(
      'rows-not-readable',
      `The server is a standby and has no rows of what is unlogged: ${names(elsewhere)}.`,
      'Read the primary, or leave out the rows of these tables.',
    )
  }
}

async function refuseUnreadableLargeObjects(client: Client, user: string): Promise<void> {
  const { rows } = await client.query<{ oid: string }>(unreadableLargeObjects)
  const denied = deniedLargeObjects(
    rows.map(({ oid }) => oid),
    user,
  )
  if (denied !== undefined)
    throw new ExpectedError('missing-privilege', denied.message, denied.next)
}

/** LOCK takes no snapshot: whatever is read afterwards sees the locked tables as they stay. */
async function lockTables(client: Client, tables: readonly TableName[]): Promise<void> {
  const blockLength = 1000
  for (let start = 0; start < tables.length; start += blockLength) {
    const names = tables
      .slice(start, start + blockLength)
      .map((table) => `ONLY ${qualifiedIdentifier(table)}`)
    try {
      await client.query(`LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE`)
    } catch (error) {
      throw readingError(error, 'a table whose rows are wanted')
    }
  }
}

function sameTables(before: readonly ListedTable[], after: readonly ListedTable[]): boolean {
  return JSON.stringify(before) === JSON.stringify(after)
}

interface ServerFacts {
  version: string
  version_number: string
  encoding: string
  search_path: string
  user: string
}

async function serverFacts(client: Client): Promise<ServerFacts> {
  const { rows } = await client.query<ServerFacts>(
    `SELECT pg_catalog.current_setting('server_version') AS version, pg_catalog.current_setting('server_version_num') AS version_number,
       pg_catalog.current_setting('server_encoding') AS encoding, pg_catalog.current_setting('search_path') AS search_path,
       current_user::text AS "user"`,
  )
  const [facts] = rows
  if (facts === undefined) throw changedWhileReading('the server told nothing about itself')
  if (facts.search_path !== '' && facts.search_path !== '""') {
    throw pooledConnection()
  }
  return facts
}

/** A definition that was read while another session changed it may be a mixture: compare what the catalogs say now. */
async function refuseChanges(client: Client, connect: Connector): Promise<void> {
  const before = await catalogFingerprint(client)
  const witness = await connect('read')
  try {
    if ((await catalogFingerprint(witness)) !== before)
      throw changedWhileReading('a definition changed')
  } finally {
    await witness.end()
  }
}

/** What was not UTF-8 has been read as U+FFFD. */
function refuseBrokenTexts(objects: readonly DbObject[]): void {
  const isBroken = ({ sql, sqlAfterRows = '', sqlSecrets = '' }: DbObject): boolean =>
    `${sql}${sqlAfterRows}${sqlSecrets}`.includes('\ufffd')
  const names = objects.filter(isBroken).map(objectText)
  if (names.length === 0) return
  throw new ExpectedError(
    'invalid-encoding',
    `Text that is not UTF-8 stands in the definition of ${names.join(', ')}; the database's encoding SQL_ASCII allows any bytes.`,
    'Convert names, comments, defaults and bodies to UTF-8.',
  )
}

async function snapshotOf(
  client: Client,
  facts: ServerFacts,
  connect: Connector,
): Promise<Snapshot> {
  const { rowsFrom, ...content } = await readCatalog(
    catalogSession(client, Number(facts.version_number)),
  )
  await refuseChanges(client, connect)
  if (facts.encoding === 'SQL_ASCII') refuseBrokenTexts(content.objects)
  return {
    schema: { product: 'PostgreSQL', serverVersion: facts.version, ...content },
    pointInTime: await pointInTime(client),
    rows: (table: Table) =>
      copyRows(client, table, facts.encoding, rowsFrom.get(qualifiedIdentifier(table))),
  }
}

/** Runs `use` with everything the client's database holds at one point in time; closing the client ends the transaction. */
export async function readSnapshot<T>(
  client: Client,
  connect: Connector,
  request: ReadRequest,
  use: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const facts = await serverFacts(client)
  // Any bytes may come: the server would only say that there are some that are not UTF-8, and not where.
  if (facts.encoding === 'SQL_ASCII') await client.query("SET client_encoding TO 'SQL_ASCII'")
  const wanted = await listTables(client, request.wantsRows)
  refuseUnreadable(wanted, facts.user)
  if (request.wantsRows(largeObjects)) await refuseUnreadableLargeObjects(client, facts.user)
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  await lockTables(client, wanted)
  // The transaction stays with one server session: no pooler can change it. Asked behind the locks, since a query takes the snapshot.
  await serverFacts(client)
  // A table that came, went or was replaced before the locks were held would look empty.
  if (!sameTables(wanted, await listTables(client, request.wantsRows)))
    throw changedWhileReading('the list of tables')
  return await use(await snapshotOf(client, facts, connect))
}
