import type { DatabaseSync } from 'node:sqlite'
import { query, type TableFacts } from './catalog.ts'
import { quoteName, quoteText } from './sqltext.ts'

/** Statements that set what was set in a full-text table by special INSERTs. */
export function settingsOf(
  connection: DatabaseSync,
  table: string,
  module: string,
  facts: ReadonlyMap<string, TableFacts>,
): string {
  return module === 'fts5'
    ? configurationOf(connection, table, facts)
    : mergingOf(connection, table, facts)
}

/** What `INSERT INTO t(t, rank) VALUES(…)` has set in an FTS5 table. */
function configurationOf(
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

/** What `INSERT INTO t(t) VALUES('automerge=…')` has set in an FTS3 or FTS4 table. Source: https://www.sqlite.org/fts3.html#automerge */
function mergingOf(
  connection: DatabaseSync,
  table: string,
  facts: ReadonlyMap<string, TableFacts>,
): string {
  const shadow = `${table}_stat`
  if (facts.get(shadow)?.type !== 'shadow') return ''
  const sql = `SELECT CAST(value AS TEXT) AS value FROM main.${quoteName(shadow)} WHERE id = 2`
  const name = quoteName(table)
  return query(connection, sql)
    .map(({ value }) => `INSERT INTO ${name}(${name}) VALUES('automerge=${Number(value)}');\n`)
    .join('')
}
