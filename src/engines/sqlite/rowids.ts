import { constants, type DatabaseSync } from 'node:sqlite'
import { readColumns, type ColumnFacts, type Entry } from './catalog.ts'
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
  const stored = entries.filter(({ type, sql }) => type === 'table' && !isVirtual(sql))
  const storedNames = new Set(stored.map(({ name }) => foldName(name)))
  for (const entry of entries) {
    if (entry.type === 'table' && isVirtual(entry.sql)) {
      const content = contentByRowid(entry.sql)
      // Empty: the index keeps no text, and a table without a name is not meant.
      if (content !== undefined && content !== '') tables.add(foldName(content))
      continue
    }
    const words = rowidWords(entry.sql)
    if (words.length === 0) continue
    if (entry.type === 'view') {
      addReadByView(connection, entry.name, tables)
      continue
    }
    for (const [table, read] of wordsByTable(entry, words)) {
      const columns = storedNames.has(table) ? readColumns(connection, table) : []
      const own = new Set(columns.map(({ name }) => foldName(name)))
      if (read.some(({ name }) => !own.has(name))) tables.add(table)
    }
  }
  return tables
}

/** The name by which a table's rowid can be had that is none of its columns; undefined where each is a column. */
export function hiddenRowidName(columns: readonly ColumnFacts[]): string | undefined {
  return rowidNames.find((name) => !columns.some((column) => foldName(column.name) === name))
}

/** A name of the rowid, where it stands in a text. */
interface RowidWord {
  readonly name: string
  /** Behind `new.` or `old.`, so that it is of the trigger's own table. */
  readonly isOfTriggered: boolean
}

function rowidWords(sql: string): RowidWord[] {
  if (!/\b(?:rowid|_rowid_|oid)\b/i.test(sql)) return []
  const all = tokens(sql)
  return all.flatMap(({ kind, text }, index) => {
    const name = foldName(text)
    if ((kind !== 'word' && kind !== 'quoted') || !rowidNames.includes(name)) return []
    const isOfTriggered =
      all[index - 1]?.text === '.' && ['new', 'old'].includes(foldName(all[index - 2]?.text ?? ''))
    return [{ name, isOfTriggered }]
  })
}

/** The names that may be of a table's rowid, by the folded names of the tables that the text may mean. */
function wordsByTable(
  { type, tableName, sql }: Entry,
  words: readonly RowidWord[],
): ReadonlyMap<string, readonly RowidWord[]> {
  const found = new Map<string, readonly RowidWord[]>()
  if (type === 'trigger') {
    const others = words.filter(({ isOfTriggered }) => !isOfTriggered)
    for (const name of tableNames(sql)) found.set(name, others)
  }
  return found.set(foldName(tableName), words)
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
