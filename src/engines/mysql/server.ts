import { ExpectedError } from '../../errors.ts'
import type { DbObject } from '../../model.ts'
import type { ConnectionRequest } from '../connection.ts'
import type { DatabaseServer } from '../target.ts'
import type { Client } from './client.ts'
import { connect, connectionSettings } from './connect.ts'
import { countObjects } from './count-objects.ts'
import { dropGrants, escaped } from './drop-grants.ts'
import { naming } from './fill-errors.ts'
import { runScript } from './fill-session.ts'
import { quoteName, quoteText } from './lexer.ts'
import { dropStatement, isOfServer, isThere } from './server-objects.ts'
import { pinSession, type Server } from './session.ts'

/** What this tool makes and drops by itself. */
const ownPrefix = 'schema_backup_'

/** It is there on every server, and every account may enter it. */
const alwaysThere = 'information_schema'

/** A session on a server that stands in no database of a user. */
export class MysqlServer implements DatabaseServer {
  readonly database: string
  private readonly client: Client
  private readonly server: Server
  private readonly request: ConnectionRequest

  private constructor(client: Client, server: Server, request: ConnectionRequest) {
    this.client = client
    this.server = server
    this.request = request
    this.database = connectionSettings(request).database
  }

  static async open(request: ConnectionRequest): Promise<MysqlServer> {
    const client = await connect({ ...connectionSettings(request), database: alwaysThere })
    try {
      return new MysqlServer(client, await pinSession(client, alwaysThere), request)
    } catch (error) {
      await client[Symbol.asyncDispose]()
      throw error
    }
  }

  async objectCount(database: string): Promise<number | undefined> {
    const names = await this.list(database)
    if (!names.some((name) => this.isSame(name, database))) return undefined
    return await countObjects(this.client, { ...this.server, database })
  }

  /** The owner is an account (`user` or `user@host`) that gets all privileges on the database: there are no owners here. */
  async create(
    database: string,
    { owner, settings }: { readonly owner?: string; readonly settings?: DbObject },
  ): Promise<void> {
    const name = quoteName(database)
    await naming(`Database ${database}`, async () => {
      await this.client.query(`CREATE DATABASE ${name}`)
    })
    try {
      await this.client.query(`USE ${name}`)
      if (settings !== undefined) {
        await runScript(this.client, settings.sql, `The settings of database ${database}`)
      }
      if (owner !== undefined) await this.grantAll(database, owner)
    } catch (error) {
      if (this.client.usable) await this.drop(database)
      throw error
    } finally {
      if (this.client.usable) await this.client.query(`USE ${quoteName(alwaysThere)}`)
    }
  }

  async drop(database: string): Promise<void> {
    await naming(`Database ${database}`, async () => {
      await this.client.query(`DROP DATABASE IF EXISTS ${quoteName(database)}`)
      // Databases of the user's may come back under their names, for whom they were granted.
      if (database.startsWith(ownPrefix))
        await dropGrants(this.client, { ...this.server, database })
    })
  }

  async absentServerObjects(objects: readonly DbObject[]): Promise<readonly DbObject[]> {
    const absent: DbObject[] = []
    for (const object of objects) {
      if (!isOfServer(object) || object.sql === '') continue
      if ((await isThere(this.client, object)) === false) absent.push(object)
    }
    return absent
  }

  async dropServerObjects(objects: readonly DbObject[]): Promise<void> {
    for (const object of objects.toReversed()) await this.client.query(dropStatement(object))
  }

  async list(prefix: string): Promise<readonly string[]> {
    const records = await this.client.query<'name'>(
      `SELECT schema_name AS name FROM information_schema.schemata ORDER BY CAST(schema_name AS BINARY)`,
    )
    const all = records.map(({ name }) => name ?? '')
    return all.filter((name) => this.isSame(name.slice(0, prefix.length), prefix))
  }

  requestFor(database: string): ConnectionRequest {
    const url = this.request.url.replace(
      /^([a-z]+:\/\/[^/?#]*)(?:\/[^?#]*)?/i,
      (_, server: string) => `${server}/${encodeURIComponent(database)}`,
    )
    return { ...this.request, url }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]()
  }

  private isSame(a: string, b: string): boolean {
    return this.server.exactNames ? a === b : a.toLowerCase() === b.toLowerCase()
  }

  private async grantAll(database: string, owner: string): Promise<void> {
    const [, user = owner, host = '%'] = /^(.*)@([^@]*)$/s.exec(owner) ?? []
    // A GRANT can make the account, without a password: its name was mistyped, then.
    const [known] = await this.client.query(
      `SELECT 1 AS found FROM mysql.user WHERE user = ${quoteText(user)} AND host = ${quoteText(host)}`,
    )
    if (known === undefined) throw noSuchAccount(user, host)
    const pattern = quoteName(escaped(database))
    await this.client.query(
      `GRANT ALL PRIVILEGES ON ${pattern}.* TO ${quoteText(user)}@${quoteText(host)}`,
    )
  }
}

function noSuchAccount(user: string, host: string): ExpectedError {
  return new ExpectedError(
    'no-such-account',
    `There is no account '${user}'@'${host}' that could own the database.`,
    'Create it first (CREATE USER), or write the owner as user@host.',
  )
}
