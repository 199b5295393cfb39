import { constants, type DatabaseSync } from 'node:sqlite'
import { ExpectedError } from '../../errors.ts'
import type { DbObject, TableName } from '../../model.ts'
import type { LoadRequest, Target, Violation } from '../target.ts'
import { query } from './catalog.ts'
import { expectedError, isOutOfSpace, resultCodeOf } from './failures.ts'
import { knownRows } from './full-text-index.ts'
import { loadRows } from './load.ts'
import { foldName, quoteName, quoteText } from './sqltext.ts'
import { contentOf } from './virtual-text.ts'

/** A connection that is being filled; the caller decides what becomes of it. */
export class SqliteTarget implements Target {
  readonly #connection: DatabaseSync
  readonly #path: string
  readonly #beforeTransaction: () => void
  readonly #loaded = new Set<string>()
  #began = false

  /** `beforeTransaction` runs when the settings of the file have been made. */
  constructor(connection: DatabaseSync, path: string, beforeTransaction: () => void = ignore) {
    this.#connection = connection
    this.#path = path
    this.#beforeTransaction = beforeTransaction
    // A definition may change this file alone.
    connection.setAuthorizer((action) =>
      action === constants.SQLITE_ATTACH || action === constants.SQLITE_DETACH
        ? constants.SQLITE_DENY
        : constants.SQLITE_OK,
    )
  }

  create(object: DbObject): Promise<void> {
    // Settings of the file can't be changed within a transaction, nor once there is a table.
    if (object.kind !== 'database') this.begin()
    return this.#run(object, object.sql)
  }

  async load(request: LoadRequest, rows: AsyncIterable<Uint8Array>): Promise<number> {
    this.begin()
    this.#loaded.add(foldName(request.table.name))
    try {
      return await loadRows(this.#connection, request, rows)
    } catch (error) {
      throw expectedError(error, this.#path, `load the rows of "${request.table.name}"`)
    }
  }

  setCounters(object: DbObject): Promise<void> {
    return this.#run(object, object.sqlCounters)
  }

  finish(object: DbObject): Promise<void> {
    return this.#run(object, object.sqlAfterRows)
  }

  countRows(table: TableName): Promise<number> {
    return this.#explained(`count the rows of "${table.name}"`, () => {
      const sql = `SELECT count(*) AS rows FROM ${rowsOf(this.#connection, table.name)}`
      return Number(query(this.#connection, sql)[0]?.['rows'])
    })
  }

  /** Whether rows went into a table. */
  wasLoaded(table: string): boolean {
    return this.#loaded.has(foldName(table))
  }

  violations(): Promise<readonly Violation[]> {
    return this.#explained('check the foreign keys', () =>
      tablesWithForeignKeys(this.#connection).flatMap((table) => this.#violationsOf(table)),
    )
  }

  /** Begins the transaction of the fill, unless it has begun. */
  begin(): void {
    if (this.#began) return
    this.#beforeTransaction()
    this.#connection.exec('BEGIN IMMEDIATE')
    this.#began = true
  }

  /** Ends it; throws ExpectedError when the disk is full. */
  commit(): void {
    if (this.#began && this.#connection.isTransaction) this.#connection.exec('COMMIT')
  }

  #violationsOf(table: string): Violation[] {
    const keys = keysOf(this.#connection, table)
    try {
      const rows = query(
        this.#connection,
        `SELECT fkid, count(*) AS rows FROM pragma_foreign_key_check(${quoteText(table)}) GROUP BY fkid ORDER BY fkid`,
      )
      return rows.map(({ fkid, rows: count }) => ({
        table: { name: table },
        constraint: keys.get(Number(fkid)) ?? `FOREIGN KEY ${String(fkid)}`,
        rows: Number(count),
      }))
    } catch (error) {
      // "foreign key mismatch": the parent's columns are no key, so that no row could be checked.
      if (resultCodeOf(error) !== 1) throw error
      const sql = `SELECT count(*) AS rows FROM main.${quoteName(table)}`
      const rows = Number(query(this.#connection, sql)[0]?.['rows'])
      const constraint = `${[...keys.values()].join('; ')} (the parent has no such key)`
      return rows === 0 ? [] : [{ table: { name: table }, constraint, rows }]
    }
  }

  #run(object: DbObject, sql: string | undefined): Promise<void> {
    return new Promise((done) => {
      if (sql !== undefined) this.#execute(object, sql)
      done()
    })
  }

  #execute(object: DbObject, sql: string): void {
    try {
      this.#connection.exec(sql)
    } catch (error) {
      const name = `${object.kind} "${object.name}"`
      if (isOutOfSpace(error) || !(error instanceof Error) || resultCodeOf(error) === undefined) {
        throw expectedError(error, this.#path, `create the ${name}`)
      }
      throw new ExpectedError(
        'object-refused',
        `SQLite refuses the ${name}: ${error.message}.`,
        /^no such (?:collation sequence|function|tokenizer)/.test(error.message)
          ? 'The application brings it along: write a script with "schema_backup export" and run it by a program that has it.'
          : 'Correct its definition, or take the files from a commit in which it is whole.',
        { cause: error },
      )
    }
  }

  #explained<T>(activity: string, work: () => T): Promise<T> {
    return new Promise((done) => {
      try {
        done(work())
      } catch (error) {
        throw expectedError(error, this.#path, activity)
      }
    })
  }
}

/** What a full-text index over another table says of itself are the rows of that one. */
function rowsOf(connection: DatabaseSync, name: string): string {
  const definition = `SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?`
  const sql = String(query(connection, definition, name)[0]?.['sql'])
  const isOverText = (contentOf(sql) ?? '') !== ''
  return isOverText ? knownRows({ name, sql }) : `main.${quoteName(name)}`
}

function tablesWithForeignKeys(connection: DatabaseSync): string[] {
  const sql = `SELECT DISTINCT s.name FROM main.sqlite_schema s, pragma_foreign_key_list(s.name) WHERE s.type = 'table' ORDER BY s.name`
  return query(connection, sql).map(({ name }) => String(name))
}

/** Foreign keys have no names of their own. Source: https://www.sqlite.org/pragma.html#pragma_foreign_key_list */
function keysOf(connection: DatabaseSync, table: string): Map<number, string> {
  const rows = query(
    connection,
    `SELECT id, "table" AS parent, group_concat("from", ', ' ORDER BY seq) AS columns FROM pragma_foreign_key_list(${quoteText(table)}) GROUP BY id`,
  )
  return new Map(
    rows.map(({ id, parent, columns }) => [
      Number(id),
      `FOREIGN KEY (${String(columns)}) REFERENCES ${String(parent)}`,
    ]),
  )
}

function ignore(): void {
  // Nothing has to be done.
}
