import type { DatabaseSync } from 'node:sqlite'
import type { DbObject, NotCaptured } from '../../model.ts'
import { query } from './catalog.ts'
import { foldName } from './sqltext.ts'
import { definitionOfPart } from './virtual-text.ts'

/** What is held against the file: the objects, and the tables that SQLite makes from those of virtual tables. */
export interface Captured {
  readonly objects: readonly DbObject[]
  /** Folded names. */
  readonly innerTables: ReadonlySet<string>
  readonly notCaptured: readonly NotCaptured[]
}

/** What SQLite makes by itself. Source: https://www.sqlite.org/fileformat2.html#internal_schema_objects */
const ofSqlite = /^sqlite_(?:sequence|stat[1-4]|autoindex_.*)$/is

/**
 * Names every line of sqlite_schema that is in no object's text and not named yet. It asks the file again, and in another
 * way than the reading of the objects did, so that a kind that was forgotten is never missing in silence.
 */
export function census(connection: DatabaseSync, captured: Captured): NotCaptured[] {
  const named = new Set(captured.notCaptured.map(({ kind, name }) => `${kind}\0${name}`))
  const texts = textsByOwner(captured.objects)
  const seen = new Set<string>()
  const missing: NotCaptured[] = []
  const lines = query(
    connection,
    'SELECT CAST(type AS TEXT) AS type, CAST(name AS TEXT) AS name, CAST(tbl_name AS TEXT) AS owner, CAST(sql AS TEXT) AS sql FROM main.sqlite_schema',
  )
  for (const line of lines) {
    const [type, name, owner] = [textOf(line['type']), textOf(line['name']), textOf(line['owner'])]
    const sql = line['sql']
    const key = `${type}\0${name}`
    const reason = reasonFor({ type, name, owner, sql }, texts, captured.innerTables, seen.has(key))
    seen.add(key)
    if (reason !== undefined && !named.has(key)) missing.push({ kind: type, name, reason })
  }
  return missing
}

interface Line {
  readonly type: string
  readonly name: string
  readonly owner: string
  readonly sql: unknown
}

function reasonFor(
  { type, name, owner, sql }: Line,
  texts: ReadonlyMap<string, string>,
  innerTables: ReadonlySet<string>,
  isRepeated: boolean,
): string | undefined {
  if (isRepeated) return 'The file holds two definitions of that name.'
  if (/^sqlite_/i.test(name)) {
    if (ofSqlite.test(name)) return undefined
    return 'No statement can make an object whose name begins with "sqlite_".'
  }
  if (typeof sql !== 'string') return 'The file holds no definition of it.'
  if (type === 'table' && innerTables.has(foldName(name))) return undefined
  const text = texts.get(foldName(type === 'table' || type === 'view' ? name : owner)) ?? ''
  return isIn(sql, text) ? undefined : 'It is in no file.'
}

/** A virtual table without its module has its definition as a literal, an inner table has its own form. */
function isIn(sql: string, text: string): boolean {
  return (
    text.includes(sql) ||
    text.includes(sql.replaceAll("'", "''")) ||
    [true, false].some((isMadeByModule) => text.includes(definitionOfPart(sql, isMadeByModule)))
  )
}

function textsByOwner(objects: readonly DbObject[]): Map<string, string> {
  return new Map(
    objects
      .filter(({ kind }) => kind !== 'database')
      .map(({ name, sql, sqlAfterRows = '' }) => [foldName(name), sql + sqlAfterRows]),
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
