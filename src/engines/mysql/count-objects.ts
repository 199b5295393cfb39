import type { Client } from './client.ts'
import { isThisDatabase, type Server } from './session.ts'

/** How many tables, views, sequences, routines, libraries and events a database holds. */
export async function countObjects(client: Client, server: Server): Promise<number> {
  const kinds = {
    tables: 'table',
    routines: 'routine',
    events: 'event',
    ...(server.can.haveLibraries ? { libraries: 'library' } : {}),
  }
  const counts = Object.entries(kinds).map(
    ([view, kind]) =>
      `(SELECT count(*) FROM information_schema.${view} WHERE ${isThisDatabase(`${kind}_schema`, server)})`,
  )
  const [record] = await client.query<'count'>(`SELECT ${counts.join(' + ')} AS count`)
  return Number(record?.count ?? 0)
}
