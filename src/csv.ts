import { isUtf8 } from 'node:buffer'
import { stringify } from 'csv-stringify/sync'
import { ExpectedError } from './errors.ts'

/**
 * The CSV dialect of the files (docs/format.md): PostgreSQL's COPY CSV, lines end with \n, NULL is nothing,
 * the empty string is `""`. A value is quoted when it is empty, holds `"`, `,`, CR or LF, or is the `\.` of a
 * one-column row, which some readers take for the end of the data.
 * Source: https://www.postgresql.org/docs/current/sql-copy.html, "CSV Format".
 */
export type Row = readonly (string | null)[]

const quoted = /^$|[\r\n]/
const quotedAlone = /^$|[\r\n]|^\\\.$/

/**
 * Rows of one table → CSV text, every line ended by \n. A one-column NULL is an empty line, and so is a row of no columns.
 * Throws TypeError for half of a surrogate pair, which UTF-8 can't hold.
 */
export function encodeRows(rows: readonly Row[]): string {
  const columnCount = rows[0]?.length
  if (columnCount === 0) return '\n'.repeat(rows.length)
  const options = { quoted_match: columnCount === 1 ? quotedAlone : quoted }
  const text = stringify(rows as (string | null)[][], options)
  if (!text.isWellFormed()) throw new TypeError('A value holds half of a surrogate pair.')
  return text
}

const quote = 0x22
const comma = 0x2c
const newline = 0x0a
const carriageReturn = 0x0d
/** What PostgreSQL until 17 takes for the end of the data when it stands alone in a line. */
const endOfData = '\\.'

/** Counts the rows of CSV text that comes in pieces cut anywhere. */
export class RowCounter {
  rows = 0
  #inQuotes = false
  #lastByte: number = newline

  add(piece: Uint8Array): void {
    // Plain locals and no iterator: this loop sees every byte of every row.
    let inQuotes = this.#inQuotes
    let rows = 0
    let index = 0
    while (index < piece.length) {
      const byte = piece[index]
      if (byte === quote) inQuotes = !inQuotes
      else if (byte === newline && !inQuotes) rows += 1
      index += 1
    }
    this.#inQuotes = inQuotes
    this.rows += rows
    this.#lastByte = piece.at(-1) ?? this.#lastByte
  }

  /** Whether the text so far ends with a whole row. */
  get isAtRowEnd(): boolean {
    return !this.#inQuotes && this.#lastByte === newline
  }
}

/** CSV text below a header line, as the files hold it. */
export interface CsvTable {
  readonly columns: readonly string[]
  /** The rows in batches of any size; each has one value a column. Can be read once. */
  readonly rows: AsyncIterable<readonly Row[]>
}

/** Reads the header line; throws as `decodeRows` does. `name` is the file's name for messages. */
export async function decodeTable(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): Promise<CsvTable> {
  const parser = new RowParser(name, 'header')
  const batches = parse(chunks, parser)
  const first = await batches.next()
  const [header, ...firstRows] = first.done === true ? [] : first.value
  const columns = header?.filter((value) => value !== null)
  if (header === undefined || columns?.length !== header.length) {
    throw parser.malformed('the header line with the column names is missing', 1)
  }
  if (new Set(columns).size < columns.length) {
    throw parser.malformed('the header line names a column twice', 1)
  }
  return { columns, rows: prepend(firstRows, batches) }
}

/**
 * CSV text without a header, cut anywhere → rows in batches of any size, each of `columnCount` values (absent: as
 * many as the first). Throws ExpectedError `malformed-csv` with the number of the line and of the value within its row
 * for anything that `encodeRows` does not write, save for quotes that were not needed, and for text that ends within a
 * row; a message never holds a value.
 */
export async function* decodeRows(
  chunks: AsyncIterable<Uint8Array>,
  options: { readonly columnCount?: number; readonly name?: string } = {},
): AsyncIterable<readonly Row[]> {
  yield* parse(chunks, new RowParser(options.name ?? 'CSV text', options.columnCount ?? 'any'))
}

async function* parse(
  chunks: AsyncIterable<Uint8Array>,
  parser: RowParser,
): AsyncGenerator<Row[], undefined> {
  const decoder = new Utf8Decoder()
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk)
    if (typeof text !== 'string') throw parser.malformed('invalid UTF-8', parser.line + text.line)
    const rows = parser.push(text)
    if (rows.length > 0) yield rows
  }
  if (decoder.isWithinCharacter) throw parser.malformed('invalid UTF-8')
  parser.end()
  return undefined
}

async function* prepend(
  rows: Row[],
  batches: AsyncGenerator<Row[], undefined>,
): AsyncIterable<readonly Row[]> {
  if (rows.length > 0) yield rows
  yield* batches
}

/** Takes text in pieces and gives the rows that each piece completes. */
class RowParser {
  /** The number of the line that is being read. */
  line = 1
  readonly #name: string
  #columnCount: number | 'header' | 'any'
  #row: (string | null)[] = []
  #field = ''
  #state: 'start' | 'bare' | 'quoted' | 'closed' = 'start'
  #quoteLine = 0

  constructor(name: string, columnCount: number | 'header' | 'any') {
    this.#name = name
    this.#columnCount = columnCount
  }

  push(text: string): Row[] {
    const rows: Row[] = []
    let position = 0
    while (position < text.length) {
      if (this.#state === 'quoted') position = this.#readQuoted(text, position)
      else if (this.#state === 'closed') position = this.#readAfterQuote(text, position, rows)
      else if (this.#state === 'start' && text.charCodeAt(position) === quote) {
        position = this.#openQuote(position)
      } else position = this.#readBare(text, position, rows)
    }
    return rows
  }

  end(): void {
    if (this.#state === 'quoted') {
      throw this.malformed(`a quote is never closed, in ${this.#value}`, this.#quoteLine)
    }
    if (this.#state !== 'start' || this.#row.length > 0) {
      throw this.malformed('the text ends within a line')
    }
  }

  malformed(what: string, line = this.line): ExpectedError {
    return new ExpectedError(
      'malformed-csv',
      `${this.#name}, line ${line}: ${what}.`,
      'Take the file from the last good commit, or run a backup, which writes it anew.',
    )
  }

  get #value(): string {
    return `value ${this.#row.length + 1}`
  }

  #misplaced(code: number): ExpectedError {
    return this.malformed(
      code === quote
        ? `a quote within a value that is not quoted, in ${this.#value}`
        : `a carriage return outside quotes, in ${this.#value}`,
    )
  }

  #openQuote(position: number): number {
    this.#state = 'quoted'
    this.#quoteLine = this.line
    return position + 1
  }

  #readQuoted(text: string, start: number): number {
    const found = text.indexOf('"', start)
    const piece = text.slice(start, found < 0 ? text.length : found)
    this.#field += piece
    this.line += countNewlines(piece)
    if (found >= 0) this.#state = 'closed'
    return start + piece.length + 1
  }

  /** A second quote is one quote of the value; anything else than a border is an error. */
  #readAfterQuote(text: string, position: number, rows: Row[]): number {
    const code = text.charCodeAt(position)
    if (code === quote) {
      this.#field += '"'
      this.#state = 'quoted'
    } else if (code === comma || code === newline) {
      this.#finishField(this.#field, code, rows)
    } else throw this.malformed(`text after a closing quote, in ${this.#value}`)
    return position + 1
  }

  #readBare(text: string, start: number, rows: Row[]): number {
    for (let end = start; end < text.length; end += 1) {
      const code = text.charCodeAt(end)
      if (code === quote || code === carriageReturn) throw this.#misplaced(code)
      if (code === comma || code === newline) {
        const value = this.#field + text.slice(start, end)
        if (value === endOfData && code === newline && this.#row.length === 0) {
          throw this.malformed('\\. alone in a line and not quoted, which readers take for the end')
        }
        this.#finishField(value === '' ? null : value, code, rows)
        return end + 1
      }
    }
    this.#field += text.slice(start)
    this.#state = 'bare'
    return text.length
  }

  #finishField(value: string | null, border: number, rows: Row[]): void {
    this.#row.push(value)
    this.#field = ''
    this.#state = 'start'
    if (border !== newline) return
    rows.push(this.#finishRow())
    this.#row = []
    this.line += 1
  }

  /** An empty line is one NULL, or no value at all where there are no columns. */
  #finishRow(): Row {
    const isEmpty = this.#row.length === 1 && this.#row[0] === null
    const row =
      isEmpty && (this.#columnCount === 'header' || this.#columnCount === 0) ? [] : this.#row
    if (typeof this.#columnCount !== 'number') this.#columnCount = row.length
    if (row.length === this.#columnCount) return row
    const values = row.length === 1 ? '1 value' : `${row.length} values`
    const columns = this.#columnCount === 1 ? 'is 1 column' : `are ${this.#columnCount} columns`
    throw this.malformed(`${values} where there ${columns}`)
  }
}

/** UTF-8 in pieces cut anywhere → text, strictly. */
class Utf8Decoder {
  #carry: Uint8Array = new Uint8Array(0)

  /** The text of all whole characters so far, or how many lines stand before the first invalid byte. */
  decode(chunk: Uint8Array): string | { line: number } {
    const bytes = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk])
    const end = wholeCharacters(bytes)
    const whole = bytes.subarray(0, end)
    // A copy: the caller may fill the same memory again.
    this.#carry = Uint8Array.from(bytes.subarray(end))
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(whole)
    } catch {
      return { line: countNewlines(Buffer.from(validStart(whole)).toString('latin1')) }
    }
  }

  get isWithinCharacter(): boolean {
    return this.#carry.length > 0
  }
}

/** How many bytes are left when a character that is cut off at the end is not counted. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) break
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return length > back ? bytes.length - back : bytes.length
    }
  }
  return bytes.length
}

/** The longest beginning that is valid, by halving. */
function validStart(bytes: Uint8Array): Uint8Array {
  let valid = 0
  let invalid = bytes.length
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1
    if (isUtf8(bytes.subarray(0, wholeCharacters(bytes.subarray(0, middle))))) valid = middle
    else invalid = middle
  }
  return bytes.subarray(0, valid)
}

function countNewlines(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1
  return count
}
