import type { DbObject } from '../../model.ts'
import { DoesNotFit, type ColumnType, type Neutral, type NeutralTexts } from '../neutral.ts'
import {
  bitsValue,
  booleanOf,
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
import { arrayText, readArray } from './array.ts'
import { countersBehindRows } from './counters.ts'

/** PostgreSQL's values between engines; domains and enums are looked up among the database's objects. */
export const neutralTexts: NeutralTexts = {
  reader: (type) => readerOf(resolve(type)),
  writer: (type) => writerOf(resolve(type)),
  countersBehindRows,
}

interface ResolvedType {
  /** `timestamp with time zone`, `character`, …: what `format_type` prints, without numbers. */
  readonly name: string
  readonly numbers: readonly number[]
  readonly isArray: boolean
  /** Only of an enum. */
  readonly labels?: readonly string[]
}

const quotedName = String.raw`"(?:[^"]|"")+"`
const afterType =
  /(?:\s|^)(?:NOT|NULL|DEFAULT|COLLATE|GENERATED|STORAGE|COMPRESSION|CONSTRAINT|CHECK|WITH OPTIONS|OPTIONS)\b[\s\S]*$/
const quotedText = String.raw`'(?:[^']|'')*'`

function resolve({ definition, objects }: ColumnType): ResolvedType {
  const type = definition
    .replace(afterType, '')
    .replaceAll(/\s*([.()[\],])\s*/g, '$1')
    .trim()
  const isArray = type.endsWith(']')
  const base = type.replace(/(?:\[\d*\])+$/, '')
  const found = objects.find((object) => isNamed(object, base))
  if (found?.kind === 'domain') {
    const inner = /\bAS ([\s\S]*?)(?:;|\n|$)/.exec(found.sql)?.[1] ?? 'text'
    const resolved = resolve({ definition: inner, objects })
    return { ...resolved, isArray: isArray || resolved.isArray }
  }
  const labels = found === undefined ? undefined : labelsOf(found.sql)
  const numbers = /\(([-\d,]+)\)/.exec(base)?.[1]?.split(',').map(Number) ?? []
  const name = base.replace(/\([-\d,]+\)/, '').replace(/^(time|timestamp)(?=with)/, '$1 ')
  return { name, numbers, isArray, ...(labels === undefined ? {} : { labels }) }
}

function isNamed({ kind, schema, name }: DbObject, type: string): boolean {
  if (kind !== 'type' && kind !== 'domain') return false
  const parts = [...type.matchAll(new RegExp(`${quotedName}|[^."]+`, 'g'))].map(([part]) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part,
  )
  return parts.length === 2 && parts[0] === schema && parts[1] === name
}

function labelsOf(sql: string): readonly string[] | undefined {
  const list = new RegExp(String.raw`\bAS ENUM \(\s*((?:${quotedText}[,\s]*)*)\)`).exec(sql)?.[1]
  if (list === undefined) return undefined
  return [...list.matchAll(new RegExp(quotedText, 'g'))].map(([text]) =>
    text.slice(1, -1).replaceAll("''", "'"),
  )
}

const integerBits: Readonly<Record<string, number>> = { smallint: 16, integer: 32, bigint: 64 }
const numberTypes = new Set([
  ...Object.keys(integerBits),
  'numeric',
  'real',
  'double precision',
  'oid',
])
const momentKinds: Readonly<Record<string, 'date' | 'time' | 'timestamp'>> = {
  date: 'date',
  'time without time zone': 'time',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamp',
}

function readerOf(type: ResolvedType): (text: string) => Neutral {
  const { name } = type
  if (type.isArray) return (text) => ({ kind: 'list', items: readArray(text) })
  if (numberTypes.has(name)) return numberValue
  const moment = Object.hasOwn(momentKinds, name) ? momentKinds[name] : undefined
  if (moment !== undefined) return (text) => momentValue(moment, text)
  switch (name) {
    case 'boolean':
      return (text) => ({ kind: 'boolean', value: booleanOf({ kind: 'text', text }) })
    case 'bytea':
      return bytesValue
    case 'uuid':
      return (text) => ({ kind: 'uuid', text })
    case 'bit':
      return bitsValue
    case 'character':
      // Blanks at the end mean nothing in this type.
      return (text) => ({ kind: 'text', text: text.replace(/ +$/, '') })
    default:
      return (text) => ({ kind: 'text', text })
  }
}

function writerOf(type: ResolvedType): (value: Neutral) => string {
  if (!type.isArray) return scalarWriter(type)
  const write = scalarWriter(type)
  return (value) =>
    arrayText(listOf(value).map((text) => (text === null ? null : write({ kind: 'text', text }))))
}

function scalarWriter({ name, numbers, labels }: ResolvedType): (value: Neutral) => string {
  const [size, scale] = numbers
  if (labels !== undefined) return (value) => labelOf(value, labels)
  const bits = Object.hasOwn(integerBits, name) ? integerBits[name] : undefined
  if (bits !== undefined) return (value) => integerOf(value, bits).toString()
  const moment = Object.hasOwn(momentKinds, name) ? momentKinds[name] : undefined
  if (moment !== undefined) return (value) => writeMoment(value, name, moment, size ?? 6)
  switch (name) {
    case 'boolean':
      return (value) => (booleanOf(value) ? 't' : 'f')
    case 'oid':
      return (value) => wholeNumber(value, 0n, 4_294_967_295n).toString()
    case 'numeric':
      return (value) => writeNumeric(value, size, scale)
    case 'real':
    case 'double precision':
      return (value) => writeFloat(value, name === 'real' ? 'single' : 'double')
    case 'bytea':
      return (value) => `\\x${bytesOf(value)}`
    case 'uuid':
      return uuidOf
    case 'bit':
      return (value) =>
        integerOf(value, size ?? 1, true)
          .toString(2)
          .padStart(size ?? 1, '0')
    case 'json':
    case 'jsonb':
      return (value) => writeJson(value, name)
    case 'character':
    case 'character varying':
      return (value) => writeText(value, size)
    default:
      return (value) => writeText(value)
  }
}

function writeText(value: Neutral, longest?: number): string {
  const text = textOf(value, longest)
  if (text.includes('\0')) throw new DoesNotFit('holds a NUL, which no text of this engine can')
  return text
}

/** Source: https://www.postgresql.org/docs/current/datatype-json.html */
function writeJson(value: Neutral, type: 'json' | 'jsonb'): string {
  const text = jsonOf(value)
  if (type === 'jsonb' && /(?<!\\)(?:\\\\)*\\u0000/.test(text)) throw new DoesNotFit('holds a NUL')
  return text
}

function writeMoment(
  value: Neutral,
  name: string,
  kind: 'date' | 'time' | 'timestamp',
  fractionDigits: number,
): string {
  const text = momentOf(value, kind, fractionDigits)
  if (kind === 'time' && !/^(?:[01][0-9]|2[0-3]):/.test(text)) {
    throw new DoesNotFit('is no time of day')
  }
  return name.endsWith('with time zone') ? `${text}+00` : text
}

function writeNumeric(value: Neutral, precision?: number, scale?: number): string {
  const isSpecial = value.kind === 'number' && /[a-z]/i.test(value.text)
  if (isSpecial && (precision === undefined || value.text === 'NaN')) return value.text
  return decimalOf(value, precision, scale)
}

function writeFloat(value: Neutral, size: 'single' | 'double'): string {
  const number = floatOf(value, size)
  return value.kind === 'number' ? value.text : String(number)
}
