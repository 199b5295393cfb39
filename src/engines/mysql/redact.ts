import { isToken, joinTokens, tokenize } from './lexer.ts'

/**
 * Takes passwords out of a table definition: `CONNECTION='scheme://user:password@host/…'` of FEDERATED and
 * CONNECT, `password "…"` in SPIDER's comments, `password=` in CONNECT's option lists.
 */
export function withoutCredentials(statement: string): { sql: string; redacted: boolean } {
  const tokens = tokenize(statement)
  const redacted = tokens.map((token, index) => {
    if (token.kind !== 'string' || !isToken(tokens[index - 1], '=')) {
      const comment = isToken(tokens[index - 2], 'COMMENT')
      return token.kind === 'string' && comment
        ? { ...token, text: withoutPassword(token.text) }
        : token
    }
    return { ...token, text: withoutPassword(token.text) }
  })
  const sql = joinTokens(redacted)
  return { sql, redacted: sql !== statement }
}

function withoutPassword(literal: string): string {
  return literal
    .replace(/(\w:\/\/[^:@/]*):[^@]*@/, '$1:<removed>@')
    .replaceAll(
      /\b(password\s*=?\s*)("(?:[^"\\]|\\.)*"|\\'(?:[^'\\]|\\[^'])*\\'|''[^']*'')/gi,
      '$1"<removed>"',
    )
    .replaceAll(/\b(password=)[^,"'\s]+/gi, '$1<removed>')
}
