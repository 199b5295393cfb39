import type { DbObject } from '../../model.ts'
import type { Violation } from '../target.ts'
import { driverFacts } from './errors.ts'
import { silenceReferences } from './existing-tables.ts'
import { countViolationsOf } from './references.ts'
import type { CatalogSession } from './session.ts'
import {
  asForeignKey,
  checksRows,
  splitStatements,
  type ForeignKeyStatement,
} from './statements.ts'

/** Runs statements in the name of an object, with errors that name it. */
export type Runner = (object: DbObject, sql: string) => Promise<void>

const savepoint = 'schema_backup_keys'

function keysIn(sql: string): readonly ForeignKeyStatement[] {
  if (!sql.includes('FOREIGN KEY')) return []
  return splitStatements(sql).flatMap((statement) => {
    const key = asForeignKey(statement)
    return key !== undefined && checksRows(key) ? [key] : []
  })
}

/** The text without some of its keys and their comments. */
function withoutKeys(sql: string, keys: readonly ForeignKeyStatement[]): string {
  const left = splitStatements(sql).filter(
    (statement) =>
      !keys.some(
        (key) =>
          statement === key.statement ||
          statement.startsWith(`COMMENT ON CONSTRAINT ${key.constraint} ON ${key.table} IS `),
      ),
  )
  return left.map((statement) => `${statement}\n`).join('')
}

function notValid({ table, definition }: ForeignKeyStatement): string {
  return `ALTER TABLE ${table} ADD ${definition} NOT VALID;`
}

/** The foreign keys of new tables: they are added after the rows, and the server checks them then. */
export class NewReferences {
  readonly #session: CatalogSession
  readonly #run: Runner
  readonly #violations: Violation[] = []
  readonly #added = new Set<string>()

  constructor(session: CatalogSession, run: Runner) {
    this.#session = session
    this.#run = run
  }

  get violations(): readonly Violation[] {
    return this.#violations
  }

  /**
   * Adds the keys of all objects while there are no rows, and turns their checks off: so they are the same keys as ever,
   * unlike keys that are NOT VALID. Does nothing when the account may not turn them off.
   */
  async addUnchecked(objects: readonly DbObject[]): Promise<void> {
    if (!(await silenceReferences(this.#session))) return
    for (const object of objects) {
      for (const key of keysIn(object.sqlAfterRows ?? '')) {
        if (await this.#isDone(object, key.statement)) this.#added.add(key.statement)
      }
    }
  }

  /** Runs `sqlAfterRows`; keys that the rows do not allow are left out and kept as violations. */
  async finish(object: DbObject, sql: string): Promise<void> {
    const keys = keysIn(sql)
    if (keys.length === 0) {
      await this.#run(object, sql)
      return
    }
    try {
      await this.#run(object, `SAVEPOINT ${savepoint};\n${sql}RELEASE ${savepoint};`)
    } catch (error) {
      if (!isViolation(error)) throw error
      await this.#rollBack()
      await this.#run(object, withoutKeys(sql, await this.#violatedKeys(keys, error)))
    }
  }

  /** Runs `sqlAfterRows` without a check of the rows: keys that are not there yet become NOT VALID, where that can be. */
  async finishUnchecked(object: DbObject, sql: string): Promise<void> {
    const keys = keysIn(sql)
    if (keys.length === 0) {
      await this.#run(object, sql)
      return
    }
    for (const statement of splitStatements(sql)) {
      const key = keys.find((each) => each.statement === statement)
      if (key === undefined) await this.#run(object, statement)
      else if (!this.#added.has(statement) && !(await this.#isDone(object, notValid(key)))) {
        // A key of a partitioned table can't be NOT VALID before version 18.
        await this.#run(object, statement)
      }
    }
  }

  async #violatedKeys(
    keys: readonly ForeignKeyStatement[],
    error: unknown,
  ): Promise<readonly ForeignKeyStatement[]> {
    const violated: ForeignKeyStatement[] = []
    for (const key of keys) {
      const found = await countViolationsOf(this.#session, key)
      if (found.length > 0) violated.push(key)
      this.#violations.push(...found)
    }
    if (violated.length === 0) throw error
    return violated
  }

  async #isDone(object: DbObject, statement: string): Promise<boolean> {
    try {
      await this.#run(object, `SAVEPOINT ${savepoint};\n${statement}\nRELEASE ${savepoint};`)
      return true
    } catch {
      await this.#rollBack()
      return false
    }
  }

  async #rollBack(): Promise<void> {
    await this.#session.query('the foreign keys', `ROLLBACK TO SAVEPOINT ${savepoint}`)
  }
}

function isViolation(error: unknown): boolean {
  return error instanceof Error && driverFacts(error.cause).code === '23503'
}
