import { ExpectedError } from '../../errors.ts'
import { identifier } from './quote.ts'

/** What the server or the network reported; `detail` and `hint` are never used: they can quote rows. */
interface DriverError {
  readonly code?: string
  readonly message: string
}

/** Where a connection was tried, for messages. Holds no secret. */
export interface Place {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

function asDriverError(error: unknown): DriverError {
  if (!(error instanceof Error)) return { message: 'unknown error' }
  const code: unknown = 'code' in error ? error.code : undefined
  return typeof code === 'string' ? { code, message: error.message } : { message: error.message }
}

type Explanation = readonly [code: string, message: string, next: string]

function explainNetwork(code: string, message: string, place: Place): Explanation | undefined {
  const where = `${place.host}:${place.port}`
  switch (code) {
    case 'ECONNREFUSED':
    case 'ENOENT':
    case 'ECONNRESET':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EPIPE':
      return [
        'connection-refused',
        `Nothing answers as PostgreSQL at ${where}.`,
        'Check that the server runs and that host and port of the URL are right.',
      ]
    case 'EACCES':
      return [
        'connection-refused',
        `The socket at ${where} may not be opened.`,
        'Run as a user who may use that socket directory.',
      ]
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return [
        'host-unknown',
        `The host name ${place.host} is not known.`,
        'Correct the host in the URL or the name service.',
      ]
    case 'ETIMEDOUT':
      return [
        'connection-timeout',
        `${where} did not answer in time.`,
        'Check the network and firewalls, or raise connect_timeout.',
      ]
    default:
      return message === 'timeout expired' ? explainNetwork('ETIMEDOUT', '', place) : undefined
  }
}

function explainTls(code: string, message: string, place: Place): Explanation | undefined {
  if (message.includes('does not support SSL connections')) {
    return [
      'tls-refused',
      `The server at ${place.host}:${place.port} offers no TLS, and a remote host must.`,
      'Turn on ssl in postgresql.conf, or add ?sslmode=disable to the URL if the network can be trusted.',
    ]
  }
  if (/CERT|SELF_SIGNED|ISSUER|UNABLE_TO_VERIFY|^ERR_TLS|^ERR_SSL|^ERR_OSSL/.test(code)) {
    return [
      'tls-not-verified',
      `The certificate of ${place.host}:${place.port} could not be verified (${code}).`,
      "Name the authority's certificate with ?sslrootcert=FILE, connect by the name in the certificate, or set ?sslmode=require to do without.",
    ]
  }
  return undefined
}

function loginRefusal(code: string, message: string, { host, user, database }: Place): string {
  if (code === '28P01')
    return `The server at ${host} did not accept user ${user} with the password given.`
  return message.includes('no pg_hba.conf entry')
    ? `The server at ${host} has no pg_hba.conf entry for user ${user} and database ${database} from here.`
    : `The server at ${host} did not accept user ${user}: no such role, or one that may not log in here.`
}

function explainLogin(code: string, message: string, place: Place): Explanation | undefined {
  switch (code) {
    case '28P01':
    case '28000':
      return [
        'authentication-failed',
        loginRefusal(code, message, place),
        'Correct user and password (URL, password_file, PGPASSWORD or ~/.pgpass), or the entry in pg_hba.conf.',
      ]
    case '3D000':
      return [
        'unknown-database',
        `There is no database ${place.database} at ${place.host}.`,
        'Correct the database in the URL.',
      ]
    case '42501':
      return [
        'authentication-failed',
        `User ${place.user} may not connect to database ${place.database}.`,
        `Run: GRANT CONNECT ON DATABASE ${identifier(place.database)} TO ${identifier(place.user)};`,
      ]
    case '53300':
      return [
        'connection-refused',
        `The server at ${place.host} has no free connection.`,
        'Try again later or raise max_connections.',
      ]
    case '57P03':
      return [
        'connection-refused',
        `The server at ${place.host} is starting up or shutting down.`,
        'Try again later.',
      ]
    default:
      return undefined
  }
}

/** A failure to connect as an ExpectedError; what is not known keeps its SQLSTATE, never a password. */
export function connectionError(error: unknown, place: Place): Error {
  if (error instanceof ExpectedError) return error
  const { code = '', message } = asDriverError(error)
  const explanation =
    explainTls(code, message, place) ??
    explainNetwork(code, message, place) ??
    explainLogin(code, message, place)
  const [name, text, next] = explanation ?? [
    'connection-failed',
    `Connecting to ${place.host}:${place.port} failed: ${code === '' ? message : code}.`,
    "Look into the server's log.",
  ]
  return new ExpectedError(name, text, next, { cause: error })
}

/** The error of a catalog whose state moved under the reader; the caller tries again. */
export function changedWhileReading(what: string): ExpectedError {
  return new ExpectedError(
    'changed-while-reading',
    `The database changed while it was read (${what}).`,
    'Try again when no migration is running.',
  )
}

/** The fields of a server error that hold names and numbers, and its words, which can quote rows. */
export interface DriverFacts extends DriverError {
  readonly schema?: string
  readonly table?: string
  readonly constraint?: string
  readonly column?: string
  /** The line of the text that COPY was reading. */
  readonly line?: number
}

/** What the driver tells about a failure. */
export function driverFacts(error: unknown): DriverFacts {
  const fields = error instanceof Error ? Object.entries(error) : []
  const text = (name: string): Record<string, string> => {
    const value: unknown = fields.find(([field]) => field === name)?.[1]
    return typeof value === 'string' ? { [name]: value } : {}
  }
  const where = text('where')['where'] ?? ''
  const [, line, column] = /^COPY .*?, line (\d+)(?:, column ([^:\n]+))?/.exec(where) ?? []
  return {
    ...asDriverError(error),
    ...(column === undefined ? {} : { column }),
    ...text('schema'),
    ...text('table'),
    ...text('constraint'),
    ...text('column'),
    ...(line === undefined ? {} : { line: Number(line) }),
  }
}

/** Whether the connection ended, so that the server takes back an open transaction. */
export function isLostConnection({ code, message }: DriverFacts): boolean {
  return (
    (code !== undefined && lostConnection.has(code)) || message.startsWith('Connection terminated')
  )
}

const lostConnection = new Set(['57P01', '57P02', '57P03', '08006', '08003', 'ECONNRESET', 'EPIPE'])
// A relation, function, type or cache entry that was there a moment ago is gone.
const vanished = new Set(['42P01', 'XX000', '3F000', '40001', '40P01'])

/** What a failure says: its code, what happened, and what to do next. */
export type Words = readonly [code: string, message: string, next: string]

/** The failures of a read that say what to do about them, by SQLSTATE. */
function readingWords(code: string, what: string): Words | undefined {
  switch (code) {
    case '55P03':
      return [
        'lock-timeout',
        `Another session holds a lock on ${what}.`,
        'Try again when the migration or maintenance that holds it has ended.',
      ]
    case '42501':
      return [
        'missing-privilege',
        `The user may not read ${what}.`,
        'Grant pg_read_all_data to it, and BYPASSRLS where row security is on.',
      ]
    case '22P05':
    case '22021':
      return [
        'invalid-encoding',
        `The text of ${what} is not valid in the database's encoding, or can't be turned into UTF-8.`,
        'Correct the text, or move its rows to a table in category ignore.',
      ]
    default:
      return undefined
  }
}

/** A failure of a statement while reading `what`, as an ExpectedError; never quotes a row. */
export function readingError(error: unknown, what: string): Error {
  if (error instanceof ExpectedError) return error
  const { code } = asDriverError(error)
  const words = readingWords(code ?? '', what)
  if (words !== undefined) return new ExpectedError(...words, { cause: error })
  if (code !== undefined && vanished.has(code)) return changedWhileReading(`${what}, ${code}`)
  if (isLostConnection(driverFacts(error))) {
    const message = `The connection was lost while reading ${what}.`
    return new ExpectedError('connection-lost', message, 'Try again.', { cause: error })
  }
  // A statement that the server does not understand is a bug of ours.
  if (error instanceof Error && code?.startsWith('42')) return error
  return new ExpectedError(
    'read-failed',
    `Reading ${what} failed${code === undefined ? '' : ` with SQLSTATE ${code}`}.`,
    "Look into the server's log.",
    { cause: error },
  )
}
