import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  dumpedLines,
  hold,
  parseCsv,
  pour,
  scratchDirectory,
  shopFixture,
  sqlite3,
  typedCells,
} from './round-trip.ts'

const scratch = scratchDirectory()
afterAll(scratch.remove)

const script = readFileSync(shopFixture, 'utf8')

describe.each([
  ['UTF-8', script],
  ['UTF-16le', script.replace("encoding = 'UTF-8'", "encoding = 'UTF-16le'")],
])('a database in %s with every kind of object and value', (encoding, fixture) => {
  const original = scratch.path(`${encoding} original.db`)
  const restored = scratch.path(`${encoding} restored.db`)

  beforeAll(async () => {
    sqlite3(original, fixture)
    pour(await hold(original), restored)
  })

  it('is in the encoding that the test means', () => {
    expect(sqlite3(original, 'PRAGMA encoding;').trim()).toBe(encoding)
    expect(typedCells(original).length).toBeGreaterThan(70)
  })

  it('comes back with the same dump', () => {
    expect(dumpedLines(restored)).toStrictEqual(dumpedLines(original))
  })

  it('comes back with the same storage class and bytes in every cell', () => {
    expect(typedCells(restored)).toStrictEqual(typedCells(original))
  })

  it('comes back with the same header', () => {
    const header = `PRAGMA encoding; PRAGMA page_size; PRAGMA auto_vacuum; PRAGMA application_id; PRAGMA user_version;`
    expect(sqlite3(restored, header)).toBe(sqlite3(original, header))
  })

  it('comes back with full-text indexes that find the same', () => {
    const searches =
      `SELECT rowid, rank FROM note('run'); SELECT name FROM customer_search('ada');` +
      `SELECT rowid, lid FROM old_note WHERE old_note MATCH 'three' AND lid = 1; SELECT id, label FROM box WHERE max_x < 1;` +
      `INSERT INTO customer_search(customer_search, rank) VALUES('integrity-check', 1); SELECT * FROM words;`
    const found = sqlite3(original, searches)
    expect(found.split('\n').length).toBeGreaterThan(6)
    expect(sqlite3(restored, searches)).toBe(found)
  })

  it('gives the same snapshot again', async () => {
    expect(await hold(restored)).toStrictEqual(await hold(original))
  })
})

describe('the same content in another file', () => {
  const original = scratch.path('content.db')
  beforeAll(() => {
    sqlite3(original, script)
  })

  it.each([
    ['VACUUM', 'VACUUM;'],
    ['ANALYZE', 'ANALYZE;'],
    [
      'deleting and inserting all rows',
      'CREATE TEMP TABLE t AS SELECT * FROM anything ORDER BY random(); DELETE FROM anything; INSERT INTO anything SELECT * FROM t;',
    ],
    [
      'dropping and making an index',
      'DROP INDEX a_index; CREATE UNIQUE INDEX a_index ON customer (lower(name), "e-mail" COLLATE RTRIM);',
    ],
    [
      'renaming a table back and forth',
      "ALTER TABLE nullable_key RENAME TO x; ALTER TABLE x RENAME TO nullable_key; UPDATE sqlite_schema SET sql = replace(sql, '\"nullable_key\"', 'nullable_key') WHERE name = 'nullable_key';",
    ],
  ])('after %s has the same bytes', async (_name, change) => {
    const changed = scratch.path('changed.db')
    sqlite3(original, `VACUUM INTO '${changed}';`)
    sqlite3(
      changed,
      change,
      '-cmd',
      '.dbconfig defensive off',
      '-cmd',
      'PRAGMA legacy_alter_table = ON; PRAGMA writable_schema = ON;',
    )
    const [before, after] = [await hold(original), await hold(changed)]
    sqlite3(changed, '.shell rm -f "' + changed + '"')
    expect(after).toStrictEqual(before)
  })

  it('made in the reverse order has the same bytes', async () => {
    const statements = [
      'CREATE TABLE b (x UNIQUE, y NOT NULL UNIQUE)',
      'CREATE TABLE a (x)',
      'CREATE VIEW v AS SELECT * FROM w',
      'CREATE VIEW w AS SELECT * FROM a',
      'CREATE INDEX i ON b (x)',
      'CREATE INDEX h ON b (y)',
      `INSERT INTO a VALUES (1), ('1'), (1.0)`,
      `INSERT INTO a VALUES (NULL)`,
    ]
    const forward = scratch.path('forward.db')
    const backward = scratch.path('backward.db')
    const order = [0, 1, 2, 3, 5, 4, 7, 6]
    sqlite3(forward, statements.map((text) => `${text};`).join(''))
    sqlite3(backward, order.map((index) => `${statements[index] ?? ''};`).join(''))
    expect(await hold(backward)).toStrictEqual(await hold(forward))
  })

  it.each(['', 'PRIMARY KEY', 'NOT NULL UNIQUE'])(
    'has its rows in the order of bytes, whatever the collation: %s',
    async (constraint) => {
      const path = scratch.path(`collation-${constraint}.db`)
      sqlite3(
        path,
        `CREATE TABLE t (k TEXT COLLATE NOCASE ${constraint}); INSERT INTO t VALUES ('a'), ('é'), ('Z'), ('_'), ('B');`,
      )
      expect((await hold(path)).rows.get('t')).toBe('B\nZ\n_\na\né\n')
    },
  )

  it('in another row order has the same bytes, also where only a class or a sign differs', async () => {
    const rows = [
      '(0.0, 0)',
      '(-0.0, 0)',
      '(0, 0)',
      '(1, 1)',
      '(1.0, 1)',
      '(1, 1.0)',
      "('1', 1)",
      '(NULL, 1)',
      '(0.0, 0)',
    ]
    const read: string[] = []
    for (const values of [rows, rows.toReversed()]) {
      const path = scratch.path(`rows-${read.length}.db`)
      sqlite3(path, `CREATE TABLE t (a, b); INSERT INTO t VALUES ${values.join(', ')};`)
      read.push((await hold(path)).rows.get('t') ?? '')
    }
    expect(parseCsv(read[0] ?? '')).toHaveLength(rows.length)
    expect(read[1]).toBe(read[0])
  })
})
