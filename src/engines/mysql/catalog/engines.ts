import type { Client } from '../client.ts'

/** The names, in capitals, of the storage engines that know transactions. */
export async function transactionalEngines(client: Client): Promise<ReadonlySet<string>> {
  const records = await client.query<'engine'>(
    "SELECT engine AS engine FROM information_schema.engines WHERE transactions = 'YES'",
  )
  return new Set(records.map(({ engine }) => engine?.toUpperCase() ?? ''))
}
