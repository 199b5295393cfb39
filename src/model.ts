/** The shared words of the project (docs/architecture.md): types, and the plainest questions about them. */

/** What an object is. An engine uses those it has; files/layout.ts says where each kind lives. */
export type ObjectKind =
  | 'database'
  | 'role'
  | 'schema'
  | 'extension'
  | 'language'
  | 'access_method'
  | 'collation'
  | 'conversion'
  | 'type'
  | 'domain'
  | 'cast'
  | 'transform'
  | 'operator'
  | 'operator_family'
  | 'operator_class'
  | 'text_search_parser'
  | 'text_search_template'
  | 'text_search_dictionary'
  | 'text_search_configuration'
  | 'foreign_data_wrapper'
  | 'foreign_server'
  | 'sequence'
  | 'table'
  | 'foreign_table'
  | 'library'
  | 'function'
  | 'procedure'
  | 'package'
  | 'view'
  | 'materialized_view'
  | 'event'
  | 'publication'
  | 'subscription'
  | 'event_trigger'

/** A kind of object as people say it: `materialized view`. */
export function kindWords(kind: string): string {
  return kind.replaceAll('_', ' ')
}

/** What identifies an object within its database. */
export interface ObjectKey {
  readonly kind: ObjectKind
  /** Absent on engines without schemas, and for objects that belong to none. */
  readonly schema?: string
  readonly name: string
  /**
   * What tells objects of one kind and name apart: the identity argument types of a routine as the engine prints them
   * (`integer, text`), the operand types of an operator, the index method of an operator class.
   */
  readonly signature?: string
}

/** One object and everything that belongs to it (constraints, indexes, comments, triggers, grants). */
export interface DbObject extends ObjectKey {
  /** Statements that the engine's own client can run; ends with a newline. Empty where everything waits for the rows. */
  readonly sql: string
  /** Statements that must wait until all rows are loaded (foreign keys, triggers); ends with a newline. */
  readonly sqlAfterRows?: string
  /** Statements that set counters (sequence position, AUTO_INCREMENT); data, never part of `sql`. */
  readonly sqlCounters?: string
  /** Statements that set passwords and the like, to be run after `sql`; they go to the private directory alone. */
  readonly sqlSecrets?: string
  /** Statements to be run right after `sql` for partitions that a job adds and drops; alone they are no reason for a commit. */
  readonly sqlPartitions?: string
  /** What must exist before `sql` can run. */
  readonly dependsOn: readonly ObjectKey[]
}

export interface Column {
  readonly name: string
  /** The type as the engine prints it. */
  readonly type: string
  /** Computed by the server: never in the CSV. */
  readonly generated: boolean
}

export interface Table extends DbObject {
  readonly kind: 'table'
  readonly columns: readonly Column[]
  /** Names of the columns of the key that rows are ordered by; empty: ordered by all columns. */
  readonly orderBy: readonly string[]
  /** False where rows live elsewhere: a partitioned parent, a foreign table. */
  readonly hasRows: boolean
  /** The table whose category this one inherits when it stands in no list itself. */
  readonly partitionOf?: ObjectKey
  /** Tables whose rows' contents are in this one's: it is what the most private of them is, whatever the lists say of it. */
  readonly holdsRowsOf?: readonly ObjectKey[]
}

/** Something that exists in the database and is in no file. */
export interface NotCaptured {
  /** The engine's word for it: `operator`, `publication`, … */
  readonly kind: string
  /** Its name as a person would write it: `public.my_operator`. */
  readonly name: string
  /** Why, and what would help. */
  readonly reason: string
  /** It belongs to the server rather than to the database: named, and no reason for the status `incomplete`. */
  readonly ofServer?: true
}

/** Whether something of the database itself is in no file. */
export function isIncomplete(notCaptured: readonly NotCaptured[]): boolean {
  return notCaptured.some(({ ofServer }) => ofServer !== true)
}

/** The structure of one database at one point in time. */
export interface Schema {
  /** The product as it calls itself: `PostgreSQL`, `MariaDB`, `MySQL`, `SQLite`. */
  readonly product: string
  readonly serverVersion: string
  /** Whatever else changes with the server and not with the schema (extension versions, …). */
  readonly versions: Readonly<Record<string, string>>
  /** Every object, each key once, in any order. */
  readonly objects: readonly DbObject[]
  readonly notCaptured: readonly NotCaptured[]
  /** What a person should know and nothing can be done about here: a broken view, a table outside the snapshot. */
  readonly warnings: readonly string[]
}

/** A database standing still at one point in time, live or as files. */
export interface Snapshot {
  readonly schema: Schema
  /** Where the snapshot stands in the server's own count of changes, for people; absent where nothing is counted. */
  readonly pointInTime?: string
  /**
   * The rows of a table as CSV text without a header (the dialect of src/csv.ts), columns in table order
   * without generated ones, in key order compared as bytes; in blocks of any size, cut anywhere.
   * A table that can't be read throws; it never looks empty.
   */
  rows(table: Table): AsyncIterable<Uint8Array>
}

/** What of a definition is written otherwise than the database says it (docs/configuration.md). */
export interface TextPolicies {
  /** Whom views and programs belong to: `strip` names nobody; a map has the names (`user@host`) that are replaced. */
  readonly definers: 'keep' | 'strip' | ReadonlyMap<string, string>
  /** `rotate`: ranges and lists of partitions stand beside the definition (`sqlPartitions`). */
  readonly partitions: 'keep' | 'strip' | 'rotate'
  /** When a recurring event began, which the database fills in itself. */
  readonly eventStarts: 'keep' | 'strip'
}

/** What a table's rows are; docs/configuration.md says where each goes. */
export type Category = 'global' | 'local' | 'ephemeral' | 'ignore' | 'unclassified'

/** The process's environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Two tables are the same table when these are equal. */
export interface TableName {
  readonly schema?: string
  readonly name: string
}
