import type { NotCaptured } from '../../model.ts'
import type { MysqlTable } from './catalog/tables.ts'
import type { Client } from './client.ts'
import { quoteName } from './lexer.ts'

/**
 * MySQL's JSON can hold dates, bytes and exact decimals, which its text does not tell from strings and floating-point
 * numbers; mysqldump loses them, too. Names the columns of these tables that hold any.
 * Source: https://dev.mysql.com/doc/refman/en/json-attribute-functions.html#function_json-type
 */
export async function findTypedJson(
  client: Client,
  tables: readonly MysqlTable[],
): Promise<readonly NotCaptured[]> {
  const found: NotCaptured[] = []
  for (const table of tables) {
    for (const { name, dataType, generated } of table.columns) {
      if (dataType !== 'json' || generated) continue
      const column = quoteName(name)
      const again = `CAST(CAST(${column} AS CHAR) AS JSON)`
      const records = await client.query(
        `SELECT 1 AS found FROM ${quoteName(table.name)}
         WHERE ${again} <> ${column} OR CAST(${again} AS BINARY) <> CAST(${column} AS BINARY) LIMIT 1`,
      )
      if (records.length > 0) found.push({ kind: 'column', name: `${table.name}.${name}`, reason })
    }
  }
  return found
}

const reason =
  'Its JSON holds dates, bytes or exact decimals: their text is saved, and a restore makes strings and floating-point numbers of it. Store them as strings or in columns of their own.'
