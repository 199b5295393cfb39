import { depthChange, nameOf, tokenize, type Token } from './lexer.ts'
import { readLabels, readText } from './text-values.ts'

/** A value as SQL, and apart from its statement, for one that is too long to be written twice as long. */
export interface CellValue {
  readonly literal: string
  readonly parameter: string | Buffer
  /** The index 0 of an ENUM: only a session without a strict sql_mode takes it. */
  readonly isInvalidLabel?: true
}

/** Makes the value of a cell's text (values.ts says what it looks like); undefined for a text that is never written. */
export type CellReader = (text: string) => CellValue | undefined

const bytesTypes =
  /^(?:(?:var)?binary|(?:tiny|medium|long)?blob|geometry|point|(?:multi)?(?:linestring|polygon)|multipoint|geom(?:etry)?collection|vector)$/

/** How the cells of a column of this type (as the server prints it) are read. */
export function cellReader(type: string): CellReader {
  const family = /^[a-z0-9_]+/i.exec(type)?.[0].toLowerCase() ?? ''
  if (bytesTypes.test(family)) return readBytes
  if (family === 'bit') return readBits
  if (family === 'float') return floatReader(type)
  return family === 'enum' || family === 'set' ? labelValue : textOrBytesValue
}

function readBytes(text: string): CellValue | undefined {
  return /^\\x(?:[0-9a-f]{2})*$/.test(text) ? bytesValue(text.slice(2)) : undefined
}

function bytesValue(digits: string): CellValue {
  // `x''` is an empty value of bytes, as it should be.
  return {
    literal: `x'${digits}'`,
    get parameter() {
      return Buffer.from(digits, 'hex')
    },
  }
}

function readBits(text: string): CellValue | undefined {
  return /^[01]{1,64}$/.test(text) ? { literal: `b'${text}'`, parameter: text } : undefined
}

/**
 * The exact value of the 32-bit number: its shortest digits can stand for more than the largest one. The last number
 * of a FLOAT(M,D) may be stored as one beyond it, which the server refuses.
 */
function floatReader(type: string): CellReader {
  const [, digits, decimals = '0'] = /^float\s*\(\s*(\d+)\s*,\s*(\d+)\s*\)/i.exec(type) ?? []
  const nines = (count: number) => '9'.repeat(Math.max(count, 0))
  const whole = Number(digits) - Number(decimals)
  const largest =
    digits === undefined ? Infinity : Number(`0${nines(whole)}.${nines(Number(decimals))}`)
  return (text) => {
    const value = Math.fround(Number(text))
    if (text.trim() !== text || text === '' || !Number.isFinite(value)) return undefined
    const stored = Math.min(Math.max(value, -largest), largest)
    return textValue(Object.is(stored, -0) ? '-0' : String(stored))
  }
}

function labelValue(text: string): CellValue | undefined {
  const value = readLabels(text)
  if (value === undefined) return undefined
  if ('text' in value) return textValue(value.text)
  const { number } = value
  return { literal: number, parameter: number, ...(number === '0' ? { isInvalidLabel: true } : {}) }
}

function textOrBytesValue(text: string): CellValue {
  const value = readText(text)
  return 'text' in value ? textValue(value.text) : bytesValue(value.digits)
}

function textValue(text: string): CellValue {
  return { literal: `'${text.replaceAll(escaped, escape)}'`, parameter: text }
}

// Line ends, too: a client without --binary-mode changes them.
// eslint-disable-next-line no-control-regex -- the characters are what must be escaped
const escaped = /[\0\n\r\u001a\\']/g
const escapes: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\n': '\\n',
  '\r': '\\r',
  '\u001a': '\\Z',
  '\\': '\\\\',
  "'": "''",
}

function escape(character: string): string {
  return escapes[character] ?? character
}

/** The types of a table's columns by name, as its CREATE TABLE statement writes them. */
export function columnTypes(createTable: string): ReadonlyMap<string, string> {
  const types = new Map<string, string>()
  const tokens = tokenize(createTable)
  const start = tokens.findIndex((token) => depthChange(token) === 1)
  let depth = 0
  let item: Token[] = []
  for (const token of tokens.slice(start)) {
    depth += depthChange(token)
    const ends = (depth === 1 && token.text === ',') || depth === 0
    if (!ends) item.push(token)
    else {
      addColumn(types, item)
      item = []
    }
    if (depth === 0) break
  }
  return types
}

/**
 * Whether a column of a system-versioned table says since when or until when a row is current; `types` as `columnTypes`
 * gives them.
 */
export function periodOf(
  name: string,
  types: ReadonlyMap<string, string>,
): 'start' | 'end' | undefined {
  // The server's own columns stand in no definition.
  const written = types.get(name) ?? `AS ${name.replace('_', ' ')}`
  const word = /\bAS ROW (START|END)\b/i.exec(written)?.[1]?.toLowerCase()
  return word === 'start' || word === 'end' ? word : undefined
}

/** Only columns begin with a name in quotes; keys, checks and periods with a keyword. */
function addColumn(types: Map<string, string>, item: readonly Token[]): void {
  const words = item.filter((token) => token.kind !== 'space' && token.kind !== 'comment')
  const [name, ...definition] = words[0]?.text === '(' ? words.slice(1) : words
  if (name?.kind !== 'name') return
  types.set(nameOf(name) ?? '', definition.map((token) => token.text).join(' '))
}
