import type { DbObject, NotCaptured } from '../../../model.ts'
import type { Client, TextRecord } from '../client.ts'
import { quoteName, quoteText } from '../lexer.ts'
import { isThisDatabase, type Server } from '../session.ts'
import { isDenied } from './describe.ts'
import { libraryNames } from './libraries.ts'

type Entry = TextRecord<'kind' | 'of' | 'name'>

/**
 * Counts what the catalogs of the server list in this database, by other ways than those by which it was read, and names
 * what is in no object: whatever a statement of the server leaves out, or a kind that this engine does not know.
 */
export async function takeCensus(
  client: Client,
  server: Server,
  objects: readonly DbObject[],
  known: readonly NotCaptured[],
): Promise<readonly NotCaptured[]> {
  const entries = [
    ...(await client.query<'kind' | 'of' | 'name'>(union(server))),
    ...(await storedEntries(client, server)),
  ]
  const texts = new Map(objects.map(({ kind, name, ...text }) => [keyOf(kind, name), text]))
  const named = new Set(known.map(({ kind, name }) => keyOf(kind, name)))
  // A table that is named already stands for all that belongs to it.
  const isNamed = ({ kind, of, name }: Entry) =>
    named.has(keyOf(kind, name)) || (of !== null && named.has(keyOf('table', of)))
  const tables = new Set(entries.flatMap(({ kind, name }) => (kind === 'table' ? [name] : [])))
  // The columns of views and sequences are what their definitions make them.
  const isOwn = ({ kind, of }: Entry) => kind !== 'column' || tables.has(of)
  const missing = entries.filter(
    (entry) => isOwn(entry) && !isNamed(entry) && !isWritten(entry, texts),
  )
  return uniquely(missing).map(({ kind, of, name }) => ({
    kind: (kind ?? '').toLowerCase(),
    name: of === null ? (name ?? '') : `${of}.${name ?? ''}`,
    reason: "the server's catalog lists it, and no definition that the server shows holds it",
  }))
}

/** Names of routines do not tell upper and lower case apart, and the catalogs write kinds in capitals. */
function keyOf(kind: string | null, name: string | null): string {
  return `${(kind ?? '').toLowerCase()} ${name ?? ''}`
}

/** Everything that information_schema lists: what stands alone, and what must stand in the text of a table. */
function union(server: Server): string {
  const here = (column: string) => isThisDatabase(column, server)
  return `
    SELECT CASE table_type WHEN 'BASE TABLE' THEN 'table' WHEN 'SYSTEM VERSIONED' THEN 'table' ELSE table_type END AS kind,
      NULL AS \`of\`, table_name AS name FROM information_schema.tables WHERE ${here('table_schema')}
    UNION ALL SELECT routine_type, NULL, routine_name FROM information_schema.routines WHERE ${here('routine_schema')}
    UNION ALL SELECT 'event', NULL, event_name FROM information_schema.events WHERE ${here('event_schema')}
    UNION ALL SELECT 'trigger', event_object_table, trigger_name FROM information_schema.triggers WHERE ${here('trigger_schema')}
    UNION ALL SELECT 'index', table_name, index_name FROM information_schema.statistics WHERE ${here('table_schema')}
    UNION ALL SELECT 'constraint', table_name, constraint_name FROM information_schema.table_constraints WHERE ${here('table_schema')}
    UNION ALL SELECT 'column', table_name, column_name FROM information_schema.columns WHERE ${here('table_schema')}`
}

/** The tables in which MariaDB keeps programs, also those that it can't show. */
async function storedEntries(client: Client, server: Server): Promise<readonly Entry[]> {
  if (server.can.readRoutinesFrom === undefined) return await libraries(client, server)
  const here = quoteText(server.database)
  const entries: Entry[] = []
  for (const question of [
    `SELECT type AS kind, NULL AS \`of\`, name AS name FROM mysql.proc WHERE db = ${here}`,
    `SELECT 'event' AS kind, NULL AS \`of\`, name AS name FROM mysql.event WHERE db = ${here}`,
  ]) {
    try {
      entries.push(...(await client.query<'kind' | 'of' | 'name'>(question)))
    } catch (error) {
      if (!isDenied(error)) throw error
    }
  }
  return entries
}

/** Code that routines share, which newer MySQL servers know; routines are listed without them. */
async function libraries(client: Client, server: Server): Promise<readonly Entry[]> {
  const names = await libraryNames(client, server)
  return names.map((name) => ({ kind: 'library', of: null, name }))
}

type Texts = ReadonlyMap<string, Pick<DbObject, 'sql' | 'sqlAfterRows'>>

function isWritten({ kind, of, name }: Entry, texts: Texts): boolean {
  if (of === null) return texts.has(keyOf(kind === 'PACKAGE BODY' ? 'package' : kind, name))
  const table = texts.get(keyOf('table', of))
  if (table === undefined) return false
  if (kind === 'trigger') return writesTrigger(table.sqlAfterRows ?? '', name ?? '')
  if (name === 'PRIMARY') return table.sql.includes('PRIMARY KEY')
  return table.sql.includes(quoteName(name ?? ''))
}

/** The head of a trigger is as it was typed: without quotes, or with those of ANSI_QUOTES. */
function writesTrigger(text: string, name: string): boolean {
  if (text.includes(quoteName(name)) || text.includes(`"${name.replaceAll('"', '""')}"`))
    return true
  return /^[\w$\u0080-\u{ffff}]+$/u.test(name) && text.includes(name)
}

function uniquely(entries: readonly Entry[]): readonly Entry[] {
  return [...new Map(entries.map((entry) => [JSON.stringify(entry), entry])).values()]
}
