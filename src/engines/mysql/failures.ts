import { ExpectedError } from '../../errors.ts'

/** What a failed connection was to; without its password. */
export interface Address {
  readonly user: string
  readonly database: string
  /** `host:port` or the path of a socket. */
  readonly server: string
}

interface DriverError extends Error {
  readonly code?: string
  readonly errno?: number
  /** The session is lost. */
  readonly fatal?: boolean
}

/** The server's error numbers that are told apart here: https://mariadb.com/docs/server/reference/error-codes */
export const serverErrors = {
  unknownDatabase: 1049,
  databaseDenied: 1044,
  accountDenied: 1045,
  hostDenied: 1130,
  tooManyConnections: 1040,
  secureTransportRequired: 3159,
  unknownTable: 1146,
  unknownColumn: 1054,
  tableDefinitionChanged: 1412,
  brokenView: 1356,
  lockWaitTimeout: 1205,
  noSuchGrant: 1141,
  packetTooLarge: 1153,
  subqueryOfManyRows: 1242,
  readOnlyVariable: 1238,
  globalVariable: 1229,
  privilegeNeeded: 1227,
  unknownRoutine: 1305,
  routineDenied: 1370,
} as const

/** The server's number of an error, also of one that became an ExpectedError. */
export function errorNumber(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  const { errno } = error as DriverError
  return errno ?? errorNumber(error.cause)
}

/** A driver's error of a running session, as an ExpectedError; anything else stays what it is. */
export function asExpected(error: Error): Error {
  if (error instanceof ExpectedError) return error
  const { errno, code, fatal } = error as DriverError
  // The text of errors that can quote a row (duplicate keys, bad values) never leaves the engine.
  if (code === undefined) return fatal === true ? connectionLost(error) : error
  // The machine's own errors have negative numbers; small ones are of the server's file system.
  if (errno === undefined || errno < 0) return connectionLost(error)
  return new ExpectedError(
    errno === serverErrors.lockWaitTimeout ? 'lock-timeout' : 'server-error',
    `The server refused a statement: ${messageWithoutValues(error)} (error ${errno}).`,
    'Read the message; `schema_backup check` names missing privileges.',
    { cause: withoutText(error) },
  )
}

function connectionLost(error: Error): ExpectedError {
  return new ExpectedError(
    'connection-lost',
    `The connection to the server was lost: ${error.message}`,
    "Look into the server's log, then run again.",
    { cause: error },
  )
}

const errorsThatQuoteValues = new Set([
  1062, 1292, 1366, 1367, 1264, 1265, 1406, 1416, 1411, 1586, 1525, 1690, 3140,
])

// At the end of a message, behind the value, stands where it does not fit.
const place =
  / (?:for|in value for) (?:key|column) (?:'[^'`]*'|`[^'`]*`(?:\.`[^'`]*`)*)(?: at row \d+)?\.?$/

function messageWithoutValues(error: DriverError): string {
  if (!errorsThatQuoteValues.has(error.errno ?? 0)) return error.message.replace(/\.$/, '')
  return (error.code ?? 'a value was refused') + (place.exec(error.message)?.[0] ?? '')
}

/** The driver puts the statement and the server's text on its errors; a cause keeps the number alone. */
function withoutText(error: DriverError): Error {
  return Object.assign(new Error(error.code ?? ''), { errno: error.errno })
}

/** An error while connecting → ExpectedError with the next step. */
export function connectionFailure(error: Error, address: Address): Error {
  if (error instanceof ExpectedError) return error
  const { errno, code } = error as DriverError
  const [expected, message, next] =
    serverRefusal(errno, address) ??
    tlsFailure(error, address) ??
    networkFailure(code, address) ??
    []
  if (expected === undefined || message === undefined || next === undefined) {
    if (code === undefined) return error
    return new ExpectedError(
      'connection-failed',
      `No connection to ${address.server}: ${error.message}`,
      'Check the URL and the server.',
      { cause: error },
    )
  }
  return new ExpectedError(expected, message, next, { cause: error })
}

type Failure = readonly [code: string, message: string, next: string]

function serverRefusal(errno: number | undefined, address: Address): Failure | undefined {
  const { user, database, server } = address
  switch (errno) {
    case serverErrors.accountDenied:
      return [
        'authentication-failed',
        `The server at ${server} refused user ${user}: unknown user, wrong password, or not from this host.`,
        'Check the user and the password (URL, password_file, password_command, ~/.my.cnf, MYSQL_PWD).',
      ]
    case serverErrors.hostDenied:
      return [
        'authentication-failed',
        `The server at ${server} lets nobody in from this host.`,
        `Create an account for this host: CREATE USER ${user}@'<this host>' ….`,
      ]
    case serverErrors.databaseDenied:
      return [
        'unknown-database',
        `User ${user} may not use the database "${database}" at ${server}, or there is none.`,
        `Check its name, or run: GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON \`${database}\`.* TO <the account>.`,
      ]
    case serverErrors.unknownDatabase:
      return [
        'unknown-database',
        `There is no database "${database}" at ${server}.`,
        'Check the name at the end of the URL; names tell upper and lower case apart on most servers.',
      ]
    case serverErrors.secureTransportRequired:
      return [
        'tls-refused',
        `The server at ${server} accepts TLS connections only.`,
        'Add ssl-mode=verify-identity (and ssl-ca=FILE) to the URL.',
      ]
    case serverErrors.tooManyConnections:
      return [
        'connection-refused',
        `The server at ${server} has too many connections.`,
        'Try again later, or raise max_connections.',
      ]
    case undefined:
    default:
      return undefined
  }
}

function tlsFailure(error: DriverError, { server }: Address): Failure | undefined {
  if (error.code === 'HANDSHAKE_NO_SSL_SUPPORT') {
    return [
      'tls-refused',
      `The server at ${server} offers no TLS.`,
      'Configure TLS on the server, or, on a network that you trust, add ssl-mode=disabled to the URL.',
    ]
  }
  const text = `${error.code ?? ''} ${error.message}`
  if (/HANDSHAKE_SSL_ERROR|CERT|certificate|altname|SSL|TLS/i.test(text)) {
    return [
      'tls-not-verified',
      `The TLS certificate of ${server} could not be verified: ${error.message}`,
      'Name the authority by ssl-ca=FILE in the URL, or use ssl-mode=verify-ca or required if you accept less.',
    ]
  }
  return undefined
}

function networkFailure(code: string | undefined, { server }: Address): Failure | undefined {
  switch (code) {
    case 'ECONNREFUSED':
    case 'ENOENT':
    case 'EACCES':
    case 'ECONNRESET':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'PROTOCOL_CONNECTION_LOST':
      return [
        'connection-refused',
        `No server answers at ${server} (${code}).`,
        'Check host, port or socket, and that the server runs.',
      ]
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return [
        'host-unknown',
        `The host of ${server} has no address (${code}).`,
        'Check its spelling and the name service.',
      ]
    case 'ETIMEDOUT':
      return [
        'connection-timeout',
        `${server} did not answer in time.`,
        'Check host, port and firewall, or raise connect-timeout in the URL.',
      ]
    case undefined:
    default:
      return undefined
  }
}
