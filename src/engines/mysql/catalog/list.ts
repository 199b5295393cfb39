import type { Client } from '../client.ts'
import { isThisDatabase, type Server } from '../session.ts'

/** One line of information_schema.tables. */
export interface ListedTable {
  readonly name: string
  /** `BASE TABLE`, `VIEW`, `SEQUENCE`, `SYSTEM VERSIONED`, … */
  readonly type: string
  readonly engine: string
}

/** Everything that stands in the name space of tables and that the account may see. */
export async function listTables(client: Client, server: Server): Promise<readonly ListedTable[]> {
  const records = await client.query<'name' | 'type' | 'engine'>(
    `SELECT table_name AS name, table_type AS type, engine AS engine
     FROM information_schema.tables WHERE ${isThisDatabase('table_schema', server)}
     ORDER BY CAST(table_name AS BINARY)`,
  )
  return records.map(({ name, type, engine }) => ({
    name: name ?? '',
    type: type ?? '',
    engine: engine ?? '',
  }))
}
