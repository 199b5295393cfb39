import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { affinityOf, decodeCell, type Cell } from '../../../src/engines/sqlite/cells.ts'
import { sqlite } from '../../../src/engines/sqlite/index.ts'
import type { DbObject, Schema, Snapshot, Table } from '../../../src/model.ts'
import { inOrder } from './refill.ts'

/** A snapshot held in memory. */
export interface Held {
  readonly schema: Schema
  /** CSV text by table. */
  readonly rows: ReadonlyMap<string, string>
}

/** The SQL file that makes a database with every kind of object and value. */
export const shopFixture = fileURLToPath(new URL('../../fixtures/sqlite/shop.sql', import.meta.url))

/** A directory for one test file; `remove` takes it away. */
export function scratchDirectory(): { path: (name: string) => string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'schema_backup-sqlite-'))
  return {
    path: (name) => join(directory, name),
    remove: () => {
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Runs the sqlite3 program, which shares no code with the engine, and gives what it prints. */
export function sqlite3(path: string, input: string, ...options: string[]): string {
  const printed = execFileSync('sqlite3', ['-batch', '-bail', ...options, path], {
    input: `PRAGMA synchronous = OFF;\n${input}`,
    maxBuffer: 1 << 30,
  })
  return printed.toString('latin1')
}

export function isTable(object: DbObject): object is Table {
  return object.kind === 'table'
}

/** Reads schema and rows through the engine. */
export async function hold(path: string): Promise<Held> {
  await using database = await sqlite.open({ url: `sqlite:${encodeURI(path)}`, environment: {} })
  return await database.read({ wantsRows: () => true }, async (snapshot) => {
    const rows = new Map<string, string>()
    for (const table of snapshot.schema.objects.filter(isTable)) {
      rows.set(table.name, await textOf(snapshot, table.name))
    }
    return { schema: snapshot.schema, rows }
  })
}

/** The rows of one table in one piece. */
export async function textOf(snapshot: Snapshot, table: string): Promise<string> {
  const blocks: Uint8Array[] = []
  for await (const block of blocksOf(snapshot, table)) blocks.push(block)
  return Buffer.concat(blocks).toString('utf8')
}

/** The rows of one table as they come. */
export function blocksOf(snapshot: Snapshot, table: string): AsyncIterable<Uint8Array> {
  const found = snapshot.schema.objects.filter(isTable).find(({ name }) => name === table)
  if (found === undefined) throw new Error(`no table ${table}`)
  return snapshot.rows(found)
}

/** Makes a new database from a snapshot with the sqlite3 program. */
export function pour({ schema, rows }: Held, path: string): void {
  const isDatabase = (object: DbObject) => object.kind === 'database'
  const objects = inOrder(schema.objects).filter((object) => !isDatabase(object))
  const header = schema.objects.filter(isDatabase).map(({ sql }) => sql)
  const encoding = /UTF-16[lb]e/.exec(header.join(''))?.[0] ?? 'UTF-8'
  const script = [
    ...header,
    'PRAGMA foreign_keys = OFF;\nBEGIN;\n',
    ...objects.map(({ sql }) => sql),
    ...objects.filter(isTable).map((table) => inserts(table, rows.get(table.name) ?? '', encoding)),
    ...objects.map(({ sqlCounters = '' }) => sqlCounters),
    ...objects.map(({ sqlAfterRows = '' }) => sqlAfterRows),
    'COMMIT;\n',
  ]
  sqlite3(path, script.join(''))
}

function inserts(table: Table, csv: string, encoding: string): string {
  const columns = table.columns.filter(({ generated }) => !generated)
  const names = columns.map(({ name }) => quoteName(name)).join(', ')
  // An inner table of a virtual one holds rows from the beginning.
  const verb = table.sql.startsWith('CREATE TABLE IF NOT EXISTS') ? 'INSERT OR REPLACE' : 'INSERT'
  return parseCsv(csv)
    .map((row) => {
      if (row.length !== columns.length)
        throw new Error(`a row of ${table.name} has ${row.length} cells`)
      const values = row.map((text, index) =>
        literal(decodeCell(text, affinityOf(columns[index]?.type ?? '')), encoding),
      )
      return `${verb} INTO ${quoteName(table.name)} (${names}) VALUES (${values.join(', ')});\n`
    })
    .join('')
}

/** A value as SQL; real numbers go in by their bits: the sqlite3 program's own reading of decimals is not exact. */
export function literal(cell: Cell, encoding = 'UTF-8'): string {
  if (cell === null) return 'NULL'
  if (typeof cell === 'bigint') return cell.toString()
  if (typeof cell === 'number') {
    const bits = Buffer.alloc(8)
    bits.writeDoubleBE(cell)
    return `ieee754_from_blob(x'${bits.toString('hex')}')`
  }
  if (typeof cell === 'string') {
    const bytes = Buffer.from(cell, encoding === 'UTF-8' ? 'utf8' : 'utf16le')
    return `CAST(x'${(encoding === 'UTF-16be' ? bytes.swap16() : bytes).toString('hex')}' AS TEXT)`
  }
  if ('textBytes' in cell) return `CAST(x'${Buffer.from(cell.textBytes).toString('hex')}' AS TEXT)`
  return `x'${Buffer.from(cell).toString('hex')}'`
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Strict reader of the files' CSV dialect: an unquoted empty cell is NULL. */
export function parseCsv(text: string): (string | null)[][] {
  const rows: (string | null)[][] = []
  let row: (string | null)[] = []
  const cell = /("(?:[^"]|"")*"|[^",\r\n]*)([,\n])/y
  while (cell.lastIndex < text.length) {
    const at = cell.lastIndex
    const [, value = '', end] = cell.exec(text) ?? []
    if (end === undefined) throw new Error(`no CSV at character ${at}`)
    row.push(
      value === ''
        ? null
        : value.startsWith('"')
          ? value.slice(1, -1).replaceAll('""', '"')
          : value,
    )
    if (end === '\n') {
      rows.push(row)
      row = []
    }
  }
  return rows
}

/** Every cell of every table with its storage class and exact bytes, as the sqlite3 program sees them; sorted. */
export function typedCells(path: string): string[] {
  const columns = sqlite3(
    path,
    `WITH t AS MATERIALIZED (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')
        AND name NOT LIKE 'sqlite_s%' OR name = 'sqlite_sequence')
      SELECT json_array(t.name, c.name) FROM t, pragma_table_xinfo(t.name) c WHERE c.hidden <> 1;`,
  )
  const tables = new Map<string, string[]>()
  for (const line of columns.split('\n').filter((text) => text !== '')) {
    const [table = '', column = ''] = JSON.parse(Buffer.from(line, 'latin1').toString()) as string[]
    tables.set(table, [...(tables.get(table) ?? []), column])
  }
  const queries = [...tables].map(([table, names]) => {
    const cells = names.map((name) => typedCell(quoteName(name)))
    const label = `'${table.replaceAll("'", "''")}'`
    return `SELECT ${[label, ...cells].join(', ')} FROM ${quoteName(table)};\n`
  })
  return sqlite3(path, queries.join('')).split('\n').sort()
}

function typedCell(name: string): string {
  return (
    `typeof(${name}) || ':' || CASE typeof(${name}) WHEN 'real' THEN hex(ieee754_to_blob(${name}))` +
    ` WHEN 'integer' THEN quote(${name}) ELSE hex(CAST(${name} AS BLOB)) || coalesce(quote(${name}), '') END`
  )
}

/** `.dump` and `.schema` by the sqlite3 program as sorted lines, without statistics and the insides of virtual tables. */
export function dumpedLines(path: string): string[] {
  const shadows = sqlite3(path, `SELECT name FROM pragma_table_list WHERE type = 'shadow';`).split(
    '\n',
  )
  const hidden = new Set([...shadows.filter((name) => name !== ''), 'sqlite_stat1', 'sqlite_stat4'])
  const lines = [...sqlite3(path, '.dump\n').split('\n'), ...sqlite3(path, '.schema\n').split('\n')]
  return lines.filter((line) => !namesOneOf(line, hidden)).sort()
}

function namesOneOf(line: string, names: ReadonlySet<string>): boolean {
  const name = /^(?:INSERT INTO|CREATE TABLE(?: IF NOT EXISTS)?|ANALYZE) ?["']?(\w+)/.exec(
    line,
  )?.[1]
  return name !== undefined && names.has(name)
}
