import {
  depthChange,
  isToken,
  joinTokens,
  nameOf,
  quoteName,
  tokenize,
  type Token,
} from '../lexer.ts'

/** An account or a role of the server. */
export interface Account {
  readonly user: string
  readonly host: string
  /** Made by CREATE ROLE. */
  readonly isRole: boolean
}

/** `` `app`@`%` ``, or `` `reader` `` for a role without a host. */
export function accountSql({ user, host }: Pick<Account, 'user' | 'host'>): string {
  if (host !== '') return `${quoteName(user)}@${quoteName(host)}`
  return user === everybody ? everybody : quoteName(user)
}

/** Who has what everybody has; a keyword, and the name under which the server keeps it. */
export const everybody = 'PUBLIC'

/** `app@%`, or `reader`. */
export function accountName({ user, host }: Pick<Account, 'user' | 'host'>): string {
  return host === '' ? user : `${user}@${host}`
}

/** How an account is made, without what logs in by it, and the statement that sets that. */
export interface AccountText {
  readonly sql: string
  readonly secret?: string
}

const standardClauses = new Set([
  'REQUIRE NONE',
  'PASSWORD EXPIRE DEFAULT',
  'ACCOUNT UNLOCK',
  'PASSWORD HISTORY DEFAULT',
  'PASSWORD REUSE INTERVAL DEFAULT',
  'PASSWORD REQUIRE CURRENT DEFAULT',
])

const lockedNote =
  '-- What logs in by it stands in the private directory; until that is set, the account is locked.\n'

/**
 * Takes a SHOW CREATE USER text apart: the statement without hashes, locked where there was one, an option a line, those
 * that every account has left out; and the one that sets the hashes. The default roles stand elsewhere.
 */
export function readCreateUser(text: string, account: Account): AccountText {
  const name = accountSql(account)
  const clauses = clausesOf(text)
  const identified = clauses.find((clause) => isToken(clause[0], 'IDENTIFIED'))
  const options = clauses
    .filter((clause) => clause !== identified && !isToken(clause[0], 'DEFAULT'))
    .map(joinTokens)
    .filter((clause) => !standardClauses.has(clause))
  const plain = identified === undefined ? [] : [withoutHashes(identified)]
  const isSecret = identified !== undefined && joinTokens(identified) !== plain[0]
  if (!isSecret) return { sql: createUser(name, [...plain, ...options]) }
  const lock = 'ACCOUNT LOCK'
  const isLocked = options.includes(lock)
  const locked = isLocked ? options : [...options, lock]
  const note = isLocked ? '' : lockedNote
  return {
    sql: note + createUser(name, [...plain, ...locked]),
    secret: `ALTER USER ${name} ${joinTokens(identified)} ${isLocked ? lock : 'ACCOUNT UNLOCK'};\n`,
  }
}

function createUser(name: string, clauses: readonly string[]): string {
  return `${[`CREATE USER ${name}`, ...clauses].join('\n  ')};\n`
}

const clauseWords = [
  'IDENTIFIED',
  'REQUIRE',
  'WITH',
  'PASSWORD',
  'ACCOUNT',
  'DEFAULT',
  'ATTRIBUTE',
  'COMMENT',
  'FAILED_LOGIN_ATTEMPTS',
  'PASSWORD_LOCK_TIME',
]
/** What stands before one of these words when it begins no clause. */
const joiningWords = [
  'IDENTIFIED',
  'BY',
  'PASSWORD',
  'AND',
  'EXPIRE',
  'HISTORY',
  'INTERVAL',
  'CURRENT',
]

function clausesOf(text: string): readonly (readonly Token[])[] {
  const clauses: Token[][] = []
  let before: Token | undefined
  for (const token of tokenize(text)) {
    const begins = clauseWords.some((word) => isToken(token, word))
    const joins = joiningWords.some((word) => isToken(before, word))
    if (begins && !joins) clauses.push([])
    clauses.at(-1)?.push(token)
    if (token.kind !== 'space') before = token
  }
  return clauses.map(withoutLastSpace)
}

function withoutLastSpace(tokens: readonly Token[]): readonly Token[] {
  return tokens.at(-1)?.kind === 'space' ? tokens.slice(0, -1) : tokens
}

/** `BY PASSWORD '…'`, `USING '…'` and `AS 0x…` go; MariaDB's old word for its old plugin becomes the plugin's name. */
function withoutHashes(clause: readonly Token[]): string {
  const words = clause.filter(({ kind }) => kind !== 'space')
  const kept = words.filter((token, index) => {
    const isIntroduced = ['USING', 'AS'].some((word) => isToken(words[index - 1], word))
    const introduces = ['USING', 'AS'].some((word) => isToken(token, word))
    return !isIntroduced && !introduces
  })
  const text = kept.map(({ text: word }) => word).join(' ')
  return text.replace(/\bBY PASSWORD '[^']*'/i, 'VIA mysql_native_password')
}

/** One line of SHOW GRANTS that gives privileges or a role. */
export interface GrantLine {
  /** As written: `SELECT, UPDATE (``a``, ``b``)`; or the role. */
  readonly what: string
  /** `PROCEDURE`, `FUNCTION`, `PACKAGE`, …; absent for databases, tables and roles. */
  readonly objectType?: string
  /** Absent for roles. */
  readonly on?: { readonly database: string; readonly object: string }
  readonly withOption: boolean
}

/** Reads a line of SHOW GRANTS for an account; undefined for what is none of its own, or no grant of privileges or a role. */
export function readGrantLine(line: string, account: Account): GrantLine | undefined {
  const tokens = tokenize(line).filter(({ kind }) => kind !== 'space')
  const to = outermost(tokens, 'TO')
  const on = outermost(tokens.slice(0, Math.max(to, 0)), 'ON')
  if (!isToken(tokens[0], 'GRANT') || to < 0 || isToken(tokens[1], 'PROXY')) return undefined
  if (granteeOf(tokens.slice(to + 1)) !== accountName(account)) return undefined
  const rest = tokens.slice(to + 1)
  const withOption = rest.some(
    (token, index) =>
      isToken(rest[index + 1], 'OPTION') && (isToken(token, 'GRANT') || isToken(token, 'ADMIN')),
  )
  const what = spell(tokens.slice(1, on < 0 ? to : on))
  if (on < 0) return { what, withOption }
  const target = tokens.slice(on + 1, to)
  const [database, dot, object] = target.slice(-3)
  if (database === undefined || dot?.text !== '.' || object === undefined) return undefined
  const objectType = target
    .slice(0, -3)
    .map(({ text }) => text)
    .join(' ')
  return {
    what,
    ...(objectType === '' || objectType === 'TABLE' ? {} : { objectType }),
    on: { database: nameOf(database) ?? '*', object: nameOf(object) ?? '*' },
    withOption,
  }
}

function outermost(tokens: readonly Token[], word: string): number {
  let depth = 0
  return tokens.findIndex((token) => {
    depth += depthChange(token)
    return depth === 0 && isToken(token, word)
  })
}

function granteeOf(tokens: readonly Token[]): string {
  const [user, at, host] = tokens
  const name = textOf(user)
  return at?.text === '@' && textOf(host) !== '' ? `${name}@${textOf(host)}` : name
}

function textOf(token: Token | undefined): string {
  const name = nameOf(token)
  return name ?? token?.text.replaceAll(/^'|'$/g, '') ?? ''
}

/** Privileges in the server's order, the columns of each sorted. */
function spell(tokens: readonly Token[]): string {
  let text = ''
  let columns: string[] | undefined
  for (const token of tokens) {
    if (token.text === '(') columns = []
    else if (token.text === ')') {
      text += ` (${(columns ?? []).toSorted().join(', ')})`
      columns = undefined
    } else if (columns !== undefined) {
      if (token.text !== ',') columns.push(token.text)
    } else if (token.text === ',') text += ', '
    else text += (text === '' || /[ @]$/.test(text) || token.text === '@' ? '' : ' ') + token.text
  }
  return text
}
