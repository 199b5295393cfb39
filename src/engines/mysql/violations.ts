import type { Violation } from '../target.ts'
import type { Client, TextRecord } from './client.ts'
import { errorNumber, serverErrors } from './failures.ts'
import { quoteName } from './lexer.ts'
import { isThisDatabase, type Server } from './session.ts'

type KeyPart = TextRecord<'of' | 'name' | 'column' | 'schema' | 'parent' | 'key'>

/** Counts, for each foreign key of `server.database`, the rows whose parent is missing. */
export async function findViolations(
  client: Client,
  server: Server,
): Promise<readonly Violation[]> {
  const parts = await client.query<'of' | 'name' | 'column' | 'schema' | 'parent' | 'key'>(
    `SELECT table_name AS \`of\`, constraint_name AS name, column_name AS \`column\`,
       referenced_table_schema AS \`schema\`, referenced_table_name AS parent, referenced_column_name AS \`key\`
     FROM information_schema.key_column_usage
     WHERE ${isThisDatabase('table_schema', server)} AND referenced_table_name IS NOT NULL
     ORDER BY CAST(table_name AS BINARY), CAST(constraint_name AS BINARY), ordinal_position`,
  )
  const keys = Map.groupBy(parts, ({ of, name }) => JSON.stringify([of, name]))
  const violations: Violation[] = []
  for (const columns of keys.values()) {
    const rows = await countOrphans(client, columns)
    const { of, name } = columns[0] ?? {}
    if (rows > 0) violations.push({ table: { name: of ?? '' }, constraint: name ?? '', rows })
  }
  return violations
}

/** A key with a NULL in it points nowhere, so it is never wrong (MATCH SIMPLE, the only one there is). */
async function countOrphans(client: Client, parts: readonly KeyPart[]): Promise<number> {
  const [first] = parts
  const child = quoteName(first?.of ?? '')
  const parent = `${quoteName(first?.schema ?? '')}.${quoteName(first?.parent ?? '')}`
  const own = (part: KeyPart) => `child.${quoteName(part.column ?? '')}`
  const filled = parts.map((part) => `${own(part)} IS NOT NULL`).join(' AND ')
  const equal = parts.map((part) => `parent.${quoteName(part.key ?? '')} = ${own(part)}`)
  const all = `SELECT count(*) AS count FROM ${child} AS child WHERE ${filled}`
  const missing = `NOT EXISTS (SELECT 1 FROM ${parent} AS parent WHERE ${equal.join(' AND ')})`
  try {
    return await countOf(client, `${all} AND ${missing}`)
  } catch (error) {
    if (errorNumber(error) !== serverErrors.unknownTable) throw error
    return await countOf(client, all)
  }
}

async function countOf(client: Client, question: string): Promise<number> {
  const [record] = await client.query<'count'>(question)
  return Number(record?.count ?? 0)
}
