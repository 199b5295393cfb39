import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  affinityOf,
  decodeCell,
  encodeCell,
  textFromBytes,
  type Cell,
} from '../../../src/engines/sqlite/cells.ts'

const affinity = fc.constantFrom('text', 'real', 'other')
const encoding = fc.constantFrom('UTF-8', 'UTF-16le', 'UTF-16be')
const trickyText = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom(...Array.from('\\xutir0123456789.e+-ainfINF \n,"')) }),
  fc.double().map(String),
  fc.bigInt().map(String),
)
const cell: fc.Arbitrary<Cell> = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }),
  trickyText.filter((text) => !text.includes('\0')),
  fc.uint8Array(),
  fc.uint8Array().map((textBytes) => ({ textBytes })),
)

describe('the text of a cell', () => {
  it('gives every value and its storage class back', () => {
    fc.assert(
      fc.property(cell, affinity, encoding, (value, ofColumn, ofFile) => {
        expect(decodeCell(encodeCell(value, ofColumn, ofFile), ofColumn)).toStrictEqual(value)
      }),
      { numRuns: 5000 },
    )
  })

  it('tells any two values apart', () => {
    fc.assert(
      fc.property(cell, cell, affinity, (left, right, ofColumn) => {
        const same = encodeCell(left, ofColumn, 'UTF-8') === encodeCell(right, ofColumn, 'UTF-8')
        expect(same).toBe(identity(left) === identity(right))
      }),
      { numRuns: 5000 },
    )
  })

  it.each<[Cell, 'text' | 'other', string | null]>([
    [null, 'text', null],
    ['', 'text', ''],
    [1n, 'other', '1'],
    [1, 'other', '1.0'],
    ['1', 'other', '\\t1'],
    ['1', 'text', '1'],
    [1n, 'text', '\\i1'],
    [1, 'text', '\\r1.0'],
    [-0, 'other', '-0.0'],
    [Infinity, 'other', 'Infinity'],
    ['-Infinity', 'other', '\\t-Infinity'],
    [5e-324, 'other', '5e-324'],
    [1e21, 'other', '1e+21'],
    ['0123', 'other', '\\t0123'],
    ['\\x00', 'text', '\\t\\x00'],
    [Uint8Array.of(0, 255), 'text', '\\x00ff'],
    ['a\0b', 'text', '\\u610062'],
    [{ textBytes: Uint8Array.of(255) }, 'text', '\\uff'],
  ])('%o in a column of affinity %s is %o', (value, ofColumn, text) => {
    expect(encodeCell(value, ofColumn, 'UTF-8')).toBe(text)
  })

  it('reads what it writes, and refuses everything else', () => {
    const counted = { read: 0, refused: 0 }
    const text = fc
      .tuple(fc.constantFrom('', '', '\\i', '\\r', '\\t', '\\x', '\\', '-'), trickyText)
      .map(([tag, rest]) => tag + rest)
    fc.assert(
      fc.property(text, affinity, encoding, (given, ofColumn, ofFile) => {
        let value: Cell
        try {
          value = decodeCell(given, ofColumn)
        } catch (error) {
          counted.refused += 1
          expect((error as Error).message).toMatch(/^A cell [^\\]*$/)
          return
        }
        counted.read += 1
        expect(encodeCell(value, ofColumn, ofFile)).toBe(given)
      }),
      { numRuns: 5000 },
    )
    expect(Math.min(counted.read, counted.refused)).toBeGreaterThan(500)
  })

  it.each([
    '1.50',
    '007',
    '-0',
    '1e400',
    '1e5',
    '0.10000000000000000555',
    '\\i1',
    '\\r1.0',
    '\\tplain',
  ])('refuses %o in a column without a type, where its value is written in another way', (text) => {
    expect(() => decodeCell(text, 'other')).toThrow(/^A cell is not written/)
  })

  it.each(['\\', '\\q', '\\i1.5', '\\r', '\\rNaN', '\\x0', '\\xGG', '\\x0G00', '\\X00'])(
    'refuses %o, which is no cell, and does not quote it',
    (text) => {
      expect(() => decodeCell(text, 'other')).toThrow(/^A cell/)
    },
  )
})

describe('text from bytes', () => {
  it('is the text only where the same bytes come back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom('UTF-8', 'UTF-16le'), (stored, ofFile) => {
        const text = textFromBytes(stored, ofFile)
        const again =
          typeof text === 'string'
            ? Buffer.from(text, ofFile === 'UTF-8' ? 'utf8' : 'utf16le')
            : text.textBytes
        expect([...again]).toStrictEqual([...stored])
      }),
      { numRuns: 5000 },
    )
  })

  it.each(['\uFFFE', '\uFFFF'])('stays bytes where SQLite would store another text: %j', (text) => {
    const database = new DatabaseSync(':memory:')
    database.exec(`PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (x)`)
    database.prepare('INSERT INTO t VALUES (?)').run(text)
    const stored = database.prepare('SELECT CAST(x AS BLOB) AS x FROM t').get()?.['x']
    database.close()
    const bytes = Buffer.from(text, 'utf16le')
    expect(stored).not.toStrictEqual(Uint8Array.from(bytes))
    expect(textFromBytes(bytes, 'UTF-16le')).toStrictEqual({ textBytes: bytes })
    expect(textFromBytes(Buffer.from(text), 'UTF-8')).toBe(text)
  })

  it('keeps a byte order mark', () => {
    expect(textFromBytes(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41), 'UTF-8')).toBe('\uFEFFA')
  })
})

describe('the affinity of a declared type', () => {
  it.each([
    ['', 'other'],
    ['INTEGER', 'other'],
    ['VARCHAR(20)', 'text'],
    ['CHARINT', 'other'],
    ['clob', 'text'],
    ['BLOB TEXT', 'text'],
    ['BLOB', 'other'],
    ['DOUBLE PRECISION', 'real'],
    ['FLOATING POINT', 'other'],
    ['DECIMAL(10,5)', 'other'],
    ['STRING', 'other'],
  ])('of "%s" is %s', (type, expected) => {
    expect(affinityOf(type)).toBe(expected)
  })
})

function identity(value: Cell): string {
  if (value === null) return 'null'
  if (typeof value === 'object') {
    return 'textBytes' in value ? `u${hex(value.textBytes)}` : `b${hex(value)}`
  }
  if (typeof value === 'number') return `r${Object.is(value, -0) ? '-0' : value}`
  return typeof value === 'bigint' ? `i${value}` : `t${Buffer.from(value, 'utf8').toString('hex')}`
}

function hex(value: Uint8Array): string {
  return Buffer.from(value).toString('hex')
}
