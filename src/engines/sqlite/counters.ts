import type { DatabaseSync } from 'node:sqlite'
import type { DbObject } from '../../model.ts'
import { query, type Entry } from './catalog.ts'
import { quoteText, tokens } from './sqltext.ts'

/**
 * The statements that set the counter of each table, by its name: of those with AUTOINCREMENT, also that there is none, and
 * of others that have a line in sqlite_sequence all the same. Source: https://www.sqlite.org/autoinc.html
 */
export function countersOf(
  connection: DatabaseSync,
  entries: readonly Entry[],
): ReadonlyMap<string, string> {
  const tables = entries.filter(({ type }) => type === 'table')
  const counting = new Set(tables.filter(({ sql }) => hasCounter(sql)).map(({ name }) => name))
  const counters = new Map<string, string>()
  if (counting.size === 0) return counters
  const all = linesByTable(connection)
  for (const { name } of tables) {
    const lines = all.get(name) ?? ''
    if (counting.has(name) || lines !== '') {
      counters.set(name, `DELETE FROM sqlite_sequence WHERE name = ${quoteText(name)};\n${lines}`)
    }
  }
  return counters
}

function hasCounter(sql: string): boolean {
  return (
    /autoincrement/i.test(sql) &&
    tokens(sql).some(({ kind, text }) => kind === 'word' && /^autoincrement$/i.test(text))
  )
}

function linesByTable(connection: DatabaseSync): ReadonlyMap<string, string> {
  const lines = new Map<string, string>()
  const stored = query(
    connection,
    `SELECT name, quote(seq) AS seq FROM main.sqlite_sequence WHERE typeof(name) = 'text' ORDER BY seq`,
  )
  for (const line of stored) {
    const name = String(line['name'])
    const insert = `INSERT INTO sqlite_sequence(name, seq) VALUES(${quoteText(name)}, ${String(line['seq'])});\n`
    lines.set(name, (lines.get(name) ?? '') + insert)
  }
  return lines
}

/** A warning for each line of sqlite_sequence that belongs to no table of the snapshot, so that nothing could set it. */
export function lostCounters(connection: DatabaseSync, objects: readonly DbObject[]): string[] {
  const kept = new Set(
    objects.filter(({ sqlCounters }) => sqlCounters !== undefined).map(({ name }) => name),
  )
  const exists = query(
    connection,
    `SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_sequence'`,
  )
  if (exists.length === 0) return []
  return query(
    connection,
    'SELECT DISTINCT quote(name) AS name, name AS plain FROM main.sqlite_sequence ORDER BY 1',
  )
    .filter(({ plain }) => typeof plain !== 'string' || !kept.has(plain))
    .map(
      ({ name }) =>
        `sqlite_sequence has a line for ${String(name)}, which is no table with a counter: it is in no file.`,
    )
}
