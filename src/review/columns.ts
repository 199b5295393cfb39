/**
 * The columns of a CREATE TABLE statement, by a lexer that knows quotes, comments and brackets but no grammar:
 * enough to say in words what changed, on any engine. Pure.
 */

/** Which columns differ, by name. */
export interface ColumnChanges {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** The definition differs: type, default, nullability, … */
  readonly changed: readonly string[]
}

interface Token {
  readonly text: string
  /** The name inside the quotes, for a quoted name. */
  readonly name?: string
}

const closingQuote: Readonly<Record<string, string>> = { "'": "'", '"': '"', '`': '`', '[': ']' }
/** An item that begins with one of these words, unquoted, is no column. */
const constraintWord = /^(?:constraint|primary|unique|foreign|check|exclude|like)$/i
/** An item that begins with these and goes on with a bracket, a quoted name or the next word is an index. */
const indexWord = /^(?:key|index|fulltext|spatial)$/i
const bareWord = /[\p{L}\p{N}_$]+/uy

/** What differs between the columns of two texts; undefined when one of them holds no list of columns. */
export function compareColumns(before: string, after: string): ColumnChanges | undefined {
  const old = columnsOf(before)
  const current = columnsOf(after)
  if (old === undefined || current === undefined) return undefined
  const names = [...current.keys()]
  return {
    added: names.filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !current.has(name)),
    changed: names.filter((name) => old.has(name) && old.get(name) !== current.get(name)),
  }
}

/** Column name → definition, of the first CREATE TABLE in a text; undefined when there is none with columns. */
export function columnsOf(sql: string): ReadonlyMap<string, string> | undefined {
  // Whether a backslash escapes a quote differs between engines: the reading in which all quotes close is right.
  for (const backslashEscapes of [false, true]) {
    const tokens = tokenize(sql, backslashEscapes)
    const columns = tokens === undefined ? undefined : columnsOfTokens(tokens)
    if (columns !== undefined) return columns
  }
  return undefined
}

function columnsOfTokens(tokens: readonly Token[]): Map<string, string> | undefined {
  const open = openingBracket(tokens)
  const items = open === undefined ? undefined : itemsFrom(tokens, open)
  if (items === undefined) return undefined
  const columns = new Map<string, string>()
  for (const [first, ...rest] of items) {
    if (first === undefined || isConstraint(first, rest[0])) continue
    columns.set(first.name ?? first.text, rest.map((token) => token.text).join(' '))
  }
  return columns
}

/** The bracket that opens the column list: it follows the table's name at once. */
function openingBracket(tokens: readonly Token[]): number | undefined {
  for (const [index, token] of tokens.entries()) {
    if (!isWord(token, 'table') || !isCreated(tokens, index)) continue
    let place = index + 1
    if (isWord(tokens[place], 'if')) place += 3
    while (tokens[place + 1]?.text === '.') place += 2
    return tokens[place + 1]?.text === '(' ? place + 1 : undefined
  }
  return undefined
}

/** `create`, then at most three words such as `global temporary`, then `table`. */
function isCreated(tokens: readonly Token[], index: number): boolean {
  const before = tokens.slice(Math.max(0, index - 4), index)
  return before.some((token, offset) => {
    const between = before.slice(offset + 1)
    return isWord(token, 'create') && between.every(({ text }) => /^[a-z]+$/i.test(text))
  })
}

function itemsFrom(tokens: readonly Token[], open: number): Token[][] | undefined {
  const items: Token[][] = [[]]
  let depth = 0
  for (const token of tokens.slice(open)) {
    if (token.text === '(') depth += 1
    if (token.text === ')') depth -= 1
    if (depth === 0) return items
    if (depth === 1 && token.text === ',') items.push([])
    else if (depth > 1 || token.text !== '(' || items.at(-1)?.length !== 0)
      items.at(-1)?.push(token)
  }
  return undefined
}

function isConstraint(first: Token, second: Token | undefined): boolean {
  if (first.name !== undefined) return false
  if (constraintWord.test(first.text)) return true
  if (isWord(first, 'period')) return isWord(second, 'for')
  if (!indexWord.test(first.text)) return false
  return (
    second?.text === '(' ||
    second?.text.startsWith('`') === true ||
    indexWord.test(second?.text ?? '')
  )
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.name === undefined && token?.text.toLowerCase() === word
}

/** Words, quoted texts and single characters, without blanks and comments; undefined when a quote never closes. */
function tokenize(sql: string, backslashEscapes: boolean): Token[] | undefined {
  const tokens: Token[] = []
  let place = 0
  while (place < sql.length) {
    const comment = commentEnd(sql, place)
    const end = comment ?? tokenEnd(sql, place, backslashEscapes)
    if (end === undefined) return undefined
    const text = sql.slice(place, end)
    if (comment === undefined && text.trim() !== '') tokens.push(tokenOf(text))
    place = end
  }
  return tokens
}

function commentEnd(sql: string, place: number): number | undefined {
  const isLine = sql.startsWith('--', place)
  if (!isLine && !sql.startsWith('/*', place)) return undefined
  const end = sql.indexOf(isLine ? '\n' : '*/', place + 2)
  return end < 0 ? sql.length : end + (isLine ? 1 : 2)
}

function tokenEnd(sql: string, place: number, backslashEscapes: boolean): number | undefined {
  const character = sql.charAt(place)
  const closing = closingQuote[character]
  if (closing === undefined) {
    bareWord.lastIndex = place
    return bareWord.test(sql) ? bareWord.lastIndex : place + 1
  }
  for (let end = place + 1; end < sql.length; end += 1) {
    if (backslashEscapes && character === "'" && sql.charAt(end) === '\\') end += 1
    else if (sql.charAt(end) === closing) {
      if (closing === ']' || sql.charAt(end + 1) !== closing) return end + 1
      end += 1
    }
  }
  return undefined
}

function tokenOf(text: string): Token {
  const opening = text.charAt(0)
  const closing = closingQuote[opening]
  if (closing === undefined || opening === "'") return { text }
  return { text, name: text.slice(1, -1).replaceAll(closing + closing, closing) }
}
