import { depthChange, isToken, joinTokens, nameOf, tokenize, type Token } from './lexer.ts'

/** What SHOW CREATE TABLE says, with its counter apart. */
export interface CreateTable {
  /** The statement without the AUTO_INCREMENT table option, table options in a fixed order; no `;`. */
  readonly statement: string
  /** The next AUTO_INCREMENT value, as digits. */
  readonly autoIncrement?: string
  /** Sequences of the same database in column defaults. */
  readonly sequences: readonly string[]
}

interface TableOption {
  readonly name: string
  readonly tokens: readonly Token[]
}

/** Takes a SHOW CREATE TABLE text of `database` apart. */
export function readCreateTable(text: string, database: string): CreateTable {
  const all = withoutIntroducers(tokenize(text))
  const { tokens, sequences } = withoutSequenceDatabase(all, database)
  const end = endOfColumns(tokens)
  const tail = readTail(tokens.slice(end))
  const columns = withoutInheritedCollation(tokens.slice(0, end), tail.collation)
  const statement = joinTokens(columns) + tail.text
  const { autoIncrement } = tail
  return { statement, sequences, ...(autoIncrement === undefined ? {} : { autoIncrement }) }
}

/** MariaDB 11 does not double a backtick in the name of a foreign key; nobody could run that. */
export function withQuotedForeignKeys(text: string): string {
  return text.replaceAll(
    /^( {2}CONSTRAINT `)(.*)(` FOREIGN KEY \()/gm,
    (_, before: string, name: string, after: string) =>
      before + (/^(?:[^`]|``)*$/.test(name) ? name : name.replaceAll('`', '``')) + after,
  )
}

/** `nextval(`database`.`s`)` → `nextval(`s`)`: the text must not depend on the database's name. */
export function withoutSequenceDatabase(
  tokens: readonly Token[],
  database: string,
): { tokens: readonly Token[]; sequences: readonly string[] } {
  const sequences = new Set<string>()
  const dropped = new Set<number>()
  tokens.forEach((token, index) => {
    if (!isSequenceFunction(token) || !isToken(tokens[index + 1], '(')) return
    const qualified = isToken(tokens[index + 3], '.')
    if (qualified && nameOf(tokens[index + 2]) !== database) return
    const name = nameOf(tokens[index + (qualified ? 4 : 2)])
    if (name !== undefined) sequences.add(name)
    if (qualified) dropped.add(index + 2).add(index + 3)
  })
  return { tokens: tokens.filter((_, index) => !dropped.has(index)), sequences: [...sequences] }
}

/**
 * MySQL writes `COLLATE x` without a character set on columns that inherit x from the table; said explicitly, it
 * would be a property of the column, and the next SHOW CREATE TABLE another text.
 */
function withoutInheritedCollation(
  tokens: readonly Token[],
  collation: string | undefined,
): readonly Token[] {
  const dropped = new Set<Token>()
  let depth = 0
  let hasCharacterSet = false
  tokens.forEach((token, index) => {
    depth += depthChange(token)
    if (depth !== 1) return
    if (isToken(token, ',')) hasCharacterSet = false
    if (isToken(token, 'CHARACTER')) hasCharacterSet = true
    const [before, space, name] = [tokens[index - 1], tokens[index + 1], tokens[index + 2]]
    const inherits = isToken(token, 'COLLATE') && !hasCharacterSet && name?.text === collation
    if (inherits && before?.kind === 'space' && space !== undefined && name !== undefined) {
      for (const part of [before, token, space, name]) dropped.add(part)
    }
  })
  return tokens.filter((token) => !dropped.has(token))
}

/** After `_utf8mb4`, MySQL mistakes a character of four bytes in a default for four; without it, it reads it well. */
function withoutIntroducers(tokens: readonly Token[]): readonly Token[] {
  return tokens.filter((token, index) => {
    const next = tokens[index + 1]
    const isLong = next?.kind === 'string' && /[\u{10000}-\u{10ffff}]/u.test(next.text)
    return !(isLong && isToken(token, '_utf8mb4'))
  })
}

function isSequenceFunction(token: Token): boolean {
  return ['nextval', 'lastval', 'setval'].some((name) => isToken(token, name))
}

/** Where the columns of a CREATE TABLE end, and its options begin. */
export function endOfColumns(tokens: readonly Token[]): number {
  let depth = 0
  for (const [index, token] of tokens.entries()) {
    const change = depthChange(token)
    depth += change
    if (change < 0 && depth === 0) return index + 1
  }
  return tokens.length
}

interface Tail {
  readonly text: string
  readonly autoIncrement?: string
  readonly collation?: string
}

function readTail(tail: readonly Token[]): Tail {
  const partitions = startOfPartitions(tail)
  const options = readOptions(tail.slice(0, partitions))
  // Options that this reader does not understand stay in the server's order.
  if (options === undefined) return { text: joinTokens(tail) }
  const counter = options.find((option) => option.name === 'AUTO_INCREMENT')
  const kept = options.filter((option) => option !== counter)
  const ordered = kept.toSorted((a, b) => compareOptions(a.name, b.name))
  const text = ordered.map((option) => ` ${joinTokens(option.tokens)}`).join('')
  const value = counter?.tokens.at(-1)?.text
  const collation = options.find((option) => option.name === 'COLLATE')?.tokens.at(-1)?.text
  return {
    text: text + joinTokens(tail.slice(partitions)),
    ...(value === undefined ? {} : { autoIncrement: value }),
    ...(collation === undefined ? {} : { collation }),
  }
}

/** Where, among what follows the columns, the partitions begin, with the white space before them. */
export function startOfPartitions(tail: readonly Token[]): number {
  const keyword = tail.findIndex((token) => isToken(token, 'PARTITION'))
  if (keyword < 0) return tail.length
  let start = keyword
  while (start > 0 && isBeforePartitions(tail[start - 1])) start -= 1
  return start
}

function isBeforePartitions(token: Token | undefined): boolean {
  return token?.kind === 'space' || (token?.kind === 'symbol' && token.text.startsWith('/*'))
}

/** The options of a table, or undefined when the text is of another shape than `NAME=value NAME=value …`. */
function readOptions(tokens: readonly Token[]): TableOption[] | undefined {
  const options: TableOption[] = []
  let rest = withoutSpace(tokens)
  while (rest.length > 0) {
    const length = lengthOfOption(rest)
    if (length === undefined) return undefined
    const option = rest.slice(0, length)
    options.push({ name: optionName(option), tokens: option })
    rest = withoutSpace(rest.slice(length))
  }
  return options
}

function withoutSpace(tokens: readonly Token[]): readonly Token[] {
  const start = tokens.findIndex((token) => token.kind !== 'space')
  return start < 0 ? [] : tokens.slice(start)
}

function lengthOfOption(tokens: readonly Token[]): number | undefined {
  if (tokens[0]?.kind === 'symbol' && tokens[0].text.startsWith('/*')) {
    const end = tokens.findIndex((token) => isToken(token, '*/'))
    return end < 0 ? undefined : end + 1
  }
  if (isToken(tokens[0], 'WITH')) return 5
  const equals = tokens.findIndex((token) => isToken(token, '='))
  if (equals < 1 || !tokens.slice(0, equals).every(isOptionWord)) return undefined
  if (!isToken(tokens[equals + 1], '(')) return tokens.length > equals + 1 ? equals + 2 : undefined
  const closing = tokens.findIndex((token) => isToken(token, ')'))
  return closing < 0 ? undefined : closing + 1
}

function isOptionWord(token: Token): boolean {
  return token.kind === 'word' || token.kind === 'name' || token.kind === 'space'
}

function optionName(option: readonly Token[]): string {
  const words = option.filter((token) => token.kind === 'word' || token.kind === 'name')
  const [first, second] = words.map((token) => (nameOf(token) ?? '').toUpperCase())
  return first === 'DEFAULT' || first === 'DATA' || first === 'INDEX'
    ? `${first} ${second ?? ''}`
    : (first ?? '')
}

const firstOptions = ['ENGINE', 'DEFAULT CHARSET', 'COLLATE']
const lastOptions = ['COMMENT', 'WITH']

function compareOptions(a: string, b: string): number {
  return rankOf(a) - rankOf(b) || (a < b ? -1 : a > b ? 1 : 0)
}

function rankOf(option: string): number {
  if (lastOptions.includes(option)) return 100 + lastOptions.indexOf(option)
  return firstOptions.includes(option) ? firstOptions.indexOf(option) : 50
}
