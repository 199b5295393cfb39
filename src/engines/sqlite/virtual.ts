import type { DatabaseSync } from 'node:sqlite'
import type { NotCaptured } from '../../model.ts'
import {
  query,
  readColumns,
  readTableFacts,
  type ColumnFacts,
  type Entry,
  type TableFacts,
} from './catalog.ts'
import { foldName, quoteName, quoteText, tokens } from './sqltext.ts'

/** What a snapshot can hold of a virtual table beside its definition. */
export interface VirtualTable {
  /** Those that its rows are read and inserted by; a full-text table's rowid is one of them. */
  readonly columns: readonly ColumnFacts[]
  readonly orderBy: readonly string[]
  readonly hasRows: boolean
  /** Statements that fill an index over another table's rows and set what the table keeps about itself. */
  readonly sqlAfterRows: string
  /** Why its rows, or a part of them, can't be had, if so. */
  readonly notCaptured?: string
}

const fullText = new Set(['fts3', 'fts4', 'fts5'])
/** Modules whose tables show what stands elsewhere, and hold no rows of their own. */
const withoutRows = new Set(['fts5vocab', 'fts4aux', 'fts3tokenize', 'dbstat', 'sqlite_dbpage'])
const rowidColumn: ColumnFacts = {
  name: 'rowid',
  type: 'INTEGER',
  generated: false,
  notNull: true,
  keyPosition: 1,
  hidden: false,
}

/**
 * Facts about every table and view, by name. By its name alone SQLite takes `docs_content` for a part of the full-text
 * table `docs`, also where that one keeps no text of its own and `docs_content` is the user's.
 */
export function tableFactsOf(
  connection: DatabaseSync,
  entries: readonly Entry[],
): Map<string, TableFacts> {
  const facts = readTableFacts(connection)
  const tablesOfUsers = entries.filter(keepsNoText).map(({ name }) => foldName(`${name}_content`))
  for (const [name, fact] of facts) {
    if (fact.type === 'shadow' && tablesOfUsers.includes(foldName(name))) {
      facts.set(name, { ...fact, type: 'table' })
    }
  }
  return facts
}

function keepsNoText({ type, sql }: Entry): boolean {
  return (
    type === 'table' &&
    isVirtual(sql) &&
    ['fts4', 'fts5'].includes(moduleOf(sql)) &&
    optionOf(sql, 'content') !== undefined &&
    optionOf(sql, 'contentless_unindexed') === undefined
  )
}

/** Whether the text is that of a virtual table. */
export function isVirtual(sql: string): boolean {
  const second = tokens(sql)[1]
  return second?.kind === 'word' && /^virtual$/i.test(second.text)
}

/** Reads what belongs to a virtual table; its shadow tables are in no file, SQLite makes them from the definition. */
export function readVirtualTable(
  connection: DatabaseSync,
  entry: Entry,
  facts: ReadonlyMap<string, TableFacts>,
): VirtualTable {
  const module = moduleOf(entry.sql)
  let all: ColumnFacts[]
  try {
    all = readColumns(connection, entry.name)
  } catch (error) {
    return nothing([], `SQLite can't use it here: ${error instanceof Error ? error.message : ''}.`)
  }
  const columns = all.filter((column) => !column.hidden)
  if (withoutRows.has(module)) return nothing(columns)
  if (fullText.has(module)) return fullTextTable(connection, entry, module, all, facts)
  if (module === 'rtree' || module === 'rtree_i32') {
    const key = columns.slice(0, 1).map(({ name }) => name)
    return { columns, orderBy: key, hasRows: true, sqlAfterRows: '' }
  }
  if (module === 'geopoly') return withRowid(columns, '')
  return nothing(columns, `How rows of the module "${module}" can be restored is not known.`)
}

/** A virtual table of which no rows are kept, as an entry of the report. */
export function virtualRowsNotCaptured(name: string, reason: string): NotCaptured {
  return { kind: 'rows of a virtual table', name, reason }
}

function nothing(columns: readonly ColumnFacts[], notCaptured?: string): VirtualTable {
  const table = { columns, orderBy: [], hasRows: false, sqlAfterRows: '' }
  return notCaptured === undefined ? table : { ...table, notCaptured }
}

function withRowid(columns: readonly ColumnFacts[], sqlAfterRows: string): VirtualTable {
  return { columns: [rowidColumn, ...columns], orderBy: ['rowid'], hasRows: true, sqlAfterRows }
}

/** Source: https://www.sqlite.org/fts5.html#external_content_and_contentless_tables, https://www.sqlite.org/fts3.html */
function fullTextTable(
  connection: DatabaseSync,
  entry: Entry,
  module: string,
  all: readonly ColumnFacts[],
  facts: ReadonlyMap<string, TableFacts>,
): VirtualTable {
  const language = module === 'fts4' ? optionOf(entry.sql, 'languageid') : undefined
  const columns = all.filter(
    ({ name, hidden }) =>
      !hidden || (language !== undefined && foldName(name) === foldName(language)),
  )
  const settings = module === 'fts5' ? settingsOf(connection, entry.name, facts) : ''
  const content = module === 'fts3' ? undefined : optionOf(entry.sql, 'content')
  if (content === '') {
    const reason = "A full-text table with content='' keeps no text that could be read."
    return { ...nothing(columns, reason), sqlAfterRows: settings }
  }
  if (content !== undefined) {
    const name = quoteName(entry.name)
    return {
      ...nothing(columns),
      sqlAfterRows: `INSERT INTO ${name}(${name}) VALUES('rebuild');\n${settings}`,
    }
  }
  const table = withRowid(columns, settings)
  return module === 'fts5' && optionOf(entry.sql, 'locale') === '1'
    ? { ...table, notCaptured: 'The locale of each text is not kept, the text is.' }
    : table
}

/** What `INSERT INTO t(t, rank) VALUES(…)` has set in an FTS5 table. */
function settingsOf(
  connection: DatabaseSync,
  table: string,
  facts: ReadonlyMap<string, TableFacts>,
): string {
  const shadow = `${table}_config`
  if (!facts.has(shadow)) return ''
  const settings = query(
    connection,
    `SELECT k, quote(v) AS v FROM main.${quoteName(shadow)} WHERE k <> 'version' ORDER BY k`,
  )
  const name = quoteName(table)
  return settings
    .map(
      ({ k, v }) =>
        `INSERT INTO ${name}(${name}, rank) VALUES(${quoteText(String(k))}, ${String(v)});\n`,
    )
    .join('')
}

/** The module behind USING, in lower case. */
function moduleOf(sql: string): string {
  const all = tokens(sql)
  const using = all.findIndex(({ kind, text }) => kind === 'word' && /^using$/i.test(text))
  return foldName(all[using + 1]?.text ?? '')
}

/** The value of an option `name = value` among the module's arguments. */
function optionOf(sql: string, option: string): string | undefined {
  const all = tokens(sql)
  for (const [index, { kind, text }] of all.entries()) {
    if (kind !== 'word' || foldName(text) !== option || all[index + 1]?.text !== '=') continue
    const value = all[index + 2]
    return value === undefined || value.kind === 'punctuation' ? '' : value.text
  }
  return undefined
}
