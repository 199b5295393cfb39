import { ExpectedError, exitStatus } from '../../errors.ts'
import type { ConnectionRequest } from '../connection.ts'
import { passwordFromFile, serviceSettings } from './vendor-files.ts'

/** What a connection needs, completed from URL, service file, environment and defaults in libpq's order. */
export interface ConnectionParameters {
  /** A host name, an address, or the directory of a unix socket (begins with `/`). */
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password?: string
  readonly sslmode: string
  readonly sslrootcert?: string
  readonly sslcert?: string
  readonly sslkey?: string
  /** Server options of the session (`-c name=value`), as PGOPTIONS writes them. */
  readonly options?: string
  readonly timeoutMilliseconds: number
}

type Settings = Readonly<Record<string, string>>
type Environment = ConnectionRequest['environment']

/** libpq's parameters that are honoured → their variables; https://www.postgresql.org/docs/current/libpq-envars.html */
const variables: Settings = {
  host: 'PGHOST',
  port: 'PGPORT',
  dbname: 'PGDATABASE',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  passfile: 'PGPASSFILE',
  service: 'PGSERVICE',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  options: 'PGOPTIONS',
  connect_timeout: 'PGCONNECT_TIMEOUT',
}

/** Settings that change nothing here, accepted so that URLs of other programs work. */
const withoutEffect = new Set([
  'application_name',
  'fallback_application_name',
  'client_encoding',
  'keepalives',
  'keepalives_idle',
  'channel_binding',
  'gssencmode',
  'target_session_attrs',
])

function badUrl(message: string, next: string): ExpectedError {
  return new ExpectedError('invalid-url', message, next, { status: exitStatus.configuration })
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw badUrl('The database URL holds a broken %-escape.', 'Write % itself as %25.')
  }
}

/** The parameters that stand in the URL itself. */
function fromUrl(text: string): Settings {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw badUrl(
      'The database URL can not be read.',
      'Write it as postgresql://user@host:5432/database.',
    )
  }
  const settings: Record<string, string> = {}
  const put = (name: string, value: string): void => {
    if (value !== '') settings[name] = value
  }
  put('host', decode(url.hostname).replace(/^\[(.*)\]$/, '$1'))
  put('port', url.port)
  put('user', decode(url.username))
  put('password', decode(url.password))
  put('dbname', decode(url.pathname.replace(/^\//, '')))
  for (const [name, value] of url.searchParams) {
    if (name === 'ssl' && value === 'true') put('sslmode', 'verify-full')
    else if (Object.hasOwn(variables, name)) put(name, value)
    else if (!withoutEffect.has(name))
      throw badUrl(
        `The database URL has an unknown parameter "${name}".`,
        `Use one of: ${Object.keys(variables).sort().join(', ')}.`,
      )
  }
  return settings
}

function fromEnvironment(environment: Environment): Settings {
  const settings: Record<string, string> = {}
  for (const [name, variable] of Object.entries(variables)) {
    const value = environment[variable]
    if (value !== undefined && value !== '') settings[name] = value
  }
  return settings
}

export function isLocal(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function wholeNumber(text: string, what: string, largest: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > largest) {
    throw badUrl(`"${text}" is no ${what}.`, `Write a whole number up to ${largest}.`)
  }
  return value
}

const sslmodes = ['disable', 'allow', 'prefer', 'require', 'no-verify', 'verify-ca', 'verify-full']

function checkedSslmode(settings: Settings, host: string): string {
  const sslmode = settings['sslmode'] ?? (isLocal(host) ? 'prefer' : 'verify-full')
  if (!sslmodes.includes(sslmode)) {
    throw badUrl(`"${sslmode}" is no sslmode.`, `Write one of: ${sslmodes.join(', ')}.`)
  }
  return sslmode
}

function optional<Name extends string>(
  name: Name,
  value: string | undefined,
): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, string>)
}

/**
 * Completes a request: URL, then service file, then PG* variables, then defaults, as libpq does
 * (https://www.postgresql.org/docs/current/libpq-pgservice.html). Two defaults differ: TLS is verified for remote
 * hosts, and a connection that is not up in ten seconds has failed.
 */
export async function connectionParameters(
  request: ConnectionRequest,
): Promise<ConnectionParameters> {
  const { environment } = request
  const url = fromUrl(request.url)
  const variablesSet = fromEnvironment(environment)
  const service = url['service'] ?? variablesSet['service']
  const settings: Settings = {
    ...variablesSet,
    ...(service === undefined ? {} : await serviceSettings(service, environment)),
    ...url,
    ...optional('password', request.password),
  }
  const host = settings['host'] ?? 'localhost'
  if (host.includes(',')) {
    throw badUrl('The database URL names several hosts.', 'Name the one host to read from.')
  }
  const user = settings['user'] ?? environment['USER'] ?? environment['LOGNAME'] ?? 'postgres'
  const known = {
    host,
    port: wholeNumber(settings['port'] ?? '5432', 'port', 65_535),
    database: settings['dbname'] ?? user,
    user,
  }
  const password =
    settings['password'] ?? (await passwordFromFile(known, settings['passfile'], environment))
  return {
    ...known,
    ...optional('password', password),
    sslmode: checkedSslmode(settings, host),
    ...optional('sslrootcert', settings['sslrootcert']),
    ...optional('sslcert', settings['sslcert']),
    ...optional('sslkey', settings['sslkey']),
    ...optional('options', settings['options']),
    timeoutMilliseconds:
      1000 * (wholeNumber(settings['connect_timeout'] ?? '10', 'timeout', 86_400) || 86_400),
  }
}
