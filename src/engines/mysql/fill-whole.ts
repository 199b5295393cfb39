import { ExpectedError } from '../../errors.ts'
import type { DbObject, TableName } from '../../model.ts'
import type { FillRequest, LoadRequest, Target, Violation } from '../target.ts'
import type { Client } from './client.ts'
import { countObjects } from './count-objects.ts'
import { naming, type Versions } from './fill-errors.ts'
import { createTable } from './fill-secrets.ts'
import { runScript, type FillSession } from './fill-session.ts'
import { quoteName, quoteText } from './lexer.ts'
import { loadRows } from './load.ts'
import { readMarker } from './marker.ts'
import { mustBeRestorable, nameOfObject, switchedOff } from './object-script.ts'
import { createScratch, dropAbandoned, dropScratch } from './scratch.ts'
import { isOfServer, ServerObjects } from './server-objects.ts'
import type { Server } from './session.ts'
import { isHalfDone, swapIn, type Programs } from './swap.ts'
import { findViolations } from './violations.ts'

/** Fills a database in the modes `empty` and `replace`, as fill.ts says. */
export async function fillWhole<T>(
  { client, server }: FillSession,
  request: FillRequest,
  use: (target: Target) => Promise<T>,
): Promise<T> {
  const marker = await readMarker(client, server.database)
  if (request.mode === 'empty' && marker === undefined) await mustBeEmpty(client, server)
  await mustNotBePointedTo(client, server)
  await dropAbandoned(client)
  const scratch = await createScratch(client, server.database)
  const target = new ScratchTarget(client, { ...server, database: scratch.name }, request)
  let result: T
  try {
    await client.query(`USE ${quoteName(scratch.name)}`)
    result = await use(target)
    await swapIn(client, server, scratch, target.programs)
  } catch (error) {
    if (client.usable && !isHalfDone(error)) {
      await target.takeBack()
      await dropScratch(client, scratch)
    }
    throw error
  }
  await dropScratch(client, scratch)
  if (marker?.aside !== undefined) {
    await client.query(`DROP DATABASE IF EXISTS ${quoteName(marker.aside)}`)
  }
  return result
}

/** Makes everything in a scratch database and remembers what can't be moved out of it. */
class ScratchTarget implements Target {
  readonly programs: Programs = { settings: [], objects: [], triggers: [], events: [], grants: [] }
  private readonly serverObjects: ServerObjects
  private readonly client: Client
  private readonly server: Server
  private readonly request: FillRequest
  private readonly versions: Versions

  constructor(client: Client, server: Server, request: FillRequest) {
    this.client = client
    this.server = server
    this.request = request
    const { sourceVersion: source } = request
    this.versions = { here: server.version, ...(source === undefined ? {} : { source }) }
    this.serverObjects = new ServerObjects(client, this.versions)
  }

  /** Takes back what was made outside of the scratch database. */
  async takeBack(): Promise<void> {
    await this.serverObjects.takeBack()
  }

  async create(object: DbObject): Promise<void> {
    mustBeRestorable(object)
    if (isOfServer(object)) {
      await this.serverObjects.create(object)
      return
    }
    const what = nameOfObject(object)
    const script = { what, sql: object.sql }
    if (object.kind === 'database') this.programs.settings.push(script)
    if (object.kind === 'event') {
      this.programs.events.push(script)
      const create = async () => {
        for (const statement of switchedOff(object.sql)) await this.client.query(statement)
      }
      await naming(what, create, this.versions)
      return
    }
    if (!['database', 'table', 'sequence'].includes(object.kind)) this.programs.objects.push(script)
    if (object.kind === 'table') await createTable(this.client, object, what, this.versions)
    else await runScript(this.client, object.sql, what, this.versions)
  }

  async load(request: LoadRequest, rows: AsyncIterable<Uint8Array>): Promise<number> {
    await this.client.query('START TRANSACTION')
    const count = await loadRows(this.client, request, rows)
    await naming(`The rows of table ${request.table.name}`, async () => {
      await this.client.query('COMMIT')
    })
    return count
  }

  async setCounters(object: DbObject): Promise<void> {
    await runScript(this.client, object.sqlCounters ?? '', `Counter of ${nameOfObject(object)}`)
  }

  async finish(object: DbObject): Promise<void> {
    if (object.sqlAfterRows === undefined) return
    if (object.kind === 'role') {
      // Grants stay with the name of a database: they are made where the tables go.
      const what = `Grants to ${object.name}`
      this.programs.grants.push({ what, sql: object.sqlAfterRows })
      return
    }
    const what = `Triggers of ${nameOfObject(object)}`
    await runScript(this.client, object.sqlAfterRows, what, this.versions)
    this.programs.triggers.push({ what, sql: object.sqlAfterRows })
  }

  async countRows(table: TableName): Promise<number> {
    return await countRows(this.client, this.server, table)
  }

  async violations(): Promise<readonly Violation[]> {
    if (this.request.skipReferenceCheck === true) return []
    return await findViolations(this.client, this.server)
  }
}

/** How many rows a table of the current database holds, with those of its history where that can be loaded. */
export async function countRows(
  client: Client,
  { can }: Server,
  { name }: TableName,
): Promise<number> {
  const hasHistory = can.insertHistory && (await isVersioned(client, name))
  const [record] = await client.query<'count'>(
    `SELECT count(*) AS count FROM ${quoteName(name)}${hasHistory ? ' FOR SYSTEM_TIME ALL' : ''}`,
  )
  return Number(record?.count ?? 0)
}

async function isVersioned(client: Client, table: string): Promise<boolean> {
  const literal = quoteText(table)
  const [found] = await client.query(
    `SELECT 1 AS found FROM information_schema.tables WHERE table_schema = database() AND table_name = ${literal}
     AND CAST(table_name AS BINARY) = CAST(${literal} AS BINARY) AND table_type = 'SYSTEM VERSIONED'`,
  )
  return found !== undefined
}

async function mustBeEmpty(client: Client, server: Server): Promise<void> {
  const count = await countObjects(client, server)
  if (count === 0) return
  throw new ExpectedError(
    'target-not-empty',
    `The database ${server.database} is not empty: it holds ${count} objects.`,
    'Name an empty database or one that does not exist, or replace what it holds.',
  )
}

/** They would follow the old tables out of the database. */
async function mustNotBePointedTo(client: Client, { database }: Server): Promise<void> {
  const records = await client.query<'schema' | 'of'>(
    `SELECT constraint_schema AS \`schema\`, table_name AS \`of\` FROM information_schema.referential_constraints
     WHERE unique_constraint_schema = ${quoteText(database)} AND constraint_schema <> ${quoteText(database)}
     ORDER BY constraint_schema, table_name`,
  )
  if (records.length === 0) return
  const names = [...new Set(records.map(({ schema, of }) => `${schema ?? ''}.${of ?? ''}`))]
  throw new ExpectedError(
    'referenced-from-outside',
    `Foreign keys of other databases point into ${database} (${names.join(', ')}), so its tables can't be replaced.`,
    'Drop these foreign keys, restore, and make them again.',
  )
}
