import type { DatabaseSync } from 'node:sqlite'
import type { NotCaptured } from '../../model.ts'
import { query, readColumns, type ColumnFacts, type Entry, type TableFacts } from './catalog.ts'
import { fullTextTable } from './full-text.ts'
import { quoteName, statement } from './sqltext.ts'
import { withParts, withRowid, type VirtualTable } from './virtual-table.ts'
import { definitionWithoutModule, moduleOf } from './virtual-text.ts'

const fullText = new Set(['fts3', 'fts4', 'fts5'])
const trees = new Set(['rtree', 'rtree_i32', 'geopoly'])
/** Modules whose tables show what stands elsewhere, and hold no rows of their own. */
const withoutRows = new Set(['fts5vocab', 'fts4aux', 'fts3tokenize', 'dbstat', 'sqlite_dbpage'])

/**
 * Reads what belongs to a virtual table. Its inner tables are in no file, since SQLite makes them from the definition,
 * unless they hold what can be had in no other way.
 */
export function readVirtualTable(
  connection: DatabaseSync,
  entry: Entry,
  facts: ReadonlyMap<string, TableFacts>,
): VirtualTable {
  const module = moduleOf(entry.sql)
  const definition = statement(entry.sql)
  let all: ColumnFacts[]
  try {
    all = readColumns(connection, entry.name)
    if (module === 'fts5') useTokenizer(connection, entry.name)
  } catch (error) {
    return {
      ...withParts(definitionWithoutModule(entry.name, entry.sql), []),
      unusable: error instanceof Error ? error.message : 'unknown error',
    }
  }
  const columns = all.filter((column) => !column.hidden)
  if (withoutRows.has(module)) return { ...withParts(definition, columns), keepsParts: false }
  const unreadable = whyUnreadable(connection, entry.name)
  if (fullText.has(module)) {
    return fullTextTable(connection, entry, all, facts, unreadable === undefined)
  }
  if (!trees.has(module)) return withParts(definition, columns)
  if (unreadable !== undefined) {
    return { ...withParts(definition, columns), keepsParts: false, unusable: unreadable }
  }
  if (module === 'geopoly') return withRowid(definition, columns, '')
  const key = columns.slice(0, 1).map(({ name }) => name)
  return { ...withParts(definition, columns), orderBy: key, hasRows: true, keepsParts: false }
}

/** A function that uncompresses text may be the application's; the text may be that of a table that is gone. */
function whyUnreadable(connection: DatabaseSync, table: string): string | undefined {
  try {
    const first = connection.prepare(`SELECT * FROM main.${quoteName(table)} LIMIT 1`)
    first.setReadBigInts(true)
    first.get()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown error'
  }
}

/** FTS5 looks for its tokenizer when it is needed; throws where that is the application's. */
function useTokenizer(connection: DatabaseSync, table: string): void {
  const name = quoteName(table)
  try {
    query(connection, `SELECT rowid FROM main.${name} WHERE ${name} MATCH 'any' LIMIT 1`)
  } catch (error) {
    if (error instanceof Error && error.message.includes('tokenizer')) throw error
  }
}

/** A virtual table of which no rows are kept, as an entry of the report. */
export function virtualRowsNotCaptured(name: string, unusable: string): NotCaptured {
  return {
    kind: 'rows of a virtual table',
    name,
    reason: `SQLite can't read it here (${unusable}), and the snapshot holds no inner tables of it.`,
  }
}
