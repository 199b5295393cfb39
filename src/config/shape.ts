import { closest, distance } from 'fastest-levenshtein'
import type { z } from 'zod'
import type { ConfigWarning } from './config.ts'
import type { ValuePath, YamlFile } from './document.ts'
import { yamlExample, type Finding } from './finding.ts'
import { configurationSchema, jsonSchema, type JsonSchema, type Settings } from './schema.ts'

/** What validation says about the plain data of a configuration. */
export interface ShapeResult {
  /** Absent when there are findings. */
  readonly settings?: Settings
  readonly findings: readonly Finding[]
}

type Issue = z.core.$ZodIssue

/** Validates the data of a configuration file; every finding has its place and an example. */
export function checkShape(data: unknown, yaml: YamlFile): ShapeResult {
  const parsed = configurationSchema.safeParse(data)
  if (parsed.success) return { settings: parsed.data, findings: [] }
  const root = jsonSchema()
  const findings = parsed.error.issues.flatMap(branchIssues).map((issue) => {
    const example = exampleFor(root, issue.path)
    return {
      where: issue.code === 'invalid_key' ? yaml.whereKey(issue.path) : yaml.where(issue.path),
      message: `${subject(issue.path)}${expectation(issue, valueAt(data, issue.path))}`,
      ...(example === undefined ? {} : { write: example }),
    }
  })
  return { findings }
}

/** The issues of a union's branch that was meant: the one that accepts the value's type. */
function branchIssues(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const meant = issue.errors.find(
    (branch) => !branch.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
  )
  if (meant === undefined) return [issue]
  return meant.flatMap((inner) => branchIssues({ ...inner, path: [...issue.path, ...inner.path] }))
}

function subject(path: ValuePath): string {
  const keys = path.filter((segment) => typeof segment === 'string')
  if (keys.length === 0) return ''
  const index = path.at(-1)
  const entry = typeof index === 'number' ? `, entry ${index + 1}` : ''
  return `\`${keys.join('.')}\`${entry}: `
}

const typeNames: Readonly<Record<string, string>> = {
  array: 'a list ("- value" lines)',
  boolean: 'true or false',
  number: 'a number',
  object: 'a mapping ("key: value" lines)',
  record: 'a mapping ("key: value" lines)',
  string: 'a text',
}

const unionNames: Readonly<Record<string, string>> = {
  service_command: 'a text or a list of texts',
  definers: '`keep`, `strip` or a mapping from account to account',
}

const formatNames: Readonly<Record<string, string>> = {
  author: 'a name and an address, "Name <address>"',
  branch: 'the short name of a git branch',
  definers: '`keep`, `strip` or a mapping from account to account',
}

function expectation(issue: Issue, value: unknown): string {
  return `expected ${expected(issue)}, found ${found(issue, value)}`
}

function expected(issue: Issue): string {
  const key = String(issue.path.at(-1))
  if (String(issue.path.at(-2)) === 'definers') return 'an account, `user@host`'
  if (issue.code === 'invalid_value')
    return issue.values.map((each) => `\`${String(each)}\``).join(' or ')
  if (String(issue.path.at(-2)) === 'mask') return '`hash`, `null` or a text'
  if (issue.code === 'invalid_type') return typeNames[issue.expected] ?? issue.expected
  if (issue.code === 'invalid_union') return unionNames[key] ?? 'a URL, or a mapping with a `url`'
  if (issue.code === 'invalid_format')
    return formatNames[key] ?? 'a text without control characters'
  if (issue.code === 'invalid_key') return 'a name without control characters'
  if (issue.code === 'too_big') return `a number up to ${issue.maximum}`
  if (issue.code !== 'too_small') return issue.message
  return issue.origin === 'number' ? `a number from ${issue.minimum}` : 'something'
}

/** What stands there, without quoting it: it may be a secret. */
function found(issue: Issue, value: unknown): string {
  if (issue.code === 'invalid_format' || issue.code === 'invalid_key') return 'something else'
  if (value === null || value === undefined || value === '') return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'string') return issue.code === 'invalid_value' ? 'something else' : 'a text'
  if (typeof value === 'object') return 'a mapping'
  const isNumber = typeof value === 'number' || typeof value === 'bigint'
  if (isNumber && issue.code.startsWith('too_')) return 'another one'
  return `${isNumber ? 'a number' : 'true or false'} (quotes make it a text)`
}

function valueAt(data: unknown, path: ValuePath): unknown {
  return path.reduce<unknown>(
    (value, segment) =>
      value instanceof Object && Object.hasOwn(value, segment)
        ? (value as Record<PropertyKey, unknown>)[segment]
        : undefined,
    data,
  )
}

/** The example of the nearest described key on the path. */
function exampleFor(root: JsonSchema, path: ValuePath): string | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const key = path[length - 1]
    if (typeof key !== 'string') continue
    const example = describedAt(root, path.slice(0, length)).find((node) => node.examples?.length)
    if (example !== undefined) return yamlExample(key, example.examples?.[0])
  }
  return path.length === 0 ? yamlExample('global', ['countries']) : undefined
}

/** What describes the value at a path; several nodes where there are alternatives. */
function describedAt(root: JsonSchema, path: ValuePath): JsonSchema[] {
  return path.reduce<JsonSchema[]>(
    (nodes, segment) => nodes.flatMap((node) => childrenOf(node, segment)),
    [root],
  )
}

function alternatives(node: JsonSchema): JsonSchema[] {
  return [node, ...(node.anyOf ?? []).flatMap(alternatives)]
}

function childrenOf(node: JsonSchema, segment: PropertyKey): JsonSchema[] {
  return alternatives(node).flatMap((one) => {
    if (typeof segment === 'number') return one.items === undefined ? [] : [one.items]
    const known = one.properties?.[String(segment)]
    if (known !== undefined) return [known]
    return typeof one.additionalProperties === 'object' ? [one.additionalProperties] : []
  })
}

/** Keys that nothing reads, in the order of the file. */
export function unknownKeys(data: unknown, yaml: YamlFile): ConfigWarning[] {
  return unknownKeysBelow(data, jsonSchema(), [], yaml)
}

function unknownKeysBelow(
  value: unknown,
  described: JsonSchema,
  path: ValuePath,
  yaml: YamlFile,
): ConfigWarning[] {
  if (!(value instanceof Object) || Array.isArray(value)) return []
  const properties = Object.assign(
    {},
    ...alternatives(described).map((node) => node.properties),
  ) as Readonly<Record<string, JsonSchema>>
  const rest = alternatives(described).find(isRecord)?.additionalProperties
  return Object.entries(value).flatMap(([key, inner]) => {
    const place = [...path, key]
    const known = Object.hasOwn(properties, key) ? properties[key] : rest
    return typeof known === 'object'
      ? unknownKeysBelow(inner, known, place, yaml)
      : [unknownKey(key, Object.keys(properties), yaml.whereKey(place))]
  })
}

function isRecord(node: JsonSchema): boolean {
  return node.properties === undefined && typeof node.additionalProperties === 'object'
}

function unknownKey(key: string, known: readonly string[], where: string): ConfigWarning {
  const folded = key.toLowerCase().replaceAll('-', '_')
  const nearest = known.length === 0 ? undefined : closest(folded, [...known])
  const near = nearest !== undefined && distance(folded, nearest) <= Math.max(1, key.length / 3)
  return {
    code: 'unknown-key',
    where,
    message: `The key \`${key}\` means nothing here and is ignored.`,
    next: near
      ? `Did you mean \`${nearest}\`?`
      : 'Remove it, or leave it to whatever else reads this file.',
  }
}
