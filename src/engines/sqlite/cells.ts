import { TextDecoder } from 'node:util'

/** A value as SQLite stores it; text that is not valid in the database's encoding, or holds a NUL, may come as its bytes. */
export type Cell = null | bigint | number | string | Uint8Array | TextBytes

/** Text as the bytes that stand in the file, in the database's encoding: restored by `CAST(x'…' AS TEXT)`. */
export interface TextBytes {
  readonly textBytes: Uint8Array
}

/** What a column does to the values that are stored in it, as far as the text of a cell depends on it. */
export type Affinity = 'text' | 'real' | 'other'

/**
 * The affinity of a declared type. Source: https://www.sqlite.org/datatype3.html#determination_of_column_affinity
 * (the affinities INTEGER, NUMERIC and BLOB are all `other`: their columns can hold every storage class).
 */
export function affinityOf(declaredType: string): Affinity {
  if (/INT/i.test(declaredType)) return 'other'
  if (/CHAR|CLOB|TEXT/i.test(declaredType)) return 'text'
  if (/BLOB/i.test(declaredType)) return 'other'
  return /REAL|FLOA|DOUB/i.test(declaredType) ? 'real' : 'other'
}

const number = /^-?(?:[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|Infinity)$/
const integer = /^-?[0-9]+$/

/**
 * Value → the text of its CSV cell, so that the storage class can be told from the text and the declared type.
 *
 * | value | in a column with TEXT affinity | in any other column |
 * |---|---|---|
 * | NULL | nothing | nothing |
 * | INTEGER | `\i` and its digits | its digits: `-12` |
 * | REAL | `\r` and the number | the shortest text that reads back exactly, with a `.`, an `e` or `Infinity` in it: `1.0`, `-0.0`, `1e+21` |
 * | TEXT | the text | the text |
 * | TEXT that begins with `\`, or (other columns only) looks like a number | `\t` and the text | `\t` and the text |
 * | TEXT with a NUL, or not valid in the database's encoding | `\u` and its bytes in hex | `\u` and its bytes in hex |
 * | BLOB | `\x` and its bytes in hex | `\x` and its bytes in hex |
 *
 * A text looks like a number when it matches `-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?` or is `Infinity` or `-Infinity`.
 * Hex digits are lower case. The bytes after `\u` are in the encoding that `database.sql` names.
 */
export function encodeCell(cell: Cell, affinity: Affinity, encoding: TextEncoding): string | null {
  if (cell === null) return null
  if (typeof cell === 'string') return encodeText(cell, affinity, encoding)
  if (typeof cell === 'bigint') return (affinity === 'text' ? '\\i' : '') + cell.toString()
  if (typeof cell === 'number') return (affinity === 'text' ? '\\r' : '') + realText(cell)
  return 'textBytes' in cell ? `\\u${hex(cell.textBytes)}` : `\\x${hex(cell)}`
}

/**
 * The text of a CSV cell → the value; the inverse of encodeCell. Throws on a text that encodeCell never writes (`1.50`,
 * `007`, `\t` where it was not needed), save for bytes behind `\u` that are a plain text.
 */
export function decodeCell(text: string | null, affinity: Affinity): Cell {
  if (text === null) return null
  const cell = text.startsWith('\\')
    ? decodeTagged(text.slice(1, 2), text.slice(2))
    : affinity === 'text' || !number.test(text)
      ? text
      : decodeNumber(text)
  if (cell instanceof Object) return cell
  // The encoding matters only for text with a NUL, which is never written as it is.
  if (encodeCell(cell, affinity, 'UTF-8') !== text) {
    throw new Error('A cell is not written as docs/format.md says that its value is written.')
  }
  return cell
}

function decodeNumber(text: string): bigint | number {
  return integer.test(text) ? BigInt(text) : Number(text)
}

function decodeTagged(tag: string, rest: string): Cell {
  if (tag === 'x') return bytes(rest)
  if (tag === 'u') return { textBytes: bytes(rest) }
  if (tag === 't') return rest
  if (tag === 'i' && integer.test(rest)) return BigInt(rest)
  if (tag === 'r' && number.test(rest)) return Number(rest)
  // The cell is a row's value: it may not stand in a message.
  throw new Error(
    'A cell begins with a backslash and is none of the forms that docs/format.md names.',
  )
}

/** `UTF-8`, `UTF-16le` or `UTF-16be`, as `PRAGMA encoding` prints it. */
export type TextEncoding = 'UTF-8' | 'UTF-16le' | 'UTF-16be'

const decoders = new Map<TextEncoding, TextDecoder>()

/** Bytes of a text in the file → the text, or the bytes where it is not valid or would not be stored again as it is. */
export function textFromBytes(stored: Uint8Array, encoding: TextEncoding): string | TextBytes {
  let decoder = decoders.get(encoding)
  if (decoder === undefined) {
    decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true })
    decoders.set(encoding, decoder)
  }
  try {
    const text = decoder.decode(stored)
    // SQLite replaces these two when it turns UTF-8 into UTF-16.
    if (encoding === 'UTF-8' || !/[\uFFFE\uFFFF]/.test(text)) return text
  } catch {
    // Not valid: only the bytes are exact.
  }
  return { textBytes: stored }
}

function encodeText(text: string, affinity: Affinity, encoding: TextEncoding): string {
  if (text.includes('\0')) return `\\u${hex(textToBytes(text, encoding))}`
  if (text.startsWith('\\') || (affinity !== 'text' && number.test(text))) return `\\t${text}`
  return text
}

/** The bytes that stand in the file for a text. */
export function textToBytes(text: string, encoding: TextEncoding): Uint8Array {
  if (encoding === 'UTF-8') return Buffer.from(text, 'utf8')
  const littleEndian = Buffer.from(text, 'utf16le')
  return encoding === 'UTF-16le' ? littleEndian : littleEndian.swap16()
}

function realText(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  const shortest = String(value)
  return integer.test(shortest) ? `${shortest}.0` : shortest
}

function hex(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')
}

function bytes(digits: string): Uint8Array {
  if (digits.length % 2 !== 0 || /[^0-9a-f]/.test(digits)) {
    throw new Error('A cell holds hex digits that are cut short or no hex digits.')
  }
  return Uint8Array.from(Buffer.from(digits, 'hex'))
}
