import type { DatabaseSync } from 'node:sqlite'
import { query, type Entry, type TableFacts } from './catalog.ts'
import { quoteName } from './sqltext.ts'
import { contentOf, moduleOf, optionOf } from './virtual-text.ts'

/** A full-text table over another table or view. */
type Index = Pick<Entry, 'name' | 'sql'>

/** Which rows of its content an index knows: all of them and no other, some, none of many, or nobody can tell. */
export type IndexState = 'whole' | 'partial' | 'empty' | 'unknown'

/** Compares the rows that an index over another table or view knows with those that are there. */
export function indexStateOf(
  connection: DatabaseSync,
  entry: Entry,
  facts: ReadonlyMap<string, TableFacts>,
): IndexState {
  if (facts.get(sizesOf(entry).table)?.type !== 'shadow') return 'unknown'
  const known = `SELECT rowid FROM ${knownRows(entry)}`
  const there = `SELECT ${contentRowid(entry)} FROM main.${quoteName(contentOf(entry.sql) ?? '')}`
  const [compared] = query(
    connection,
    `SELECT (SELECT count(*) FROM (${known})) = (SELECT count(*) FROM (${there}))
        AND NOT EXISTS (${known} EXCEPT ${there}) AS same, EXISTS (${known}) AS any`,
  )
  if (compared?.['same'] === 1) return 'whole'
  return compared?.['any'] === 1 ? 'partial' : 'empty'
}

/** Whether an index knows no row; false also where nobody can tell. */
export function isEmpty(
  connection: DatabaseSync,
  index: Index,
  facts: ReadonlyMap<string, TableFacts>,
): boolean {
  if (facts.get(sizesOf(index).table)?.type !== 'shadow') return false
  return query(connection, `SELECT 1 FROM ${knownRows(index)} LIMIT 1`).length === 0
}

/** What stands behind FROM to read the ids of the rows that an index knows, as its column `rowid`. */
export function knownRows(entry: Index): string {
  const { table, id } = sizesOf(entry)
  return `(SELECT ${id} AS rowid FROM main.${quoteName(table)})`
}

/** Makes an index over all rows of its content. */
export function rebuildOf(table: string): string {
  const name = quoteName(table)
  return `INSERT INTO ${name}(${name}) VALUES('rebuild');\n`
}

/**
 * Makes an index over those rows of its content that it was told of by their ids alone, and keeps the ids of others; over
 * all rows where it was told of none.
 */
export function fillOfIndex(entry: Index): string {
  const name = quoteName(entry.name)
  const ids = 'temp.schema_backup_ids'
  const { table, id } = sizesOf(entry)
  return (
    `CREATE TABLE ${ids} AS SELECT ${id} AS id FROM ${quoteName(table)};\n` +
    rebuildOf(entry.name) +
    `DELETE FROM ${name} WHERE rowid NOT IN (SELECT id FROM ${ids}) AND EXISTS (SELECT 1 FROM ${ids});\n` +
    `INSERT INTO ${name}(rowid) SELECT id FROM ${ids} WHERE id NOT IN (SELECT rowid FROM ${name});\n` +
    `DROP TABLE ${ids};\n`
  )
}

/** Where an index keeps the size of each row that it knows. */
function sizesOf({ name, sql }: Index): { readonly table: string; readonly id: string } {
  return { table: `${name}_docsize`, id: moduleOf(sql) === 'fts5' ? 'id' : 'docid' }
}

function contentRowid({ sql }: Entry): string {
  const named = moduleOf(sql) === 'fts5' ? optionOf(sql, 'content_rowid') : undefined
  return quoteName(named ?? 'rowid')
}
