import { listTables } from './catalog/list.ts'
import type { Client } from './client.ts'
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

/** Drops the views, functions and procedures of `server.database`, which is the current one. */
export async function dropViewsAndRoutines(client: Client, server: Server): Promise<void> {
  for (const { name, type } of await listTables(client, server)) {
    if (type === 'VIEW') await client.query(`DROP VIEW ${quoteName(name)}`)
  }
  const routines = await client.query<'name' | 'type'>(
    `SELECT routine_name AS name, routine_type AS type FROM information_schema.routines
     WHERE ${isThisDatabase('routine_schema', server)}`,
  )
  for (const { name, type } of routines) {
    await client.query(`DROP ${type ?? ''} ${quoteName(name ?? '')}`)
  }
}
