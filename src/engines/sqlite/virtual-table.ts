import type { ColumnFacts } from './catalog.ts'

/** What a snapshot holds of a virtual table. */
export interface VirtualTable {
  readonly sql: string
  /** Those that its rows are read and inserted by; a full-text table's rowid is one of them. */
  readonly columns: readonly ColumnFacts[]
  readonly orderBy: readonly string[]
  readonly hasRows: boolean
  /** What its rows are read from, where it can't be asked for them itself. */
  readonly rowsFrom?: string
  /** Statements that fill an index over another table's rows and set what the table keeps about itself. */
  readonly sqlAfterRows: string
  /** Whether its inner tables are in the snapshot, since nothing else holds what they hold. */
  readonly keepsParts: boolean
  /** Why SQLite can't use it here: its module, what that one needs, or what it holds is not there. */
  readonly unusable?: string
  /** What a person should know. */
  readonly warning?: string
}

/** The rowid as a column of its own. */
export const rowidColumn: ColumnFacts = {
  name: 'rowid',
  type: 'INTEGER',
  generated: false,
  notNull: true,
  keyPosition: 1,
  hidden: false,
}

/** A virtual table whose inner tables are saved in place of its rows. */
export function withParts(sql: string, columns: readonly ColumnFacts[]): VirtualTable {
  return { sql, columns, orderBy: [], hasRows: false, sqlAfterRows: '', keepsParts: true }
}

/** A virtual table whose rows are saved with their rowids. */
export function withRowid(
  sql: string,
  columns: readonly ColumnFacts[],
  sqlAfterRows: string,
): VirtualTable {
  return {
    sql,
    columns: [rowidColumn, ...columns],
    orderBy: ['rowid'],
    hasRows: true,
    sqlAfterRows,
    keepsParts: false,
  }
}
