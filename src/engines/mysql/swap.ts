import { ExpectedError } from '../../errors.ts'
import { listTables } from './catalog/list.ts'
import { readSchema } from './catalog/read-schema.ts'
import { enginesWithoutRows } from './catalog/tables.ts'
import type { Client } from './client.ts'
import { withoutSequenceDatabase } from './create-table.ts'
import { describeAll } from './catalog/describe.ts'
import { naming } from './fill-errors.ts'
import { runScript } from './fill-session.ts'
import { errorNumber } from './failures.ts'
import { splitStatements } from './split.ts'
import { joinTokens, quoteName, quoteText, tokenize } from './lexer.ts'
import { markerTable, readMarker, removeMarker, setMarker } from './marker.ts'
import type { Scratch } from './scratch.ts'
import { makeGrants } from './server-objects.ts'
import { isThisDatabase, type Server } from './session.ts'
import { dropTriggersAndEvents, dropViewsAndRoutines } from './drop.ts'

/** Statements for the vendor's client that make something, and what that is. */
export interface Script {
  readonly what: string
  readonly sql: string
}

/** What can't be moved from one database to another and is made a second time, in this order. */
export interface Programs {
  readonly settings: Script[]
  /** Views, functions and procedures. */
  readonly objects: Script[]
  readonly triggers: Script[]
  readonly events: Script[]
  readonly grants: Script[]
}

/**
 * Puts what a scratch database holds in the place of what its target holds; fill.ts says in which steps. Throws
 * `restore-in-progress` when it can't go on after the point of no return; before it, the target is as it was.
 */
export async function swapIn(
  client: Client,
  server: Server,
  scratch: Scratch,
  programs: Programs,
): Promise<void> {
  const isMarked = (await readMarker(client, server.database)) !== undefined
  const way = await scratchReady(client, { ...server, database: scratch.name })
  const { views, undo } = await hindrances(client, server, scratch)
  // Of a marked target, parts of an earlier restore go aside: nobody wants them back.
  if (isMarked) await setMarker(client, scratch.aside, {})
  else await setMarker(client, server.database, { aside: scratch.aside })
  try {
    await dropTriggersAndEvents(client, server)
    for (const name of views) await client.query(`DROP VIEW ${quoteName(name)}`)
    await moveTables(client, server, scratch)
  } catch (error) {
    if (!client.usable || isMarked || !(await isUndone(client, server, undo))) {
      throw halfDone(server, scratch, error)
    }
    throw error
  }
  try {
    await makePrograms(client, server, programs, way)
    if (isMarked) await removeMarker(client, server.database)
    else await forgetOld(client, server, scratch)
  } catch (error) {
    throw halfDone(server, scratch, error)
  }
}

/** Makes again what had to go before the tables moved, which they did not. Whether that worked. */
async function isUndone(client: Client, server: Server, undo: readonly Script[]): Promise<boolean> {
  try {
    for (const { sql } of undo) await makeUnlessThere(client, sql)
    await removeMarker(client, server.database)
    return true
  } catch {
    // The error that led here says more; the mark stays.
    return false
  }
}

async function makeUnlessThere(client: Client, script: string): Promise<void> {
  for (const statement of splitStatements(script)) {
    try {
      await client.query(statement)
    } catch (error) {
      if (!existsAlready.has(errorNumber(error) ?? 0)) throw error
    }
  }
}

/** Of a view, a trigger, an event. */
const existsAlready = new Set([1050, 1359, 1537])

/** What the move out of the scratch database costs a table, and how it is put right. */
interface Way {
  /** Defaults that name a sequence, which the server writes with its database. */
  readonly defaults: readonly Script[]
  /** Tables that show rows of other places, by CREATE TABLE. */
  readonly tables: readonly Script[]
}

/** Drops in the scratch database what hinders the move. */
async function scratchReady(client: Client, server: Server): Promise<Way> {
  await client.query(`USE ${quoteName(server.database)}`)
  await dropTriggersAndEvents(client, server)
  await dropViewsAndRoutines(client, server)
  const isElsewhere = ({ engine }: { engine: string }) =>
    enginesWithoutRows.has(engine.toUpperCase())
  const elsewhere = (await listTables(client, server)).filter(isElsewhere)
  const shown = await describeAll(
    client,
    elsewhere,
    ({ name }) => `SHOW CREATE TABLE ${quoteName(name)}`,
  )
  const tables = shown.map(({ item: { name }, record, refusal }) => {
    const statement = record?.['Create Table']
    if (typeof statement !== 'string') throw refusal ?? new Error(`table ${name} is not shown`)
    return { what: `table ${name}`, sql: `${statement};\n` }
  })
  for (const { name } of elsewhere) await client.query(`DROP TABLE ${quoteName(name)}`)
  return { tables, defaults: await withoutSequenceDefaults(client, server) }
}

async function withoutSequenceDefaults(client: Client, server: Server): Promise<Script[]> {
  const columns = await client.query<'of' | 'name' | 'standard'>(
    `SELECT table_name AS \`of\`, column_name AS name, column_default AS standard FROM information_schema.columns
     WHERE ${isThisDatabase('table_schema', server)} AND column_default LIKE ${quoteText(`%\`${server.database}\`%`)}`,
  )
  const scripts: Script[] = []
  for (const { of, name, standard } of columns) {
    const alter = `ALTER TABLE ${quoteName(of ?? '')} ALTER COLUMN ${quoteName(name ?? '')}`
    await client.query(`${alter} DROP DEFAULT`)
    const { tokens } = withoutSequenceDatabase(tokenize(standard ?? ''), server.database)
    scripts.push({
      what: `table ${of ?? ''}`,
      sql: `${alter} SET DEFAULT (${joinTokens(tokens)});\n`,
    })
  }
  return scripts
}

/** Views of the target with the name of a table that is to come; what must go before the tables move can be made again. */
async function hindrances(client: Client, server: Server, scratch: Scratch): Promise<Hindrances> {
  const coming = await listTables(client, { ...server, database: scratch.name })
  const names = new Set(coming.filter(({ type }) => type !== 'VIEW').map(({ name }) => name))
  await client.query(`USE ${quoteName(server.database)}`)
  const { objects } = await readSchema(client, server)
  const views = objects.filter(({ kind, name }) => kind === 'view' && names.has(name))
  const events = objects.filter(({ kind }) => kind === 'event')
  const triggers = objects.flatMap(({ kind, name, sqlAfterRows: sql }) =>
    sql === undefined || kind !== 'table' ? [] : [{ what: `Triggers of table ${name}`, sql }],
  )
  const made = [...views, ...events].map(({ kind, name, sql }) => ({
    what: `${kind} ${name}`,
    sql,
  }))
  return { views: views.map((view) => view.name), undo: [...triggers, ...made] }
}

interface Hindrances {
  readonly views: readonly string[]
  readonly undo: readonly Script[]
}

/** One statement, which the server does whole or not at all: old tables out, new ones in. */
async function moveTables(client: Client, server: Server, scratch: Scratch): Promise<void> {
  const namesIn = async (database: string) => {
    const listed = await listTables(client, { ...server, database })
    return listed.filter(({ type, name }) => type !== 'VIEW' && name !== markerTable)
  }
  const moves = (from: string, to: string) => (table: { readonly name: string }) =>
    `${quoteName(from)}.${quoteName(table.name)} TO ${quoteName(to)}.${quoteName(table.name)}`
  const out = (await namesIn(server.database)).map(moves(server.database, scratch.aside))
  const into = (await namesIn(scratch.name)).map(moves(scratch.name, server.database))
  if (out.length + into.length === 0) return
  await naming(`The tables of ${server.database} can't be moved`, async () => {
    await client.query(`RENAME TABLE ${[...out, ...into].join(', ')}`)
  })
}

async function makePrograms(
  client: Client,
  server: Server,
  programs: Programs,
  way: Way,
): Promise<void> {
  const scripts = [
    ...programs.settings,
    ...way.defaults,
    ...way.tables,
    ...programs.objects,
    ...programs.triggers,
    ...programs.events,
  ]
  await dropViewsAndRoutines(client, server)
  for (const { what, sql } of scripts) await runScript(client, sql, what)
  for (const grants of programs.grants) await makeGrants(client, grants, server.database)
}

/** The mark goes to the old tables: from now on they are what may be dropped, by whoever comes. */
async function forgetOld(client: Client, server: Server, scratch: Scratch): Promise<void> {
  const table = quoteName(markerTable)
  await client.query(
    `RENAME TABLE ${quoteName(server.database)}.${table} TO ${quoteName(scratch.aside)}.${table}`,
  )
}

/** Whether an error means that both the new and the old objects are still needed where they are. */
export function isHalfDone(error: unknown): boolean {
  return error instanceof ExpectedError && error.code === halfDoneCode
}

const halfDoneCode = 'restore-in-progress'

function halfDone({ database }: Server, scratch: Scratch, cause: unknown): ExpectedError {
  const why = cause instanceof Error ? ` ${cause.message}` : ''
  return new ExpectedError(
    halfDoneCode,
    `The restore of ${database} was cut off while the new objects were put in place: the database is not whole, and its table ${markerTable} says so. The tables that it held before are in ${scratch.aside}.${why}`,
    `Drop the database and run the same restore again, then drop ${scratch.aside}; to go back instead, move its tables back by RENAME TABLE.`,
    { cause },
  )
}
