import { ExpectedError } from '../../errors.ts'
import type { TableName } from '../../model.ts'
import type { Violation } from '../target.ts'
import { deferReferences, silenceReferences, silenceTriggers } from './existing-tables.ts'
import { qualifiedIdentifier } from './quote.ts'
import { countViolations, foreignKeysOf } from './references.ts'
import type { CatalogSession } from './session.ts'

/** Tables that exist and take rows: their triggers and foreign keys are quiet until all rows are there. */
export class ExistingRows {
  readonly #session: CatalogSession
  readonly #isChecked: boolean
  readonly #tables = new Map<string, TableName>()
  readonly #undo: string[] = []
  #isSilent: boolean | undefined
  #violations: readonly Violation[] | undefined

  constructor(session: CatalogSession, isChecked: boolean) {
    this.#session = session
    this.#isChecked = isChecked
  }

  /** Makes a table ready to take rows. */
  async prepare(table: TableName): Promise<void> {
    this.#violations = undefined
    this.#isSilent ??= await silenceReferences(this.#session)
    if (!this.#isSilent && !this.#isChecked) throw missingPrivilege()
    const name = qualifiedIdentifier(table)
    if (this.#tables.has(name)) return
    this.#tables.set(name, table)
    this.#undo.push(...(await silenceTriggers(this.#session, table)))
    if (!this.#isSilent) this.#undo.push(...(await deferReferences(this.#session, table)))
  }

  /** The rows that the foreign keys from and to the tables do not allow. */
  async violations(): Promise<readonly Violation[]> {
    if (!this.#isChecked) return []
    this.#violations ??= await countViolations(
      this.#session,
      await foreignKeysOf(this.#session, [...this.#tables.values()]),
    )
    return this.#violations
  }

  /** Makes triggers and foreign keys what they were; there must be no violations. */
  async end(): Promise<void> {
    if (this.#undo.length === 0) return
    // What waits for the end of the transaction would stand in the way of ALTER TABLE.
    const statements = ['SET CONSTRAINTS ALL IMMEDIATE;', ...this.#undo]
    await this.#session.query('the triggers and foreign keys of the tables', statements.join('\n'))
  }
}

function missingPrivilege(): ExpectedError {
  return new ExpectedError(
    'missing-privilege',
    'The user may not turn off the checks of foreign keys.',
    'Restore as a superuser, GRANT SET ON PARAMETER session_replication_role to the user, or leave the check on.',
  )
}
