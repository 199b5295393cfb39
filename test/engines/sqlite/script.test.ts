import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeRows } from '../../../src/csv.ts'
import { affinityOf, encodeCell, type Cell } from '../../../src/engines/sqlite/cells.ts'
import { sqliteScript } from '../../../src/engines/sqlite/script.ts'
import type { ScriptRequest } from '../../../src/engines/script.ts'
import type { DbObject } from '../../../src/model.ts'
import {
  dumpedLines,
  hold,
  isTable,
  scratchDirectory,
  shopFixture,
  sqlite3,
  typedCells,
  type Held,
} from './round-trip.ts'
import { program } from '../../support/program.ts'

const scratch = scratchDirectory()
afterAll(scratch.remove)

/** The whole script of a snapshot, in the order that the contract asks for. */
async function scriptOf(
  { schema, rows }: Held,
  content: ScriptRequest['content'] = 'everything',
): Promise<string> {
  const settings = schema.objects.find(({ kind }) => kind === 'database')
  const objects = schema.objects.filter(({ kind }) => kind !== 'database')
  const writer = sqliteScript({ content, ...(settings === undefined ? {} : { settings }) })
  const parts = [writer.begin()]
  if (content !== 'rows') parts.push(...objects.map((object) => writer.create(object)))
  if (content !== 'schema') {
    for (const table of objects.filter(isTable).filter(({ hasRows }) => hasRows)) {
      const columns = table.columns.filter(({ generated }) => !generated).map(({ name }) => name)
      const pieces = writer.rows({ table, columns }, cut(rows.get(table.name) ?? ''))
      for await (const piece of pieces) parts.push(Buffer.from(piece).toString('utf8'))
    }
    parts.push(...objects.map((object) => writer.counters(object)))
  }
  if (content !== 'rows') parts.push(...objects.map((object) => writer.finish(object)))
  return [...parts, writer.end()].join('')
}

/** Text in pieces that end anywhere. */
async function* cut(text: string): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let start = 0; start < bytes.length; start += 777) {
    yield await Promise.resolve(bytes.subarray(start, start + 777))
  }
}

/** Runs a script as the manual says, with nothing but the program. */
function runScript(path: string, script: string) {
  return spawnSync(program('sqlite3'), [path], { input: script, encoding: 'utf8' })
}

describe('a script of a whole database', () => {
  const original = scratch.path('original.db')
  const rebuilt = scratch.path('rebuilt.db')

  beforeAll(async () => {
    sqlite3(original, readFileSync(shopFixture, 'utf8'))
    const ended = runScript(rebuilt, await scriptOf(await hold(original)))
    expect(ended).toMatchObject({ status: 0, stdout: '', stderr: '' })
  })

  test('makes a database with the same dump', () => {
    expect(dumpedLines(rebuilt)).toEqual(dumpedLines(original))
    expect(dumpedLines(rebuilt).length).toBeGreaterThan(50)
  })

  test('with the same bits in every cell', () => {
    expect(typedCells(rebuilt)).toEqual(typedCells(original))
  })

  test('with the same settings of the file', () => {
    const settings =
      'PRAGMA encoding; PRAGMA user_version; PRAGMA application_id; PRAGMA page_size;'
    expect(sqlite3(rebuilt, settings)).toBe(sqlite3(original, settings))
  })

  test('leaves nothing where something fails', async () => {
    const script = await scriptOf(await hold(original))
    const path = scratch.path('failed.db')
    const ended = runScript(path, script.replace('COMMIT;', 'SELECT nothing;\nCOMMIT;'))
    expect(ended.status).not.toBe(0)
    expect(sqlite3(path, 'SELECT count(*) FROM sqlite_schema;')).toBe('0\n')
  })

  test('in two halves: the schema, then the rows, which wake no trigger', async () => {
    const path = scratch.path('halves.db')
    const held = await hold(original)
    expect(runScript(path, await scriptOf(held, 'schema')).stderr).toBe('')
    expect(runScript(path, await scriptOf(held, 'rows')).stderr).toBe('')
    expect(typedCells(path)).toEqual(typedCells(original))
  })

  test('of rows makes a full-text index over those that were there, too', async () => {
    const [first, path] = [scratch.path('indexed.db'), scratch.path('indexed before.db')]
    const definition = `CREATE TABLE t (id INTEGER PRIMARY KEY, a); CREATE VIRTUAL TABLE f USING fts4 (a, content="t");`
    const row = (id: number) =>
      `${definition} INSERT INTO t VALUES (${id}, 'word'); INSERT INTO f (f) VALUES ('rebuild');`
    sqlite3(first, row(1))
    sqlite3(path, row(2))
    expect(runScript(path, await scriptOf(await hold(first), 'rows')).stderr).toBe('')
    expect(sqlite3(path, `SELECT rowid FROM f WHERE f MATCH 'word';`)).toBe('1\n2\n')
  })
})

test.each(['\r\n', '\r', '\n', '\r\r\n'])('keeps the line end %j of a definition', async (end) => {
  const name = Buffer.from(end).toString('hex')
  const [original, rebuilt] = [scratch.path(`lines-${name}.db`), scratch.path(`again-${name}.db`)]
  const statement = `CREATE TABLE t (${end}  a TEXT DEFAULT 'x${end}y'${end})`
  sqlite3(original, `${statement.replaceAll('\r\n', '\r\r\n')};\nINSERT INTO t DEFAULT VALUES;\n`)
  const held = await hold(original)
  expect(held.schema.objects.find(isTable)?.sql).toBe(`${statement};\n`)
  expect(runScript(rebuilt, await scriptOf(held)).stderr).toBe('')
  const stored = 'SELECT hex(sql) FROM sqlite_schema; SELECT hex(a) FROM t;'
  expect(sqlite3(rebuilt, stored)).toBe(sqlite3(original, stored))
})

describe('every value', () => {
  const table: DbObject = {
    kind: 'table',
    name: 't',
    sql: 'CREATE TABLE t (n INTEGER PRIMARY KEY, v);\n',
    dependsOn: [],
  }

  /** Values → what the sqlite3 program has stored after it ran a script with them. */
  async function stored(values: readonly Cell[], encoding: 'UTF-8' | 'UTF-16le') {
    const path = scratch.path(`values-${counter++}.db`)
    const sql = `PRAGMA encoding = '${encoding}';\n`
    const settings: DbObject = { kind: 'database', name: 'settings', sql, dependsOn: [] }
    const writer = sqliteScript({ content: 'everything', settings })
    const csv = encodeRows(
      values.map((value, index) => [String(index), encodeCell(value, affinityOf(''), encoding)]),
    )
    const parts = [writer.begin(), writer.create(table)]
    for await (const piece of writer.rows({ table, columns: ['n', 'v'] }, cut(csv))) {
      parts.push(Buffer.from(piece).toString('utf8'))
    }
    expect(runScript(path, parts.join('') + writer.end()).stderr).toBe('')
    const bits =
      "CASE typeof(v) WHEN 'real' THEN hex(ieee754_to_blob(v)) ELSE hex(CAST(v AS BLOB)) END"
    return sqlite3(path, `SELECT typeof(v) || ' ' || ${bits} FROM t ORDER BY n;`).split('\n')
  }
  let counter = 0

  const bitsOf = (value: number) => {
    const bits = Buffer.alloc(8)
    bits.writeDoubleBE(value)
    return `real ${bits.toString('hex').toUpperCase()}`
  }

  test('real numbers keep every bit', async () => {
    const corners = [0.1, 19.99, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -0, 0.5]
    const others = [1e15, 1e22, 123456.75, -12.5, Infinity, -Infinity, 0.3, 1 / 3, 4.35]
    const some = fc.sample(fc.double({ noNaN: true }), 3000)
    const values = [...corners, ...others, ...some]
    const found = await stored(values, 'UTF-8')
    expect(found.slice(0, values.length)).toEqual(values.map(bitsOf))
  })

  test.each(['UTF-8', 'UTF-16le'] as const)(
    'texts keep every character in %s',
    async (encoding) => {
      const corners = [
        "it's",
        'a\r\nb',
        'a\nb',
        '\r',
        '\0',
        'a\0b',
        ';\n.quit\n',
        '/\n',
        '\ufeffx',
        '\u{1f600}',
        '',
      ]
      const values = [...corners, ...fc.sample(fc.string({ unit: 'binary' }), 500)]
      const found = await stored(values, encoding)
      const bytes = (text: string) =>
        Buffer.from(text, encoding === 'UTF-8' ? 'utf8' : 'utf16le')
          .toString('hex')
          .toUpperCase()
      expect(found.slice(0, values.length)).toEqual(values.map((text) => `text ${bytes(text)}`))
    },
  )

  test('integers and blobs', async () => {
    const integers = [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)]
    const found = await stored(
      [...integers, Buffer.from('00ff', 'hex'), Buffer.alloc(0), null],
      'UTF-8',
    )
    const digits = integers.map(
      (value) => `integer ${Buffer.from(String(value)).toString('hex').toUpperCase()}`,
    )
    expect(found.slice(0, 7)).toEqual([...digits, 'blob 00FF', 'blob ', 'null '])
  })
})

test('a value that this format never writes is refused without being shown', async () => {
  const table: DbObject = { kind: 'table', name: 't', sql: 'CREATE TABLE t (v);\n', dependsOn: [] }
  const rows = sqliteScript({ content: 'rows' }).rows({ table, columns: ['v'] }, cut('\\xsecret\n'))
  const refused = expect(Array.fromAsync(rows)).rejects
  await refused.toMatchObject({
    code: 'malformed-csv',
    message: expect.not.stringContaining('secret') as string,
  })
})
