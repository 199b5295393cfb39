import fc from 'fast-check'
import { digits, number, of, padded, quoted, type ColumnOfType } from './values-literals.ts'

function integer(type: string, bits: number): ColumnOfType[] {
  const half = 2n ** BigInt(bits - 1)
  const edges = (list: readonly bigint[]) => list.map(String)
  return [
    of(type, edges([-half, half - 1n, 0n, -1n, 1n]), fc.bigInt(-half, half - 1n).map(String)),
    of(
      `${type} unsigned`,
      edges([0n, half, 2n * half - 1n]),
      fc.bigInt(0n, 2n * half - 1n).map(String),
    ),
  ]
}

function doubleOf(bits: bigint): number {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64LE(bits)
  return buffer.readDoubleLE()
}
function floatOf(bits: number): number {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32LE(bits)
  return buffer.readFloatLE()
}
const asText = (number: number) => (Object.is(number, -0) ? "'-0'" : `'${number}'`)
/** Every pattern of bits that is a number. */
const anyDouble = fc
  .bigInt(0n, 2n ** 64n - 1n)
  .map(doubleOf)
  .filter(Number.isFinite)
  .map(asText)
const anyFloat = fc
  .integer({ min: 0, max: 2 ** 32 - 1 })
  .map(floatOf)
  .filter(Number.isFinite)
  .map(asText)
const doubleEdges = [
  "'0'",
  "'-0'",
  "'5e-324'",
  "'2.2250738585072014e-308'",
  "'-1.7976931348623157e308'",
  "'0.30000000000000004'",
  "'9007199254740993'",
  "'1e22'",
  "'1e23'",
]
const floatEdges = [
  "'0'",
  "'-0'",
  "'1e-45'",
  "'1.17549435e-38'",
  "'-3.40282347e38'",
  "'16777217'",
  "'0.1'",
  "'1234567.89'",
]

const day = fc
  .tuple(number(0, 9999), number(0, 12), number(0, 31))
  .map(([year, month, date]) => `${padded(year, 4)}-${padded(month, 2)}-${padded(date, 2)}`)
const clock = fc
  .tuple(number(0, 23), number(0, 59), number(0, 59))
  .map((parts) => parts.map((part) => padded(part, 2)).join(':'))
const fraction = digits(6)
const dayEdges = [
  "'0000-00-00'",
  "'2024-02-31'",
  "'2024-00-15'",
  "'2024-05-00'",
  "'0000-01-01'",
  "'9999-12-31'",
]
const moments = fc
  .tuple(day, clock, fraction)
  .map(([date, time, part]) => `'${date} ${time}.${part}'`)

/** Columns of moments up to the last second of a TIMESTAMP, which has 64 bits since MariaDB 11.5. */
export function timestamps(lastSecond: number): ColumnOfType[] {
  const text = (second: number) =>
    new Date(second * 1_000).toISOString().slice(0, 19).replace('T', ' ')
  const any = fc
    .tuple(number(1, 2 ** 31 - 1), number(0, 1), fraction)
    .map(([low, high, part]) => `'${text(Math.min(low + high * 2 ** 31, lastSecond))}.${part}'`)
  // The hour that a clock in Europe has twice, and the one that it has not.
  const edges = [
    "'0000-00-00 00:00:00'",
    "'1970-01-01 00:00:01.000000'",
    `'${text(lastSecond)}.999999'`,
    "'2024-10-27 00:30:00'",
    "'2024-10-27 01:30:00'",
    "'2024-03-31 01:30:00'",
  ]
  return [
    of('timestamp(6) NULL', edges, any),
    of(
      'timestamp NULL',
      edges.map((edge) => edge.replace(/\.\d+/, '')),
    ),
    of('timestamp(3) NULL', edges.slice(0, 2)),
  ]
}

/** Numbers of every type. */
export const numbers: readonly ColumnOfType[] = [
  ...integer('tinyint', 8),
  ...integer('smallint', 16),
  ...integer('mediumint', 24),
  ...integer('int', 32),
  ...integer('bigint', 64),
  of('int(9) zerofill', ['0', '42']),
  of('boolean', ['true', 'false']),
  of(
    'decimal(65,30)',
    [
      '0',
      `-${'9'.repeat(35)}.${'9'.repeat(30)}`,
      `0.${'0'.repeat(29)}1`,
      `-0.${'0'.repeat(29)}1`,
      "'-0'",
    ],
    fc
      .tuple(fc.constantFrom('', '-'), digits(35), digits(30))
      .map(([sign, whole, part]) => `${sign}${whole}.${part}`),
  ),
  of('decimal(65,0) unsigned', ['9'.repeat(65), '0']),
  of('decimal(5,2) zerofill', ['1.5', '0', '999.99']),
  of('float', floatEdges, anyFloat),
  of('float unsigned zerofill', ["'0.1'", "'3e38'", "'1e-45'"]),
  of(
    'float(9,3)',
    ["'0.1'", "'-123456.789'", "'-0'", "'999999.999'"],
    fc.float({ min: -999_999, max: 999_999, noNaN: true }).map(asText),
  ),
  of('double', doubleEdges, anyDouble),
  of(
    'double(20,9)',
    ["'0.1'", "'-12345678901.123456789'", "'1e-9'"],
    fc.double({ min: -1e10, max: 1e10, noNaN: true }).map(asText),
  ),
  of(
    'double(255,30)',
    ["'0.1'", "'1e200'", "'1e-30'", "'-0'", "'123456789.123456789123456789'"],
    anyDouble,
  ),
  of('bit', ["b'0'", "b'1'"]),
  of('bit(10)', ["b'0'", "b'1111111111'"], number(0, 1023).map(String)),
  of(
    'bit(64)',
    [`b'${'1'.repeat(64)}'`, '0', '10', '34'],
    fc.bigInt(0n, 2n ** 64n - 1n).map(String),
  ),
  of('year', ["'0000'", "'1901'", "'2155'", "'2000'"], number(1901, 2155).map(String)),
]

/** Dates and times of every type. */
export const times: readonly ColumnOfType[] = [
  of('date', dayEdges, day.map(quoted)),
  of('datetime', ["'0000-00-00 00:00:00'", "'9999-12-31 23:59:59'", "'2024-02-31 10:00:00'"]),
  of('datetime(6)', ["'0000-00-00 00:00:00'", "'9999-12-31 23:59:59.999999'"], moments),
  of('time', ["'838:59:59'", "'-838:59:59'", "'00:00:00'", "'-00:00:01'"]),
  of(
    'time(6)',
    ["'838:59:59.000000'", "'-838:59:59'", "'-00:00:00.000001'", "'-00:00:00'"],
    fc
      .tuple(fc.constantFrom('', '-'), number(0, 837), number(0, 59), number(0, 59), fraction)
      .map(([sign, h, m, s, part]) => `'${sign}${h}:${m}:${s}.${part}'`),
  ),
]
