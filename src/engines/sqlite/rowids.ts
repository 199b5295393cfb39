import { constants, type DatabaseSync } from 'node:sqlite'
import type { ColumnFacts, Entry } from './catalog.ts'
import { foldName, quoteName, tableNames, tokens } from './sqltext.ts'
import { contentOf, isVirtual, optionOf } from './virtual-text.ts'

/** Names of the rowid, unless a column has them. Source: https://www.sqlite.org/rowidtable.html */
export const rowidNames: readonly string[] = ['rowid', '_rowid_', 'oid']

/**
 * The folded names of the tables whose rowids something in the schema reads: a view, a trigger, a condition, a full-text
 * index. In any other table VACUUM may number the rows anew and nobody is to rely on them, so they are in no file.
 */
export function tablesReadByRowid(
  connection: DatabaseSync,
  entries: readonly Entry[],
): ReadonlySet<string> {
  const tables = new Set<string>()
  for (const entry of entries) {
    if (entry.type === 'table' && isVirtual(entry.sql)) {
      const content = contentByRowid(entry.sql)
      // Empty: the index keeps no text, and a table without a name is not meant.
      if (content !== undefined && content !== '') tables.add(foldName(content))
    } else if (namesRowid(entry.sql)) {
      if (entry.type === 'view') addReadByView(connection, entry.name, tables)
      else tables.add(foldName(entry.tableName))
      if (entry.type === 'trigger') for (const name of tableNames(entry.sql)) tables.add(name)
    }
  }
  return tables
}

/** The name by which a table's rowid can be had that is none of its columns; undefined where each is a column. */
export function hiddenRowidName(columns: readonly ColumnFacts[]): string | undefined {
  return rowidNames.find((name) => !columns.some((column) => foldName(column.name) === name))
}

function namesRowid(sql: string): boolean {
  return (
    /\b(?:rowid|_rowid_|oid)\b/i.test(sql) &&
    tokens(sql).some(
      ({ kind, text }) =>
        (kind === 'word' || kind === 'quoted') && rowidNames.includes(foldName(text)),
    )
  )
}

function contentByRowid(sql: string): string | undefined {
  const rowid = foldName(optionOf(sql, 'content_rowid') ?? 'rowid')
  return rowidNames.includes(rowid) ? contentOf(sql) : undefined
}

/** SQLite itself says which table's rowid the view reads. Source: https://www.sqlite.org/c3ref/c_alter_table.html (SQLITE_READ) */
function addReadByView(connection: DatabaseSync, view: string, tables: Set<string>): void {
  connection.setAuthorizer((action, table, column) => {
    if (action === constants.SQLITE_READ && column === 'ROWID' && table !== null) {
      tables.add(foldName(table))
    }
    return constants.SQLITE_OK
  })
  try {
    connection.prepare(`SELECT * FROM main.${quoteName(view)}`)
  } catch {
    // A broken view reads nothing.
  } finally {
    connection.setAuthorizer(null)
  }
}
