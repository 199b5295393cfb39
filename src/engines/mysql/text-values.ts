import { isUtf8 } from 'node:buffer'
import { textOf, tokenize } from './lexer.ts'

/**
 * The text of character columns, ENUMs and SETs in the files, written and read here alone.
 *
 * A value is its text. One that has none in Unicode (half of a surrogate pair, bytes that its character set maps to
 * nothing, or that another text's bytes would come back for) is `\x` and the digits of its bytes. A text that looks like
 * that, with any number of backslashes before the `x`, gets one more. A label is its text, a leading `\` doubled; a value
 * that its labels don't tell is `\` and its number.
 */

const looksLikeBytes = /^\\+x(?:[0-9a-f]{2})*$/

/** How a column of a character set is selected, ordered by, and turned into text. */
export interface TextPlan {
  readonly select: string
  /** In the order of their UTF-8 bytes wherever they have a text. */
  readonly order: string
  toText(bytes: Buffer): string
}

type Decode = (bytes: Buffer) => string | undefined

/** Character sets whose bytes are read here: a server's conversion drops or bends what it can't convert. */
const decoders: Readonly<Record<string, Decode>> = {
  ucs2: (bytes) => withoutSurrogates(swapped(bytes)),
  utf16: (bytes) => wellFormed(swapped(bytes)),
  utf16le: (bytes) => wellFormed(bytes.toString('utf16le')),
  utf32: decodeUtf32,
}
/** Character sets whose values come as UTF-8 without a conversion, or by one that loses nothing. */
const faithful = new Set(['utf8mb4', 'utf8mb3', 'utf8', 'latin1'])

/** How the text of a column is read; `column` is its quoted name. */
export function planText(column: string, characterSet: string | undefined): TextPlan {
  const converted = `CAST(CONVERT(${column} USING utf8mb4) AS BINARY)`
  if (characterSet === undefined || faithful.has(characterSet)) {
    return { select: column, order: converted, toText: utf8Text }
  }
  const raw = `CAST(${column} AS BINARY)`
  const decode = decoders[characterSet]
  if (decode !== undefined) {
    // The bytes of these two are in the order of the characters.
    const isOrdered = characterSet === 'ucs2' || characterSet === 'utf32'
    return {
      select: raw,
      order: isOrdered ? raw : converted,
      toText: (bytes) => textOrBytes(decode(bytes), bytes),
    }
  }
  const back = `CAST(CONVERT(CONVERT(${column} USING utf8mb4) USING ${characterSet}) AS BINARY)`
  const checked = `IF(${back} = ${raw}, ${converted}, CONCAT(0xFF, ${raw}))`
  return { select: checked, order: checked, toText: checkedText }
}

function utf8Text(bytes: Buffer): string {
  return textOrBytes(isUtf8(bytes) ? bytes.toString('utf8') : undefined, bytes)
}

/** 0xFF begins no UTF-8 text. */
function checkedText(bytes: Buffer): string {
  return bytes[0] === 0xff ? hexText(bytes.subarray(1)) : utf8Text(bytes)
}

function textOrBytes(text: string | undefined, bytes: Buffer): string {
  return text === undefined ? hexText(bytes) : writeText(text)
}

/** A text as it stands in a cell of a character column. */
export function writeText(text: string): string {
  return text.startsWith('\\') && looksLikeBytes.test(text) ? `\\${text}` : text
}

/** `\x` and hexadecimal digits. */
export function hexText(bytes: Buffer): string {
  return `\\x${bytes.toString('hex')}`
}

function swapped(bytes: Buffer): string | undefined {
  // A copy: the bytes are the driver's.
  return bytes.length % 2 === 0 ? Buffer.from(bytes).swap16().toString('utf16le') : undefined
}

function wellFormed(text: string | undefined): string | undefined {
  return text?.isWellFormed() === true ? text : undefined
}

function withoutSurrogates(text: string | undefined): string | undefined {
  return text === undefined || /[\ud800-\udfff]/.test(text) ? undefined : text
}

function decodeUtf32(bytes: Buffer): string | undefined {
  if (bytes.length % 4 !== 0) return undefined
  const characters: string[] = []
  for (let at = 0; at < bytes.length; at += 4) {
    const code = bytes.readUInt32BE(at)
    if (code > 0x10ffff) return undefined
    characters.push(String.fromCodePoint(code))
  }
  const text = characters.join('')
  // Two halves that stand side by side are two characters here.
  return characters.every((character) => character.isWellFormed()) ? text : undefined
}

/** What the cell of a character column stands for: the text, or bytes as hexadecimal digits. */
export function readText(text: string): { readonly text: string } | { readonly digits: string } {
  if (!text.startsWith('\\') || !looksLikeBytes.test(text)) return { text }
  return text.startsWith('\\x') ? { digits: text.slice(2) } : { text: text.slice(1) }
}

/** A column of an ENUM or SET: its quoted name, its type and its collation. */
export interface LabelColumn {
  readonly column: string
  readonly type: string
  readonly collation?: string | undefined
}

/** How an ENUM is read: its number, a colon, its label. */
export function planLabel({ column, type, collation }: LabelColumn): TextPlan {
  const number = `CAST(${column} AS UNSIGNED)`
  const order = `IF(${number} = 0, 0x00, ${labelsOf(column)})`
  const repeated = repeatedLabels(labelTexts(type), collation)
  return {
    select: numberAndLabels(column),
    order: repeated.size === 0 ? order : withNumber(order, column),
    toText: (bytes) =>
      labelText(bytes, (number) => number > 0n && !repeated.has(Number(number) - 1)),
  }
}

/** How a SET is read, likewise. The server overlooks a label that is empty, in its text and when it reads one. */
export function planLabels({ column, type, collation }: LabelColumn): TextPlan {
  const labels = labelTexts(type)
  const untold = repeatedLabels(labels, collation)
  const empty = labels.indexOf('')
  if (empty >= 0) untold.add(empty)
  const sorted = type.length < 2_000 ? labelsOf(column) : longLabelsOf(column)
  const bits = [...untold].reduce((sum, index) => sum | (1n << BigInt(index)), 0n)
  return {
    select: numberAndLabels(column),
    order: untold.size === 0 ? sorted : withNumber(sorted, column),
    toText: (bytes) => labelText(bytes, (number) => (number & bits) === 0n),
  }
}

function labelTexts(type: string): readonly string[] {
  return tokenize(type)
    .filter(({ kind }) => kind === 'string')
    .map(textOf)
}

/**
 * The places of labels that stand earlier in the list, too, which a session that is not strict can make: the server
 * takes their text for the first.
 */
function repeatedLabels(labels: readonly string[], collation = ''): Set<number> {
  const keys = collation.endsWith('_ci') ? labels.map((label) => label.toLowerCase()) : labels
  const seen = new Set<string>()
  const repeated = new Set<number>()
  for (const [index, key] of keys.entries()) {
    if (seen.has(key)) repeated.add(index)
    seen.add(key)
  }
  return repeated
}

/** Values of the same text differ by their numbers. */
function withNumber(order: string, column: string): string {
  return `CONCAT(${order}, 0x00, LPAD(CAST(${column} AS UNSIGNED), 20, '0'))`
}

function labelsOf(column: string): string {
  return `CAST(CONVERT(${column} USING utf8mb4) AS BINARY)`
}

/** Without a length, the servers sort sets by their first 3 kB alone. */
function longLabelsOf(column: string): string {
  return `CAST(CONVERT(${column} USING utf8mb4) AS CHAR(65000) CHARACTER SET binary)`
}

function numberAndLabels(column: string): string {
  return `CONCAT(CAST(${column} AS UNSIGNED), ':', COALESCE(${labelsOf(column)}, 0xFF))`
}

function labelText(bytes: Buffer, isTold: (number: bigint) => boolean): string {
  const colon = bytes.indexOf(':')
  const number = bytes.toString('latin1', 0, colon)
  const labels = bytes.subarray(colon + 1)
  if (!isUtf8(labels) || !isTold(BigInt(number))) return `\\${number}`
  return writeLabels(labels.toString('utf8'))
}

/** Labels as they stand in a cell of an ENUM or SET. */
export function writeLabels(text: string): string {
  return text.startsWith('\\') ? `\\${text}` : text
}

/** The labels or the number that the cell of an ENUM or SET stands for; undefined for a text that is never written. */
export function readLabels(
  text: string,
): { readonly text: string } | { readonly number: string } | undefined {
  if (!text.startsWith('\\')) return { text }
  if (text.startsWith('\\\\')) return { text: text.slice(1) }
  const number = text.slice(1)
  return /^(?:0|[1-9]\d{0,19})$/.test(number) ? { number } : undefined
}
