import { isChosenBeside, nameRule } from './secret-names.ts'
import type { SecretMatch } from './secret-values.ts'

/** Texts in which a name and a value stand side by side → values whose names say that they are secrets. Pure. */

/** `name = 'literal'`, `"name": "literal"`, `name text DEFAULT 'literal'`, `name => 'literal'`. */
const assignment =
  /\b(?<name>[A-Za-z_][\w$-]{2,80})["'`\]]{0,2}(?:\s*(?::=|=>|=|:(?!:))|\s[\w ]{0,40}(?:\([\d, ]{1,12}\))?\s*\bDEFAULT\b)\s*(?:_\w{2,12}|[EN])?(?:'(?<single>(?:[^'\\\n]|''|\\.){3,1000})'|"(?<double>[^"\n]{3,1000})")/gi

/** `"smtp_password": "value"`, the quotes escaped or not. */
const member =
  /"(?<name>[\w.-]{0,60}(?:passw|passphrase|pwd|secret|token|credential|kennwort|key)[\w.-]{0,20})\\?"\s{0,9}:\s{0,9}\\?"(?<value>(?:[^"\\\n]|\\[^"]){3,1000})\\?"/gi

/** The first literal that is set, compared or passed under a name that says what it is. */
export function assignedSecrets(sql: string): readonly SecretMatch[] {
  for (const { groups } of sql.matchAll(assignment)) {
    const [single, double] = [groups?.['single'], groups?.['double']]
    const value = single ?? double ?? ''
    // In double quotes there are names, too.
    if (single === undefined && !/\d/.test(value)) continue
    if (isNamed(groups?.['name'], value)) return [{ rule: 'secret-literal', value }]
  }
  return []
}

/** The first member of a JSON object whose name says what it is. */
export function memberSecrets(text: string): readonly SecretMatch[] {
  if (!text.includes('"')) return []
  for (const { groups } of text.matchAll(member)) {
    const value = groups?.['value'] ?? ''
    if (isNamed(groups?.['name'], value)) return [{ rule: 'secret-setting', value }]
  }
  return []
}

function isNamed(name: string | undefined, value: string): boolean {
  const rule = nameRule(name ?? '')
  return rule !== undefined && isChosenBeside(rule, value)
}
