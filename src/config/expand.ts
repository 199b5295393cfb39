import type { Environment } from '../model.ts'
import type { ValuePath, YamlFile } from './document.ts'
import type { Finding } from './finding.ts'
import { urlPaths } from './targets.ts'
import { expandUrlVariables, expandVariables } from './variables.ts'

/**
 * The data of a file with `${VARIABLE}` filled in in every text but `password_command`, whose variables are the
 * shell's. Circular aliases become null.
 */
export function expandData(
  yaml: YamlFile,
  environment: Environment,
): { data: unknown; findings: readonly Finding[] } {
  const findings: Finding[] = []
  const urls = new Set(urlPaths(yaml.data).map((path) => JSON.stringify(path)))
  const expandText = (text: string, path: ValuePath): string => {
    // `databases: {password_command: URL}` is a database of that name.
    if (path.at(-1) === 'password_command' && path.at(-2) !== 'databases') return text
    const isUrl = urls.has(JSON.stringify(path))
    const expanded = (isUrl ? expandUrlVariables : expandVariables)(text, environment)
    for (const problem of expanded.problems) {
      findings.push({ where: yaml.where(path), message: problemMessage(problem) })
    }
    return expanded.text
  }
  const expand = (value: unknown, path: ValuePath, around: readonly unknown[]): unknown => {
    if (typeof value === 'string') return expandText(value, path)
    if (!(value instanceof Object)) return value
    if (around.includes(value)) return null
    const inner = [...around, value]
    if (Array.isArray(value))
      return value.map((item, index) => expand(item, [...path, index], inner))
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, expand(item, [...path, key], inner)]),
    )
  }
  return { data: expand(yaml.data, [], []), findings }
}

function problemMessage(problem: string): string {
  return `expected variables that can be filled in, but ${problem}; a plain "\${" is written "$\${"`
}
