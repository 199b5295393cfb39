import type { MysqlColumn } from './catalog/tables.ts'
import { quoteName, quoteText } from './lexer.ts'
import { hexText, planLabel, planLabels, planText } from './text-values.ts'

/**
 * How the values of a column travel: an expression to select, one to order by, and what makes the CSV text of the
 * bytes that the server sends.
 *
 * | type | text in the CSV |
 * |---|---|
 * | BINARY, VARBINARY, BLOB, geometry (4 bytes SRID, then WKB), VECTOR | `\x` and hexadecimal digits |
 * | BIT(n) | n binary digits |
 * | FLOAT | the shortest digits that make the same 32-bit number |
 * | ENUM, SET | the label or labels, a leading `\` doubled; `\` and the number of a value that they don't tell |
 * | the end of a row's period | nothing while the row is current |
 * | other text | itself in UTF-8; what has no text in Unicode as text-values.ts says |
 * | everything else | the server's text |
 */
export interface ValuePlan {
  readonly select: string
  readonly order: string
  /** Whether `order` compares more bytes than max_sort_length may cover. */
  readonly isLong: boolean
  toText(bytes: Buffer): string
}

const binaryTypes = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'])
const opaqueTypes = new Set([
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geometrycollection',
  'geomcollection',
  'vector',
])
/** Types whose own order is the same everywhere, and whose text is ASCII. */
const scalarTypes = new Set([
  ...[
    'tinyint',
    'smallint',
    'mediumint',
    'int',
    'bigint',
    'decimal',
    'float',
    'double',
    'bit',
    'year',
  ],
  ...['date', 'time', 'datetime', 'timestamp'],
])
const longTypes = new Set([
  'text',
  'mediumtext',
  'longtext',
  'json',
  'blob',
  'mediumblob',
  'longblob',
])

/** The last timestamps of the servers: no end, which differs between versions. */
const ends = ['2038-01-19 03:14:07.999999', '2106-02-07 06:28:15.999999']

/** How the values of one column are read. */
export function planValue(of: MysqlColumn): ValuePlan {
  const { name, type, dataType, period, characterSet, collation } = of
  const column = quoteName(name)
  if (period === 'end') {
    const select = `IF(${column} IN (${ends.map(quoteText).join(', ')}), NULL, ${column})`
    return { select, order: column, isLong: false, toText: asciiText }
  }
  const isLong = longTypes.has(dataType) || opaqueTypes.has(dataType) || canBeLong(type)
  if (binaryTypes.has(dataType)) return { select: column, order: column, isLong, toText: hexText }
  if (opaqueTypes.has(dataType))
    return { select: column, order: `HEX(${column})`, isLong, toText: hexText }
  if (scalarTypes.has(dataType))
    return { ...planScalar(column, type, dataType), order: scalarOrder(column, dataType), isLong }
  if (dataType === 'enum') return { ...planLabel({ column, type, collation }), isLong }
  if (dataType === 'set') return { ...planLabels({ column, type, collation }), isLong }
  return { ...planText(column, characterSet), isLong }
}

/** Whether a VARCHAR or VARBINARY of this type may hold more than 4,000 characters of four bytes, or a SET 2,000. */
function canBeLong(type: string): boolean {
  if (/^set\(/i.test(type)) return type.length >= 2_000
  const [, length = '0'] = /^var(?:char|binary)\((\d+)\)/i.exec(type) ?? []
  return Number(length) >= 4_000
}

/** -0 equals 0: its text, which begins with the sign, comes first. */
function scalarOrder(column: string, dataType: string): string {
  const isFloating = dataType === 'float' || dataType === 'double'
  return isFloating ? `${column}, CAST(${column} AS BINARY)` : column
}

function planScalar(
  column: string,
  type: string,
  dataType: string,
): Pick<ValuePlan, 'select' | 'toText'> {
  // The text of a FLOAT has six digits; as a DOUBLE it is exact.
  if (dataType === 'float') return { select: `CAST(${column} AS DOUBLE)`, toText: floatText }
  if (dataType !== 'bit') return { select: column, toText: asciiText }
  const width = Number(/\d+/.exec(type)?.[0] ?? '1')
  return { select: column, toText: (bytes) => bitText(bytes, width) }
}

function asciiText(bytes: Buffer): string {
  return bytes.toString('latin1')
}

function bitText(bytes: Buffer, width: number): string {
  const digits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
  return digits.slice(-width).padStart(width, '0')
}

/** The shortest decimal text of a 32-bit number that is given exactly. */
function floatText(bytes: Buffer): string {
  const exact = Number(bytes.toString('latin1'))
  if (Object.is(exact, -0)) return '-0'
  for (let digits = 1; digits < 9; digits += 1) {
    const text = exact.toPrecision(digits)
    if (Math.fround(Number(text)) === exact) return String(Number(text))
  }
  return String(Number(exact.toPrecision(9)))
}
