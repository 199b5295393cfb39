import type { TextPolicies } from '../../../model.ts'
import { isToken, joinTokens, nameOf, tokenAt, type Token } from '../lexer.ts'
import { accountNamed } from './account-name.ts'

/** Definitions as the server shows them. */
export const asShown: TextPolicies = { definers: 'keep', partitions: 'keep', eventStarts: 'keep' }

/** What follows the definer in a CREATE statement. */
const kinds = ['VIEW', 'TRIGGER', 'EVENT', 'PROCEDURE', 'FUNCTION', 'PACKAGE', 'AGGREGATE', 'SQL']

/** The CREATE statement of a view or program with the definer that the policy wants: without one, who makes it becomes that. */
export function withDefiner(statement: string, { definers }: TextPolicies): string {
  if (definers === 'keep') return statement
  const { head, rest } = headOf(statement, kinds)
  const start = head.findIndex((token) => isToken(token, 'DEFINER'))
  const user = head.findIndex((token, index) => index > start && isQuoted(token))
  if (start < 0 || user < 0) return statement
  // A role has no host.
  const last = isToken(head[user + 1], '@') ? user + 2 : user
  const host = last === user ? '' : (nameOf(head[last]) ?? '')
  const account = definers === 'strip' ? '' : definers.get(`${nameOf(head[user]) ?? ''}@${host}`)
  if (account === undefined) return statement
  const own = account === '' ? '' : definerClause(account, head[user]?.text.charAt(0) ?? '`')
  const after = head.slice(head[last + 1]?.kind === 'space' ? last + 2 : last + 1)
  return joinTokens(head.slice(0, start)) + own + joinTokens(after) + rest
}

/** In the quotes of the program's own sql_mode, as the server would show it. */
function definerClause(account: string, quote: string): string {
  const { user, host = '' } = accountNamed(account, false)
  const names = [user, host].map((name) => quote + name.replaceAll(quote, quote + quote) + quote)
  return `DEFINER=${names.join('@')} `
}

function isQuoted({ kind }: Token): boolean {
  return kind === 'name' || kind === 'string'
}

/**
 * The CREATE EVENT statement without STARTS: where nobody says it, servers set it to the time of creation. It stays with an
 * ENDS, since no server makes an event that ends before it begins.
 */
export function withStarts(statement: string, { eventStarts }: TextPolicies): string {
  if (eventStarts === 'keep') return statement
  const { head, rest } = headOf(statement, ['COMPLETION', 'DO'])
  const start = head.findIndex((token) => isToken(token, 'STARTS'))
  if (start < 0 || head.some((token) => isToken(token, 'ENDS'))) return statement
  const end = head.findIndex(({ kind }, index) => index > start && kind === 'string')
  const after = head.slice(head[end + 1]?.kind === 'space' ? end + 2 : end + 1)
  return joinTokens(head.slice(0, start)) + joinTokens(after) + rest
}

/** The tokens of a statement before the first of these words, and the text from there on. */
function headOf(
  statement: string,
  words: readonly string[],
): { readonly head: readonly Token[]; readonly rest: string } {
  const head: Token[] = []
  let position = 0
  while (position < statement.length) {
    const token = tokenAt(statement, position)
    if (words.some((word) => isToken(token, word))) break
    head.push(token)
    position += token.text.length
  }
  return { head, rest: statement.slice(position) }
}
