import { runSql, vendorDump } from '../databases.ts'
import { servers, type PostgresServer } from '../servers.ts'
import { badServerRequests, newAccount, requestFor, serverDatabase } from './server-database.ts'
import type { Subject } from './subject.ts'

/** PostgreSQL of one major version. */
export function postgresSubject(name: PostgresServer): Subject {
  const accounts: string[] = []
  const account = (attributes: string) => {
    const made = newAccount()
    accounts.push(made.user)
    const words = `CREATE ROLE ${made.user} LOGIN PASSWORD '${made.password}' ${attributes};`
    runSql(servers()[name], 'postgres', words)
    return made
  }
  return {
    name,
    fixtures: ['postgres'],
    objects,
    bytesType: 'bytea',
    bytes: (hexadecimal) => `'\\x${hexadecimal}'`,
    doubleType: 'double precision',
    plainStrings: '',
    maintenance: 'VACUUM FULL; ANALYZE; REINDEX TABLE t; CLUSTER;',
    rare: {
      script: "CREATE EXTENSION citext; COMMENT ON FUNCTION citextin(cstring) IS 'changed';",
      name: 'function public.citextin(pg_catalog.cstring)',
    },
    create: () =>
      Promise.resolve(
        serverDatabase(
          servers()[name],
          (database) => dumpOf(name, database),
          () => {
            for (const user of accounts.splice(0)) {
              runSql(servers()[name], 'postgres', `DROP ROLE ${user};`)
            }
          },
        ),
      ),
    badRequests: (database) => badServerRequests(servers()[name], database.name),
    disturbed(database) {
      const odd = account('SUPERUSER')
      runSql(
        servers()[name],
        'postgres',
        oddSettings.map((setting) => `ALTER ROLE ${odd.user} SET ${setting};`).join('\n'),
      )
      return requestFor(servers()[name], database.name, odd)
    },
    hideRows(database) {
      const limited = account('')
      database.run(
        `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${limited.user}; REVOKE SELECT ON secret_table FROM ${limited.user};`,
      )
      return requestFor(servers()[name], database.name, limited)
    },
    findingOfHiddenRows: /secret_table/,
    sessions(database) {
      const question = `SELECT count(*) FROM pg_stat_activity WHERE datname = '${database.name}'`
      return Number(runSql(servers()[name], 'postgres', `${question};`))
    },
  }
}

const oddSettings = [
  "timezone = 'Asia/Tokyo'",
  "datestyle = 'German, DMY'",
  'intervalstyle = iso_8601',
  'extra_float_digits = 0',
  'bytea_output = escape',
  'quote_all_identifiers = on',
  'search_path = app, public',
  'standard_conforming_strings = off',
  'client_encoding = latin1',
  'xmloption = document',
  'default_transaction_isolation = serializable',
  'statement_timeout = 0',
  'row_security = off',
]

/** Version 15.20 and later put a random word into the dump; the first lines say who wrote it. */
function dumpOf(name: PostgresServer, database: string): string {
  return vendorDump(servers()[name], database, ['--schema-only'])
    .split('\n')
    .filter((line) => !/^(\\(un)?restrict |-- Dumped )/.test(line))
    .join('\n')
}

const objects = [
  'extension btree_gist',
  'extension citext',
  'schema public',
  'schema app',
  'schema Odd Names',
  'schema empty_schema',
  'type app.status',
  'type app.money_amount',
  'type app.period',
  'domain app.email',
  'domain app.positive',
  'sequence app.invoice_number',
  'sequence app.orders_id_seq',
  'function app.slug(text)',
  'function app.slug(integer, text)',
  'function app.touch()',
  'function app.paid_touch()',
  'function app.rows_of_totals()',
  'procedure app.archive(date, bigint)',
  'table app.customer',
  'table app.orders',
  'table app.event',
  'table app.event_2024',
  'table app.event_2024_login',
  'table app.event_2024_rest',
  'table app.event_rest',
  'table app.animal',
  'table app.dog',
  'table app.cache',
  'table app.no_columns',
  'table app.no_key',
  'view app.paid_orders',
  'view app.big_dogs',
  'view app.z_first',
  'view app.a_last',
  'materialized_view app.totals',
  'table Odd Names.a/b."c',
  'table Odd Names.Users',
  'table Odd Names.users',
  'function Odd Names.Fn(integer)',
]
