import { DoesNotFit, type Neutral } from './neutral.ts'

/** Neutral values → texts, bytes, moments and lists of a declared type, or a refusal. */

const datePart = '([0-9]{4})-([0-9]{2})-([0-9]{2})'
const clockPart = '[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?'
const date = new RegExp(`^${datePart}$`)
const time = new RegExp(`^-?[0-9]{2,3}:${clockPart}$`)
const timestamp = new RegExp(
  `^${datePart}[ T](?:[01][0-9]|2[0-3]):${clockPart}(?:Z|\\+00(?::?00)?)?$`,
)

/** What stands for a point in time or a time of day. */
export type MomentKind = 'date' | 'time' | 'timestamp'

/**
 * A server's text as a moment; throws DoesNotFit for what is not in the calendar: zero dates, infinity, before Christ.
 * A zone in it must be UTC.
 */
export function momentValue(kind: MomentKind, text: string): Neutral {
  const written = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d$/.test(text) ? `${text}:00` : text
  const isWritten = { date, time, timestamp }[kind].test(written)
  if (!isWritten || (kind !== 'time' && !isOfCalendar(written))) {
    throw new DoesNotFit(`is no ${kind} of the calendar that every engine has`)
  }
  const plain = written.replace('T', ' ').replace(/(?:Z|\+00(?::?00)?)$/, '')
  return { kind, text: withoutZeros(plain) }
}

function isOfCalendar(text: string): boolean {
  const [, year = '', month = '', day = ''] = new RegExp(`^${datePart}`).exec(text) ?? []
  const made = new Date(`${year}-${month}-${day}T00:00:00Z`)
  return Number(year) > 0 && !Number.isNaN(made.getTime()) && made.getUTCDate() === Number(day)
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** A moment of the wanted kind with at most so many digits of a second's fraction. */
export function momentOf(value: Neutral, kind: MomentKind, fractionDigits = 6): string {
  const text = asKind(value, kind)
  const fraction = /\.([0-9]+)$/.exec(text)?.[1] ?? ''
  if (fraction.length <= fractionDigits) return text
  throw new DoesNotFit(`has more than ${fractionDigits} digits behind the second`)
}

function asKind(value: Neutral, kind: MomentKind): string {
  if (value.kind === kind) return value.text
  if (value.kind === 'date' && kind === 'timestamp') return `${value.text} 00:00:00`
  if (value.kind === 'timestamp' && kind === 'date') {
    if (value.text.endsWith(' 00:00:00')) return value.text.slice(0, 10)
    throw new DoesNotFit('has a time of day, which a date would lose')
  }
  if (value.kind !== 'text') throw new DoesNotFit(`is no ${kind}`)
  const read = date.test(value.text) ? 'date' : time.test(value.text) ? 'time' : 'timestamp'
  const moment = momentValue(read, value.text)
  return asKind(moment, kind)
}

/** Characters of any value that has a text, at most so many code points. */
export function textOf(value: Neutral, longest = Infinity): string {
  const text = plainText(value)
  if (text.length > longest && Array.from(text).length > longest) {
    throw new DoesNotFit(`is longer than ${longest} characters`)
  }
  return text
}

function plainText(value: Neutral): string {
  switch (value.kind) {
    case 'boolean':
      return String(value.value)
    case 'bytes':
      throw new DoesNotFit('is bytes, and the column holds text')
    case 'list':
      return commaList(value.items)
    case 'number':
    case 'text':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'uuid':
      return value.text
  }
}

/** A list as text can be read again only when no item is empty or holds a comma. */
function commaList(items: readonly (string | null)[]): string {
  const isPlain = items.every((item) => item !== null && item !== '' && !item.includes(','))
  if (isPlain) return items.join(',')
  throw new DoesNotFit('is a list with an item that is NULL, empty or holds a comma')
}

/** One of the labels. */
export function labelOf(value: Neutral, labels: readonly string[]): string {
  const text = textOf(value)
  if (labels.includes(text)) return text
  throw new DoesNotFit('is none of the labels of the column')
}

/** The items of a list, of a JSON array of texts, or of text with commas. */
export function listOf(value: Neutral): readonly (string | null)[] {
  if (value.kind === 'list') return value.items
  const text = textOf(value)
  if (text === '') return []
  if (!text.startsWith('[')) return text.split(',')
  const parsed: unknown = parseJson(text)
  const isItem = (item: unknown): item is string | null => item === null || typeof item === 'string'
  if (Array.isArray(parsed) && parsed.every(isItem)) return parsed
  throw new DoesNotFit('is no list of texts')
}

/** JSON text as it is; a list becomes an array. */
export function jsonOf(value: Neutral): string {
  if (value.kind === 'list') return JSON.stringify(value.items)
  const text = textOf(value)
  parseJson(text)
  return text
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new DoesNotFit('is no JSON')
  }
}

/** Hexadecimal digits of at most so many bytes. */
export function bytesOf(value: Neutral, longest = Infinity): string {
  const digits =
    value.kind === 'bytes'
      ? value.hexadecimal
      : value.kind === 'uuid'
        ? value.text.replaceAll('-', '')
        : undefined
  if (digits === undefined) throw new DoesNotFit('is no bytes, and how it is encoded is not known')
  if (digits.length / 2 > longest) throw new DoesNotFit(`is longer than ${longest} bytes`)
  return digits
}

/** `\x` and hexadecimal digits as bytes; throws DoesNotFit for anything else. */
export function bytesValue(text: string): Neutral {
  if (/^\\x(?:[0-9a-f]{2})*$/.test(text)) return { kind: 'bytes', hexadecimal: text.slice(2) }
  throw new DoesNotFit('is no text that stands for bytes')
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** A UUID, also from its text or its 16 bytes. */
export function uuidOf(value: Neutral): string {
  if (value.kind === 'bytes' && value.hexadecimal.length === 32) {
    return value.hexadecimal.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  }
  const text = value.kind === 'uuid' || value.kind === 'text' ? value.text : ''
  if (uuid.test(text)) return text.toLowerCase()
  throw new DoesNotFit('is no UUID')
}
