import { isToken, joinTokens, tokenize, type Token } from '../lexer.ts'
import { accountSql, type AccountName } from './account-name.ts'

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
export function readCreateUser(text: string, account: AccountName): AccountText {
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
  const isLocked = options.includes(lock)
  const note = isLocked ? '' : lockedNote
  // A password that is set is not expired any more.
  const expired = options.filter((option) => option === 'PASSWORD EXPIRE')
  const after = [isLocked ? lock : 'ACCOUNT UNLOCK', ...expired].join(' ')
  return {
    sql: note + createUser(name, [...plain, ...(isLocked ? options : withLock(options))]),
    secret: setsHashes(name, identified, after),
  }
}

const lock = 'ACCOUNT LOCK'

/** MySQL wants comments and attributes to be last. */
function withLock(options: readonly string[]): readonly string[] {
  const isLast = (option: string) => /^(?:COMMENT|ATTRIBUTE)\b/.test(option)
  return [...options.filter((option) => !isLast(option)), lock, ...options.filter(isLast)]
}

/** MySQL changes the second and the third way by which an account logs in, each on its own, before the first. */
function setsHashes(name: string, identified: readonly Token[], after: string): string {
  const [first = [], ...others] = waysIn(identified)
  const factors = others.map(
    (way, index) => `ALTER USER ${name} MODIFY ${index + 2} FACTOR ${joinTokens(way)};\n`,
  )
  return `${factors.join('')}ALTER USER ${name} ${joinTokens(first)} ${after};\n`
}

/** `IDENTIFIED … AND IDENTIFIED …` at its AND. */
function waysIn(identified: readonly Token[]): readonly (readonly Token[])[] {
  const ways: Token[][] = []
  for (const token of identified) {
    if (isToken(token, 'IDENTIFIED')) ways.push([])
    if (!isToken(token, 'AND')) ways.at(-1)?.push(token)
  }
  return ways.map(withoutLastSpace)
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
const joiningWords: Readonly<Record<string, readonly string[]>> = {
  WITH: ['IDENTIFIED'],
  PASSWORD: ['BY'],
  REQUIRE: ['PASSWORD'],
  IDENTIFIED: ['AND'],
  DEFAULT: ['EXPIRE', 'HISTORY', 'INTERVAL', 'CURRENT'],
}

function clausesOf(text: string): readonly (readonly Token[])[] {
  const clauses: Token[][] = []
  let before: Token | undefined
  for (const token of tokenize(text)) {
    const word = clauseWords.find((each) => isToken(token, each))
    const joins = joiningWords[word ?? '']?.some((each) => isToken(before, each)) === true
    if (word !== undefined && !joins) clauses.push([])
    clauses.at(-1)?.push(token)
    if (token.kind !== 'space') before = token
  }
  return clauses.map(withoutLastSpace)
}

function withoutLastSpace(tokens: readonly Token[]): readonly Token[] {
  const end = tokens.findLastIndex(({ kind }) => kind !== 'space')
  return tokens.slice(0, end + 1)
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
