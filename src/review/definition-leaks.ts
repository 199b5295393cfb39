import { columnsOf } from './columns.ts'
import type { KnownSecrets } from './known-secrets.ts'
import { assignedSecrets } from './named-secrets.ts'
import { isChosenBeside, nameRule } from './secret-names.ts'
import { cardNumbers, secretValues, type SecretMatch } from './secret-values.ts'

/** The definition of an object → literals in it that look like secrets. Knows no engine and no path. */

/** One kind of secret in a definition. */
export interface DefinitionLeak extends SecretMatch {
  /** Whose default it is. */
  readonly column?: string
}

const defaultLiteral = /\bdefault\s*\(?\s*(?:_\w+\s*|[EN])?'((?:[^']|'')+)'/i

/** Searches a definition; of each column and rule the first literal is told. */
export async function definitionLeaks(
  sql: string,
  knownSecrets: KnownSecrets,
): Promise<readonly DefinitionLeak[]> {
  const { right, wrong } = cardNumbers(sql)
  const [card] = right
  const found: readonly DefinitionLeak[] = [
    ...defaultLeaks(sql),
    ...secretValues(sql),
    ...(await knownSecrets(sql)),
    ...(card !== undefined && right.length > wrong ? [{ rule: 'card-number', value: card }] : []),
    ...assignedSecrets(sql),
  ]
  const first = new Map<string, DefinitionLeak>()
  for (const leak of found) {
    const key = JSON.stringify([leak.rule, leak.column])
    if (!first.has(key)) first.set(key, leak)
  }
  return [...first.values()]
}

function defaultLeaks(sql: string): readonly DefinitionLeak[] {
  return [...(columnsOf(sql) ?? [])].flatMap(([column, definition]) => {
    const value = defaultLiteral.exec(definition)?.[1]
    const rule = nameRule(column)
    if (value === undefined || rule === undefined || !isChosenBeside(rule, value)) return []
    return [{ rule: rule.rule, value, column }]
  })
}
