import type { Client } from './client.ts'
import { quoteName, quoteText } from './lexer.ts'

/** What the server is and can do. */
export interface Server {
  readonly product: 'MariaDB' | 'MySQL'
  /** The number alone: `10.11.19`. */
  readonly version: string
  /** The session's database, as the server writes its name. */
  readonly database: string
  /** Whether names of databases and tables tell upper and lower case apart. */
  readonly exactNames: boolean
  readonly can: {
    /** Writes a default that its definitions can't hold, such as an emoji, as hexadecimal digits, not with `?`. */
    readonly writeEveryDefault: boolean
    /** ALTER TABLE can take the default of a column that may be NULL away, so that it has none, not even NULL. */
    readonly dropEveryDefault: boolean
    /** Databases can have a comment. */
    readonly commentDatabases: boolean
    /** Routines can share code in libraries. */
    readonly haveLibraries: boolean
    /** Rows of system-versioned tables can be inserted with the period in which they were current. */
    readonly insertHistory: boolean
    /** The account may read every routine's body when it may SELECT from this table. */
    readonly readRoutinesFrom?: string
  }
}

/** How many bytes of a value a sort compares: more than the longest key has. */
export const usualSortedBytes = 16_384

/** The session variables of a usual sort. */
export const usualSorting = `max_sort_length = ${usualSortedBytes}, sort_buffer_size = 2097152`

const unlimited = '18446744073709551615'

/**
 * Session variables that change how the server writes definitions and values, or how long it waits. Those that a
 * server does not have are left out. Everything else that matters is asked for explicitly.
 */
const pinned: Readonly<Record<string, string>> = {
  sql_mode: "''",
  time_zone: "'+00:00'",
  sql_quote_show_create: '1',
  autocommit: '1',
  completion_type: 'NO_CHAIN',
  transaction_isolation: "'REPEATABLE-READ'",
  tx_isolation: "'REPEATABLE-READ'",
  transaction_read_only: '0',
  tx_read_only: '0',
  sql_select_limit: unlimited,
  sql_big_selects: '1',
  sql_safe_updates: '0',
  sql_auto_is_null: '0',
  max_statement_time: '0',
  max_execution_time: '0',
  idle_transaction_timeout: '0',
  idle_readonly_transaction_timeout: '0',
  idle_write_transaction_timeout: '0',
  wait_timeout: '86400',
  net_read_timeout: '3600',
  net_write_timeout: '3600',
  lock_wait_timeout: '60',
  lc_messages: "'en_US'",
  system_versioning_asof: 'DEFAULT',
  information_schema_stats_expiry: '0',
  show_gipk_in_create_table_and_information_schema: '1',
  show_create_table_verbosity: '0',
  show_create_table_skip_secondary_engine: '0',
  show_old_temporals: '0',
  print_identified_with_as_hex: '1',
}

/** Pins a new session and says what the server is. */
export async function pinSession(client: Client, database: string): Promise<Server> {
  // These first: they change what the next questions mean, or cut their answers.
  await client.query('SET NAMES utf8mb4')
  await client.query(
    `SET SESSION sql_mode = '', SESSION sql_select_limit = ${unlimited}, SESSION sql_big_selects = 1
     /*M! , SESSION max_statement_time = 0, SESSION tmp_disk_table_size = ${unlimited} */`,
  )
  const names = Object.keys(pinned).map(quoteText).join(', ')
  const known = await client.query<'Variable_name'>(
    `SHOW SESSION VARIABLES WHERE Variable_name IN (${names})`,
  )
  const assignments = known
    .map((row) => row.Variable_name?.toLowerCase() ?? '')
    .filter((name) => isSettable(name, known))
    .map((name) => `SESSION ${name} = ${pinned[name] ?? 'DEFAULT'}`)
  await client.query(`SET ${assignments.join(', ')}`)
  await client.query(`SET SESSION ${usualSorting}`)
  // The text of a view depends on the current database.
  await client.query(`USE ${quoteName(database)}`)
  return await identify(client)
}

/** MariaDB 11 knows tx_isolation and transaction_isolation as one variable: the newer name is enough. */
function isSettable(name: string, known: readonly { Variable_name: string | null }[]): boolean {
  if (!name.startsWith('tx_')) return true
  const newer = name.replace('tx_', 'transaction_')
  return !known.some((row) => row.Variable_name === newer)
}

async function identify(client: Client): Promise<Server> {
  const [facts] = await client.query<'version' | 'db' | 'names'>(
    'SELECT version() AS version, database() AS db, @@lower_case_table_names AS names',
  )
  const text = facts?.version ?? ''
  const isMariaDb = /mariadb/i.test(text)
  const version = /\d+(?:\.\d+)*/.exec(text.replace(/^5\.5\.5-/, ''))?.[0] ?? text
  const [known] = await client.query<'comments' | 'libraries'>(
    `SELECT MAX(table_name = 'SCHEMATA' AND column_name = 'SCHEMA_COMMENT') AS comments,
       MAX(table_name = 'LIBRARIES') AS libraries
     FROM information_schema.columns WHERE table_schema = 'information_schema' AND table_name IN ('SCHEMATA', 'LIBRARIES')`,
  )
  return {
    product: isMariaDb ? 'MariaDB' : 'MySQL',
    version,
    database: facts?.db ?? '',
    exactNames: facts?.names === '0',
    can: {
      writeEveryDefault: !isMariaDb,
      dropEveryDefault: !isMariaDb,
      commentDatabases: known?.comments === '1',
      haveLibraries: known?.libraries === '1',
      insertHistory: await hasVariable(client, 'system_versioning_insert_history'),
      ...(isMariaDb ? { readRoutinesFrom: 'mysql.proc' } : {}),
    },
  }
}

async function hasVariable(client: Client, name: string): Promise<boolean> {
  const found = await client.query(`SHOW SESSION VARIABLES LIKE ${quoteText(name)}`)
  return found.length > 0
}

/** A condition on a column of information_schema that holds the session's database, exactly. */
export function isThisDatabase(column: string, { database, exactNames }: Server): string {
  const literal = quoteText(database)
  const equal = `${column} = ${literal}`
  // information_schema compares without case; the first condition alone lets the server find its rows quickly.
  return exactNames ? `${equal} AND CAST(${column} AS BINARY) = CAST(${literal} AS BINARY)` : equal
}
