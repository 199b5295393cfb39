import type { DbObject } from '../model.ts'

/** What a script is made for. */
export interface ScriptRequest {
  /**
   * `everything` and `schema` make the objects in an empty database; `rows` fills tables that exist, so that the
   * script holds no `create` and no `finish`, and has to keep foreign keys and triggers quiet on its own.
   */
  readonly content: 'everything' | 'schema' | 'rows'
  /** The object of kind `database` of the snapshot; absent when there is none. A script of rows alone does not run it. */
  readonly settings?: DbObject
}

/** Rows for one table of a script. */
export interface ScriptRows {
  /** The table with its `sql`: the types of its columns stand nowhere else. */
  readonly table: DbObject
  /** The columns of the rows, in their order. */
  readonly columns: readonly string[]
}

/**
 * Writes one script that the vendor's own client alone runs, in one transaction where the engine can. It mirrors `Target`
 * (target.ts): the caller asks for `begin`, then `create` in the order of dependencies (objects of kind `database`
 * stand in `begin` already), `rows` of all tables, `counters`, `finish` in the same order, and `end`. One writer
 * makes one script, so it may remember what it was given. Every text is whole statements and ends with a newline, or is empty.
 */
export interface ScriptWriter {
  /** What comes first: the session's settings, those of the database, the start of the transaction. */
  begin(): string
  /** An object's `sql`, as the client needs it. */
  create(object: DbObject): string
  /**
   * A table's rows (CSV text without a header, cut anywhere, the engine's own cell texts) as statements of bounded size,
   * cut anywhere; memory does not grow with the table. Throws ExpectedError as `Target.load` for a cell that the engine never
   * writes. No rows give no text.
   */
  rows(request: ScriptRows, csv: AsyncIterable<Uint8Array>): AsyncIterable<string | Uint8Array>
  /** An object's `sqlCounters`. */
  counters(object: DbObject): string
  /** An object's `sqlAfterRows`. */
  finish(object: DbObject): string
  /** What comes last: settings put back, the end of the transaction. */
  end(): string
}
