import type { Client } from './client.ts'
import { isThisDatabase, type Server } from './session.ts'

/** How many tables, views, sequences, routines and events a database holds. */
export async function countObjects(client: Client, server: Server): Promise<number> {
  const counts = ['table', 'routine', 'event'].map(
    (kind) =>
      `(SELECT count(*) FROM information_schema.${kind}s WHERE ${isThisDatabase(`${kind}_schema`, server)})`,
  )
  const [record] = await client.query<'count'>(`SELECT ${counts.join(' + ')} AS count`)
  return Number(record?.count ?? 0)
}
