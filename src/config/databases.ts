import {
  listNames,
  literalOverlaps,
  type CategoryEntry,
  type CategoryProblem,
} from './categories.ts'
import type { ConfigWarning, DatabaseConfig } from './config.ts'
import type { ValuePath, YamlFile } from './document.ts'
import { exampleUrl, yamlExample, type Finding } from './finding.ts'
import { configuredPassword, type PasswordRequest } from './secret.ts'
import { findTargets, isMapping, textsOf, type Mapping, type Target } from './targets.ts'
import { readLeakGuard } from './leak-guard.ts'
import { maskFindings, readMasks } from './mask.ts'
import { readRestore } from './restore.ts'
import { readShrinkGuard } from './shrink-guard.ts'
import { definerChains, readTextPolicies } from './text-policies.ts'
import { readVerify } from './verify.ts'
import { readDatabaseUrl, type DatabaseUrl, type PathBase, type UrlSchemes } from './url.ts'

/** What the databases of a file are read with. */
export interface DatabasesRequest {
  readonly yaml: YamlFile
  /** The data with its variables filled in, whatever its shape. */
  readonly data: unknown
  readonly schemes: UrlSchemes
  readonly base: PathBase
  /** Every secret that becomes known is added. */
  readonly secrets: Set<string>
}

/** The databases that could be read, and what is wrong with them and the others. */
export interface DatabasesResult {
  readonly databases: readonly DatabaseConfig[]
  readonly findings: readonly Finding[]
  readonly warnings: readonly ConfigWarning[]
}

/**
 * Understands the databases of a configuration. Values of a wrong shape are passed over: validation names them, and
 * so everything that is wrong is told at once.
 */
export function readDatabases(request: DatabasesRequest): DatabasesResult {
  const top = isMapping(request.data) ? request.data : {}
  const { targets, findings } = findTargets(top, request.yaml, request.base.environment)
  const results = targets.map((target) => readTarget(target, top, request))
  const databases = results.flatMap(({ database }) => database ?? [])
  const owners = [{ path: [], settings: top }, ...targets.filter(({ path }) => path.length > 0)]
  const overlaps = owners.map(({ path, settings }) =>
    literalOverlaps(entriesOf(settings, path, request.yaml)),
  )
  return {
    databases,
    findings: [
      ...findings,
      ...results.flatMap((result) => result.findings),
      ...overlaps.flatMap(({ errors }) => errors.map(overlapFinding)),
      ...owners.flatMap(({ path, settings }) => definerChains(settings, path, request.yaml)),
      ...owners.flatMap((owner) => maskFindings(owner, top, request.yaml)),
    ],
    warnings: overlaps.flatMap(({ warnings }) => warnings),
  }
}

interface TargetResult {
  readonly database?: DatabaseConfig
  readonly findings: readonly Finding[]
}

function readTarget(target: Target, top: Mapping, request: DatabasesRequest): TargetResult {
  const { where, settings } = target
  const url = readDatabaseUrl(target.url, request.schemes, request.base)
  if ('problem' in url) {
    const message = `the database URL can't be used: ${url.problem}`
    return { findings: [{ where, message, write: yamlExample('database', exampleUrl) }] }
  }
  const passwords = passwordsOf(url, settings)
  const { verify, findings: verifyFindings } = readVerify({
    ...request,
    own: settings['verify'],
    top: top['verify'],
    where,
  })
  const { restore, findings: restoreFindings } = readRestore({
    ...request,
    own: settings['restore'],
    top: top['restore'],
    where,
  })
  const findings = [
    ...(passwords.length > 1 ? [manyPasswords(where, passwords)] : []),
    ...verifyFindings,
    ...restoreFindings,
  ]
  const name = target.key ?? textOf(settings['name']) ?? url.name
  if (name === undefined || /\p{Cc}/u.test(name)) return { findings: [...findings, noName(where)] }
  const database = {
    name,
    url: url.url,
    ...readPassword(url, settings, request),
    categories: listsOf(target, top, request.yaml),
    pause: textsOf(settings['pause'] ?? top['pause']),
    resume: textsOf(settings['resume'] ?? top['resume']),
    verify,
    restore,
    texts: readTextPolicies(settings, top),
    ...readMasks(target, top, request.yaml),
    ...readShrinkGuard(settings['shrink_guard'], top['shrink_guard']),
    ...readLeakGuard(settings['leak_guard'], top['leak_guard']),
  }
  return { database, findings }
}

function noName(where: string): Finding {
  return {
    where,
    message:
      "expected a `name` for the database's directory, because the URL ends with none that can be used",
    write: yamlExample('database', { url: exampleUrl, name: 'shop' }),
  }
}

function passwordsOf(url: DatabaseUrl, settings: Mapping): string[] {
  const keys = ['password_file', 'password_command'].filter((key) => textOf(settings[key]))
  return [...(url.password === undefined ? [] : ['the URL']), ...keys.map((key) => `\`${key}\``)]
}

function manyPasswords(where: string, found: readonly string[]): Finding {
  return { where, message: `expected one password, found ${found.join(' and ')}` }
}

function readPassword(
  url: DatabaseUrl,
  settings: Mapping,
  { base, secrets }: DatabasesRequest,
): { password?: () => Promise<string> } {
  for (const secret of [url.password ?? '', ...url.secrets]) secrets.add(secret)
  const request: PasswordRequest = {
    literal: url.password,
    file: textOf(settings['password_file']),
    command: textOf(settings['password_command']),
    base,
  }
  const fetch = configuredPassword(request)
  if (fetch === undefined) return {}
  const password = async () => {
    const fetched = await fetch()
    secrets.add(fetched)
    return fetched
  }
  return { password }
}

/** The database's own lists; those of the top level when it has none of its own. */
function listsOf(target: Target, top: Mapping, yaml: YamlFile): CategoryEntry[] {
  const hasOwn = listNames.some((list) => Object.hasOwn(target.settings, list))
  return hasOwn ? entriesOf(target.settings, target.path, yaml) : entriesOf(top, [], yaml)
}

function entriesOf(owner: Mapping, path: ValuePath, yaml: YamlFile): CategoryEntry[] {
  return listNames.flatMap((list) => {
    const items: unknown = owner[list]
    if (!Array.isArray(items)) return []
    return items.flatMap((text: unknown, index) =>
      typeof text === 'string' ? [{ list, text, where: yaml.where([...path, list, index]) }] : [],
    )
  })
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function overlapFinding(problem: CategoryProblem): Finding {
  return {
    where: problem.where,
    message: problem.message.replace(/\.$/, '; leave it in one of them'),
  }
}
