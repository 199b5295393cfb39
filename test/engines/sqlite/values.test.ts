import { rmSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { Cell } from '../../../src/engines/sqlite/cells.ts'
import { fillFile, runScriptOf } from './restore-ways.ts'
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
  '+1',
  '.5',
  '5.',
  '1e',
  '1_000',
  '2024-02-31',
  '0000-00-00 24:00:00.000',
  'Infinity',
  'NaN',
  'NULL',
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
  ...['', 'TEXT', 'INTEGER', 'REAL', 'NUMERIC', 'BLOB', 'VARCHAR(10)', 'DATE', 'ANY', 'INT'],
  ...['BOOLEAN', 'DECIMAL(10,5)', 'DOUBLE PRECISION', 'CLOB', 'FLOATING POINT', 'STRING'],
)
const key = fc.constantFrom(
  ')',
  ', PRIMARY KEY (c0))',
  ', UNIQUE (c0))',
  ', PRIMARY KEY (c1, c0))',
  ', PRIMARY KEY (c1 DESC, c0)) WITHOUT ROWID',
  `, g AS (c0 || 'g') VIRTUAL, h TEXT AS (typeof(c1)) STORED)`,
)
const table = fc.record({
  types: fc.array(type, { minLength: 2, maxLength: 5 }),
  end: key,
  rows: fc.array(fc.array(cell, { minLength: 5, maxLength: 5 }), { maxLength: 12 }),
})

const text = cell.filter((each) => typeof each === 'string' || isTextBytes(each))
const whole = fc.oneof(
  fc.constantFrom(...edges).filter((each) => typeof each === 'bigint'),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
)
const real = fc.oneof(
  fc.constantFrom(...edges).filter((each) => typeof each === 'number'),
  fc.double({ noNaN: true }),
)
const strictTypes = [
  { declared: 'INT', value: whole },
  { declared: 'INTEGER', value: whole },
  { declared: 'REAL', value: fc.oneof(real, whole) },
  { declared: 'TEXT', value: text },
  { declared: 'BLOB', value: fc.uint8Array() },
  { declared: 'ANY', value: cell },
] as const

/** Rows of one column of each type that a STRICT table can have. */
const strictRows = fc.array(fc.tuple(...strictTypes.map(({ value }) => fc.option(value))), {
  maxLength: 20,
})

function isTextBytes(value: Cell): boolean {
  return value instanceof Object && 'textBytes' in value
}

/** Makes the database by the sqlite3 program, takes it through the engine's text, and lets that program compare. */
async function expectUnharmed(sql: string): Promise<void> {
  const original = scratch.path('original.db')
  const restored = scratch.path('restored.db')
  const filled = scratch.path('filled.db')
  const scripted = scratch.path('scripted.db')
  for (const path of [original, restored, filled, scripted]) rmSync(path, { force: true })
  sqlite3(original, sql)
  const held = await hold(original)
  pour(held, restored)
  await fillFile(held, filled)
  await runScriptOf(held, scripted)
  const cells = typedCells(original)
  for (const path of [restored, filled, scripted]) expect(typedCells(path)).toStrictEqual(cells)
  expect(dumpedLines(restored)).toStrictEqual(dumpedLines(original))
  expect(await hold(restored)).toStrictEqual(held)
}

/** Statements that insert rows; one that breaks a constraint is left out. */
function insertsOf(rows: readonly (readonly Cell[])[], width: number, encoding: string): string {
  const names = Array.from({ length: width }, (_, index) => `c${index}`).join(', ')
  const inserts = rows.map((row) => {
    const values = row.slice(0, width).map((value) => literal(value, encoding))
    return `INSERT OR IGNORE INTO t (${names}) VALUES (${values.join(', ')});\n`
  })
  return inserts.join('')
}

describe('values through the text of the files and back', () => {
  it.each(['UTF-8', 'UTF-16le'])(
    'keep storage class and bytes in a table of any shape, in %s',
    async (encoding) => {
      const property = fc.asyncProperty(table, async ({ types, end, rows }) => {
        const columns = types.map((declared, index) => `c${index} ${declared}`).join(', ')
        const isRowid = types[0] === 'INTEGER' && end === ', PRIMARY KEY (c0))'
        const storable = rows.filter(([first]) => !isRowid || typeof first === 'bigint')
        await expectUnharmed(
          `PRAGMA encoding = '${encoding}';\nCREATE TABLE t (${columns}${end};\n` +
            insertsOf(storable, types.length, encoding),
        )
      })
      await fc.assert(property, { numRuns: 20 })
    },
  )

  it.each(['UTF-8', 'UTF-16be'])('keep them in a STRICT table, in %s', async (encoding) => {
    const columns = strictTypes.map(({ declared }, index) => `c${index} ${declared}`).join(', ')
    const property = fc.asyncProperty(strictRows, async (rows) => {
      await expectUnharmed(
        `PRAGMA encoding = '${encoding}';\nCREATE TABLE t (${columns}) STRICT;\n` +
          insertsOf(rows, strictTypes.length, encoding),
      )
    })
    await fc.assert(property, { numRuns: 10 })
  })

  it.each<[string, string]>([
    ['1,600 columns without a key', wideTable(1600, '')],
    ['1,990 columns with text that is not UTF-8', wideTable(1990, `CAST(x'ff' AS TEXT)`)],
    ['1,999 columns', wideTable(1999, `x'00'`)],
    [
      'numbers that columns bend',
      `CREATE TABLE t (x, r REAL, n NUMERIC, i INTEGER, s TEXT, y ANY) ; CREATE TABLE u (r REAL, y ANY) STRICT;
       INSERT INTO t VALUES (9e999 - 9e999, 9007199254740993, '1e3', 1.0, 1.5, 1.0), (1, 9223372036854775807, 1e15, '0x10', 7, 1),
         (1.0, -0.0, '9223372036854775808', 9.5, -0.0, '1'), ('1', 1, 0.1, ' 5 ', 1e300, '1.0'), (-0.0, 5e-324, -0.0, 1e19, 9e999, -9e999);
       INSERT INTO u VALUES (1, 1), (9223372036854775807, 1.0), (NULL, '1'), (5e-324, x'31'), (1.0, -0.0);`,
    ],
    [
      'rowids below zero and at both ends',
      `CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (-9223372036854775808, 'least'), (-1, 'minus'), (0, NULL), (9223372036854775807, 'most');`,
    ],
    [
      'halves of surrogate pairs in UTF-16',
      `PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (x TEXT, y); INSERT INTO t VALUES (CAST(x'3dd8' AS TEXT), CAST(x'00de' AS TEXT)),
       (CAST(x'00de3dd8' AS TEXT), CAST(x'3dd800de' AS TEXT)), (CAST(x'6100ffff' AS TEXT), CAST(x'feff6100' AS TEXT)), ('😀', char(0) || 'x');`,
    ],
    ['no rows', 'CREATE TABLE t (x INTEGER PRIMARY KEY, y);'],
    [
      'one column that is NULL in every row',
      'CREATE TABLE t (x); INSERT INTO t VALUES (NULL), (NULL), (NULL);',
    ],
    [
      'cells of many megabytes',
      `CREATE TABLE t (x, y); INSERT INTO t VALUES (hex(zeroblob(1000000)), randomblob(1000000)),
       (printf('%.*c', 1200000, '"'), printf('%.*c', 1200000, ',') || char(10)), (CAST(zeroblob(1000000) AS TEXT), 1), (randomblob(3000000), 2);`,
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
