import { isSecretValue, secrecyOfOption } from '../secrets.ts'
import { endOfColumns, startOfPartitions } from './create-table.ts'
import { isToken, joinTokens, nameOf, quoteText, textOf, tokenize, type Token } from './lexer.ts'

/** A table's definition without what proves to another server who asks. */
export interface PublicTable {
  readonly sql: string
  /** Of what was taken out, the options of the table as they were, to be said in an ALTER TABLE; empty: nothing was. */
  readonly secretOptions: string
}

/**
 * Takes credentials out of a CREATE TABLE: `CONNECTION='scheme://user:password@host/…'` of FEDERATED and CONNECT,
 * `password "…"` in comments of SPIDER's tables and partitions, `password=…` in CONNECT's option lists, and what looks
 * like one in any other option. What is left is a definition of its own.
 */
export function withoutCredentials(statement: string): PublicTable {
  const tokens = tokenize(statement)
  const end = endOfColumns(tokens)
  const tail = tokens.slice(end)
  const partitions = startOfPartitions(tail)
  const shared = tail.map((token, index) => publicToken(token, optionOf(tail, index)))
  const changed = shared.flatMap((token, index) => (token === tail[index] ? [] : [index]))
  const options = changed
    .filter((index) => index < partitions)
    .map((index) => joinTokens(tail.slice(startOfOption(tail, index), index + 1)))
  const inPartitions = changed.some((index) => index >= partitions)
  const secret = [...options, ...(inPartitions ? [joinTokens(tail.slice(partitions)).trim()] : [])]
  return { sql: joinTokens([...tokens.slice(0, end), ...shared]), secretOptions: secret.join(' ') }
}

/** The place of an option's name, when the string at `index` is its value. */
function startOfOption(tokens: readonly Token[], index: number): number | undefined {
  const before = (from: number) => {
    let at = from - 1
    while (tokens[at]?.kind === 'space') at -= 1
    return at
  }
  const equals = before(index)
  return isToken(tokens[equals], '=') ? before(equals) : undefined
}

function optionOf(tokens: readonly Token[], index: number): string | undefined {
  const start = startOfOption(tokens, index)
  return start === undefined ? undefined : nameOf(tokens[start])?.toUpperCase()
}

function publicToken(token: Token, option: string | undefined): Token {
  if (token.kind !== 'string' || option === undefined) return token
  const text = textOf(token)
  const shared = publicValue(option, text)
  return shared === text ? token : { kind: 'string', text: quoteText(shared) }
}

function publicValue(option: string, text: string): string {
  // Other words about passwords are what people wrote for people.
  if (option === 'COMMENT')
    return withoutSpiderPasswords(text.replaceAll(/(\b\w+:\/\/[^\s:@/]*):\S*@/g, '$1@'))
  const shared = option === 'CONNECTION' ? withoutUrlPassword(text) : text
  const kept = withoutSecretPairs(shared, option === 'CONNECTION' ? ';' : ',')
  return isSecretValue(kept) || isSecretName(option) ? '' : kept
}

/** The server knows options of its own whose names only look like one. */
function isSecretName(option: string): boolean {
  return !option.startsWith('ENCRYPTION') && secrecyOfOption(option, 'x') !== 'none'
}

/** A password can hold an @: up to the last one. */
function withoutUrlPassword(text: string): string {
  return text.replace(/^(\w+:\/\/[^:@/]*):.*@/s, '$1@')
}

/** Up to the separator, which a value in `{…}`, `"…"` or `'…'` can hold. */
const pairs = {
  ',': /(?:[^,=]*=\s*(?:\{(?:[^}]|\}\})*\}|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))?[^,]*/sy,
  ';': /(?:[^;=]*=\s*(?:\{(?:[^}]|\}\})*\}|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))?[^;]*/sy,
}

/** `a=b,password=c` → `a=b`; nothing, when what is left may be a piece of a password. */
function withoutSecretPairs(text: string, separator: keyof typeof pairs): string {
  if (/^\s*[{[]/.test(text)) return text
  const all = splitPairs(text, separator)
  const kept = all.filter((pair) => {
    const [, name, value = ''] = namedPair.exec(pair) ?? []
    return name === undefined || secrecyOfOption(name, value) !== 'option'
  })
  if (kept.length === all.length) return text
  const isClear = kept.every((pair) => pair.trim() === '' || namedPair.test(pair))
  return isClear ? kept.join(separator) : ''
}

const namedPair = /^\s*(\w[\w .-]*?)\s*=(.*)$/s

function splitPairs(text: string, separator: keyof typeof pairs): readonly string[] {
  const found: string[] = []
  const pattern = pairs[separator]
  for (let at = 0; at <= text.length; at += 1) {
    pattern.lastIndex = at
    const [pair = ''] = pattern.exec(text) ?? []
    found.push(pair)
    at += pair.length
  }
  return found
}

const spiderPassword = /\bpassword\s*=?\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*(,\s*)?/gis

function withoutSpiderPasswords(text: string): string {
  const shared = text.replaceAll(spiderPassword, '')
  return shared === text ? text : shared.replace(/\s*,?\s*$/, '')
}
