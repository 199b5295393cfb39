import { ExpectedError, exitStatus } from '../../errors.ts'

/** The parts of a `mysql://` or `mariadb://` URL, percent-decoded; absent means not given. */
export interface UrlParts {
  readonly host?: string
  readonly port?: number
  readonly user?: string
  readonly database?: string
  readonly parameters: ReadonlyMap<string, string>
}

const knownParameters = ['socket', 'ssl-mode', 'ssl-ca', 'ssl-cert', 'ssl-key', 'connect-timeout']

const urlShape =
  /^(?:mysql|mariadb):\/\/(?:([^@/?#]*)@)?(\[[^\]]*\]|[^:/?#[\]]*)(?::(\d*))?(?:\/([^?#]*))?(?:\?([^#]*))?$/i

/**
 * Reads `mysql://user@host:port/database?parameter=value&…` (also `mariadb://`). Parameters:
 * `socket` (path of a Unix socket, used instead of host and port), `ssl-mode` (`disabled`, `required`,
 * `verify-ca`, `verify-identity`; default `verify-identity`, `disabled` on this machine), `ssl-ca`, `ssl-cert`,
 * `ssl-key` (paths of PEM files), `connect-timeout` (seconds; default 10). `_` may stand for `-`.
 */
export function readUrl(url: string): UrlParts {
  const match = urlShape.exec(url)
  if (match === null) throw invalidUrl('is not of the shape mysql://user@host:port/database')
  const [, login, host = '', port = '', database = '', query = ''] = match
  const user = decode(login?.split(':')[0] ?? '')
  return {
    ...(host === '' ? {} : { host: decode(host).replace(/^\[(.*)\]$/, '$1') }),
    ...(port === '' ? {} : { port: readPort(port) }),
    ...(user === '' ? {} : { user }),
    ...(database === '' ? {} : { database: decode(database) }),
    parameters: readParameters(query),
  }
}

function readPort(text: string): number {
  const port = Number(text)
  if (port < 1 || port > 65_535) throw invalidUrl('has a port outside 1 to 65535')
  return port
}

function readParameters(query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const part of query.split('&').filter((text) => text !== '')) {
    const [name = '', ...value] = part.split('=')
    const known = decode(name).toLowerCase().replaceAll('_', '-')
    if (!knownParameters.includes(known)) {
      throw invalidUrl(
        `has the unknown parameter "${known}" (known: ${knownParameters.join(', ')})`,
      )
    }
    parameters.set(known, decode(value.join('=')))
  }
  return parameters
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalidUrl('has a % that begins no percent-encoding')
  }
}

/** The URL itself is not repeated: it could hold a secret in a place where none belongs. */
function invalidUrl(problem: string): ExpectedError {
  return new ExpectedError(
    'invalid-url',
    `The database URL ${problem}.`,
    'Write mysql://user@host:port/database; percent-encode special characters.',
    { status: exitStatus.configuration },
  )
}
