import type { Client } from 'pg'
import type { Finding, TableSize } from '../engine.ts'
import { isNoMember, isUserSchema } from './catalog/parts.ts'
import { readingError } from './errors.ts'
import { deniedLargeObjects, largeObjects, unreadableLargeObjects } from './large-objects.ts'
import { grantReading, identifier } from './quote.ts'

const fromUserTables = (kinds: string) => `
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN (${kinds}) AND c.relpersistence <> 't' AND ${isUserSchema('n')} AND ${isNoMember('pg_class', 'c.oid')}
  ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`

/** Estimated rows and bytes (with indexes) of every table; a partitioned one has those of its partitions only by them. */
export async function readSizes(client: Client): Promise<readonly TableSize[]> {
  try {
    const { rows } = await client.query<{
      schema: string
      name: string
      rows: string
      bytes: string
    }>(
      // A table that was never analysed has -1 rows: guess by its pages.
      `SELECT n.nspname::text AS schema, c.relname::text AS name, pg_total_relation_size(c.oid)::text AS bytes,
         (CASE WHEN c.relkind = 'p' THEN 0 WHEN c.reltuples >= 0 THEN c.reltuples ELSE pg_relation_size(c.oid) / 100 END)::int8::text AS rows
       ${fromUserTables("'r', 'p'")}`,
    )
    const large = await client.query<{ rows: string; bytes: string }>(
      `SELECT count(*)::text AS rows, pg_total_relation_size('pg_catalog.pg_largeobject')::text AS bytes
       FROM pg_catalog.pg_largeobject_metadata HAVING count(*) > 0`,
    )
    const all = [...rows, ...large.rows.map((size) => ({ ...largeObjects, ...size }))]
    return all.map(({ schema, name, rows: count, bytes }) => ({
      schema,
      name,
      rows: Number(count),
      bytes: Number(bytes),
    }))
  } catch (error) {
    throw readingError(error, 'the sizes of tables')
  }
}

interface TablePrivileges {
  schema: string
  name: string
  may_use: boolean
  may_read: boolean
  is_filtered: boolean
  is_elsewhere: boolean
}

interface AccountFacts {
  user: string
  encoding: string
  sees_credentials: boolean
}

function tableFindings(tables: readonly TablePrivileges[], user: string): Finding[] {
  return tables.flatMap(({ schema, name, ...may }) => {
    const table = { schema, name }
    if (!may.may_use || !may.may_read) {
      const message = `The user ${user} may not read the rows of ${schema}.${name}.`
      return [{ table, message, next: grantReading([table], user) }]
    }
    if (may.is_elsewhere) {
      const message = `The server is a standby and has no rows of the unlogged table ${schema}.${name}.`
      return [{ table, message, next: 'Read the primary, or leave out the rows of this table.' }]
    }
    if (!may.is_filtered) return []
    const message = `Row security hides rows of ${schema}.${name} from the user ${user}.`
    return [{ table, message, next: `Run: ALTER ROLE ${identifier(user)} BYPASSRLS;` }]
  })
}

function accountFindings(facts: AccountFacts): Finding[] {
  return [
    ...(facts.encoding === 'SQL_ASCII'
      ? [
          {
            message: 'The database has the encoding SQL_ASCII, which allows any bytes.',
            next: 'Expect a refusal for text that is not UTF-8; convert the database to UTF8 when you can.',
          },
        ]
      : []),
    ...(facts.sees_credentials
      ? []
      : [
          {
            message: `The user ${facts.user} does not see the options of user mappings or the connection strings of subscriptions.`,
            next: `Run: GRANT pg_read_all_data TO ${identifier(facts.user)}; or expect those objects to be named as not captured.`,
          },
        ]),
  ]
}

/** What the account may not read, without changing anything. */
export async function readFindings(client: Client): Promise<readonly Finding[]> {
  try {
    const tables = await client.query<TablePrivileges>(
      `SELECT n.nspname::text AS schema, c.relname::text AS name, has_schema_privilege(n.oid, 'USAGE') AS may_use,
         has_table_privilege(c.oid, 'SELECT') AS may_read, row_security_active(c.oid) AS is_filtered,
         c.relpersistence = 'u' AND pg_is_in_recovery() AS is_elsewhere ${fromUserTables("'r'")}`,
    )
    const account = await client.query<AccountFacts>(
      `SELECT current_user::text AS "user", current_setting('server_encoding') AS encoding,
         (has_table_privilege('pg_user_mapping', 'SELECT') OR NOT EXISTS (SELECT FROM pg_user_mappings))
           AND (has_column_privilege('pg_subscription', 'subconninfo', 'SELECT') OR NOT EXISTS (
             SELECT FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = current_database())) AS sees_credentials`,
    )
    const unreadable = await client.query<{ oid: string }>(unreadableLargeObjects)
    const [facts] = account.rows
    if (facts === undefined) return []
    const { user } = facts
    const oids = unreadable.rows.map(({ oid }) => oid)
    const denied = deniedLargeObjects(oids, user)
    return [
      ...tableFindings(tables.rows, user),
      ...(denied === undefined ? [] : [{ table: largeObjects, ...denied }]),
      ...accountFindings(facts),
    ]
  } catch (error) {
    throw readingError(error, 'privileges')
  }
}
