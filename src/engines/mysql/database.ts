import { createHash } from 'node:crypto'
import { ExpectedError } from '../../errors.ts'
import type { Snapshot, Table } from '../../model.ts'
import type { Database, Finding, ReadRequest, TableSize } from '../engine.ts'
import type { FillRequest, Target } from '../target.ts'
import { takeCensus } from './catalog/census.ts'
import { changedWhileReading } from './catalog/describe.ts'
import { transactionalEngines } from './catalog/engines.ts'
import { listTables } from './catalog/list.ts'
import { readSchema, type MysqlSchema } from './catalog/read-schema.ts'
import { withPositions } from './catalog/sequences.ts'
import type { MysqlTable } from './catalog/tables.ts'
import type { Client } from './client.ts'
import { connect } from './connect.ts'
import { errorNumber, serverErrors } from './failures.ts'
import { fillDatabase } from './fill.ts'
import { markerTable, readMarker, restoreInProgress } from './marker.ts'
import { executedTransactions, pointInTime } from './point-in-time.ts'
import { privilegeFindings, readGrants } from './privileges.ts'
import { readRows } from './rows.ts'
import { isThisDatabase, pinSession, type Server } from './session.ts'
import type { ConnectionSettings } from './settings.ts'
import { tableStamps } from './table-stamps.ts'
import { findTypedJson } from './typed-json.ts'

/** A pinned session and what it found at its other end. */
interface Session {
  readonly client: Client
  readonly server: Server
}

/** An open MariaDB or MySQL database: one session that reads, and one for the user's own statements. */
export class MysqlDatabase implements Database {
  private reading: Session
  private executing: Client | undefined
  private readonly settings: ConnectionSettings

  private constructor(settings: ConnectionSettings, reading: Session) {
    this.settings = settings
    this.reading = reading
  }

  /** Connects; throws ExpectedError as engine.ts says. */
  static async open(settings: ConnectionSettings): Promise<MysqlDatabase> {
    return new MysqlDatabase(settings, await openSession(settings))
  }

  async read<T>(request: ReadRequest, use: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    const { client, server } = await this.session()
    // Definitions are in no snapshot, and some views can't be shown in a read-only transaction: read them before
    // and after it, and compare.
    const read = await readSchema(client, server, request.texts)
    const missing = await takeCensus(client, server, read.objects, read.notCaptured)
    const before = { ...read, notCaptured: [...read.notCaptured, ...missing] }
    if (before.tables.has(markerTable)) {
      throw restoreInProgress(server.database, (await readMarker(client, server.database)) ?? {})
    }
    const warnings = [...before.warnings, ...(await rowWarnings(client, before, request))]
    const withRows = [...before.tables.values()].filter(
      (table) => table.hasRows && request.wantsRows(table),
    )
    const stamps = await tableStamps(client, server, withRows)
    const result = await inSnapshot(client, server, async (point) => {
      const objects = await withPositions(client, before.objects)
      const typed = await findTypedJson(client, withRows)
      const schema = {
        ...before,
        warnings,
        objects,
        notCaptured: [...before.notCaptured, ...typed],
      }
      return await use({
        schema,
        ...(point === undefined ? {} : { pointInTime: point }),
        rows: (table) => rowsOf(client, schema, table),
      })
    })
    await mustBeUnchanged(client, server, before, request)
    if ((await tableStamps(client, server, withRows)) !== stamps) {
      throw changedWhileReading(`A table of database ${server.database}`)
    }
    return result
  }

  async execute(sql: string): Promise<void> {
    if (this.executing === undefined) {
      this.executing = await connect(this.settings)
      // It idles while the database is read, between `pause` and `resume`.
      await this.executing.query('SET SESSION wait_timeout = 86400')
    }
    await this.executing.query(sql)
  }

  async fill<T>(request: FillRequest, use: (target: Target) => Promise<T>): Promise<T> {
    return await fillDatabase(this.settings, request, use)
  }

  async sizes(): Promise<readonly TableSize[]> {
    const { client, server } = await this.session()
    const records = await client.query<'name' | 'size' | 'bytes'>(
      `SELECT table_name AS name, table_rows AS size, data_length + index_length AS bytes
       FROM information_schema.tables
       WHERE ${isThisDatabase('table_schema', server)} AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
       ORDER BY CAST(table_name AS BINARY)`,
    )
    return records.map(({ name, size, bytes }) => ({
      name: name ?? '',
      rows: Number(size ?? 0),
      bytes: Number(bytes ?? 0),
    }))
  }

  async findings(): Promise<readonly Finding[]> {
    const { client, server } = await this.session()
    const tables = (await listTables(client, server)).map((table) => table.name)
    return privilegeFindings(await readGrants(client), server, tables)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.executing?.[Symbol.asyncDispose]()
    await this.reading.client[Symbol.asyncDispose]()
  }

  /** The reading session, a new one when the last was lost or cut off. */
  private async session(): Promise<Session> {
    if (!this.reading.client.usable) this.reading = await openSession(this.settings)
    return this.reading
  }
}

async function openSession(settings: ConnectionSettings): Promise<Session> {
  const client = await connect(settings)
  try {
    return { client, server: await pinSession(client, settings.database) }
  } catch (error) {
    await client[Symbol.asyncDispose]()
    throw error
  }
}

async function inSnapshot<T>(
  client: Client,
  server: Server,
  use: (point: string | undefined) => Promise<T>,
): Promise<T> {
  const executed = await executedTransactions(client, server)
  await client.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY')
  try {
    return await use(await pointInTime(client, server, executed))
  } finally {
    if (client.usable) await client.query('ROLLBACK')
  }
}

/** Tables whose rows the caller wants and that this snapshot can't promise. */
async function rowWarnings(
  client: Client,
  schema: MysqlSchema,
  request: ReadRequest,
): Promise<string[]> {
  const transactional = await transactionalEngines(client)
  const wanted = [...schema.tables.values()].filter(
    (table) => table.hasRows && request.wantsRows(table),
  )
  const moving = wanted.filter(({ engine }) => !transactional.has(engine.toUpperCase()))
  const engines = [...new Set(moving.map(({ engine }) => engine))].toSorted()
  return [
    ...engines.map((engine) =>
      withoutTransactions(
        engine,
        moving.filter((table) => table.engine === engine).map(({ name }) => name),
      ),
    ),
    ...wanted
      .filter(({ systemVersioned, hasHistory }) => systemVersioned && !hasHistory)
      .map(
        ({ name }) =>
          `table ${name} is system-versioned: its current rows are saved, its history is not`,
      ),
  ]
}

/** One line, however many tables: old applications have hundreds of them. */
function withoutTransactions(engine: string, names: readonly string[]): string {
  const [first = '', ...others] = names
  return others.length === 0
    ? `table ${first} (${engine}) has no transactions: its rows may be from another moment`
    : `${names.length} tables (${engine}) have no transactions: their rows may be from another moment: ${names.join(', ')}`
}

/** Structural changes after the snapshot began make these errors. */
const changeErrors: readonly number[] = [
  serverErrors.tableDefinitionChanged,
  serverErrors.unknownTable,
  serverErrors.unknownColumn,
]

async function* rowsOf(
  client: Client,
  schema: MysqlSchema,
  { name }: Table,
): AsyncGenerator<Uint8Array> {
  const table: MysqlTable | undefined = schema.tables.get(name)
  if (table === undefined) throw new Error(`no table ${name} in this snapshot`)
  if (!table.hasRows) return
  try {
    yield* readRows(client, table)
  } catch (error) {
    if (changeErrors.includes(errorNumber(error) ?? 0)) throw changedWhileReading(`Table ${name}`)
    if (!(error instanceof ExpectedError) || error.code !== 'server-error') throw error
    throw new ExpectedError(
      'rows-not-readable',
      `The rows of table ${name} can't be read. ${error.message}`,
      error.next,
      { cause: error },
    )
  }
}

/** An instantly added column, for one, shows up inside an open snapshot without an error. */
async function mustBeUnchanged(
  client: Client,
  server: Server,
  before: MysqlSchema,
  { texts }: ReadRequest,
): Promise<void> {
  const after = await readSchema(client, server, texts)
  if (fingerprint(after) !== fingerprint(before)) {
    throw changedWhileReading(`The structure of database ${server.database}`)
  }
}

function fingerprint(schema: MysqlSchema): string {
  const hash = createHash('sha256')
  for (const { kind, name, sql, sqlAfterRows, sqlPartitions } of schema.objects) {
    hash.update(JSON.stringify([kind, name, sql, sqlAfterRows, sqlPartitions]))
  }
  // A definition and its columns are asked for one after the other: one of them may have been older.
  for (const { name, columns, orderBy } of schema.tables.values()) {
    hash.update(JSON.stringify([name, columns, orderBy]))
  }
  return hash.digest('hex')
}
