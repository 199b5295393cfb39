import { isIPv4 } from 'node:net'
import { ExpectedError, exitStatus } from '../../errors.ts'
import type { ConnectionRequest } from '../connection.ts'
import type { OptionLine } from './option-file.ts'
import { readUrl, type UrlParts } from './url.ts'

/** How much of a server's certificate is checked, as the vendor's ssl-mode says. */
export type TlsMode = 'disabled' | 'required' | 'verify-ca' | 'verify-identity'

/** Where and how to connect, all sources put together. */
export interface ConnectionSettings {
  readonly host: string
  readonly port: number
  /** The path of a Unix socket to use instead of host and port. */
  readonly socket?: string
  readonly user: string
  readonly password?: string
  readonly database: string
  readonly tls: {
    readonly mode: TlsMode
    /** Paths of PEM files. */
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
  }
  readonly connectTimeoutSeconds: number
}

/** What the machine has to say: the vendor's option files, and which sockets exist. */
export interface Surroundings {
  readonly options: readonly OptionLine[]
  /** The first of the vendor's usual sockets that exists. */
  readonly defaultSocket?: string
}

const optionGroups = ['client', 'client-server', 'client-mariadb', 'schema_backup']

/**
 * The settings of a request. The URL beats the vendor's option files, which beat the environment, as in the
 * vendor's own client (https://dev.mysql.com/doc/refman/en/option-files.html): `[client]`, `[client-server]`,
 * `[client-mariadb]`, `[schema_backup]` in the files; MYSQL_HOST, MYSQL_TCP_PORT, MYSQL_UNIX_PORT, MYSQL_PWD,
 * MYSQL_USER, MYSQL_PASSWORD, MYSQL_DATABASE in the environment.
 */
export function resolveSettings(
  request: ConnectionRequest,
  surroundings: Surroundings,
): ConnectionSettings {
  const url = readUrl(request.url)
  const file = fileOptions(surroundings.options)
  const { environment } = request
  const host = url.host ?? file.get('host') ?? nonEmpty(environment['MYSQL_HOST']) ?? 'localhost'
  const password =
    request.password ??
    file.get('password') ??
    nonEmpty(environment['MYSQL_PWD']) ??
    nonEmpty(environment['MYSQL_PASSWORD'])
  const socket = chooseSocket(url, host, file, request, surroundings)
  return {
    host,
    port: url.port ?? portNumber(file.get('port') ?? environment['MYSQL_TCP_PORT']) ?? 3306,
    ...(socket === undefined ? {} : { socket }),
    user: userName(url, file, environment),
    ...(password === undefined ? {} : { password }),
    database: databaseName(url, file, environment),
    tls: tlsSettings(url, file, socket !== undefined || isThisMachine(host)),
    connectTimeoutSeconds: seconds(url.parameters.get('connect-timeout')) ?? 10,
  }
}

function fileOptions(options: readonly OptionLine[]): ReadonlyMap<string, string> {
  const ours = options.filter((option) => optionGroups.includes(option.group))
  return new Map(ours.map((option) => [option.name, option.value ?? '']))
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

function portNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) && text !== '0' ? Number(text) : undefined
}

function seconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text) || text === '0') throw invalid('connect-timeout', 'a number of seconds')
  return Number(text)
}

/** A name without a port means the socket on `localhost`, as with the vendor's client. */
function chooseSocket(
  url: UrlParts,
  host: string,
  file: ReadonlyMap<string, string>,
  { environment }: ConnectionRequest,
  { defaultSocket }: Surroundings,
): string | undefined {
  const named = url.parameters.get('socket')
  if (named !== undefined) return named
  if (host !== 'localhost' || url.port !== undefined || file.get('protocol') === 'tcp')
    return undefined
  return nonEmpty(file.get('socket')) ?? nonEmpty(environment['MYSQL_UNIX_PORT']) ?? defaultSocket
}

function userName(
  url: UrlParts,
  file: ReadonlyMap<string, string>,
  environment: ConnectionRequest['environment'],
): string {
  const named = url.user ?? file.get('user') ?? nonEmpty(environment['MYSQL_USER'])
  return named ?? nonEmpty(environment['USER']) ?? nonEmpty(environment['LOGNAME']) ?? 'root'
}

function databaseName(
  url: UrlParts,
  file: ReadonlyMap<string, string>,
  environment: ConnectionRequest['environment'],
): string {
  const named = url.database ?? nonEmpty(file.get('database'))
  const database = named ?? nonEmpty(environment['MYSQL_DATABASE'])
  if (database !== undefined) return database
  throw new ExpectedError(
    'invalid-url',
    'The database URL names no database.',
    'Write it at the end: mysql://user@host/database.',
    { status: exitStatus.configuration },
  )
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

function tlsSettings(
  url: UrlParts,
  file: ReadonlyMap<string, string>,
  local: boolean,
): ConnectionSettings['tls'] {
  const get = (name: string) => url.parameters.get(name) ?? nonEmpty(file.get(name))
  const files = { ca: get('ssl-ca'), cert: get('ssl-cert'), key: get('ssl-key') }
  const wanted = Object.values(files).some((path) => path !== undefined)
  const mode =
    urlTlsMode(url) ?? fileTlsMode(file) ?? (local && !wanted ? 'disabled' : 'verify-identity')
  const given = Object.entries(files).filter(([, path]) => path !== undefined)
  return { mode, ...(Object.fromEntries(given) as Partial<Record<keyof typeof files, string>>) }
}

const tlsModes: readonly TlsMode[] = ['disabled', 'required', 'verify-ca', 'verify-identity']

function asTlsMode(text: string | undefined): TlsMode | undefined {
  const wanted = text?.toLowerCase().replaceAll('_', '-')
  return tlsModes.find((mode) => mode === wanted)
}

function urlTlsMode(url: UrlParts): TlsMode | undefined {
  const text = url.parameters.get('ssl-mode')
  const mode = asTlsMode(text)
  if (text !== undefined && mode === undefined) {
    throw invalid('ssl-mode', `one of ${tlsModes.join(', ')}`)
  }
  return mode
}

/** MySQL's ssl-mode; MariaDB's ssl and ssl-verify-server-cert. */
function fileTlsMode(file: ReadonlyMap<string, string>): TlsMode | undefined {
  if (isOff(file.get('ssl')) || file.has('skip-ssl') || file.has('disable-ssl')) return 'disabled'
  const unverified =
    isOff(file.get('ssl-verify-server-cert')) ||
    file.has('skip-ssl-verify-server-cert') ||
    file.has('disable-ssl-verify-server-cert')
  return asTlsMode(file.get('ssl-mode')) ?? (unverified ? 'required' : undefined)
}

function isOff(value: string | undefined): boolean {
  return value !== undefined && /^(0|off|false)$/i.test(value)
}

function invalid(parameter: string, expected: string): ExpectedError {
  return new ExpectedError(
    'invalid-url',
    `The parameter ${parameter} of the database URL has a value that it can't have.`,
    `Write ${expected}.`,
    { status: exitStatus.configuration },
  )
}
