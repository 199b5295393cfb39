import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { startOwnPostgres } from '../../support/own-postgres.ts'
import { everythingFor } from '../../support/postgres-fixtures.ts'
import { program, run } from '../../support/program.ts'
import {
  majorVersion,
  outerPostgresServers,
  postgresServers,
  servers,
} from '../../support/servers.ts'
import { dumpDifferences, restore } from './restore.ts'
import { heldSnapshot, snapshotDifferences, type HeldSnapshot } from './round-trip.ts'

/** Every setting that could change how a server prints, orders, finds or hands out something. */
const oddSettings: Readonly<Record<string, string>> = {
  timezone: 'Asia/Tokyo',
  datestyle: 'German, DMY',
  intervalstyle: 'iso_8601',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  search_path: 'app, h, public',
  quote_all_identifiers: 'on',
  standard_conforming_strings: 'off',
  escape_string_warning: 'on',
  backslash_quote: 'off',
  array_nulls: 'off',
  xmlbinary: 'hex',
  xmloption: 'document',
  row_security: 'on',
  transform_null_equals: 'on',
  lc_messages: 'POSIX',
  lc_monetary: 'C.UTF-8',
  lc_numeric: 'C.UTF-8',
  lc_time: 'C.UTF-8',
  client_encoding: 'LATIN1',
  client_min_messages: 'debug1',
  default_text_search_config: 'pg_catalog.german',
  default_transaction_isolation: 'serializable',
  default_transaction_read_only: 'on',
  default_transaction_deferrable: 'on',
  default_toast_compression: 'pglz',
  constraint_exclusion: 'on',
  enable_sort: 'off',
  enable_indexscan: 'off',
  enable_hashagg: 'off',
  synchronize_seqscans: 'off',
  cursor_tuple_fraction: '0.01',
  statement_timeout: '200ms',
  lock_timeout: '1ms',
  idle_in_transaction_session_timeout: '200ms',
  check_function_bodies: 'on',
  session_replication_role: 'replica',
  password_encryption: 'md5',
  lo_compat_privileges: 'on',
}

/** What a client's environment can hold; the locale is one that this machine need not have. */
const oddEnvironment = {
  LANG: 'tr_TR.UTF-8',
  LC_ALL: 'tr_TR.UTF-8',
  TZ: 'Pacific/Chatham',
  PGTZ: 'Asia/Tokyo',
  PGDATESTYLE: 'German',
  PGCLIENTENCODING: 'LATIN1',
  PGGEQO: 'off',
  PGAPPNAME: 'odd',
  PGOPTIONS:
    '-c datestyle=German -c extra_float_digits=-15 -c search_path=h -c quote_all_identifiers=on',
}

/** Without what belongs to the server or says how the database was made. */
function content({ rows, schema }: HeldSnapshot): HeldSnapshot {
  const objects = schema.objects.filter(({ kind }) => kind !== 'database' && kind !== 'role')
  return { rows, schema: { ...schema, objects } }
}

function differencesInContent(before: HeldSnapshot, after: HeldSnapshot): readonly string[] {
  return snapshotDifferences(content(before), content(after))
}

describe.each(postgresServers)('%s: the same bytes', (name) => {
  const server = servers()[name]
  const databases: string[] = []
  const roles: string[] = []
  const make = (options = ''): string => {
    const database = `odd_${randomBytes(6).toString('hex')}`
    databases.push(database)
    runSql(server, 'postgres', `CREATE DATABASE ${database} TEMPLATE template0 ${options};`)
    return database
  }
  const load = (database: string): string => {
    for (const script of everythingFor(name)) runSql(server, database, script)
    return database
  }
  /** A superuser whose every session is odd, and its URL of a database. */
  const oddUrl = (database: string): string => {
    const role = `odd_${randomBytes(6).toString('hex')}`
    roles.push(role)
    runSql(
      server,
      'postgres',
      [
        `CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'odd';`,
        ...Object.entries(oddSettings).map(
          ([setting, value]) =>
            `ALTER ROLE ${role} SET ${setting} TO ${setting === 'search_path' || setting === 'datestyle' ? value : `'${value}'`};`,
        ),
      ].join('\n'),
    )
    const url = new URL(server.url(database))
    url.username = role
    url.password = 'odd'
    return url.href
  }

  afterAll(() => {
    for (const database of databases) dropDatabase(server, database)
    for (const role of roles) runSql(server, 'postgres', `DROP ROLE ${role}`)
  })

  test('come from sessions with every setting changed, and such sessions restore them', async () => {
    const source = load(make())
    const method = 'CREATE ACCESS METHOD other_heap TYPE TABLE HANDLER heap_tableam_handler'
    runSql(server, source, method)
    const first = await heldSnapshot(server.url(source))
    const url = oddUrl(source)
    const words = [url, '-XAtqc', "SELECT date '2024-01-02', decode('ff', 'hex')"]
    expect(run(program('psql'), words)).toBe('02.01.2024|\\377\n')
    const setting = 'SET default_table_access_method TO other_heap'
    runSql(server, source, `ALTER DATABASE ${source} ${setting}`)
    expect(differencesInContent(first, await heldSnapshot(url))).toEqual([])
    const options = Object.entries(oddSettings).map(
      ([setting, value]) => `-c ${setting}=${value.replaceAll(' ', '\\ ')}`,
    )
    const environment = { PGOPTIONS: options.join(' ') }
    expect(
      differencesInContent(first, await heldSnapshot(server.url(source), environment)),
    ).toEqual([])

    const copy = make()
    const target = new URL(url)
    target.pathname = copy
    runSql(server, source, `ALTER DATABASE ${source} RESET default_table_access_method`)
    await restore(first, target.href)
    expect(dumpDifferences(server, source, copy)).toEqual([])
    expect(differencesInContent(first, await heldSnapshot(server.url(copy)))).toEqual([])
  })

  test('come from a database that sorts and knows letters otherwise', async () => {
    const first = await heldSnapshot(server.url(load(make("LOCALE 'C'"))))
    const locale =
      majorVersion(name) < 15
        ? "LOCALE 'C.UTF-8'"
        : "LOCALE_PROVIDER icu ICU_LOCALE 'tr-u-kf-upper' LOCALE 'C.UTF-8'"
    const second = await heldSnapshot(server.url(load(make(locale))))
    expect(differencesInContent(first, second)).toEqual([])
  })
})

describe.each(outerPostgresServers)('%s: the same bytes', (name) => {
  test('come from a process in another locale and time zone', () => {
    const server = servers()[name]
    const source = createDatabase(server)
    for (const script of everythingFor(name)) runSql(server, source, script)
    const child = join(import.meta.dirname, 'snapshot-child.ts')
    const words = ['--disable-warning=ExperimentalWarning', child, server.url(source)]
    const plain = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' }
    const digest = (environment: NodeJS.ProcessEnv): string =>
      run(process.execPath, words, environment)
    expect(digest({ ...plain, ...oddEnvironment })).toBe(digest(plain))
    dropDatabase(server, source)
  })

  test('come after a restart and all the care that a server takes of its tables', async () => {
    await using own = await startOwnPostgres(name)
    const { server } = own
    const source = createDatabase(server)
    for (const script of everythingFor(name)) runSql(server, source, script)
    const first = await heldSnapshot(server.url(source))
    const same = async (): Promise<readonly string[]> =>
      snapshotDifferences(first, await heldSnapshot(server.url(source)))
    runSql(server, source, 'VACUUM FULL; ANALYZE;')
    expect(await same()).toEqual([])
    runSql(server, source, `REINDEX DATABASE ${source}; CLUSTER; VACUUM FREEZE; CHECKPOINT;`)
    expect(await same()).toEqual([])
    await own.restart()
    expect(await same()).toEqual([])
  })
})
