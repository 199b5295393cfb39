import { ExpectedError } from '../../errors.ts'
import type { DbObject, TableName } from '../../model.ts'
import type { FillRequest, LoadRequest, Target, Violation } from '../target.ts'
import { readDatabase } from './catalog/database.ts'
import { transactionalEngines } from './catalog/engines.ts'
import { listTables } from './catalog/list.ts'
import { asShown } from './catalog/text-policies.ts'
import { readTriggers } from './catalog/triggers.ts'
import type { Client } from './client.ts'
import { dropTriggers } from './drop.ts'
import { definitionMode, runScript, type FillSession } from './fill-session.ts'
import { countRows } from './fill-whole.ts'
import { loadRows } from './load.ts'
import { readMarker, removeMarker, restoreInProgress, setMarker } from './marker.ts'
import { nameOfObject } from './object-script.ts'
import type { Server } from './session.ts'
import { findViolations } from './violations.ts'

/** Fills tables that exist, in one transaction, unseen by their triggers, as fill.ts says. */
export async function fillRows<T>(
  { client, server }: FillSession,
  request: FillRequest,
  use: (target: Target) => Promise<T>,
): Promise<T> {
  const marker = await readMarker(client, server.database)
  if (marker !== undefined) throw restoreInProgress(server.database, marker)
  const target = new RowTarget(client, server, request, await enginesOfTables(client, server))
  const putBack = await takeTriggersAway(client, server)
  let result: T
  try {
    await client.query('START TRANSACTION')
    result = await use(target)
    await client.query('COMMIT')
  } catch (error) {
    if (client.usable) await takeBack({ client, server })
    throw error
  }
  if (putBack) await putBackTriggers({ client, server })
  for (const { what, sql } of target.counters) await runScript(client, sql, what)
  return result
}

async function takeBack(session: FillSession): Promise<void> {
  await session.client.query('ROLLBACK')
  await session.client.query(`SET SESSION sql_mode = '${definitionMode}'`)
  await putBackTriggers(session)
}

/** Makes the triggers again that a fill took away and could not, and takes its mark away. */
export async function putBackTriggers({ client, server }: FillSession): Promise<void> {
  const marker = await readMarker(client, server.database)
  if (marker?.putBack === undefined) return
  await dropTriggers(client, server)
  await runScript(client, marker.putBack, 'The triggers that were there before')
  await removeMarker(client, server.database)
}

/** Drops the triggers of all tables, with their statements in a mark. Whether there were any. */
async function takeTriggersAway(client: Client, server: Server): Promise<boolean> {
  const { collation } = await readDatabase(client, server)
  const asTheyAre = { databaseCollation: collation, texts: asShown }
  const { sqlByTable, notCaptured } = await readTriggers(client, server, asTheyAre)
  const [hidden] = notCaptured
  if (hidden !== undefined) {
    throw new ExpectedError(
      'trigger-not-readable',
      `The trigger ${hidden.name} would see the rows that are loaded, and can't be taken away for a while: ${hidden.reason}`,
      `GRANT TRIGGER ON the database to the account, then run again.`,
    )
  }
  if (sqlByTable.size === 0) return false
  await setMarker(client, server.database, { putBack: [...sqlByTable.values()].join('') })
  await dropTriggers(client, server)
  return true
}

async function enginesOfTables(
  client: Client,
  server: Server,
): Promise<ReadonlyMap<string, string>> {
  const transactional = await transactionalEngines(client)
  const tables = await listTables(client, server)
  const others = tables.filter(({ engine }) => !transactional.has(engine.toUpperCase()))
  return new Map(others.map(({ name, engine }) => [name, engine]))
}

/** Loads rows within the open transaction; statements that would end it wait. */
class RowTarget implements Target {
  readonly counters: { readonly what: string; readonly sql: string }[] = []
  private readonly client: Client
  private readonly server: Server
  private readonly request: FillRequest
  private readonly enginesWithoutTransactions: ReadonlyMap<string, string>

  constructor(
    client: Client,
    server: Server,
    request: FillRequest,
    enginesWithoutTransactions: ReadonlyMap<string, string>,
  ) {
    this.client = client
    this.server = server
    this.request = request
    this.enginesWithoutTransactions = enginesWithoutTransactions
  }

  create(object: DbObject): Promise<void> {
    return Promise.reject(
      new Error(`${nameOfObject(object)} can't be made where only rows are filled in`),
    )
  }

  async load(request: LoadRequest, rows: AsyncIterable<Uint8Array>): Promise<number> {
    const { name } = request.table
    const engine = this.enginesWithoutTransactions.get(name)
    if (engine !== undefined && engine !== '') throw notTransactional(name, engine)
    return await loadRows(this.client, request, rows)
  }

  setCounters(object: DbObject): Promise<void> {
    const { sqlCounters: sql = '' } = object
    this.counters.push({ what: `Counter of ${nameOfObject(object)}`, sql })
    return Promise.resolve()
  }

  finish(object: DbObject): Promise<void> {
    return this.create(object)
  }

  async countRows(table: TableName): Promise<number> {
    return await countRows(this.client, this.server, table)
  }

  async violations(): Promise<readonly Violation[]> {
    if (this.request.skipReferenceCheck === true) return []
    return await findViolations(this.client, this.server)
  }
}

function notTransactional(table: string, engine: string): ExpectedError {
  return new ExpectedError(
    'not-transactional',
    `Table ${table} has the storage engine ${engine}, which knows no transactions: a failure could not be undone.`,
    `ALTER TABLE … ENGINE = InnoDB, or restore the whole database, which needs no transaction.`,
  )
}
