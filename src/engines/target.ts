import type { DbObject, TableName } from '../model.ts'
import type { ConnectionRequest } from './connection.ts'

/** How a database is filled: into an empty one, in place of what it holds, or rows into tables that exist. */
export type FillMode = 'empty' | 'replace' | 'rows'

/** Rows for one table. */
export interface LoadRequest {
  readonly table: TableName
  /** The columns of the rows, in their order. */
  readonly columns: readonly string[]
  /** A row whose values in these columns exist already replaces that row; absent: it is an error. */
  readonly upsertKey?: readonly string[]
}

/**
 * A database that is being filled by `Database.fill`, all or nothing: when `use` throws, or the process dies, the
 * database is as it was before. Where the engine can't do that, the error says in which state what is and how to go on.
 * The caller creates objects in the order of their dependencies, loads the rows of all tables, sets counters, and
 * finishes objects in the same order. Errors name the object and never quote a row or a secret. */
export interface Target {
  /** Runs an object's `sql`. */
  create(object: DbObject): Promise<void>
  /** Loads rows (CSV text without a header, the engine's own cell texts) by the bulk path; returns how many. */
  load(request: LoadRequest, rows: AsyncIterable<Uint8Array>): Promise<number>
  /** Runs an object's `sqlCounters`. */
  setCounters(object: DbObject): Promise<void>
  /** Runs an object's `sqlAfterRows`. */
  finish(object: DbObject): Promise<void>
  /** How many rows a table holds now, counted by the server inside the fill. */
  countRows(table: TableName): Promise<number>
  /** The rows of foreign keys that have no parent; checked where the engine did not check on its own. */
  violations(): Promise<readonly Violation[]>
}

/** Rows that a foreign key does not allow. */
export interface Violation {
  readonly table: TableName
  readonly constraint: string
  readonly rows: number
}

/** What a filled database needs besides its objects. */
export interface FillRequest {
  readonly mode: FillMode
  /** Foreign keys are made without a check of the rows that are there (`--no-ri-check`). */
  readonly skipReferenceCheck?: boolean
  /** The version of the server that the objects were read from, so that errors can say that this one is too old. */
  readonly sourceVersion?: string
}

/** Where databases are looked at, made and dropped without being connected to them. */
export interface DatabaseServer extends AsyncDisposable {
  /** The name, on this server, of the database that the URL (or what completes it) names; it need not exist. */
  readonly database: string
  /** How many objects of a user a database holds; undefined when there is none of that name. */
  objectCount(database: string): Promise<number | undefined>
  /** Makes an empty database; `settings` is the object of kind `database` of the snapshot that will be poured into it. */
  create(
    database: string,
    options: { readonly owner?: string; readonly settings?: DbObject },
  ): Promise<void>
  drop(database: string): Promise<void>
  /** Those of the objects that belong to the whole server (accounts) and that it does not have. */
  absentServerObjects(objects: readonly DbObject[]): Promise<readonly DbObject[]>
  /** Drops such objects again; one that is in use by now stays. */
  dropServerObjects(objects: readonly DbObject[]): Promise<void>
  /** The names of the databases that begin with a prefix. */
  list(prefix: string): Promise<readonly string[]>
  /** A request that opens another database of this server with the same account. */
  requestFor(database: string): ConnectionRequest
}
