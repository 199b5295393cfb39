import type { Client, TextRecord } from '../client.ts'
import { quoteName, tokenize } from '../lexer.ts'
import { describeAll } from './describe.ts'
import { isThisDatabase, type Server } from '../session.ts'

type Suspect = TextRecord<'of' | 'name' | 'type' | 'data'>

/**
 * The server writes definitions in three-byte UTF-8: a character of four bytes (an emoji) in the label of an ENUM or
 * SET, or in a default, comes out as `?`, while rows hold it. Warns of columns where that happened or may have.
 * Comments are stored with the `?`: nothing is lost by reading them.
 */
export async function findLostCharacters(
  client: Client,
  server: Server,
  tables: ReadonlySet<string>,
): Promise<string[]> {
  const listed = await client.query<'of' | 'name' | 'type' | 'data'>(
    `SELECT table_name AS \`of\`, column_name AS name, column_type AS type, data_type AS data
     FROM information_schema.columns WHERE ${isThisDatabase('table_schema', server)}
     AND character_set_name IN ('utf8mb4', 'utf16', 'utf16le', 'utf32', 'gb18030')
     AND (data_type IN ('enum', 'set') AND column_type LIKE '%?%' OR data_type IN ('char', 'varchar') AND column_default LIKE '%?%')
     ORDER BY CAST(table_name AS BINARY), ordinal_position`,
  )
  // A view has the columns of its tables.
  const suspects = listed.filter(({ of }) => tables.has(of ?? ''))
  const isChoice = ({ data }: Suspect) => data === 'enum' || data === 'set'
  const choices = await describeAll(client, suspects.filter(isChoice), findUnknownLabel)
  const standards = await describeAll(
    client,
    suspects.filter((suspect) => !server.can.writeEveryDefault && !isChoice(suspect)),
    askDefault,
  )
  return [
    ...choices.map(({ item, record }) => labelWarning(item, record !== undefined)),
    ...standards
      .filter(({ record }) => /[\u{10000}-\u{10ffff}]/u.test(record?.['bytes'] ?? ''))
      .map(
        ({ item }) =>
          `${placeOf(item)}: the server prints ? in its default for a character of four bytes: ${advice}`,
      ),
  ]
}

const advice = 'its saved definition is wrong; note the right one elsewhere'

function placeOf({ of, name }: Suspect): string {
  return `table ${of ?? ''}, column ${name ?? ''}`
}

/** Rows tell a label's true bytes; without a row that has it, nothing does. */
function findUnknownLabel({ of, name, type }: Suspect): string {
  const column = quoteName(name ?? '')
  const labels = tokenize(type ?? '').filter((token) => token.kind === 'string')
  const printed = labels.map((label) => `CAST(${label.text} AS BINARY)`).join(', ')
  return `SELECT 1 AS found FROM ${quoteName(of ?? '')}
    WHERE CAST(CONVERT(${column} USING utf8mb4) AS BINARY) NOT IN (${printed}) AND ${column} + 0 <> 0 LIMIT 1`
}

function labelWarning(suspect: Suspect, isCertain: boolean): string {
  const what = 'the server prints ? in a label'
  return isCertain && suspect.data === 'enum'
    ? `${placeOf(suspect)}: ${what} for a character of four bytes: ${advice}`
    : `${placeOf(suspect)}: ${what}; if it stands for a character of four bytes, ${advice}`
}

/** An outer join to nothing gives one row, and the column's default does not depend on any. */
function askDefault({ of, name }: Suspect): string {
  return `SELECT CONVERT(DEFAULT(${quoteName(name ?? '')}) USING utf8mb4) AS bytes
    FROM (SELECT 1 AS one) AS one_row LEFT JOIN ${quoteName(of ?? '')} ON FALSE`
}
