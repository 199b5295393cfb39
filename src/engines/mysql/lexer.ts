/** One lexical element of a MariaDB or MySQL statement. */
export interface Token {
  /** `name`: in backticks; `word`: unquoted name, keyword or number; `string`: in ' or "; `symbol`: one character. */
  readonly kind: 'name' | 'word' | 'string' | 'comment' | 'space' | 'symbol'
  /** As written, quotes included. */
  readonly text: string
}

// The start and end marks of an executable comment (`/*!50100 … */`) are symbols: what is between them counts.
const patterns: readonly (readonly [Token['kind'], RegExp])[] = [
  ['space', /\s+/y],
  ['comment', /#[^\n]*|--(?=\s|$)[^\n]*|\/\*(?!M?!)[\s\S]*?(?:\*\/|$)/y],
  ['name', /`(?:[^`]|``)*`/y],
  ['string', /'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"/y],
  ['word', /[\w$\u0080-\u{10ffff}]+/uy],
  ['symbol', /\/\*M?!\d*|\*\/|[\s\S]/uy],
]

/**
 * Cuts a statement into tokens whose texts, joined, are the statement again. For text that the server made or
 * stored under a sql_mode without NO_BACKSLASH_ESCAPES, which every session of this engine has.
 */
export function tokenize(statement: string): Token[] {
  const tokens: Token[] = []
  let position = 0
  while (position < statement.length) {
    const token = tokenAt(statement, position)
    tokens.push(token)
    position += token.text.length
  }
  return tokens
}

/** The token that begins at a position before the end. */
export function tokenAt(statement: string, position: number): Token {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = position
    const [text] = pattern.exec(statement) ?? []
    if (text !== undefined) return { kind, text }
  }
  throw new Error('a character that begins no token')
}

/** The statement that the tokens make. */
export function joinTokens(tokens: readonly Token[]): string {
  return tokens.map((token) => token.text).join('')
}

/** Whether a token is this symbol, or this keyword in any case. */
export function isToken(token: Token | undefined, text: string): boolean {
  if (token?.kind === 'symbol') return token.text === text
  return token?.kind === 'word' && token.text.toUpperCase() === text.toUpperCase()
}

/** The name that a token stands for, or undefined when it is none; names can stand in ", under ANSI_QUOTES. */
export function nameOf(token: Token | undefined): string | undefined {
  if (token?.kind === 'word') return token.text
  const quote = token?.text[0]
  if (token === undefined || (token.kind !== 'name' && quote !== '"')) return undefined
  return token.text.slice(1, -1).replaceAll(`${quote}${quote}`, quote ?? '')
}

const escapes: Readonly<Record<string, string>> = {
  '0': '\0',
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\x1a',
}

/** The text that a string literal stands for, in a session without NO_BACKSLASH_ESCAPES. */
export function textOf({ text }: Token): string {
  const quote = text.charAt(0)
  return text
    .slice(1, -1)
    .replaceAll(/\\([\s\S])|(''|"")/g, (both: string, escaped?: string) =>
      escaped === undefined
        ? both.startsWith(quote)
          ? quote
          : both
        : (escapes[escaped] ?? escaped),
    )
}

/** The change of depth that a token makes: 1 for `(`, -1 for `)`. */
export function depthChange(token: Token): number {
  if (token.kind !== 'symbol') return 0
  return token.text === '(' ? 1 : token.text === ')' ? -1 : 0
}

/** A name in backticks. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** A string literal, for a session without NO_BACKSLASH_ESCAPES and ANSI_QUOTES. */
export function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
