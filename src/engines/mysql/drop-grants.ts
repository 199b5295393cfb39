import { accountSql } from './catalog/account-name.ts'
import { isDenied } from './catalog/describe.ts'
import type { Client, TextRecord } from './client.ts'
import { errorNumber } from './failures.ts'
import { quoteName, quoteText } from './lexer.ts'
import type { Server } from './session.ts'

type Held = TextRecord<'user' | 'host' | 'type' | 'object'>

/** Takes back every grant on a database that is gone: the server keeps them, for whatever gets its name next. */
export async function dropGrants(
  client: Client,
  { product, database }: Pick<Server, 'product' | 'database'>,
): Promise<void> {
  for (const held of await grantsOn(client, database)) {
    const { user, host, type } = held
    const hasHost = product === 'MySQL' || host !== ''
    const account = accountSql({ user: user ?? '', ...(hasHost ? { host: host ?? '' } : {}) })
    const on = targetOf(held, database)
    const isOfOracle = type?.startsWith('PACKAGE') === true
    if (isOfOracle) await client.query("SET SESSION sql_mode = 'ORACLE'")
    await revoke(client, `GRANT OPTION ON ${on} FROM ${account}`)
    await revoke(client, `ALL PRIVILEGES ON ${on} FROM ${account}`)
    if (isOfOracle) await client.query("SET SESSION sql_mode = ''")
  }
}

/** No such grant: on a database, on a table, on a routine. */
const notThere = new Set([1141, 1147, 1403])

async function revoke(client: Client, what: string): Promise<void> {
  try {
    await client.query(`REVOKE ${what}`)
  } catch (error) {
    if (!notThere.has(errorNumber(error) ?? 0)) throw error
  }
}

async function grantsOn(client: Client, database: string): Promise<readonly Held[]> {
  const here = quoteText(database)
  try {
    return await client.query<'user' | 'host' | 'type' | 'object'>(
      `SELECT user AS user, host AS host, 'DATABASE' AS type, db AS object FROM mysql.db WHERE db IN (${here}, ${quoteText(escaped(database))})
       UNION ALL SELECT user, host, 'TABLE', table_name FROM mysql.tables_priv WHERE db = ${here}
       UNION ALL SELECT user, host, routine_type, routine_name FROM mysql.procs_priv WHERE db = ${here}`,
    )
  } catch (error) {
    // Who may not see grants made none.
    if (isDenied(error)) return []
    throw error
  }
}

function targetOf({ type, object }: Held, database: string): string {
  const name = quoteName(object ?? '')
  return type === 'DATABASE' ? `${name}.*` : `${type ?? ''} ${quoteName(database)}.${name}`
}

/** A name as a pattern that stands for it alone. */
export function escaped(database: string): string {
  return database.replaceAll(/[\\_%]/g, '\\$&')
}
