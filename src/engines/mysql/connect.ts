import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createConnection as createSocket, type Socket } from 'node:net'
import { createConnection, type Connection, type ConnectionOptions } from 'mysql2'
import { ExpectedError, exitStatus } from '../../errors.ts'
import type { ConnectionRequest } from '../connection.ts'
import { Client } from './client.ts'
import { connectionFailure, type Address } from './failures.ts'
import { readOptionFile, type OptionFiles } from './option-file.ts'
import { resolveSettings, type ConnectionSettings, type Surroundings } from './settings.ts'

const systemOptionFiles = ['/etc/my.cnf', '/etc/mysql/my.cnf']
const usualSockets = [
  '/run/mysqld/mysqld.sock',
  '/var/run/mysqld/mysqld.sock',
  '/var/lib/mysql/mysql.sock',
  '/tmp/mysql.sock',
]

/** The settings of a request, with what the vendor's files and the machine add (url.ts, settings.ts). */
export function connectionSettings(request: ConnectionRequest): ConnectionSettings {
  return resolveSettings(request, surroundings(request.environment))
}

function surroundings(environment: ConnectionRequest['environment']): Surroundings {
  const home = environment['HOME']
  const paths = [...systemOptionFiles, ...(home === undefined ? [] : [`${home}/.my.cnf`])]
  const defaultSocket = usualSockets.find(isSocket)
  return {
    options: paths.flatMap((path) => readOptionFile(path, optionFiles)),
    ...(defaultSocket === undefined ? {} : { defaultSocket }),
  }
}

const optionFiles: OptionFiles = {
  read(path) {
    try {
      // As the vendor's client, which ignores files that everybody could have written.
      return (statSync(path).mode & 0o002) === 0 ? readFileSync(path, 'utf8') : undefined
    } catch {
      return undefined
    }
  },
  list(directory) {
    try {
      return readdirSync(directory)
    } catch {
      return []
    }
  },
}

function isSocket(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false
}

/** Opens one session; throws ExpectedError `connection-…`, `authentication-failed`, `unknown-database`, `tls-…`. */
export async function connect(settings: ConnectionSettings): Promise<Client> {
  const options = driverOptions(settings)
  const socket = openSocket(settings)
  const connection = createConnection({ ...options, stream: () => socket })
  try {
    await handshake(connection)
  } catch (error) {
    connection.destroy()
    socket.destroy()
    throw connectionFailure(error as Error, addressOf(settings))
  }
  return new Client(connection, socket)
}

function openSocket({ host, port, socket: path }: ConnectionSettings): Socket {
  if (path !== undefined) return createSocket(path)
  return createSocket(port, host).setNoDelay(true).setKeepAlive(true)
}

async function handshake(connection: Connection): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    // The driver reports some failures twice; the second must not be an unhandled event.
    connection.on('error', reject)
    connection.connect((error) => {
      if (error === null) resolve()
      else reject(error)
    })
  })
}

/** A person's name of where the settings lead. */
export function addressOf({ host, port, socket, user, database }: ConnectionSettings): Address {
  return { user, database, server: socket ?? `${host.includes(':') ? `[${host}]` : host}:${port}` }
}

function driverOptions(settings: ConnectionSettings): ConnectionOptions {
  const { host, port, socket, user, password, database } = settings
  const ssl = tlsOptions(settings)
  return {
    ...(socket === undefined ? { host, port } : { socketPath: socket }),
    user,
    ...(password === undefined ? {} : { password }),
    database,
    ...(ssl === undefined ? {} : { ssl }),
    charset: 'utf8mb4',
    connectTimeout: settings.connectTimeoutSeconds * 1_000,
    multipleStatements: true,
    // The server must not be able to ask for a file of this machine.
    flags: ['-LOCAL_FILES'],
  }
}

function tlsOptions({ tls }: ConnectionSettings): Exclude<ConnectionOptions['ssl'], string> {
  if (tls.mode === 'disabled') return undefined
  return {
    rejectUnauthorized: tls.mode !== 'required',
    verifyIdentity: tls.mode === 'verify-identity',
    ...(tls.ca === undefined ? {} : { ca: readPem(tls.ca) }),
    ...(tls.cert === undefined ? {} : { cert: readPem(tls.cert) }),
    ...(tls.key === undefined ? {} : { key: readPem(tls.key) }),
  }
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ExpectedError(
      'tls-file-unreadable',
      `The TLS file ${path} can't be read.`,
      'Check the path in the URL or in the option file, and its permissions.',
      { status: exitStatus.configuration, cause: error },
    )
  }
}
