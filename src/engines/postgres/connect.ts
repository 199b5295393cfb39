import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import { Client } from 'pg'
import { ExpectedError } from '../../errors.ts'
import type { ConnectionRequest } from '../connection.ts'
import { connectionError } from './errors.ts'
import { connectionParameters, type ConnectionParameters } from './parameters.ts'
import { refuseSharedSessions } from './pooler.ts'
import { pinForFilling, pinSession } from './session.ts'

async function certificateFile(
  named: string | undefined,
  standard: string,
  environment: ConnectionRequest['environment'],
): Promise<string | undefined> {
  if (named === 'system') return undefined
  const home = environment['HOME']
  const path = named ?? (home === undefined ? undefined : join(home, '.postgresql', standard))
  if (path === undefined) return undefined
  if (
    named === undefined &&
    (await access(path).then(
      () => false,
      () => true,
    ))
  )
    return undefined
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new ExpectedError(
      'unreadable-file',
      `The TLS file ${path} could not be read.`,
      'Correct its path or its permissions.',
      {
        cause: error,
      },
    )
  }
}

/** The TLS options for an sslmode, with libpq's meaning; false: no TLS. */
async function tlsOptions(
  parameters: ConnectionParameters,
  environment: ConnectionRequest['environment'],
): Promise<false | ConnectionOptions> {
  const { sslmode } = parameters
  if (sslmode === 'disable' || parameters.host.startsWith('/')) return false
  const certificates = {
    ca: await certificateFile(parameters.sslrootcert, 'root.crt', environment),
    cert: await certificateFile(parameters.sslcert, 'postgresql.crt', environment),
    key: await certificateFile(parameters.sslkey, 'postgresql.key', environment),
  }
  const options: ConnectionOptions = Object.fromEntries(
    Object.entries(certificates).filter(([, text]) => text !== undefined),
  )
  // require with a named authority means verify-ca, as in libpq.
  const verifies =
    sslmode.startsWith('verify-') || (sslmode === 'require' && parameters.sslrootcert !== undefined)
  if (!verifies) return { ...options, rejectUnauthorized: false }
  if (sslmode === 'verify-full') return { ...options, rejectUnauthorized: true }
  return { ...options, rejectUnauthorized: true, checkServerIdentity: () => undefined }
}

function newClient(parameters: ConnectionParameters, ssl: false | ConnectionOptions): Client {
  const { host, port, database, user, password } = parameters
  // Everything is given here, so that the driver looks into no variable or file of its own.
  const client = new Client({
    host,
    port,
    database,
    user,
    password: () => {
      if (password !== undefined) return password
      throw new ExpectedError(
        'authentication-failed',
        `The server at ${host} asks for a password of ${user}, and none was given.`,
        'Give one by the URL, password_file, password_command, PGPASSWORD or ~/.pgpass (mode 0600).',
      )
    },
    ssl,
    sslnegotiation: 'postgres',
    options: parameters.options ?? ' ',
    client_encoding: 'UTF8',
    application_name: 'schema_backup',
    connectionTimeoutMillis: parameters.timeoutMilliseconds,
    keepAlive: true,
  })
  if (parameters.options === undefined) sendNoOptions(client)
  return client
}

/** Poolers refuse the blank that keeps the driver from looking for options of its own. */
function sendNoOptions(client: Client): void {
  const given: unknown = 'connectionParameters' in client ? client.connectionParameters : undefined
  if (typeof given === 'object' && given !== null) Object.assign(given, { options: '' })
}

async function connected(
  parameters: ConnectionParameters,
  ssl: false | ConnectionOptions,
): Promise<Client> {
  const client = newClient(parameters, ssl)
  // A connection that breaks while idle is seen by the next query; without a listener it would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return client
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
}

/** What a session differs in from the request's own. */
export interface SessionChoice {
  /** The search path that RESET goes back to. */
  readonly searchPath?: string
  readonly database?: string
}

/** Opens connections with the parameters of one request; those to read and to fill are pinned, those for the user's statements not. */
export type Connector = (
  use: 'read' | 'fill' | 'execute',
  choice?: SessionChoice,
) => Promise<Client>

/** https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS */
function optionText(name: string, value: string): string {
  return ` -c ${name}=${value.replace(/[\\\s]/g, '\\$&')}`
}

function chosenParameters(
  parameters: ConnectionParameters,
  { searchPath, database = parameters.database }: SessionChoice,
): ConnectionParameters {
  const { options = '' } = parameters
  const path = searchPath === undefined ? '' : optionText('search_path', searchPath)
  return options + path === ''
    ? { ...parameters, database }
    : { ...parameters, database, options: options + path }
}

/** Makes a new session fit for its use; closes it when it can't be. */
async function prepareSession(
  client: Client,
  use: Parameters<Connector>[0],
  open: () => Promise<Client>,
): Promise<void> {
  try {
    await refuseSharedSessions(client, open)
    if (use !== 'execute') await pinSession(client)
    if (use === 'fill') await pinForFilling(client)
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
}

/** Resolves the request once and returns what opens sessions with it. */
export async function connectorFor(request: ConnectionRequest): Promise<Connector> {
  const requested = await connectionParameters(request)
  const ssl = await tlsOptions(requested, request.environment)
  const mayFallBack = requested.sslmode === 'prefer' || requested.sslmode === 'allow'
  return async (use, choice = {}) => {
    const parameters = chosenParameters(requested, choice)
    const open = async (): Promise<Client> =>
      await connected(parameters, ssl).catch(async (error: unknown) => {
        const refused = error instanceof Error && error.message.includes('does not support SSL')
        if (!mayFallBack || !refused) throw error
        return await connected(parameters, false)
      })
    try {
      const client = await open()
      await prepareSession(client, use, open)
      return client
    } catch (error) {
      throw connectionError(error, parameters)
    }
  }
}
