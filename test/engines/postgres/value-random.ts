import fc, { type Arbitrary } from 'fast-check'
import { arrayOf, type OwnType } from './value-columns.ts'

/** Random texts of values, by type; the server takes each. */

const digits = (count: number): Arbitrary<string> =>
  fc.string({ unit: fc.integer({ min: 0, max: 9 }).map(String), minLength: 1, maxLength: count })

/** Any characters but NUL, which no text of the server can hold. */
export const anyText = fc
  .string({ unit: 'binary', maxLength: 30 })
  .map((text) => text.replaceAll('\0', '\u0001'))

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array))
const double = fc.double().map((number) => (Object.is(number, -0) ? '-0' : `${number}`))
const single = fc.float().map((number) => (Object.is(number, -0) ? '-0' : `${number}`))
const numeric = fc
  .tuple(fc.constantFrom('', '-'), digits(60), fc.option(digits(60)))
  .map(([sign, whole, part]) => `${sign}${whole}${part === null ? '' : `.${part}`}`)

const padded = (number: number, length = 2): string => `${number}`.padStart(length, '0')
const part = (max: number, min = 0): Arbitrary<string> =>
  fc.integer({ min, max }).map((n) => padded(n))
const micros = fc.integer({ min: 0, max: 999_999 }).map((n) => `.${padded(n, 6)}`)
const clock = fc
  .tuple(part(23), part(59), part(59), micros)
  .map(([hour, minute, second, fraction]) => `${hour}:${minute}:${second}${fraction}`)
const zone = fc
  .tuple(fc.constantFrom('+', '-'), part(15), part(59), part(59))
  .map(([sign, ...parts]) => sign + parts.join(':'))
const day = (lastYear: number): Arbitrary<string> =>
  fc
    .tuple(fc.integer({ min: -4711, max: lastYear }), part(12, 1), part(28, 1))
    .map(([year, month, date]) => {
      const era = year < 1 ? ' BC' : ''
      return `${padded(year < 1 ? 1 - year : year, 4)}-${month}-${date}${era}`
    })
/** The era stands behind the time. */
const moment = fc
  .tuple(day(294_275), clock)
  .map(([date, time]) =>
    date.endsWith(' BC') ? `${date.slice(0, -3)} ${time} BC` : `${date} ${time}`,
  )
const zonedMoment = fc
  .tuple(day(294_275), clock, zone)
  .map(([date, time, offset]) =>
    date.endsWith(' BC') ? `${date.slice(0, -3)} ${time}${offset} BC` : `${date} ${time}${offset}`,
  )
const int32 = fc.integer({ min: -2_147_483_648, max: 2_147_483_647 })
const interval = fc
  .tuple(int32, int32, fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }))
  .map(([months, days, time]) => `${months} mons ${days} days ${time} us`)

const point = fc.tuple(double, double).map(([x, y]) => `(${x},${y})`)
const pointList = fc.array(point, { minLength: 1, maxLength: 6 }).map((list) => list.join(','))
const hexadecimal = (count: number, separator: string): Arbitrary<string> =>
  fc
    .uint8Array({ minLength: count, maxLength: count })
    .map((array) => Array.from(array, (byte) => byte.toString(16).padStart(2, '0')).join(separator))
const address = fc.ipV4()

/** JSON with blanks wherever they may stand. */
const json = fc
  .tuple(fc.json({ stringUnit: 'binary' }), fc.constantFrom('', ' ', '\n\t'))
  .map(([text, blank]) => `${blank}${text}${blank}`)
const jsonWithoutNul = json.map((text) => text.replaceAll('\\u0000', 'x'))

const xmlText = anyText.map((text) =>
  text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;'),
)
const xml = fc
  .tuple(
    fc.constantFrom('', '<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-8"?>'),
    xmlText,
  )
  .map(([declaration, text]) => `${declaration}<a>${text}</a>`)

const lexeme = anyText.map((text) => `'${(text === '' ? 'x' : text).replace(/['\\]/g, '$&$&')}'`)
const position = fc
  .tuple(fc.integer({ min: 1, max: 16_383 }), fc.constantFrom('', 'A', 'B', 'C'))
  .map(([number, weight]) => `${number}${weight}`)
const tsvector = fc
  .array(fc.tuple(lexeme, fc.array(position, { minLength: 1, maxLength: 4 })), { maxLength: 5 })
  .map((words) => words.map(([word, places]) => `${word}:${places.join(',')}`).join(' '))
const tsquery = fc
  .array(
    fc.tuple(lexeme, fc.constantFrom('&', '|', '<->', '<7>'), fc.constantFrom('', ':*', ':AB')),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((words) =>
    words.map(([word, operator, flag], n) => `${n === 0 ? '' : operator} ${word}${flag}`).join(' '),
  )

/** Bounds in order, each with its brackets or absent. */
function range(bound: Arbitrary<bigint>, text: (bound: bigint) => string): Arbitrary<string> {
  return fc
    .tuple(
      bound,
      bound,
      fc.constantFrom('[', '('),
      fc.constantFrom(']', ')'),
      fc.integer({ min: 0, max: 3 }),
    )
    .map(([one, other, open, close, shown]) => {
      const [low, high] = one < other ? [one, other] : [other, one]
      const lower = (shown & 1) === 0 ? '' : text(low)
      const upper = (shown & 2) === 0 ? '' : text(high)
      return `${open}${lower},${upper}${close}`
    })
}
const severalOf = (one: Arbitrary<string>): Arbitrary<string> =>
  fc.array(one, { maxLength: 4 }).map((list) => `{${list.join(',')}}`)

const instant = fc.bigInt({ min: 0n, max: 9_999_999_999_999n })
const isoText = (millisecond: bigint): string => `"${new Date(Number(millisecond)).toISOString()}"`
const dayText = (millisecond: bigint): string => isoText(millisecond).slice(1, 11)
const int4range = range(fc.bigInt({ min: -(2n ** 31n), max: 2n ** 31n - 2n }), String)
const int8range = range(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 2n }), String)
const numrange = range(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), (n) => `${n}.50`)
const daterange = range(instant, dayText)
const tsrange = range(instant, isoText)

const byName: Readonly<Record<string, Arbitrary<string>>> = {
  bit: fc.constantFrom('0', '1'),
  varbit: fc.string({ unit: fc.constantFrom('0', '1'), maxLength: 70 }),
  bpchar: anyText,
  bytea: bytes.map((array) => `\\x${array.toString('hex')}`),
  character_data: anyText,
  cidr: address,
  date: day(5_874_896),
  daterange,
  datemultirange: severalOf(daterange),
  float4: single,
  float8: double,
  inet: fc.oneof(
    fc.ipV6(),
    fc.tuple(address, fc.integer({ min: 0, max: 32 })).map(([ip, mask]) => `${ip}/${mask}`),
  ),
  int2: fc.integer({ min: -32_768, max: 32_767 }).map(String),
  int4: int32.map(String),
  int4range,
  int4multirange: severalOf(int4range),
  int8: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  int8range,
  int8multirange: severalOf(int8range),
  interval,
  json,
  jsonb: jsonWithoutNul,
  lseg: fc.tuple(point, point).map(([from, to]) => `[${from},${to}]`),
  box: fc.tuple(point, point).map(([from, to]) => `(${from},${to})`),
  macaddr: hexadecimal(6, ':'),
  macaddr8: hexadecimal(8, ':'),
  money: fc
    .bigInt({ min: -(10n ** 16n), max: 10n ** 16n })
    .map((n) => `${n}.${padded(Number(n & 63n))}`),
  numeric,
  numrange,
  nummultirange: severalOf(numrange),
  path: pointList.map((list) => `[${list}]`),
  point,
  polygon: pointList.map((list) => `(${list})`),
  refcursor: anyText,
  text: anyText,
  time: clock,
  time_stamp: zonedMoment,
  timestamp: moment,
  timestamptz: zonedMoment,
  timetz: fc.tuple(clock, zone).map(([time, offset]) => time + offset),
  tsrange,
  tsmultirange: severalOf(tsrange),
  tstzrange: tsrange,
  tstzmultirange: severalOf(tsrange),
  tsquery,
  tsvector,
  uuid: fc.uuid(),
  varchar: anyText,
  xml,
}

/** Values of a type: random ones where there is a way to make them, else and among them the known ones. */
export function valuesOf(type: OwnType, known: readonly string[]): Arbitrary<string | null> {
  if (known.length === 0) return fc.constant(null)
  const small = fc.constantFrom(...known.filter(({ length }) => length < 1000))
  const random = byName[type.name]
  return fc.option(
    random === undefined ? small : fc.oneof({ arbitrary: random, weight: 4 }, small),
    {
      freq: 8,
    },
  )
}

/** Arrays of one or two dimensions, with bounds of their own or not. */
export function randomArrays(
  element: Arbitrary<string | null>,
  { delimiter }: OwnType,
): Arbitrary<string | null> {
  const flat = fc.array(element, { maxLength: 4 })
  const square = fc.tuple(element, element, element, element)
  return fc.oneof(
    fc.constant(null),
    flat.map((list) => arrayOf(list, delimiter)),
    square.map(
      ([a, b, c, d]) =>
        `[-1:0][5:6]={${arrayOf([a, b], delimiter)}${delimiter}${arrayOf([c, d], delimiter)}}`,
    ),
  )
}
