import { realpath } from 'node:fs/promises'
import type { Config, DatabaseConfig } from '../config/config.ts'
import { readDatabaseUrl } from '../config/url.ts'
import type { ConnectionRequest } from '../engines/connection.ts'
import { engineFor, urlSchemes } from '../engines/index.ts'
import { ExpectedError, exitStatus } from '../errors.ts'
import type { Environment } from '../model.ts'

/** The database that is restored to. */
export interface RestoreTarget {
  readonly request: ConnectionRequest
  /** The configured database that it is, or may be: one that is being backed up. */
  readonly backedUpAs?: DatabaseConfig
}

/** What was said about the target. */
export interface TargetRequest {
  readonly to?: string
  readonly replace: boolean
  readonly confirm?: string
  readonly workingDirectory: string
  readonly environment: Environment
}

/** The target of a restore; throws ExpectedError `restore-not-allowed`, `no-target` or `invalid-url`. */
export async function resolveTarget(
  config: Config,
  database: DatabaseConfig,
  asked: TargetRequest,
): Promise<RestoreTarget> {
  if (!database.restore.allowed) throw notAllowed(config)
  const request = await requestOf(database, asked)
  const backedUpAs = await backedUp(request.url, config)
  return { request, ...(backedUpAs === undefined ? {} : { backedUpAs }) }
}

/** `name` is the database's on its server. Throws ExpectedError `confirmation-needed` or `wrong-confirmation` unless what would be lost was named. */
export function requireConfirmation(
  name: string,
  { backedUpAs }: RestoreTarget,
  asked: Pick<TargetRequest, 'replace' | 'confirm'>,
): void {
  if (asked.confirm !== undefined && asked.confirm !== name) throw wrongConfirmation(name)
  if (asked.replace && asked.confirm === undefined) {
    throw confirmationNeeded(name, `--replace drops what is in "${name}".`)
  }
  if (backedUpAs !== undefined && !asked.replace) {
    throw confirmationNeeded(
      name,
      `"${name}" is the configured database "${backedUpAs.name}" itself.`,
    )
  }
}

async function requestOf(
  { restore }: DatabaseConfig,
  asked: TargetRequest,
): Promise<ConnectionRequest> {
  const { environment } = asked
  const url = asked.to ?? restore.url
  if (url === undefined) {
    throw new ExpectedError(
      'no-target',
      'Nothing says which database is restored to.',
      'Name it with --to URL, or as `url` in the `restore` block of the configuration.',
      { status: exitStatus.usage },
    )
  }
  const base = { directory: asked.workingDirectory, environment }
  const parts = readDatabaseUrl(url, urlSchemes, base)
  if ('problem' in parts) {
    throw new ExpectedError(
      'invalid-url',
      `The URL of the target can't be used: ${parts.problem}.`,
      'Write it as in the configuration: scheme://user@host:port/name, or scheme:path of a file.',
      { status: exitStatus.usage },
    )
  }
  const password = parts.password ?? (await restore.password?.())
  return { url: parts.url, environment, ...(password === undefined ? {} : { password }) }
}

/** What must not be printed of a target's URL as somebody typed it. */
export function secretsOfTarget(url: string | undefined): readonly string[] {
  if (url === undefined) return []
  const parts = readDatabaseUrl(url, urlSchemes, { directory: '/', environment: {} })
  // Between the first colon and the last "@" whatever else is wrong with it.
  const typed = /:\/\/[^:]*:(.*)@/s.exec(url)?.[1]
  const found = 'problem' in parts ? [typed] : [typed, parts.password, ...parts.secrets]
  return found.flatMap((secret) => (secret === undefined || secret === '' ? [] : [secret]))
}

/** The configured database that a URL may mean: rather one too many than one too few. */
async function backedUp(url: string, config: Config): Promise<DatabaseConfig | undefined> {
  for (const database of config.databases) {
    if (await mayBeSame(url, database.url, config.host)) return database
  }
  return undefined
}

async function mayBeSame(one: string, other: string, ownHost: string): Promise<boolean> {
  if ((await engineFor(one)) !== (await engineFor(other))) return false
  if (isOfFile(one)) return (await realPathOf(one)) === (await realPathOf(other))
  const [here, there] = [placeOf(one, ownHost), placeOf(other, ownHost)]
  // A URL without a name, host or port has the vendor's default, which can be any.
  const mayEqual = (a: string, b: string) => a === b || a === '' || b === ''
  return (
    mayEqual(here.name, there.name) &&
    here.hosts.some((host) => there.hosts.includes(host)) &&
    here.ports.some((port) => there.ports.some((candidate) => mayEqual(port, candidate)))
  )
}

function isOfFile(url: string): boolean {
  return urlSchemes.ofFiles.includes(url.slice(0, url.indexOf(':')).toLowerCase())
}

async function realPathOf(url: string): Promise<string> {
  const path = decodeURIComponent(url.slice(url.indexOf(':') + 1).replace(/\?.*$/s, ''))
  return await realpath(path).catch(() => path)
}

const localHosts = ['', 'localhost', '127.0.0.1', '[::1]']

function placeOf(url: string, ownHost: string) {
  const [, authority = '', path = ''] = /^[^:]*:\/\/([^/?]*)\/?([^?]*)/.exec(url) ?? []
  const servers = authority.slice(authority.lastIndexOf('@') + 1).split(',')
  const parts = servers.map((server) => /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(server) ?? [])
  const own = [...localHosts, ownHost.toLowerCase()]
  return {
    name: decodeURIComponent(path),
    hosts: parts.map(([, host = '']) =>
      own.includes(host.toLowerCase()) ? '' : host.toLowerCase(),
    ),
    ports: parts.map(([, , port = '']) => port),
  }
}

function notAllowed(config: Config): ExpectedError {
  return new ExpectedError(
    'restore-not-allowed',
    `${config.file} does not allow a restore.`,
    'Write `restore: {allow_restore: true}` there, on machines where a database may be overwritten.',
    { status: exitStatus.configuration },
  )
}

function confirmationNeeded(name: string, why: string): ExpectedError {
  return new ExpectedError(
    'confirmation-needed',
    why,
    `Look at the plan with --dry-run; if you mean it, add: --replace --confirm ${name}`,
    { status: exitStatus.usage },
  )
}

function wrongConfirmation(name: string): ExpectedError {
  return new ExpectedError(
    'wrong-confirmation',
    `The name behind --confirm is not that of the target, "${name}".`,
    'Make sure that it is the database you mean, then type its name exactly.',
    { status: exitStatus.usage },
  )
}
