import type { Environment } from '../model.ts'
import type { ValuePath, YamlFile } from './document.ts'
import { exampleUrl, yamlExample, type Finding } from './finding.ts'

export type Mapping = Readonly<Record<string, unknown>>

/** A database as the file or the environment names it, before its URL is understood. */
export interface Target {
  /** `file:line:column` of its URL, or the environment variable. */
  readonly where: string
  /** The way to its settings in the file; empty for one from the environment. */
  readonly path: ValuePath
  readonly url: string
  /** Its key in `databases`. */
  readonly key?: string
  readonly settings: Mapping
}

/** The environment variables that name the database when the file does not, in order. */
export const urlVariables: readonly string[] = ['SCHEMA_BACKUP_DATABASE', 'DATABASE_URL']

/** The databases that a configuration names; at least one, or findings. */
export function findTargets(
  top: Mapping,
  yaml: YamlFile,
  environment: Environment,
): { targets: readonly Target[]; findings: readonly Finding[] } {
  const one = top['database'] ?? undefined
  const many = top['databases'] ?? undefined
  if (one !== undefined && many !== undefined) {
    const message = 'expected either `database` or `databases`, found both'
    return { targets: [], findings: [{ where: yaml.whereKey(['databases']), message }] }
  }
  if (one !== undefined) return { targets: targetsAt(['database'], one, yaml), findings: [] }
  if (many !== undefined) return severalTargets(many, yaml)
  const target = targetFromEnvironment(environment)
  return target === undefined
    ? { targets: [], findings: [noDatabase(yaml.where([]))] }
    : { targets: [target], findings: [] }
}

function severalTargets(many: unknown, yaml: YamlFile) {
  const named = isMapping(many) ? Object.entries(many) : []
  const targets = named.flatMap(([key, value]) =>
    targetsAt(['databases', key], value, yaml).map((target) => ({ ...target, key })),
  )
  const isEmpty = isMapping(many) && named.length === 0
  return { targets, findings: isEmpty ? [noDatabase(yaml.where(['databases']))] : [] }
}

function targetsAt(path: ValuePath, value: unknown, yaml: YamlFile): Target[] {
  if (typeof value === 'string' && value !== '') {
    return [{ where: yaml.where(path), path, url: value, settings: {} }]
  }
  const url = isMapping(value) ? value['url'] : undefined
  if (!isMapping(value) || typeof url !== 'string' || url === '') return []
  return [{ where: yaml.where([...path, 'url']), path, url, settings: value }]
}

function targetFromEnvironment(environment: Environment): Target | undefined {
  const variable = urlVariables.find((name) => (environment[name] ?? '') !== '')
  if (variable === undefined) return undefined
  const where = `environment variable ${variable}`
  return { where, path: [], url: environment[variable] ?? '', settings: {} }
}

function noDatabase(where: string): Finding {
  const variables = urlVariables.map((name) => `\`${name}\``).join(' and ')
  return {
    where,
    message: `expected a \`database\`, found none, and the environment variables ${variables} are not set`,
    write: yamlExample('database', exampleUrl),
  }
}

/** The ways to the URLs of a configuration's data. */
export function urlPaths(data: unknown): ValuePath[] {
  if (!isMapping(data)) return []
  const many = isMapping(data['databases']) ? Object.keys(data['databases']) : []
  const places: ValuePath[] = [['database'], ...many.map((key) => ['databases', key])]
  return [
    ...places.flatMap((path) => [
      path,
      [...path, 'url'],
      [...path, 'verify', 'url'],
      [...path, 'restore', 'url'],
    ]),
    ['verify', 'url'],
    ['restore', 'url'],
  ]
}

export function isMapping(value: unknown): value is Mapping {
  return value instanceof Object && !Array.isArray(value)
}

/** The texts of a list; nothing of anything else. */
export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
