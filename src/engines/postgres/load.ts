import type { Client } from 'pg'
import { from } from 'pg-copy-streams'
import { RowCounter } from '../../csv.ts'
import type { LoadRequest } from '../target.ts'
import type { ExistingTable } from './existing-tables.ts'
import {
  isLargeObjects,
  largeObjectStaging,
  makeLargeObjects,
  replaceLargeObjects,
  stageLargeObjects,
} from './large-objects.ts'
import { identifier, qualifiedIdentifier } from './quote.ts'

/** Where the rows of an upsert stand until they are merged. */
const staging = 'pg_temp.schema_backup_rows'

function columnList(columns: readonly string[]): string {
  return columns.map(identifier).join(', ')
}

/**
 * Sends text to the server, one block at a time: the next is asked for when the socket has taken the last one.
 * Returns how many rows the server took.
 */
async function copyFrom(
  client: Client,
  statement: string,
  blocks: AsyncIterable<Uint8Array>,
): Promise<number> {
  const stream = client.query(from(statement))
  let failure: unknown
  let wake: (() => void) | undefined
  stream.on('error', (error) => {
    failure ??= error
    wake?.()
  })
  const done = async (start: (callback: () => void) => void): Promise<void> => {
    await new Promise<void>((resolve) => {
      wake = resolve
      if (failure === undefined) start(resolve)
      else resolve()
    })
    if (failure !== undefined) throw failure as Error
  }
  try {
    for await (const block of blocks) await done((callback) => stream.write(block, callback))
  } catch (error) {
    // The server must know that what came is not all; it answers with an error that says nothing new.
    if (failure === undefined) stream.destroy()
    throw error
  }
  await done((callback) => stream.end(callback))
  return stream.rowCount
}

async function countLines(blocks: AsyncIterable<Uint8Array>): Promise<number> {
  const counter = new RowCounter()
  for await (const block of blocks) counter.add(block)
  return counter.rows
}

/** COPY takes no rows without columns. */
async function insertBareRows(client: Client, table: string, rows: number): Promise<number> {
  const { rowCount } = await client.query(
    `INSERT INTO ${table} SELECT FROM pg_catalog.generate_series(1, ${rows})`,
  )
  return rowCount ?? 0
}

function mergeStatement(request: LoadRequest, key: readonly string[]): string {
  const table = qualifiedIdentifier(request.table)
  const columns = columnList(request.columns)
  const set = request.columns
    .filter((name) => !key.includes(name))
    .map((name) => `${identifier(name)} = EXCLUDED.${identifier(name)}`)
  const action = set.length === 0 ? 'NOTHING' : `UPDATE SET ${set.join(', ')}`
  return `INSERT INTO ${table} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM ${staging}
    ON CONFLICT (${columnList(key)}) DO ${action}`
}

/** An identity column that is always generated may be inserted but not updated. */
function identityStatements(
  request: LoadRequest,
  key: readonly string[],
  existing: ExistingTable,
  words: string,
): readonly string[] {
  return existing.columns
    .filter(
      ({ name, isAlwaysIdentity }) =>
        isAlwaysIdentity && request.columns.includes(name) && !key.includes(name),
    )
    .map(
      ({ name }) =>
        `ALTER TABLE ${qualifiedIdentifier(request.table)} ALTER COLUMN ${identifier(name)} SET GENERATED ${words};`,
    )
}

async function mergeRows(
  client: Client,
  request: LoadRequest,
  key: readonly string[],
  existing: ExistingTable,
  rows: AsyncIterable<Uint8Array>,
): Promise<number> {
  const columns = columnList(request.columns)
  await client.query(
    `CREATE TEMPORARY TABLE ${staging} AS SELECT ${columns} FROM ${qualifiedIdentifier(request.table)} WITH NO DATA`,
  )
  const count = await copyFrom(client, `COPY ${staging} (${columns}) FROM STDIN (FORMAT csv)`, rows)
  await client.query(
    [
      ...identityStatements(request, key, existing, 'BY DEFAULT'),
      `${mergeStatement(request, key)};`,
      ...identityStatements(request, key, existing, 'ALWAYS'),
      `DROP TABLE ${staging};`,
    ].join('\n'),
  )
  return count
}

/** The rows of large objects are parts of them: they are staged, and the server makes the objects. */
async function loadLargeObjects(
  client: Client,
  request: LoadRequest,
  rows: AsyncIterable<Uint8Array>,
): Promise<number> {
  await client.query(stageLargeObjects)
  const copy = `COPY ${largeObjectStaging} (${columnList(request.columns)}) FROM STDIN (FORMAT csv)`
  const count = await copyFrom(client, copy, rows)
  if (request.upsertKey !== undefined) await client.query(replaceLargeObjects)
  await client.query(makeLargeObjects)
  return count
}

/** Loads CSV rows by COPY, or merges them by a key; returns how many the server took. */
export async function loadRows(
  client: Client,
  request: LoadRequest,
  existing: ExistingTable,
  rows: AsyncIterable<Uint8Array>,
): Promise<number> {
  if (isLargeObjects(request.table)) return await loadLargeObjects(client, request, rows)
  const table = qualifiedIdentifier(request.table)
  if (request.columns.length === 0) {
    return await insertBareRows(client, table, await countLines(rows))
  }
  if (request.upsertKey !== undefined) {
    return await mergeRows(client, request, request.upsertKey, existing, rows)
  }
  const columns = columnList(request.columns)
  return await copyFrom(client, `COPY ${table} (${columns}) FROM STDIN (FORMAT csv)`, rows)
}
