import { libraryNames } from './catalog/libraries.ts'
import { listTables } from './catalog/list.ts'
import type { Client, TextRecord } from './client.ts'
import { quoteName } from './lexer.ts'
import { isThisDatabase, type Server } from './session.ts'

/** Drops the triggers and events of `server.database`, which is the current one. */
export async function dropTriggersAndEvents(client: Client, server: Server): Promise<void> {
  await dropTriggers(client, server)
  for (const name of await namesOf(client, server, 'event')) {
    await client.query(`DROP EVENT ${quoteName(name)}`)
  }
}

/** Drops the triggers of `server.database`, which is the current one. */
export async function dropTriggers(client: Client, server: Server): Promise<void> {
  for (const name of await namesOf(client, server, 'trigger')) {
    await client.query(`DROP TRIGGER ${quoteName(name)}`)
  }
}

async function namesOf(
  client: Client,
  server: Server,
  kind: 'trigger' | 'event',
): Promise<readonly string[]> {
  const records = await client.query<'name'>(
    `SELECT ${kind}_name AS name FROM information_schema.${kind}s WHERE ${isThisDatabase(`${kind}_schema`, server)}`,
  )
  return records.map(({ name }) => name ?? '')
}

/** Drops the views, functions, procedures and libraries of `server.database`, which is the current one. */
export async function dropViewsAndRoutines(client: Client, server: Server): Promise<void> {
  for (const { name, type } of await listTables(client, server)) {
    if (type === 'VIEW') await client.query(`DROP VIEW ${quoteName(name)}`)
  }
  const routines = await client.query<'name' | 'type'>(
    `SELECT routine_name AS name, routine_type AS type FROM information_schema.routines
     WHERE ${isThisDatabase('routine_schema', server)}`,
  )
  const packages = routines.filter(({ type }) => type?.startsWith('PACKAGE') === true)
  for (const { name, type } of routines) {
    if (type?.startsWith('PACKAGE') === true) continue
    await client.query(`DROP ${type ?? ''} ${quoteName(name ?? '')}`)
  }
  await dropPackages(client, packages)
  for (const name of await libraryNames(client, server)) {
    await client.query(`DROP LIBRARY ${quoteName(name)}`)
  }
}

/** Only under sql_mode ORACLE does the server know the word; a package takes its body along. */
async function dropPackages(
  client: Client,
  packages: readonly TextRecord<'name' | 'type'>[],
): Promise<void> {
  if (packages.length === 0) return
  await client.query("SET @saved_sql_mode = @@sql_mode, SESSION sql_mode = 'ORACLE'")
  for (const { name, type } of packages) {
    await client.query(`DROP ${type ?? ''} IF EXISTS ${quoteName(name ?? '')}`)
  }
  await client.query('SET SESSION sql_mode = @saved_sql_mode')
}
