import { DoesNotFit, type ColumnType, type Neutral, type NeutralTexts } from '../neutral.ts'
import {
  bitsValue,
  decimalOf,
  floatOf,
  integerOf,
  numberValue,
  wholeNumber,
} from '../neutral-numbers.ts'
import {
  bytesOf,
  bytesValue,
  jsonOf,
  labelOf,
  listOf,
  momentOf,
  momentValue,
  textOf,
  uuidOf,
} from '../neutral-values.ts'
import { readLabels, readText, writeLabels, writeText } from './text-values.ts'

/** The values of MariaDB and MySQL between engines, by the column's type alone. */
export const neutralTexts: NeutralTexts = {
  reader: (type) => readerOf(parse(type)),
  writer: (type) => writerOf(parse(type)),
  // AUTO_INCREMENT follows the largest value on its own.
  countersBehindRows: () => undefined,
}

interface ParsedType {
  /** The first word, lower case. */
  readonly family: string
  /** What stands within the brackets behind it. */
  readonly list: string
  /** The numbers in it. */
  readonly numbers: readonly number[]
  readonly isUnsigned: boolean
  /** MariaDB's JSON is text with a check. */
  readonly isJson: boolean
}

const quotedText = String.raw`'(?:[^'\\]|\\.|'')*'`
const leading = new RegExp(
  String.raw`^\s*([a-z0-9_]+)\s*(?:\(((?:\s*(?:${quotedText}|\d+)\s*,?)*)\))?`,
  'i',
)

function parse({ definition }: ColumnType): ParsedType {
  const [head = '', family = '', list = ''] = leading.exec(definition) ?? []
  const rest = definition.slice(head.length)
  return {
    family: family.toLowerCase(),
    list,
    numbers: /^[\s\d,]+$/.test(list) ? list.split(',').map(Number) : [],
    isUnsigned: /^\s*(?:signed\s+)?unsigned\b/i.test(rest) || /^\s*zerofill\b/i.test(rest),
    isJson: family.toLowerCase() === 'json' || /\bjson_valid\b/i.test(rest),
  }
}

const integerBits: Readonly<Record<string, number>> = {
  tinyint: 8,
  smallint: 16,
  mediumint: 24,
  int: 32,
  bigint: 64,
}
const numberFamilies = new Set([...Object.keys(integerBits), 'decimal', 'float', 'double', 'year'])
const momentKinds = {
  date: 'date',
  time: 'time',
  datetime: 'timestamp',
  timestamp: 'timestamp',
} as const
const blobBytes: Readonly<Record<string, number>> = {
  tinyblob: 255,
  blob: 65_535,
  mediumblob: 16_777_215,
  longblob: 4_294_967_295,
}
const textBytes: Readonly<Record<string, number>> = {
  tinytext: 255,
  text: 65_535,
  mediumtext: 16_777_215,
  longtext: 4_294_967_295,
}
const opaque =
  /^(?:geometry|point|(?:multi)?(?:linestring|polygon)|multipoint|geom(?:etry)?collection|vector)$/

function momentKindOf(family: string) {
  return Object.hasOwn(momentKinds, family)
    ? momentKinds[family as keyof typeof momentKinds]
    : undefined
}

function readerOf({ family }: ParsedType): (text: string) => Neutral {
  const moment = momentKindOf(family)
  if (moment !== undefined) return (text) => momentValue(moment, text)
  if (numberFamilies.has(family)) return family === 'year' ? readYear : numberValue
  if (family === 'bit') return bitsValue
  if (Object.hasOwn(blobBytes, family) || /^(?:var)?binary$/.test(family)) return bytesValue
  if (opaque.test(family)) return refuseOpaque
  if (family === 'enum') return readLabel
  if (family === 'set') return readSet
  if (family === 'uuid') return (text) => ({ kind: 'uuid', text })
  return readCharacters
}

function readCharacters(cell: string): Neutral {
  const value = readText(cell)
  if ('text' in value) return { kind: 'text', text: value.text }
  throw new DoesNotFit('has no text in Unicode')
}

function readYear(text: string): Neutral {
  if (text === '0000') throw new DoesNotFit('is the year zero, which stands for none')
  return numberValue(text)
}

function refuseOpaque(): never {
  throw new DoesNotFit('is a geometry or vector in a form of this engine alone')
}

function readLabel(cell: string): Neutral {
  return { kind: 'text', text: labelsIn(cell) }
}

function readSet(cell: string): Neutral {
  const text = labelsIn(cell)
  return { kind: 'list', items: text === '' ? [] : text.split(',') }
}

function labelsIn(cell: string): string {
  const value = readLabels(cell)
  if (value !== undefined && 'text' in value) return value.text
  throw new DoesNotFit(
    cell === '\\0' ? 'is the invalid value of an ENUM' : 'is a number that no label tells',
  )
}

function writerOf(type: ParsedType): (value: Neutral) => string {
  const { family, isUnsigned, numbers } = type
  const [size, scale] = numbers
  const bits = Object.hasOwn(integerBits, family) ? integerBits[family] : undefined
  if (bits !== undefined) return (value) => integerOf(value, bits, isUnsigned).toString()
  const moment = momentKindOf(family)
  if (moment !== undefined) return (value) => writeMoment(value, family, moment, size ?? 0)
  if (Object.hasOwn(blobBytes, family)) return (value) => `\\x${bytesOf(value, blobBytes[family])}`
  if (Object.hasOwn(textBytes, family))
    return (value) => writeCharacters(value, type, textBytes[family])
  switch (family) {
    case 'decimal':
      return (value) => signed(decimalOf(value, size ?? 10, scale ?? 0), isUnsigned)
    case 'float':
    case 'double':
      return (value) => signed(writeFloat(value, family, numbers), isUnsigned)
    case 'year':
      return (value) => wholeNumber(value, 1901n, 2155n).toString()
    case 'bit':
      return (value) =>
        integerOf(value, size ?? 1, true)
          .toString(2)
          .padStart(size ?? 1, '0')
    case 'binary':
      return (value) => writeBinary(value, size ?? 1)
    case 'varbinary':
      return (value) => `\\x${bytesOf(value, size)}`
    case 'enum':
      return (value) => writeLabels(labelOf(value, labelsOf(type)))
    case 'set':
      return (value) => writeLabels(writeSet(value, labelsOf(type)))
    case 'uuid':
      return uuidOf
    case 'char':
    case 'varchar':
      return (value) => writeCharacters(value, type, Infinity, size ?? 1)
  }
  if (opaque.test(family)) return refuseOpaque
  return (value) => writeCharacters(value, type)
}

function writeCharacters(
  value: Neutral,
  { isJson, family }: ParsedType,
  bytes = Infinity,
  characters = Infinity,
): string {
  const text = isJson ? jsonOf(value) : textOf(value, characters)
  if (Buffer.byteLength(text) > bytes) throw new DoesNotFit(`is longer than ${bytes} bytes`)
  // The server gives it back without them.
  if (family === 'char' && text.endsWith(' ')) throw new DoesNotFit('ends with a blank')
  return writeText(text)
}

/** The server rounds what is too exact. Source: https://mariadb.com/kb/en/datetime/ and /timestamp/ */
function writeMoment(
  value: Neutral,
  family: string,
  kind: 'date' | 'time' | 'timestamp',
  fractionDigits: number,
): string {
  const text = momentOf(value, kind, fractionDigits)
  if (family === 'timestamp' && (text < '1970-01-01 00:00:01' || text > '2106-02-07 06:28:15')) {
    throw new DoesNotFit('is not between 1970-01-01 00:00:01 and 2106-02-07 06:28:15')
  }
  if (kind === 'time' && Number(/^-?([0-9]+)/.exec(text)?.[1]) > 838) {
    throw new DoesNotFit('is longer than 838 hours')
  }
  return text
}

function writeFloat(value: Neutral, family: string, numbers: readonly number[]): string {
  const number = floatOf(value, family === 'float' && (numbers[0] ?? 0) <= 24 ? 'single' : 'double')
  if (!Number.isFinite(number)) throw new DoesNotFit('is no finite number')
  if (numbers.length === 2) decimalOf(value, numbers[0], numbers[1])
  return Object.is(number, -0) ? '-0' : value.kind === 'number' ? value.text : String(number)
}

function signed(text: string, isUnsigned: boolean): string {
  if (isUnsigned && text.startsWith('-')) throw new DoesNotFit('is negative')
  return text
}

/** The server fills a shorter value with zeros. */
function writeBinary(value: Neutral, bytes: number): string {
  const digits = bytesOf(value, bytes)
  if (digits.length !== bytes * 2) throw new DoesNotFit(`is not ${bytes} bytes long`)
  return `\\x${digits}`
}

function labelsOf({ list }: ParsedType): readonly string[] {
  return [...list.matchAll(new RegExp(quotedText, 'g'))].map(([text]) =>
    text
      .slice(1, -1)
      .replaceAll(/''|\\(.)/g, (pair, escaped: string | undefined) => escaped ?? pair.slice(1)),
  )
}

function writeSet(value: Neutral, labels: readonly string[]): string {
  const items = new Set(listOf(value))
  if (items.size !== listOf(value).length) throw new DoesNotFit('has an item twice')
  const known = labels.filter((label) => items.has(label))
  if (known.length === items.size) return known.join(',')
  throw new DoesNotFit('has an item that is none of the labels of the column')
}
