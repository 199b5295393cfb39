import type { Client } from 'pg'
import { ExpectedError } from '../../errors.ts'
import type { DbObject } from '../../model.ts'
import type { ConnectionRequest } from '../connection.ts'
import type { DatabaseServer } from '../target.ts'
import { countObjects } from './catalog/object-count.ts'
import { connectorFor, type Connector } from './connect.ts'
import { dropSubscriptions, subscriptionsOf } from './old-subscriptions.ts'
import { driverFacts } from './errors.ts'
import { fillingError, fillingSession } from './fill-errors.ts'
import { identifier, literal } from './quote.ts'
import { connectionParameters } from './parameters.ts'
import { creationFacts, type CreationFacts } from './settings.ts'

/** Databases that every server has, in the order in which they are tried. */
const maintenanceDatabases = ['postgres', 'template1']

function isUnknownDatabase(error: unknown): boolean {
  return error instanceof ExpectedError && error.code === 'unknown-database'
}

async function connectToMaintenance(connect: Connector): Promise<Client> {
  const [first = 'postgres', second = 'template1'] = maintenanceDatabases
  try {
    return await connect('fill', { database: first })
  } catch (error) {
    if (!isUnknownDatabase(error)) throw error
    return await connect('fill', { database: second })
  }
}

/** The same request for another database; a parameter of the URL goes before its path. */
function requestForDatabase(request: ConnectionRequest, database: string): ConnectionRequest {
  const url = new URL(request.url)
  url.pathname = `/${encodeURIComponent(database)}`
  url.searchParams.delete('dbname')
  return { ...request, url: url.href }
}

function localeOptions(facts: CreationFacts, serverVersion: number): readonly string[] {
  const { locale } = facts
  const classic = [`LC_COLLATE ${literal(facts.collate)}`, `LC_CTYPE ${literal(facts.ctype)}`]
  if (locale === undefined) {
    return [...classic, ...(serverVersion >= 150_000 ? ['LOCALE_PROVIDER libc'] : [])]
  }
  const name = locale.provider === 'icu' ? 'ICU_LOCALE' : 'BUILTIN_LOCALE'
  return [
    ...classic,
    `LOCALE_PROVIDER ${locale.provider}`,
    `${name} ${literal(locale.name)}`,
    ...(locale.rules === undefined ? [] : [`ICU_RULES ${literal(locale.rules)}`]),
  ]
}

function creationError(
  error: unknown,
  statement: string,
  database: string,
  version: number,
): Error {
  const { code, message } = driverFacts(error)
  if (code === '42P04') {
    return new ExpectedError(
      'database-exists',
      `There is a database ${database} already.`,
      'Name another one, or restore into this one.',
      { cause: error },
    )
  }
  // An unknown locale, provider or encoding: 42809, 22023, 42601.
  if (code === '42809' || code === '22023' || code === '42601' || code === '0A000') {
    return new ExpectedError(
      'locale-missing',
      `The server can't make a database with the encoding and locale of the original: ${message}.`,
      `Install the locale on the server, or make the database by hand with another one, in which text may be sorted differently, and restore into it: ${statement}`,
      { cause: error },
    )
  }
  return fillingError(error, {
    what: `the database ${database}`,
    sql: statement,
    seesRows: false,
    serverVersion: version,
  })
}

const dependentObjectsStillExist = '2BP01'

class Server implements DatabaseServer {
  readonly database: string
  readonly #connect: Connector
  readonly #request: ConnectionRequest
  readonly #client: Client
  readonly #made = new Set<string>()

  constructor(database: string, connect: Connector, request: ConnectionRequest, client: Client) {
    this.database = database
    this.#connect = connect
    this.#request = request
    this.#client = client
  }

  async objectCount(database: string): Promise<number | undefined> {
    let client: Client
    try {
      client = await this.#connect('read', { database })
    } catch (error) {
      if (isUnknownDatabase(error)) return undefined
      throw error
    }
    try {
      return await countObjects(fillingSession(client, await this.#version()))
    } finally {
      await client.end().catch(() => undefined)
    }
  }

  async create(
    database: string,
    options: { readonly owner?: string; readonly settings?: DbObject },
  ): Promise<void> {
    const version = await this.#version()
    const facts = options.settings === undefined ? undefined : creationFacts(options.settings.sql)
    const owner = options.owner ?? (await this.#knownRole(facts?.owner))
    const words = [
      `CREATE DATABASE ${identifier(database)}`,
      ...(owner === undefined ? [] : [`OWNER ${identifier(owner)}`]),
      'TEMPLATE template0',
      ...(facts === undefined
        ? []
        : [`ENCODING ${literal(facts.encoding)}`, ...localeOptions(facts, version)]),
    ]
    const statement = `${words.join(' ')};`
    try {
      await this.#client.query(statement)
    } catch (error) {
      throw creationError(error, statement, database, version)
    }
    this.#made.add(database)
  }

  async drop(database: string): Promise<void> {
    // Sessions of others are ended only where the database is one that was made here.
    const force = this.#made.has(database) ? ' WITH (FORCE)' : ''
    const sql = `DROP DATABASE IF EXISTS ${identifier(database)}${force}`
    await this.#dropSubscriptions(database)
    try {
      await this.#client.query(sql)
    } catch (error) {
      throw await this.#droppingError(error, database, sql)
    }
    this.#made.delete(database)
  }

  async absentServerObjects(objects: readonly DbObject[]): Promise<readonly DbObject[]> {
    const roles = objects.filter(({ kind }) => kind === 'role')
    const rows = await this.#query<{ name: string }>(
      'the roles',
      'SELECT rolname::text AS name FROM pg_catalog.pg_roles',
    )
    const known = new Set(rows.map(({ name }) => name))
    return roles.filter(({ name }) => !known.has(name))
  }

  async dropServerObjects(objects: readonly DbObject[]): Promise<void> {
    for (const { name } of objects) {
      const sql = `DROP ROLE IF EXISTS ${identifier(name)}`
      try {
        await this.#client.query(sql)
      } catch (error) {
        if (driverFacts(error).code === dependentObjectsStillExist) continue
        const serverVersion = await this.#version()
        throw fillingError(error, { what: `the role ${name}`, sql, seesRows: false, serverVersion })
      }
    }
  }

  async list(prefix: string): Promise<readonly string[]> {
    const rows = await this.#query<{ name: string }>(
      'the list of databases',
      `SELECT datname::text AS name FROM pg_catalog.pg_database
       WHERE pg_catalog.starts_with(datname::text, ${literal(prefix)}) AND NOT datistemplate ORDER BY datname COLLATE "C"`,
    )
    return rows.map(({ name }) => name)
  }

  requestFor(database: string): ConnectionRequest {
    return requestForDatabase(this.#request, database)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end().catch(() => undefined)
  }

  async #droppingError(error: unknown, database: string, sql: string): Promise<Error> {
    if (driverFacts(error).code !== '55006') {
      const serverVersion = await this.#version()
      const what = `the database ${database}`
      return fillingError(error, { what, sql, seesRows: false, serverVersion })
    }
    return new ExpectedError(
      'database-in-use',
      `The database ${database} has sessions and can't be dropped.`,
      'End them, then try again.',
      { cause: error },
    )
  }

  /** A database with subscriptions can't be dropped. */
  async #dropSubscriptions(database: string): Promise<void> {
    const version = await this.#version()
    const found = await subscriptionsOf(fillingSession(this.#client, version), database)
    if (found.length === 0) return
    const client = await this.#connect('fill', { database })
    try {
      await dropSubscriptions(fillingSession(client, version), found)
    } finally {
      await client.end().catch(() => undefined)
    }
  }

  /** A role that the snapshot names and this server lacks is told when an object needs it. */
  async #knownRole(role: string | undefined): Promise<string | undefined> {
    if (role === undefined) return undefined
    const found = await this.#query<{ name: string }>(
      'the roles',
      `SELECT rolname::text AS name FROM pg_catalog.pg_roles WHERE rolname = ${literal(role)}`,
    )
    return found[0]?.name
  }

  async #version(): Promise<number> {
    const [row] = await this.#query<{ version: string }>(
      'the version of the server',
      "SELECT pg_catalog.current_setting('server_version_num') AS version",
    )
    return Number(row?.version ?? 0)
  }

  async #query<Row extends object>(what: string, sql: string): Promise<Row[]> {
    return await fillingSession(this.#client, 0).query<Row & Record<string, unknown>>(what, sql)
  }
}

/** Connects to a server by one of the databases that every server has. */
export async function openServer(request: ConnectionRequest): Promise<DatabaseServer> {
  const connect = await connectorFor(request)
  const { database } = await connectionParameters(request)
  return new Server(database, connect, request, await connectToMaintenance(connect))
}
