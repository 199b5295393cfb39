import { rmSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { Cell } from '../../../src/engines/sqlite/cells.ts'
import {
  dumpedLines,
  hold,
  literal,
  pour,
  scratchDirectory,
  sqlite3,
  typedCells,
} from './round-trip.ts'

const scratch = scratchDirectory()
afterAll(scratch.remove)

const edges: readonly Cell[] = [
  null,
  '',
  0n,
  1n,
  -1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  2n ** 53n + 1n,
  0,
  -0,
  1,
  0.1,
  5e-324,
  2.2250738585072014e-308,
  Number.MAX_VALUE,
  Infinity,
  -Infinity,
  2 ** 53,
  2 ** 63,
  -(2 ** 63),
  '1',
  '1.0',
  ' 1',
  '1e3',
  '0x1F',
  'Infinity',
  'NaN',
  '\\',
  '\\.',
  '\\N',
  '\\x00',
  '\r',
  '\n',
  '"',
  ',',
  '\uFEFF',
  '\uFFFD',
  '\u{10FFFF}',
  new Uint8Array(),
  Uint8Array.of(0, 10, 34),
  { textBytes: Uint8Array.of(0) },
  { textBytes: Uint8Array.of(0xc0, 0x80) },
  { textBytes: Uint8Array.of(0xed, 0xb0, 0x80) },
]
const cell: fc.Arbitrary<Cell> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...edges) },
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'binary' }),
  fc.uint8Array(),
  fc.uint8Array().map((textBytes) => ({ textBytes })),
)
const type = fc.constantFrom(
  '',
  'TEXT',
  'INTEGER',
  'REAL',
  'NUMERIC',
  'BLOB',
  'VARCHAR(10)',
  'DATE',
)
const key = fc.constantFrom('', ', PRIMARY KEY (c0)', ', UNIQUE (c0)', ', PRIMARY KEY (c1, c0)')
const table = fc.record({
  types: fc.array(type, { minLength: 2, maxLength: 5 }),
  key,
  rows: fc.array(fc.array(cell, { minLength: 5, maxLength: 5 }), { maxLength: 12 }),
})

/** Makes the database by the sqlite3 program, takes it through the engine's text, and lets that program compare. */
async function expectUnharmed(sql: string): Promise<void> {
  const original = scratch.path('original.db')
  const restored = scratch.path('restored.db')
  for (const path of [original, restored]) rmSync(path, { force: true })
  sqlite3(original, sql)
  const held = await hold(original)
  pour(held, restored)
  expect(typedCells(restored)).toStrictEqual(typedCells(original))
  expect(dumpedLines(restored)).toStrictEqual(dumpedLines(original))
  expect(await hold(restored)).toStrictEqual(held)
}

describe('values through the text of the files and back', () => {
  it.each(['UTF-8', 'UTF-16le'])(
    'keep storage class and bytes in a table of any shape, in %s',
    async (encoding) => {
      const property = fc.asyncProperty(table, async ({ types, key: constraint, rows }) => {
        const columns = types.map((declared, index) => `c${index} ${declared}`).join(', ')
        const isRowid = types[0] === 'INTEGER' && constraint === ', PRIMARY KEY (c0)'
        const storable = rows.filter(([first]) => !isRowid || typeof first === 'bigint')
        const inserts = storable.map((row) => {
          const values = row
            .slice(0, types.length)
            .map((value) => literal(value, encoding !== 'UTF-8'))
          return `INSERT OR IGNORE INTO t VALUES (${values.join(', ')});\n`
        })
        await expectUnharmed(
          `PRAGMA encoding = '${encoding}';\nCREATE TABLE t (${columns}${constraint});\n${inserts.join('')}`,
        )
      })
      await fc.assert(property, { numRuns: 40 })
    },
  )

  it.each<[string, string]>([
    ['1,600 columns without a key', wideTable(1600, '')],
    ['1,990 columns with text that is not UTF-8', wideTable(1990, `CAST(x'ff' AS TEXT)`)],
    ['no rows', 'CREATE TABLE t (x INTEGER PRIMARY KEY, y);'],
    [
      'one column that is NULL in every row',
      'CREATE TABLE t (x); INSERT INTO t VALUES (NULL), (NULL), (NULL);',
    ],
    [
      'cells of many megabytes',
      `CREATE TABLE t (x, y); INSERT INTO t VALUES (hex(zeroblob(1000000)), randomblob(1000000)),
       (printf('%.*c', 1200000, '"'), printf('%.*c', 1200000, ',') || char(10)), (CAST(zeroblob(1000000) AS TEXT), 1);`,
    ],
    [
      'inexact text in the middle of many rows',
      `CREATE TABLE t (x PRIMARY KEY, y); INSERT INTO t SELECT value, value % 7 || '' FROM generate_series(1, 5000);
       UPDATE t SET y = CAST(x'80' AS TEXT) WHERE x IN (1, 2500, 5000); UPDATE t SET y = char(65533) WHERE x = 2501;`,
    ],
    [
      'names that need care',
      `CREATE TABLE "we""ird [na'me]" ("a ""b" TEXT, "select" INT, [rowid] TEXT, "%s" BLOB, "ü€😀" REAL);
       INSERT INTO "we""ird [na'me]" VALUES ('x', 1, 'r', x'00', 1.5), ('x', 1, 'q', '%d', -0.5);
       CREATE INDEX "in""dex" ON "we""ird [na'me]" ("a ""b"); CREATE VIEW "v""w" AS SELECT "%s" FROM "we""ird [na'me]";`,
    ],
  ])('are unharmed with %s', async (_name, sql) => {
    await expectUnharmed(sql)
  })
})

function wideTable(width: number, value: string): string {
  const columns = Array.from({ length: width }, (_, index) => `c${index}`)
  const values = (first: string) =>
    columns.map((_, index) =>
      index === width - 1 && value !== '' ? value : index === 0 ? first : String(index),
    )
  return `CREATE TABLE t (${columns.join(', ')}); INSERT INTO t VALUES (${values('-0.0').join(', ')}), (${values('0').join(', ')}), (${values('0.0').join(', ')});`
}
