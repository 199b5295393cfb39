import { depthChange, isToken, nameOf, tokenize, type Token } from '../lexer.ts'

/** Their DEFAULT NULL is never written by MySQL. */
const typesWithoutDefault = /^(?:tiny|medium|long)?(?:text|blob)$/i

/**
 * Columns of a SHOW CREATE TABLE text that may be NULL and have no default, not even NULL: a row must name them. No server
 * takes that from its own text: a column without DEFAULT gets DEFAULT NULL.
 */
export function columnsWithoutDefault(statement: string): readonly string[] {
  return partsOf(tokenize(statement)).flatMap((part) => {
    const [first, ...words] = part.filter(({ kind }) => kind !== 'space')
    if (first?.kind !== 'name' || typesWithoutDefault.test(words[0]?.text ?? '')) return []
    const says = (word: string) => words.some((token) => isToken(token, word))
    const isNotNull = words.some(
      (token, at) => isToken(token, 'NOT') && isToken(words[at + 1], 'NULL'),
    )
    const isFree = !isNotNull && !says('DEFAULT') && !says('GENERATED') && !says('AUTO_INCREMENT')
    return isFree ? [nameOf(first) ?? ''] : []
  })
}

/** What stands between the outer commas of the first brackets: columns begin with a name, keys with a word. */
function partsOf(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const parts: Token[][] = []
  let depth = 0
  for (const token of tokens) {
    const change = depthChange(token)
    depth += change
    if (change < 0 && depth === 0) return parts
    const begins = depth === 1 && (change > 0 ? parts.length === 0 : isToken(token, ','))
    if (begins) parts.push([])
    else parts.at(-1)?.push(token)
  }
  return parts
}
