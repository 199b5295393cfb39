/** A piece of SQL text; comments and blanks are not tokens. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'punctuation'
  /** A word as written, a quoted name without its quotes, a string without its quotes, one character of punctuation. */
  readonly text: string
}

const pieces =
  /--[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[\p{L}\p{N}_$\u0080-\u{10FFFF}]+|\S/gu

/** The tokens of an SQL text in order. Source: https://www.sqlite.org/lang_keywords.html for the kinds of quotes. */
export function tokens(sql: string): Token[] {
  const found: Token[] = []
  for (const [piece] of sql.matchAll(pieces)) {
    if (piece.startsWith('--') || piece.startsWith('/*')) continue
    const token = tokenOf(piece)
    found.push(token)
  }
  return found
}

function tokenOf(piece: string): Token {
  const quote = piece.charAt(0)
  const inner = piece.slice(1, -1)
  if (piece.length > 1 && quote === '[') return { kind: 'quoted', text: inner }
  if (piece.length > 1 && (quote === '"' || quote === '`')) {
    return { kind: 'quoted', text: inner.replaceAll(quote + quote, quote) }
  }
  if (piece.length > 1 && quote === "'") {
    return { kind: 'string', text: inner.replaceAll("''", "'") }
  }
  return {
    kind: /^[\p{L}\p{N}_$\u0080-\u{10FFFF}]/u.test(piece) ? 'word' : 'punctuation',
    text: piece,
  }
}

/** A statement's verbatim text → text that ends with `;` and a newline, also where it ends in a comment. */
export function statement(sql: string): string {
  const last = [...sql.matchAll(pieces)].at(-1)?.[0] ?? ''
  if (last.startsWith('--') && !sql.endsWith('\n')) return `${sql}\n;\n`
  if (last.startsWith('/*') && !(last.length > 3 && last.endsWith('*/'))) return `${sql}*/;\n`
  return `${sql};\n`
}

/** The text before the first `;` that ends a statement; not for triggers, which hold others. */
export function firstStatement(sql: string): string {
  const end = [...sql.matchAll(pieces)].find(([piece]) => piece === ';')
  return end === undefined ? sql : sql.slice(0, end.index)
}

/** Whether nothing but blanks, comments and `;` follows the first statement; not for triggers, which hold others. */
export function isOneStatement(sql: string): boolean {
  return tokens(sql.slice(firstStatement(sql).length)).every(({ text }) => text === ';')
}

/** A name in double quotes. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text as a string literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A text for the sqlite3 program, which takes one CR away before each LF. */
export function forShell(sql: string): string {
  return sql.replaceAll('\r\n', '\r\r\n')
}

/** SQLite compares names without regard to the case of ASCII letters. */
export function foldName(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/** The names that stand where a table may stand (after FROM, JOIN, IN, INTO, UPDATE), folded. */
export function tableNames(sql: string): ReadonlySet<string> {
  const names = new Set<string>()
  const inFrom: boolean[] = [false]
  let expected = false
  for (const token of tokens(sql)) {
    const word = token.kind === 'word' ? token.text.toUpperCase() : ''
    if (token.text === '(' && token.kind === 'punctuation') {
      inFrom.push(expected)
    } else if (token.text === ')' && token.kind === 'punctuation') {
      inFrom.pop()
      expected = false
    } else if (word !== '' && startsTables.has(word)) {
      inFrom[inFrom.length - 1] = word === 'FROM' || word === 'JOIN'
      expected = true
    } else if (word !== '' && endsTables.has(word)) {
      inFrom[inFrom.length - 1] = false
      expected = false
    } else if (token.kind === 'punctuation') {
      expected =
        token.text === '.'
          ? afterName(names, expected)
          : token.text === ',' && inFrom.at(-1) === true
    } else {
      if (expected) names.add(foldName(token.text))
      expected = false
    }
  }
  return names
}

const startsTables = new Set(['FROM', 'JOIN', 'IN', 'INTO', 'UPDATE'])
const endsTables = new Set([
  'SELECT',
  'WHERE',
  'GROUP',
  'ORDER',
  'HAVING',
  'LIMIT',
  'ON',
  'USING',
  'UNION',
  'SET',
  'VALUES',
  'WINDOW',
  'EXCEPT',
  'INTERSECT',
])

/** `main.users`: the name after the point is the table's, where the one before it is a schema's. */
function afterName(names: Set<string>, expected: boolean): boolean {
  return expected || names.delete('main') || names.delete('temp')
}
