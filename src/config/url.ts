import { homedir } from 'node:os'
import { parse, resolve } from 'node:path'
import { closest, distance } from 'fastest-levenshtein'
import type { Environment } from '../model.ts'

/** Which URLs there are; the engines know, the configuration does not. */
export interface UrlSchemes {
  readonly all: readonly string[]
  /** Those whose URL is `scheme:path` of a file. */
  readonly ofFiles: readonly string[]
}

/** A database URL taken apart. */
export interface DatabaseUrl {
  /** Without its password. */
  readonly url: string
  readonly password?: string
  /** The last segment of its path; a file's name without its extension. */
  readonly name?: string
  /** Values of parameters that look like secrets. */
  readonly secrets: readonly string[]
}

/** What is wrong with a URL, without a word of it that could be a secret. */
export interface UrlProblem {
  readonly problem: string
}

/** Where relative paths begin. */
export interface PathBase {
  readonly directory: string
  readonly environment: Environment
}

/** A path of the configuration, made absolute; `~/` is the home directory. */
export function absolutePath(path: string, base: PathBase): string {
  const home = base.environment['HOME'] ?? homedir()
  if (path === '~') return home
  return path.startsWith('~/') ? resolve(home, path.slice(2)) : resolve(base.directory, path)
}

/** Takes a database URL apart, without changing more of its text than the password and a file's path. */
export function readDatabaseUrl(
  url: string,
  schemes: UrlSchemes,
  base: PathBase,
): DatabaseUrl | UrlProblem {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
  const rest = url.slice((scheme?.length ?? 0) + 1)
  const isKnown = scheme !== undefined && schemes.all.includes(scheme)
  // Without "//" it may be no URL at all, but "user:password".
  if (scheme === undefined || !(isKnown || rest.startsWith('//'))) {
    return { problem: `a database URL begins with one of ${list(schemes.all)}` }
  }
  if (!isKnown) return { problem: unknownScheme(scheme, schemes) }
  if (schemes.ofFiles.includes(scheme)) return readFileUrl(scheme, rest, base)
  return readServerUrl(scheme, rest)
}

function list(schemes: readonly string[]): string {
  return schemes.map((scheme) => `"${scheme}:"`).join(', ')
}

function unknownScheme(scheme: string, schemes: UrlSchemes): string {
  const nearest = closest(scheme, [...schemes.all])
  const hint = distance(scheme, nearest) <= 2 ? `; did you mean "${nearest}:"` : ''
  return `nothing reads "${scheme}:" URLs, only ${list(schemes.all)}${hint}`
}

function readFileUrl(scheme: string, rest: string, base: PathBase): DatabaseUrl | UrlProblem {
  const query = /\?.*$/s.exec(rest)?.[0] ?? ''
  const written = rest
    .slice(0, rest.length - query.length)
    .replace(/^\/\/(?:localhost(?=\/))?/i, '')
  const path = decoded(written)
  if (path === '') return { problem: 'the URL names no file' }
  if (path === undefined) return { problem: 'a "%" in its path begins no %-code; write it as %25' }
  const absolute = absolutePath(path, base)
  const encoded = absolute.replaceAll('%', '%25').replaceAll('?', '%3F')
  return { url: `${scheme}:${encoded}${query}`, secrets: [], ...named(parse(absolute).name) }
}

const unencoded =
  'its user or password seems to hold a character that must be percent-encoded (@ is %40, : is %3A, / is %2F, # is %23, ? is %3F, % is %25)'

const serverUrl = /^\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?$/s

function readServerUrl(scheme: string, rest: string): DatabaseUrl | UrlProblem {
  if (!rest.startsWith('//')) return { problem: `"//" follows "${scheme}:"` }
  const [, authority, path, query] = serverUrl.exec(rest) ?? []
  if (authority === undefined || path === undefined) return { problem: unencoded }
  const at = authority.lastIndexOf('@')
  const hosts = authority.slice(at + 1)
  if (path.includes('@') || !hosts.split(',').every(isHostAndPort)) return { problem: unencoded }
  const [user, ...words] = authority.slice(0, Math.max(0, at)).split(':')
  const parameters = readParameters(query)
  const password = decoded(words.join(':'))
  const name = decoded(path.slice(path.lastIndexOf('/') + 1))
  if (password === undefined || name === undefined || parameters === undefined) {
    return { problem: unencoded }
  }
  const login = at < 0 ? '' : `${user ?? ''}@`
  return {
    url: `${scheme}://${login}${hosts}${path}${parameters.text}`,
    secrets: parameters.secrets,
    ...(words.length > 0 ? { password } : parameters.password),
    ...named(name),
  }
}

function isHostAndPort(text: string): boolean {
  return /^(?:\[[^\]@]*\]|[^:[\]@]*)(?::\d*)?$/.test(text)
}

/** Undefined: a "%" begins no %-code. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function named(name: string): { name?: string } {
  return name === '' ? {} : { name }
}

interface Parameter {
  readonly text: string
  readonly key: string
  readonly value: string
}

/** The query without its password; undefined where it can't be decoded. */
function readParameters(query: string | undefined) {
  const texts = (query ?? '').split('&').filter((text) => text !== '')
  const all = texts.flatMap((text) => readParameter(text) ?? [])
  if (all.length < texts.length) return undefined
  const kept = all.filter(({ key }) => key !== 'password').map(({ text }) => text)
  const password = all.find(({ key }) => key === 'password')?.value
  return {
    text: kept.length === 0 ? '' : `?${kept.join('&')}`,
    secrets: all.filter(({ key }) => /pass|pwd|secret|token/.test(key)).map(({ value }) => value),
    password: password === undefined ? {} : { password },
  }
}

function readParameter(text: string): Parameter | undefined {
  const [key = '', ...words] = text.split('=')
  const value = decoded(words.join('='))
  return value === undefined ? undefined : { text, key: key.toLowerCase(), value }
}

/** A URL of a command line, fit for a file: each plain secret became a `${VARIABLE}` that is named. */
export function withoutPlainSecrets(template: string): { url: string; variables: string[] } {
  const variables: string[] = []
  const replace = (before: string, variable: string): string => {
    variables.push(variable)
    return `${before}\${${variable}}`
  }
  const isPlain = (secret: string) => secret.replaceAll(/\$\{\w+\}/g, '') !== ''
  const url = template
    .replace(/^([^:/?#]+:\/\/[^/?#:@]*:)([^/?#]*)(?=@)/, (all, before: string, secret: string) =>
      isPlain(secret) ? replace(before, 'SCHEMA_BACKUP_PASSWORD') : all,
    )
    .replaceAll(
      /([?&](\w*(?:pass|pwd|secret|token)\w*)=)([^&]*)/gi,
      (all, before: string, key: string, secret: string) =>
        isPlain(secret) ? replace(before, `SCHEMA_BACKUP_${key.toUpperCase()}`) : all,
    )
  return { url, variables }
}

/** Whether a URL of the file holds a secret in plain letters, not from a variable. */
export function holdsPlainSecret(template: string): boolean {
  return withoutPlainSecrets(template).variables.length > 0
}
