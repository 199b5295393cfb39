import { depthChange, isToken, nameOf, textOf, tokenize, type Token } from '../lexer.ts'
import { accountName, type AccountName } from './account-name.ts'

/** One line of SHOW GRANTS that gives privileges or roles. */
export interface GrantLine {
  /** As written: `SELECT, UPDATE (``a``, ``b``)`; or the role. */
  readonly what: string
  /** `PROCEDURE`, `FUNCTION`, `PACKAGE`, …; absent for databases, tables and roles. */
  readonly objectType?: string
  /** Absent for roles. */
  readonly on?: { readonly database: string; readonly object: string }
  readonly withOption: boolean
  /** Of a role: its name as accounts have it. */
  readonly role?: string
}

/** Reads a line of SHOW GRANTS for an account: what it gives to nobody else; a line for several roles is several. */
export function readGrantLine(line: string, account: AccountName): readonly GrantLine[] {
  const tokens = wordsOf(line)
  const to = outermost(tokens, 'TO')
  const on = outermost(tokens.slice(0, Math.max(to, 0)), 'ON')
  if (!isToken(tokens[0], 'GRANT') || to < 0 || isToken(tokens[1], 'PROXY')) return []
  const rest = tokens.slice(to + 1)
  if (accountName(accountIn(rest)) !== accountName(account)) return []
  const withOption = hasOption(rest)
  const what = tokens.slice(1, on < 0 ? to : on)
  if (on < 0) {
    return rolesIn(what).map((role) => ({
      what: spell(role),
      role: accountName(accountIn(role)),
      withOption,
    }))
  }
  const target = tokens.slice(on + 1, to)
  const [database, dot, object] = target.slice(-3)
  if (database === undefined || dot?.text !== '.' || object === undefined) return []
  const objectType = target
    .slice(0, -3)
    .map(({ text }) => text)
    .join(' ')
  return [
    {
      what: spell(what),
      ...(objectType === '' || objectType === 'TABLE' ? {} : { objectType }),
      on: { database: nameOf(database) ?? '*', object: nameOf(object) ?? '*' },
      withOption,
    },
  ]
}

/** A line of SHOW GRANTS that lets the account log in as another one: that one as SQL. */
export function readProxyLine(line: string): string | undefined {
  const tokens = wordsOf(line)
  const to = outermost(tokens, 'TO')
  const isProxy = isToken(tokens[1], 'PROXY') && isToken(tokens[2], 'ON') && to > 3
  if (!isProxy) return undefined
  const { user, host = '' } = accountIn(tokens.slice(3, to))
  return `\`${user}\`@\`${host}\`${hasOption(tokens.slice(to)) ? ' WITH GRANT OPTION' : ''}`
}

/** A line of MySQL's SHOW GRANTS that takes away in one database what the account may do in all: what, and there. */
export function readRestriction(
  line: string,
): { readonly what: string; readonly database: string } | undefined {
  const tokens = wordsOf(line)
  const on = outermost(tokens, 'ON')
  const database = nameOf(tokens[on + 1])
  if (!isToken(tokens[0], 'REVOKE') || on < 0 || database === undefined) return undefined
  return { what: spell(tokens.slice(1, on)), database }
}

function wordsOf(line: string): readonly Token[] {
  return tokenize(line).filter(({ kind }) => kind !== 'space')
}

function hasOption(tokens: readonly Token[]): boolean {
  return tokens.some(
    (token, index) =>
      isToken(tokens[index + 1], 'OPTION') && (isToken(token, 'GRANT') || isToken(token, 'ADMIN')),
  )
}

/** `` `a`@`%`, `b`@`%` `` at its commas. */
function rolesIn(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const roles: Token[][] = [[]]
  for (const token of tokens) {
    if (isToken(token, ',')) roles.push([])
    else roles.at(-1)?.push(token)
  }
  return roles
}

function outermost(tokens: readonly Token[], word: string): number {
  let depth = 0
  return tokens.findIndex((token) => {
    depth += depthChange(token)
    return depth === 0 && isToken(token, word)
  })
}

/** The account at the beginning of some tokens; MariaDB writes a role's without a host. */
function accountIn([user, at, host]: readonly Token[]): AccountName {
  const name = plain(user)
  return at?.text === '@' && host !== undefined ? { user: name, host: plain(host) } : { user: name }
}

function plain(token: Token | undefined): string {
  if (token?.kind === 'string') return textOf(token)
  return nameOf(token) ?? ''
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
