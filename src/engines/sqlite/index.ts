import type { DatabaseSync } from 'node:sqlite'
import type { Snapshot, Table } from '../../model.ts'
import type { Database, Engine, Finding, ReadRequest, TableSize } from '../engine.ts'
import type { FillRequest, Target } from '../target.ts'
import { connect, reading, requireFile } from './connect.ts'
import { withoutBroken } from './broken-schema.ts'
import { encodingOf, query, readEntries } from './catalog.ts'
import { expectedError, resultCodeOf } from './failures.ts'
import { fillFile } from './fill.ts'
import { pathOfUrl } from './location.ts'
import { neutralTexts } from './neutral.ts'
import { readRows } from './rows.ts'
import { readSchema, type ReadSchema } from './schema.ts'
import { sqliteScript } from './script.ts'
import { openDirectory } from './server.ts'
import { readSizes } from './sizes.ts'
import { sqliteDump } from './vendor-dump.ts'

/** SQLite 3 files, read by the SQLite that Node.js brings along. */
export const sqlite: Engine = {
  async open(request) {
    const path = pathOfUrl(request.url)
    await requireFile(path)
    const database = new SqliteFile(path)
    await database.inReadTransaction(() => Promise.resolve())
    return database
  },
  openServer: (request) => openDirectory(request),
  script: sqliteScript,
  vendorDump: sqliteDump,
  neutral: neutralTexts,
}

class SqliteFile implements Database {
  readonly #path: string
  /** For the user's own statements; opened by the first of them. */
  #session: DatabaseSync | undefined

  constructor(path: string) {
    this.#path = path
  }

  async read<T>(request: ReadRequest, use: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    return await reading(this.#path, async (beginning) => {
      const { connection } = beginning
      const read = this.#explained('read the schema', () =>
        readSchema(beginning, request.wantsRows),
      )
      return await use({
        schema: read.schema,
        rows: (table) => this.#rows(connection, read, table),
      })
    })
  }

  execute(sql: string): Promise<void> {
    return new Promise((done) => {
      const session = (this.#session ??= connect(this.#path, { readOnly: false }))
      this.#explained('run a configured statement', () => {
        session.exec(sql)
      })
      done()
    })
  }

  async fill<T>(request: FillRequest, use: (target: Target) => Promise<T>): Promise<T> {
    this.#session?.close()
    this.#session = undefined
    return await fillFile(this.#path, request, use)
  }

  async sizes(): Promise<readonly TableSize[]> {
    return await this.inReadTransaction((connection) =>
      Promise.resolve(this.#explained('read the sizes', () => readSizes(connection, this.#path))),
    )
  }

  async findings(): Promise<readonly Finding[]> {
    return await this.inReadTransaction((connection) =>
      Promise.resolve(
        [...brokenLinesOf(connection), ...problemsOf(connection)].map((problem) => ({
          message: `The SQLite database "${this.#path}" is damaged: ${problem}`,
          next: 'Look at it with PRAGMA integrity_check; REINDEX mends an index, a damaged table needs an older snapshot or the .recover of the sqlite3 program.',
        })),
      ),
    )
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#session?.close()
    this.#session = undefined
    return Promise.resolve()
  }

  /** Each transaction has a connection of its own, so that nothing else can end it. */
  async inReadTransaction<T>(use: (connection: DatabaseSync) => Promise<T>): Promise<T> {
    return await reading(this.#path, async ({ connection }) => await use(connection))
  }

  async *#rows(
    connection: DatabaseSync,
    { plans, encoding }: ReadSchema,
    table: Table,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const plan = plans.get(table.name)
    if (plan === undefined) throw new TypeError(`${table.name} is no table of this snapshot`)
    if (!table.hasRows) return
    try {
      yield* readRows(connection, table, plan, encoding)
    } catch (error) {
      throw expectedError(error, this.#path, `read the table "${table.name}"`)
    }
  }

  #explained<T>(activity: string, read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw expectedError(error, this.#path, activity)
    }
  }
}

function brokenLinesOf(connection: DatabaseSync): string[] {
  const { entries } = readEntries(connection, encodingOf(connection))
  return withoutBroken(connection, entries).broken.map(
    ({ kind, name, reason }) => `the ${kind} "${name}": ${reason}`,
  )
}

/** What `PRAGMA quick_check` finds; it reads the whole file, and gives up where too much is damaged. */
function problemsOf(connection: DatabaseSync): string[] {
  try {
    return query(connection, 'PRAGMA main.quick_check(10)')
      .map((row) => String(Object.values(row)[0]))
      .filter((problem) => problem !== 'ok')
  } catch (error) {
    if (resultCodeOf(error) === undefined || !(error instanceof Error)) throw error
    return [error.message]
  }
}
