import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Client } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import type { Database } from '../../../src/engines/engine.ts'
import { postgres } from '../../../src/engines/postgres/index.ts'
import type { Snapshot, Table } from '../../../src/model.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import type { Server } from '../../support/servers.ts'
import { blocks, storedColumns } from './restore.ts'
import { isTable } from './round-trip.ts'

/** Cells of one row, as texts that the input functions of their types take. */
export type Cells = readonly (string | null)[]

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** A row in COPY's text format, which has nothing in common with CSV. */
function copyLine(cells: Cells): string {
  const texts = cells.map((cell) =>
    cell === null ? '\\N' : cell.replace(/[\\\n\r\t]/g, (found) => escapes[found] ?? found),
  )
  return `${texts.join('\t')}\n`
}

/** Appends rows to a table by COPY's text format. */
export async function putRows(
  client: Client,
  table: string,
  rows: readonly Cells[],
): Promise<void> {
  const stream = client.query(copyFrom(`COPY ${table} FROM STDIN`))
  const ended = once(stream, 'finish')
  stream.end(rows.map(copyLine).join(''))
  await ended
}

/** What the server sends for a query in COPY's binary format: every value by the send function of its type. */
async function binaryRows(client: Client, query: string): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of client.query(copyTo(`COPY (${query}) TO STDOUT (FORMAT binary)`)))
    pieces.push(piece as Uint8Array)
  return Buffer.concat(pieces)
}

async function rowsOf(snapshot: Pick<Snapshot, 'rows'>, table: Table): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of snapshot.rows(table)) pieces.push(Uint8Array.from(piece))
  return Buffer.concat(pieces)
}

/** A session whose texts lose nothing. */
export async function exactSession(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  await client.query(
    "SET extra_float_digits = 3; SET search_path = ''; SET TimeZone = 'UTC'; SET client_encoding = 'UTF8'; SET statement_timeout = 0",
  )
  return client
}

/** What is compared of a row: SQL of a value, and whether its type can be sent in binary. */
export interface Compared {
  readonly sql: string
  readonly hasBinary: boolean
}

/** Which values of a table (SQL behind FROM, with an order) differ between two databases, in what the server sends and as text. */
export async function differingValues(
  clients: readonly [Client, Client],
  from: string,
  values: readonly Compared[],
): Promise<readonly string[]> {
  const terms = values.flatMap(({ sql, hasBinary }) => [
    ...(hasBinary ? [sql] : []),
    `(${sql})::text`,
  ])
  const half = values.length >> 1
  const parts = terms.length > 1600 ? [values.slice(0, half), values.slice(half)] : []
  if (parts.length === 0) {
    const query = `SELECT ${terms.join(', ')} FROM ${from}`
    const left = await binaryRows(clients[0], query)
    if (left.equals(await binaryRows(clients[1], query))) return []
    if (values.length === 1) return values.map(({ sql }) => sql)
    parts.push(values.slice(0, half), values.slice(half))
  }
  const found: string[] = []
  for (const part of parts) found.push(...(await differingValues(clients, from, part)))
  return found
}

/**
 * A database and its clone: their own types have the same oids, too, so that what the server sends in binary is equal
 * for equal values of every type.
 */
export class Twins implements AsyncDisposable {
  readonly clients: readonly [Client, Client]
  readonly #drop: () => void
  readonly #opened: readonly [Database, Database]

  private constructor(
    drop: () => void,
    clients: readonly [Client, Client],
    opened: readonly [Database, Database],
  ) {
    this.#drop = drop
    this.clients = clients
    this.#opened = opened
  }

  static async make(server: Server, script: string): Promise<Twins> {
    const first = createDatabase(server)
    runSql(server, first, script)
    const second = `clone_${randomBytes(6).toString('hex')}`
    runSql(server, 'postgres', `CREATE DATABASE ${second} TEMPLATE ${first}`)
    const open = async (name: string): Promise<Database> =>
      await postgres.open({ url: server.url(name), environment: {} })
    const drop = (): void => {
      for (const name of [first, second]) dropDatabase(server, name)
    }
    return new Twins(
      drop,
      [await exactSession(server.url(first)), await exactSession(server.url(second))],
      [await open(first), await open(second)],
    )
  }

  /** Reads the rows of tables of the schema public by the engine and loads them into the clone by the engine; returns the bytes between. */
  async carry(...names: readonly string[]): Promise<readonly string[]> {
    const [original, clone] = this.#opened
    return await original.read({ wantsRows: () => true }, async ({ schema, ...snapshot }) => {
      const tables = schema.objects.filter(isTable).filter(({ name }) => names.includes(name))
      const texts: Buffer[] = []
      for (const table of tables) texts.push(await rowsOf(snapshot, table))
      await this.clients[1].query(`TRUNCATE ${names.map((name) => `public."${name}"`).join(', ')}`)
      await clone.fill({ mode: 'rows' }, async (target) => {
        for (const [index, table] of tables.entries()) {
          const request = { table, columns: storedColumns(table) }
          await target.load(request, blocks(texts[index] ?? Buffer.alloc(0)))
        }
      })
      return texts.map(String)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const opened of this.#opened) await opened[Symbol.asyncDispose]()
    for (const client of this.clients) await client.end()
    this.#drop()
  }
}
