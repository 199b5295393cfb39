import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { convertRows } from '../../src/engines/convert.ts'
import { neutralTexts as mysql } from '../../src/engines/mysql/neutral.ts'
import { arrayText, readArray } from '../../src/engines/postgres/array.ts'
import { neutralTexts as postgres } from '../../src/engines/postgres/neutral.ts'
import { neutralTexts as sqlite } from '../../src/engines/sqlite/neutral.ts'
import { DoesNotFit, type NeutralTexts } from '../../src/engines/neutral.ts'
import { decimalOf, floatOf, numberValue } from '../../src/engines/neutral-numbers.ts'
import { readDecimal } from '../support/decimal.ts'

const objects = [
  {
    kind: 'type',
    schema: 'public',
    name: 'Mood',
    sql: `CREATE TYPE public."Mood" AS ENUM (\n  'new',\n  'it''s',\n  'a\\b',\n  'ü, (x);'\n);\n`,
    dependsOn: [],
  },
  {
    kind: 'domain',
    schema: 'public',
    name: 'age',
    sql: 'CREATE DOMAIN public.age AS smallint\n  CONSTRAINT age_check CHECK ((VALUE >= 0));\n',
    dependsOn: [],
  },
] as const

const type = (definition: string) => ({ definition, objects })

/** A text of the first column, taken to the others and back. */
function around(text: string, path: readonly (readonly [NeutralTexts, string])[]): string {
  const back = [...path, ...path.toReversed().slice(1)]
  return back.slice(1).reduce((current, [texts, definition], index) => {
    const [from, fromType] = back[index] ?? [texts, definition]
    return texts.writer(type(definition))(from.reader(type(fromType))(current))
  }, text)
}

const printable = fc
  .string({ unit: 'grapheme', maxLength: 30 })
  .filter((text) => !text.includes('\0'))
const pad = (value: number, width = 2) => String(value).padStart(width, '0')
const day = fc
  .date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))
const clock = fc
  .tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999_999))
  .map(([hour, minute, second, fraction]) => {
    const digits = pad(fraction, 6).replace(/0+$/, '')
    return `${pad(hour)}:${pad(minute)}:${pad(second)}${digits === '' ? '' : `.${digits}`}`
  })
const hexadecimal = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`)
const integers = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)
const doubles = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => {
  const shown = numberValue(Object.is(value, -0) ? '-0' : String(value))
  return shown.kind === 'number' ? shown.text : ''
})

describe('a value goes to the other engines and comes back with the same text', () => {
  test.each<[string, fc.Arbitrary<string>, string, string, string]>([
    ['boolean', fc.constantFrom('t', 'f'), 'boolean', 'tinyint ( 1 ) NOT NULL', 'BOOLEAN'],
    ['whole numbers', integers, 'bigint DEFAULT 0', 'bigint ( 20 ) DEFAULT 0', 'INTEGER'],
    ['floating-point numbers', doubles, 'double precision', 'double', 'REAL'],
    [
      'text',
      printable,
      'character varying ( 99 )',
      'varchar ( 99 ) CHARACTER SET utf8mb4',
      'NVARCHAR ( 99 )',
    ],
    ['bytes', hexadecimal, 'bytea NOT NULL', 'longblob', 'BLOB NOT NULL'],
    ['days', day, 'date', 'date', 'DATE'],
    ['times of day', clock, 'time ( 6 ) without time zone', 'time ( 6 )', 'TIME'],
    [
      'moments',
      fc.tuple(day, clock).map((parts) => parts.join(' ')),
      'timestamp without time zone',
      'datetime ( 6 )',
      'DATETIME',
    ],
    ['JSON', fc.json(), 'json', 'longtext CHECK ( json_valid ( `c` ) )', 'TEXT'],
    ['UUIDs', fc.uuid(), 'uuid', 'binary ( 16 )', 'BLOB'],
    [
      'labels',
      fc.constantFrom('new', "it's", 'a\\b', 'ü, (x);'),
      `public."Mood" DEFAULT 'new' :: public."Mood"`,
      String.raw`enum ( 'new' , 'it''s' , 'a\\b' , 'ü, (x);' ) DEFAULT 'new'`,
      'TEXT',
    ],
    [
      'domains',
      fc.nat(32_767).map(String),
      'public.age',
      'smallint ( 6 ) unsigned zerofill',
      'SMALLINT',
    ],
    ['bits', fc.stringMatching(/^[01]{5}$/), 'bit ( 5 )', 'bit ( 5 )', 'INTEGER'],
  ])('%s', (_, texts, inPostgres, inMysql, inSqlite) => {
    const [one, two, three] = [
      [postgres, inPostgres],
      [mysql, inMysql],
      [sqlite, inSqlite],
    ] as const
    fc.assert(
      fc.property(texts, (text) => {
        expect(around(text, [one, two, three])).toBe(text)
        expect(around(text, [one, three, two])).toBe(text)
      }),
    )
  })

  test('points in time, in UTC everywhere', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1970-01-02'), max: new Date('2037-12-31'), noInvalidDate: true }),
        (date) => {
          const text = date.toISOString().slice(0, 19).replace('T', ' ')
          const path = [
            [postgres, 'timestamp ( 0 ) with time zone'],
            [mysql, 'timestamp NULL DEFAULT NULL'],
            [sqlite, 'TIMESTAMP'],
          ] as const
          expect(around(`${text}+00`, path)).toBe(`${text}+00`)
        },
      ),
    )
  })

  test('sets of labels', () => {
    fc.assert(
      fc.property(fc.subarray(['red', 'deep blue', "it's"]), (items) => {
        const path = [
          [mysql, "set ( 'red' , 'deep blue' , 'it''s' )"],
          [postgres, 'text [ ]'],
          [sqlite, 'TEXT'],
        ] as const
        expect(around(items.join(','), path)).toBe(items.join(','))
      }),
    )
  })
})

test('an array keeps its items', () => {
  const items = fc.array(fc.option(fc.string({ unit: 'grapheme' })))
  fc.assert(
    fc.property(items, (list) => {
      expect(readArray(arrayText(list))).toEqual(list)
    }),
  )
  expect(readArray('{a,NULL,"NULL","b,\\"c\\\\"}')).toEqual(['a', null, 'NULL', 'b,"c\\'])
  expect(() => readArray('{{a},{b}}')).toThrow(DoesNotFit)
  expect(() => readArray('[0:1]={a,b}')).toThrow(DoesNotFit)
})

test('digits are kept or refused, never rounded', () => {
  const number = fc
    .tuple(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), fc.nat(8))
    .map(([digits, scale]) => {
      const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0')
      const whole = text.slice(0, text.length - scale)
      const fraction = text.slice(text.length - scale)
      return `${digits < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${fraction}`}`
    })
  fc.assert(
    fc.property(number, fc.integer({ min: 1, max: 12 }), fc.nat(8), (text, precision, places) => {
      const scale = Math.min(precision, places)
      const exact = readDecimal(text)
      const limit = 10n ** BigInt(precision - scale) * exact.unit
      const size = exact.value < 0n ? -exact.value : exact.value
      const fits = size < limit && (size * 10n ** BigInt(scale)) % exact.unit === 0n
      const write = () => decimalOf({ kind: 'number', text }, precision, scale)
      if (!fits) expect(write).toThrow(DoesNotFit)
      else {
        const kept = readDecimal(write())
        expect(kept.value * exact.unit).toBe(exact.value * kept.unit)
      }
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ['9007199254740993', 'double', false],
  ['9007199254740992', 'double', true],
  ['0.1', 'single', true],
  ['0.123456789', 'single', false],
  ['16777217', 'single', false],
  ['1.50', 'double', true],
  ['-0', 'double', true],
] as const)('%s as a %s: %s', (text, size, fits) => {
  const write = () => floatOf({ kind: 'number', text }, size)
  if (fits) expect(write()).toBe(size === 'double' ? Number(text) : Math.fround(Number(text)))
  else expect(write).toThrow(DoesNotFit)
})

test('an exponent is written out', () => {
  expect(numberValue('1e+21')).toEqual({ kind: 'number', text: `1${'0'.repeat(21)}` })
  expect(numberValue('-1.5e-7')).toEqual({ kind: 'number', text: '-0.00000015' })
  expect(numberValue('00012')).toEqual({ kind: 'number', text: '12' })
  expect(numberValue('1.50')).toEqual({ kind: 'number', text: '1.50' })
})

describe('a message about a value that does not fit', () => {
  async function messageOf(showsValues: boolean): Promise<string> {
    const csv = Buffer.from('1,even\n2,secret value\n')
    async function* rows() {
      yield await Promise.resolve(csv)
    }
    const columns = [
      { name: 'id', from: type('INTEGER PRIMARY KEY'), to: type('int ( 11 ) NOT NULL') },
      {
        name: 'parity',
        from: type('TEXT NOT NULL'),
        to: type("enum ( 'odd' , 'even' ) DEFAULT 'odd'"),
      },
    ]
    const conversion = { from: sqlite, to: mysql, columns, table: 'numbers', showsValues }
    try {
      for await (const block of convertRows(rows(), conversion)) expect(block.length).toBe(0)
    } catch (error) {
      return error instanceof Error ? error.message : ''
    }
    return 'it did not fail'
  }

  test('names table, column, row and types, and the value where it may', async () => {
    expect(await messageOf(true)).toBe(
      `Row 2 of numbers, column parity (TEXT into enum('odd','even')): "secret value" is none of the labels of the column.`,
    )
  })

  test('and otherwise what it is and how long', async () => {
    expect(await messageOf(false)).toBe(
      `Row 2 of numbers, column parity (TEXT into enum('odd','even')): a text of 12 characters in the file is none of the labels of the column.`,
    )
  })
})
