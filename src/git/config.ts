import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import picomatch from 'picomatch'
import type { Environment } from '../model.ts'
import { ifPresent } from './failures.ts'

/** Lower-case `section.key` or `section.Sub section.key` → its values, the one that counts last. */
export type GitConfig = Map<string, string[]>

/** The value that counts of a key such as `core.bare`; a key without `=` is `true`. */
export function configValue(config: GitConfig, key: string): string | undefined {
  return config.get(key)?.at(-1)
}

/** A boolean of git: yes, on, true and numbers other than 0; undefined when the key is not there. */
export function configFlag(config: GitConfig, key: string): boolean | undefined {
  const value = configValue(config, key)?.toLowerCase()
  if (value === undefined) return undefined
  return /^(true|yes|on|[1-9]\d*)$/.test(value)
}

/** Reads one file of git's configuration, without its includes; a missing file is empty. */
export async function readConfigFile(path: string): Promise<GitConfig> {
  const config: GitConfig = new Map()
  for (const [key, value] of parseConfig((await ifPresent(readFile(path, 'utf8'))) ?? '')) {
    config.set(key, [...(config.get(key) ?? []), value])
  }
  return config
}

/** The files that git reads for a repository, the weakest first. */
export function configFiles(
  environment: Environment,
  repository: { gitDirectory: string; commonDirectory: string },
): readonly string[] {
  const home = environment['HOME']
  const xdg =
    environment['XDG_CONFIG_HOME'] ?? (home === undefined ? undefined : join(home, '.config'))
  const system = environment['GIT_CONFIG_SYSTEM'] ?? '/etc/gitconfig'
  const global = environment['GIT_CONFIG_GLOBAL']
  const ofUser = [xdg && join(xdg, 'git/config'), home && join(home, '.gitconfig')]
  return [
    ...(/^(1|true|yes|on)$/i.test(environment['GIT_CONFIG_NOSYSTEM'] ?? '') ? [] : [system]),
    ...(global === undefined ? ofUser : [global]),
    join(repository.commonDirectory, 'config'),
    join(repository.gitDirectory, 'config.worktree'),
  ].filter((path): path is string => path !== undefined && path !== '')
}

/**
 * Reads files of git's configuration in order, with `include.path` and `includeIf` for `gitdir:`; other
 * conditions are taken as not met. Source: https://git-scm.com/docs/git-config#_includes
 */
export async function readConfig(
  files: readonly string[],
  { gitDirectory, home }: { gitDirectory: string; home: string | undefined },
): Promise<GitConfig> {
  const config: GitConfig = new Map()
  const read = async (path: string, depth: number): Promise<void> => {
    for (const [key, value] of parseConfig((await ifPresent(readFile(path, 'utf8'))) ?? '')) {
      config.set(key, [...(config.get(key) ?? []), value])
      const included = includedPath(key, value, { path, gitDirectory, home })
      if (included !== undefined && depth < 10) await read(included, depth + 1)
    }
  }
  for (const path of files) await read(path, 0)
  return config
}

interface IncludeContext {
  readonly path: string
  readonly gitDirectory: string
  readonly home: string | undefined
}

function includedPath(key: string, value: string, context: IncludeContext): string | undefined {
  const condition = /^includeif\.(.*)\.path$/s.exec(key)?.[1]
  if (key !== 'include.path' && condition === undefined) return undefined
  if (condition !== undefined && !conditionHolds(condition, context)) return undefined
  const target = expandHome(value, context.home)
  return isAbsolute(target) ? target : join(dirname(context.path), target)
}

function conditionHolds(condition: string, context: IncludeContext): boolean {
  const [, ignoreCase, written] = /^gitdir(\/i)?:(.*)$/s.exec(condition) ?? []
  if (written === undefined) return false
  let pattern = expandHome(written, context.home)
  if (pattern.startsWith('./')) pattern = resolve(dirname(context.path)) + pattern.slice(1)
  else if (!isAbsolute(pattern)) pattern = `**/${pattern}`
  if (pattern.endsWith('/')) pattern += '**'
  return picomatch(pattern, { dot: true, nocase: ignoreCase !== undefined })(context.gitDirectory)
}

function expandHome(path: string, home: string | undefined): string {
  return home !== undefined && path.startsWith('~/') ? join(home, path.slice(2)) : path
}

/** Text of a configuration file → its keys and values in order. Lines that git would refuse are passed over. */
function* parseConfig(text: string): Generator<readonly [key: string, value: string]> {
  let section = ''
  // A line that ends with an odd backslash goes on.
  const lines = text
    .replaceAll('\r\n', '\n')
    .replace(/(?<!\\)((?:\\\\)*)\\\n/g, '$1')
    .split('\n')
  for (const line of lines) {
    const header = /^\s*\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\](.*)$/s.exec(line)
    if (header !== null) {
      const [, name = '', subsection] = header
      section = name.toLowerCase()
      if (subsection !== undefined) section += `.${subsection.replace(/\\(.)/gs, '$1')}`
    }
    const [, key, value] = /^\s*([A-Za-z][\w-]*)\s*(?:=\s*(.*))?$/s.exec(header?.[3] ?? line) ?? []
    if (key === undefined || section === '') continue
    yield [`${section}.${key.toLowerCase()}`, value === undefined ? 'true' : parseValue(value)]
  }
}

function parseValue(written: string): string {
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b' }
  let [value, kept, quoted] = ['', 0, false]
  for (let at = 0; at < written.length; at += 1) {
    let character = written.charAt(at)
    if (character === '"') {
      quoted = !quoted
      kept = value.length
      continue
    }
    if (!quoted && /[#;]/.test(character)) break
    const isBlank = !quoted && /\s/.test(character)
    if (character === '\\') {
      at += 1
      character = escapes[written.charAt(at)] ?? written.charAt(at)
    }
    value += character
    if (!isBlank) kept = value.length
  }
  // Blanks at the end count only within quotes.
  return value.slice(0, kept)
}
