import { ExpectedError, exitStatus } from '../../errors.ts'
import type { DbObject, TableName } from '../../model.ts'
import type { FillRequest, LoadRequest, Target, Violation } from '../target.ts'
import type { Connector } from './connect.ts'
import { driverFacts, isLostConnection } from './errors.ts'
import { ExistingRows } from './existing-rows.ts'
import { existingTable } from './existing-tables.ts'
import { fillingError, secretsError, type Step } from './fill-errors.ts'
import { objectText, tableText } from './object-text.ts'
import { beginFilling, endFilling, type FillSession } from './fill-session.ts'
import { loadRows } from './load.ts'
import { NewReferences } from './new-references.ts'
import { dropSetAside } from './old-subscriptions.ts'
import { literal } from './quote.ts'
import { databaseSearchPath, ownSettings } from './settings.ts'

/** Does nothing when something stands in it. */
const dropSpareSchema =
  'DO $$ BEGIN DROP SCHEMA IF EXISTS public; EXCEPTION WHEN dependent_objects_still_exist THEN END $$;'

/** The path of sessions whose database gives none. */
const standardPath = '"$user", public'

/** A database that is being filled inside one transaction. */
class Filling implements Target, AsyncDisposable {
  readonly #connect: Connector
  readonly #request: FillRequest
  readonly #created: DbObject[] = []
  #session: FillSession
  #existing: ExistingRows
  #references: NewReferences
  #path: 'empty' | 'own' = 'empty'
  #hasRows = false
  #keepsPublicSchema = false

  constructor(connect: Connector, request: FillRequest, session: FillSession) {
    this.#connect = connect
    this.#request = request
    this.#session = session
    const catalog = session.catalog
    this.#existing = new ExistingRows(catalog, request.skipReferenceCheck !== true)
    this.#references = new NewReferences(catalog, (object, sql) => this.#finishing(object, sql))
  }

  async create(object: DbObject): Promise<void> {
    if (object.kind === 'role' && (await this.#hasRole(object.name))) return
    if (object.kind === 'database') await this.#takePathOf(object)
    await this.#setPath('empty')
    await this.#run(object.sql, this.#step(objectText(object), object.sql, false))
    await this.#setSecrets(object)
    if (object.kind === 'database') {
      const settings = ownSettings(object.sql).join('\n')
      if (settings !== '')
        await this.#run(settings, this.#step(objectText(object), settings, false))
    }
    this.#created.push(object)
  }

  async load(request: LoadRequest, rows: AsyncIterable<Uint8Array>): Promise<number> {
    const { catalog, client } = this.#session
    await this.#leaveShadowingPath()
    const existing = await existingTable(catalog, request.table, request.columns)
    if (this.#request.mode === 'rows') await this.#existing.prepare(request.table)
    else if (!this.#hasRows && this.#request.skipReferenceCheck === true) {
      await this.#references.addUnchecked(this.#created)
    }
    this.#hasRows = true
    await this.#setPath(existing.namesObjects && this.#pathShadows() ? 'empty' : 'own')
    try {
      return await loadRows(client, request, existing, rows)
    } catch (error) {
      throw fillingError(
        error,
        this.#step(`the rows of ${tableText(request.table)}`, undefined, true),
      )
    }
  }

  async setCounters(object: DbObject): Promise<void> {
    const { sqlCounters: sql } = object
    if (sql === undefined) return
    await this.#setPath('empty')
    await this.#run(sql, this.#step(`the counters of ${objectText(object)}`, sql, false))
  }

  async finish(object: DbObject): Promise<void> {
    const { sqlAfterRows: sql } = object
    if (sql === undefined) return
    // It would run when the schema is dropped.
    if (object.kind === 'event_trigger') await this.#dropSpareSchema()
    await this.#setPath('empty')
    if (this.#request.skipReferenceCheck === true)
      await this.#references.finishUnchecked(object, sql)
    else await this.#references.finish(object, sql)
  }

  async countRows(table: TableName): Promise<number> {
    const { catalog } = this.#session
    await this.#leaveShadowingPath()
    const { from } = await existingTable(catalog, table, [])
    const [counted] = await catalog.query<{ count: string }>(
      `the rows of ${tableText(table)}`,
      `SELECT count(*)::text AS count FROM ${from}`,
    )
    return Number(counted?.count ?? 0)
  }

  async violations(): Promise<readonly Violation[]> {
    await this.#leaveShadowingPath()
    return [...this.#references.violations, ...(await this.#existing.violations())]
  }

  /** Ends the transaction; throws when a foreign key does not hold. */
  async commit(): Promise<void> {
    const violations = await this.violations()
    if (violations.length > 0) throw violated(violations)
    await this.#existing.end()
    await this.#dropSpareSchema()
    try {
      await this.#session.client.query('COMMIT')
    } catch (error) {
      throw isLostConnection(driverFacts(error))
        ? unknownOutcome(error)
        : fillingError(error, this.#step('the end of the transaction', undefined, true))
    }
    await dropSetAside(this.#session.catalog, this.#session.asideSubscriptions)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endFilling(this.#session)
  }

  /**
   * RESET search_path, in objects and before rows, must give the path that the database itself sets. A session learns it
   * when it begins, and the setting is not committed yet: where it differs, another session begins with that path.
   */
  async #takePathOf(object: DbObject): Promise<void> {
    const { searchPath, hadOwnPath } = this.#session
    const isEmptied = hadOwnPath && this.#request.mode === 'replace'
    const wanted = databaseSearchPath(object.sql) ?? (isEmptied ? standardPath : searchPath)
    if (wanted === searchPath) return
    if (this.#created.length > 0) throw new Error('the settings of the database come first')
    await endFilling(this.#session)
    const { mode, skipReferenceCheck } = this.#request
    this.#session = await beginFilling(this.#connect, mode, wanted)
    const { catalog } = this.#session
    this.#existing = new ExistingRows(catalog, skipReferenceCheck !== true)
    this.#references = new NewReferences(catalog, (each, sql) => this.#finishing(each, sql))
  }

  /** Roles belong to the whole server: one that is there stays as it is. */
  async #hasRole(name: string): Promise<boolean> {
    const found = await this.#session.catalog.query(
      `the role ${name}`,
      `SELECT FROM pg_catalog.pg_roles WHERE rolname = ${literal(name)}`,
    )
    return found.length > 0
  }

  /** Every new database has a schema public; where the snapshot has none, it was dropped. */
  async #dropSpareSchema(): Promise<void> {
    const isWhole = this.#created.some(({ kind }) => kind === 'database')
    const isWanted = this.#created.some(({ kind, name }) => kind === 'schema' && name === 'public')
    if (!isWhole || isWanted || this.#keepsPublicSchema) return
    this.#keepsPublicSchema = true
    const sql = dropSpareSchema
    await this.#run(sql, this.#step('the schema public', sql, false))
  }

  async #setSecrets(object: DbObject): Promise<void> {
    if (object.sqlSecrets === undefined) return
    try {
      await this.#session.client.query(object.sqlSecrets)
    } catch (error) {
      throw secretsError(error, objectText(object))
    }
  }

  async #finishing(object: DbObject, sql: string): Promise<void> {
    await this.#run(sql, this.#step(objectText(object), sql, true))
  }

  /** A path that names the server's own schema can find others' objects before those of the server. */
  #pathShadows(): boolean {
    return this.#session.searchPath.includes('pg_catalog')
  }

  async #leaveShadowingPath(): Promise<void> {
    if (this.#pathShadows()) await this.#setPath('empty')
  }

  async #setPath(path: 'empty' | 'own'): Promise<void> {
    if (this.#path === path) return
    const sql = path === 'empty' ? "SET search_path = ''" : 'RESET search_path'
    await this.#run(sql, this.#step('the search path', sql, false))
    this.#path = path
  }

  async #run(sql: string, step: Step): Promise<void> {
    try {
      await this.#session.client.query(sql)
    } catch (error) {
      throw fillingError(error, step)
    }
  }

  #step(what: string, sql: string | undefined, seesRows: boolean): Step {
    const { sourceVersion } = this.#request
    return {
      what,
      ...(sql === undefined ? {} : { sql }),
      seesRows,
      serverVersion: this.#session.catalog.version,
      ...(sourceVersion === undefined ? {} : { sourceVersion }),
    }
  }
}

function violated(violations: readonly Violation[]): ExpectedError {
  const list = violations.map(
    ({ table, constraint, rows }) => `${tableText(table)} (${constraint}): ${rows}`,
  )
  return new ExpectedError(
    'foreign-key-violated',
    `Rows refer to rows that are not there: ${list.join(', ')}.`,
    'Nothing was changed. Restore the tables that they refer to as well, correct the rows, or leave the check out.',
    { status: exitStatus.different },
  )
}

function unknownOutcome(error: unknown): ExpectedError {
  return new ExpectedError(
    'outcome-unknown',
    'The connection was lost while the transaction was being committed: the database is either filled or as it was.',
    'Look whether its tables are there; if not, try again.',
    { cause: error },
  )
}

/** Fills the database inside one transaction around `use`; anything that fails takes all of it back. */
export async function fillDatabase<T>(
  connect: Connector,
  request: FillRequest,
  use: (target: Target) => Promise<T>,
): Promise<T> {
  await using filling = new Filling(connect, request, await beginFilling(connect, request.mode))
  const result = await use(filling)
  await filling.commit()
  return result
}
