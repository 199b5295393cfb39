import type { DatabaseSync } from 'node:sqlite'
import type { ColumnFacts, Entry, TableFacts } from './catalog.ts'
import { fillOfIndex, indexStateOf, isEmpty, knownRows, rebuildOf } from './full-text-index.ts'
import { settingsOf } from './full-text-settings.ts'
import { foldName, statement } from './sqltext.ts'
import { rowidColumn, withParts, withRowid, type VirtualTable } from './virtual-table.ts'
import { contentOf, moduleOf, optionOf } from './virtual-text.ts'

/**
 * Reads what belongs to a full-text table; `isReadable` says whether its rows can be read.
 * Source: https://www.sqlite.org/fts5.html#external_content_and_contentless_tables, https://www.sqlite.org/fts3.html
 */
export function fullTextTable(
  connection: DatabaseSync,
  entry: Entry,
  all: readonly ColumnFacts[],
  facts: ReadonlyMap<string, TableFacts>,
  isReadable: boolean,
): VirtualTable {
  const module = moduleOf(entry.sql)
  const language = module === 'fts4' ? optionOf(entry.sql, 'languageid') : undefined
  const columns = all.filter(
    ({ name, hidden }) =>
      !hidden || (language !== undefined && foldName(name) === foldName(language)),
  )
  const definition = statement(entry.sql)
  const content = contentOf(entry.sql)
  const hasLocale = module === 'fts5' && optionOf(entry.sql, 'locale') === '1'
  const isItsOwn = content === undefined
  const settings = settingsOf(connection, entry.name, module, facts)
  if (isReadable && content === '' && isEmpty(connection, entry, facts)) {
    return { ...withParts(definition, columns), sqlAfterRows: settings, keepsParts: false }
  }
  if (!isReadable || content === '' || (isItsOwn && hasLocale)) {
    return withParts(definition, columns)
  }
  return isItsOwn
    ? withRowid(definition, columns, settings)
    : indexOverContent(connection, entry, columns, settings, facts)
}

/** Its words are those of another table: at most the rows that it knows are in a file. */
function indexOverContent(
  connection: DatabaseSync,
  entry: Entry,
  columns: readonly ColumnFacts[],
  settings: string,
  facts: ReadonlyMap<string, TableFacts>,
): VirtualTable {
  const state = indexStateOf(connection, entry, facts)
  const fill = {
    // The same as of a part, so that the definition tells nothing of the rows.
    whole: fillOfIndex(entry),
    partial: fillOfIndex(entry),
    empty: '',
    unknown: rebuildOf(entry.name),
  }[state]
  return {
    sql: statement(entry.sql),
    columns: [rowidColumn, ...columns.map((column) => ({ ...column, generated: true }))],
    orderBy: ['rowid'],
    hasRows: state === 'partial',
    rowsFrom: knownRows(entry),
    sqlAfterRows: fill + settings,
    keepsParts: false,
    ...(state === 'unknown' ? { warning: unknownRows(entry.name) } : {}),
  }
}

function unknownRows(name: string): string {
  return `The full-text table "${name}" keeps no list of the rows that it knows (columnsize=0, matchinfo=fts3): a restore makes it over all rows of its content.`
}
