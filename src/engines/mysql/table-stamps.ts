import type { TableName } from '../../model.ts'
import type { Client } from './client.ts'
import { isThisDatabase, type Server } from './session.ts'

/**
 * When the server made each of these tables, or gave it its name, to the second; a text to be compared. A table that was
 * filled aside and then renamed into the place of another looks empty to an older snapshot on MariaDB, without an error.
 */
export async function tableStamps(
  client: Client,
  server: Server,
  tables: readonly TableName[],
): Promise<string> {
  if (tables.length === 0) return ''
  const names = new Set(tables.map(({ name }) => name))
  const records = await client.query<'name' | 'made'>(
    `SELECT table_name AS name, create_time AS made FROM information_schema.tables
     WHERE ${isThisDatabase('table_schema', server)} ORDER BY CAST(table_name AS BINARY)`,
  )
  return JSON.stringify(
    records.filter(({ name }) => names.has(name ?? '')).map(({ name, made }) => [name, made]),
  )
}
