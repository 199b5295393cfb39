import { ExpectedError } from '../../errors.ts'
import type { LoadRequest } from '../target.ts'
import type { Client } from './client.ts'
import { errorNumber, serverErrors } from './failures.ts'
import { naming } from './fill-errors.ts'
import { definitionMode, rowMode } from './fill-session.ts'
import { insertStatements, longValueName, type InsertPlan, type InsertStatement } from './insert.ts'
import { quoteName } from './lexer.ts'
import { columnTypes, periodOf } from './literals.ts'

const statementBytes = 1 << 20
/** What a packet needs besides its statement. */
const packetOverheadBytes = 1_024

/** Loads rows into a table of the current database by multi-row INSERTs within the caller's transaction; how many. */
export async function loadRows(
  client: Client,
  request: LoadRequest,
  rows: AsyncIterable<Uint8Array>,
): Promise<number> {
  const { name } = request.table
  return await naming(`The rows of table ${name}`, async () => {
    const packetBytes = await packetLimit(client)
    const plan = await planInsert(client, request, Math.min(statementBytes, packetBytes / 2))
    await client.query(`SET SESSION sql_mode = '${rowMode}'`)
    const inserted = await insertAll(client, plan, rows, packetBytes)
    await client.query(`SET SESSION sql_mode = '${definitionMode}'`)
    return inserted
  })
}

async function packetLimit(client: Client): Promise<number> {
  const [record] = await client.query<'bytes'>('SELECT @@SESSION.max_allowed_packet AS bytes')
  return Number(record?.bytes ?? statementBytes) - packetOverheadBytes
}

async function planInsert(
  client: Client,
  { table, columns, upsertKey }: LoadRequest,
  bytes: number,
): Promise<InsertPlan> {
  const known = await client.query<'Field' | 'Type'>(`SHOW COLUMNS FROM ${quoteName(table.name)}`)
  const types = new Map(known.map(({ Field: name, Type: type }) => [name, type ?? '']))
  const written = await writtenTypes(client, table.name, columns, types)
  const missing = columns.filter((name) => !types.has(name) && !isHidden(name, written))
  if (missing.length > 0) throw noSuchColumns(table.name, missing)
  const isOwn = (name: string) => written === undefined || periodOf(name, written) === undefined
  const key = upsertKey?.filter(isOwn)
  if (key !== undefined) await mustBeKey(client, table.name, key)
  return {
    table: table.name,
    columns: columns.map((name) => ({
      name,
      type: types.get(name) ?? '',
      period: written === undefined ? undefined : periodOf(name, written),
    })),
    ...(key === undefined ? {} : { upsertKey: key }),
    statementBytes: bytes,
  }
}

/** The columns of a system-versioned table as it was written, when the rows bring their periods along; else undefined. */
async function writtenTypes(
  client: Client,
  table: string,
  columns: readonly string[],
  types: ReadonlyMap<string | null, string>,
): Promise<ReadonlyMap<string, string> | undefined> {
  if (!columns.some((name) => !types.has(name) || /^timestamp/i.test(types.get(name) ?? ''))) {
    return undefined
  }
  const [record] = await client.query(`SHOW CREATE TABLE ${quoteName(table)}`)
  const statement = record?.['Create Table'] ?? ''
  return /\bWITH SYSTEM VERSIONING\b/.test(statement) ? columnTypes(statement) : undefined
}

function isHidden(name: string, written: ReadonlyMap<string, string> | undefined): boolean {
  return written !== undefined && ['row_start', 'row_end'].includes(name)
}

function noSuchColumns(table: string, missing: readonly string[]): ExpectedError {
  return new ExpectedError(
    'column-mismatch',
    `Table ${table} has no column ${missing.join(', ')}.`,
    'Bring the table to the structure of the snapshot, or restore the structure, too.',
  )
}

/** Only a unique key of exactly these columns finds the rows to replace. */
async function mustBeKey(client: Client, table: string, key: readonly string[]): Promise<void> {
  const parts = await client.query<'Key_name' | 'Column_name' | 'Non_unique' | 'Sub_part'>(
    `SHOW INDEX FROM ${quoteName(table)}`,
  )
  const indexes = Map.groupBy(parts, (part) => part.Key_name)
  const isKey = [...indexes.values()].some(
    (columns) =>
      columns.length === key.length &&
      columns.every(
        ({ Column_name: name, Non_unique: notUnique, Sub_part: part }) =>
          notUnique === '0' && part === null && key.includes(name ?? ''),
      ),
  )
  if (isKey) return
  throw new ExpectedError(
    'no-such-key',
    `Table ${table} has no unique key of the columns ${key.join(', ')}, so no row to replace can be told.`,
    'Name the columns of its primary key or of another unique key.',
  )
}

async function insertAll(
  client: Client,
  plan: InsertPlan,
  rows: AsyncIterable<Uint8Array>,
  packetBytes: number,
): Promise<number> {
  let inserted = 0
  let running = Promise.resolve()
  try {
    for await (const statement of insertStatements(plan, rows)) {
      // The next statement is made while the server works on this one.
      await running
      running = insert(client, plan, statement, packetBytes)
      running.catch(() => undefined)
      inserted += statement.rows
    }
  } finally {
    // The session is free for others only then.
    await running
  }
  return inserted
}

async function insert(
  client: Client,
  plan: InsertPlan,
  statement: InsertStatement,
  packetBytes: number,
): Promise<void> {
  const lenient = statement.needsLeniency
  if (lenient) await client.query(`SET SESSION sql_mode = '${definitionMode}'`)
  try {
    if (Buffer.byteLength(statement.sql) <= packetBytes) await client.query(statement.sql)
    else await insertLongRow(client, statement)
  } catch (error) {
    throw understood(error, plan)
  }
  if (lenient) await client.query(`SET SESSION sql_mode = '${rowMode}'`)
}

/**
 * Written as digits, bytes take twice their room; the protocol of prepared statements sends them as they are. One value a
 * statement: each fits into a packet, all together need not.
 */
async function insertLongRow(client: Client, statement: InsertStatement): Promise<void> {
  const { sql, values } = statement.withVariables()
  for (const [index, value] of values.entries()) {
    const sent = typeof value === 'string' ? '?' : 'CAST(? AS BINARY)'
    await client.execute(`SET ${longValueName(index)} = ${sent}`, [value])
  }
  await client.query(sql)
  for (const index of values.keys()) await client.query(`SET ${longValueName(index)} = NULL`)
}

function understood(error: unknown, { table, upsertKey }: InsertPlan): unknown {
  switch (errorNumber(error)) {
    case serverErrors.subqueryOfManyRows:
      return new ExpectedError(
        'upsert-conflict',
        `A row for table ${table} equals an existing one in another unique key than ${upsertKey?.join(', ') ?? ''}, so it would replace a stranger.`,
        'Remove or change that row in the target, or choose the other key.',
      )
    case serverErrors.packetTooLarge:
      return new ExpectedError(
        'row-too-long',
        `A row of table ${table} is longer than the server takes (max_allowed_packet).`,
        'Raise max_allowed_packet on the server, then run again.',
      )
    case undefined:
    default:
      return error
  }
}
