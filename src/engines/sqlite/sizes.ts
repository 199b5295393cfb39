import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { TableSize } from '../engine.ts'
import { encodingOf, query, readEntries } from './catalog.ts'
import { tableFactsOf } from './parts.ts'
import { foldName, quoteName } from './sqltext.ts'

/** Above this, counting the pages of every table would take long: sizes are shared out by rows instead. */
const largestCountedFile = 1 << 30

interface Pages {
  readonly rows: number
  readonly bytes: number
}

/** Rows and bytes of every table, its indexes and shadow tables included. */
export function readSizes(connection: DatabaseSync, path: string): TableSize[] {
  const fileBytes = statSync(path).size
  const counted = fileBytes <= largestCountedFile ? countPages(connection) : undefined
  const { entries } = readEntries(connection, encodingOf(connection))
  const facts = tableFactsOf(connection, entries)
  const tables = entries.filter(
    ({ type, name }) => type === 'table' && facts.get(name)?.type !== 'shadow',
  )
  if (counted === undefined) {
    return shareOut(
      tables.map(({ name }) => ({ name, rows: highestRowid(connection, name) })),
      fileBytes,
    )
  }
  const indexBytes = (table: string): number =>
    query(connection, `SELECT name FROM pragma_index_list(?, 'main')`, table).reduce(
      (sum, { name }) => sum + (counted.get(String(name))?.bytes ?? 0),
      0,
    )
  return tables.map(({ name }) => {
    if (facts.get(name)?.type === 'virtual') return { name, ...shadowPages(counted, facts, name) }
    const own = counted.get(name) ?? { rows: 0, bytes: 0 }
    return { name, rows: own.rows, bytes: own.bytes + indexBytes(name) }
  })
}

/** Cells and bytes of each b-tree; undefined where SQLite was built without dbstat. Source: https://www.sqlite.org/dbstat.html */
function countPages(connection: DatabaseSync): Map<string, Pages> | undefined {
  try {
    const trees = query(
      connection,
      `SELECT name, sum(pgsize) AS bytes, sum(iif(pagetype = 'leaf', ncell, 0)) AS rows
         FROM dbstat('main') GROUP BY name`,
    )
    return new Map(
      trees.map(({ name, rows, bytes }) => [
        String(name),
        { rows: Number(rows), bytes: Number(bytes) },
      ]),
    )
  } catch {
    return undefined
  }
}

function shadowPages(
  counted: ReadonlyMap<string, Pages>,
  facts: ReadonlyMap<string, { readonly type: string }>,
  table: string,
): Pages {
  const prefix = `${foldName(table)}_`
  let bytes = 0
  for (const [name, pages] of counted) {
    if (foldName(name).startsWith(prefix) && facts.get(name)?.type === 'shadow')
      bytes += pages.bytes
  }
  const content = ['content', 'docsize', 'rowid'].map((part) => counted.get(`${table}_${part}`))
  return { rows: content.find((pages) => pages !== undefined)?.rows ?? 0, bytes }
}

function highestRowid(connection: DatabaseSync, table: string): number {
  try {
    const row = query(connection, `SELECT max(rowid) AS rows FROM main.${quoteName(table)}`)[0]
    return Math.max(0, Number(row?.['rows'] ?? 0))
  } catch {
    return 0
  }
}

function shareOut(
  tables: readonly { readonly name: string; readonly rows: number }[],
  fileBytes: number,
): TableSize[] {
  const all = tables.reduce((sum, { rows }) => sum + rows, 0)
  return tables.map(({ name, rows }) => ({
    name,
    rows,
    bytes: all === 0 ? 0 : Math.round((fileBytes * rows) / all),
  }))
}
