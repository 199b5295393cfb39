import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers } from '../../support/servers.ts'
import { startOwnServer } from './own-server.ts'
import { readWhole, requestFor, runClient } from './round-trip.ts'
import { ValuesTrip } from './values-support.ts'

/**
 * The sessions of a server whose defaults change values: line by line what notes on values ask for. Definitions under
 * such settings stand in own-settings.test.ts.
 */

const content = `
  CREATE TABLE pinned (id int PRIMARY KEY, c char(5), v varchar(20) CHARACTER SET latin1, g varchar(20) CHARACTER SET gbk, f float, d double, n decimal(9,4),
    t time(6), dt datetime(6), ts timestamp(6) NULL, day date, b bit(10), e enum('a', ''), s set('x', 'y'), bl blob, txt text, y year) CHARACTER SET utf8mb4;
  INSERT INTO pinned VALUES (1, 'a', 'é', '中', 1234567.89, 0.1, 1.5, '-12:34:56.999999', '2024-07-01 12:00:00.999999', '2024-07-01 12:00:00.5', '2024-02-31', 5, 'a', 'x,y', x'275c00', 'it''s "\\\\" || 1\\n', '0000'),
    (2, '', '', '', 0, -1e-300, 0, '838:59:59', '0000-00-00', '2024-10-27 00:30:00', '2024-00-00', 0, 0, '', '', '', NULL), (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', NULL, NULL, NULL, NULL);
  CREATE TABLE many (v varchar(200), w longblob);
  INSERT INTO many WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT CONCAT(REPEAT('same', 40), i % 7), REPEAT(CHAR(i % 3), 20000) FROM n;`

const usualModes = 'ANSI,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,TRADITIONAL,REAL_AS_FLOAT'
const hostile: Readonly<Record<string, string>> = {
  time_zone: "'+13:00'",
  character_set_server: 'gbk',
  character_set_client: 'latin1',
  character_set_results: 'latin1',
  character_set_connection: 'latin1',
  collation_connection: 'latin1_german2_ci',
  init_connect:
    "'SET NAMES latin1, SESSION sql_mode = \\'ANSI,NO_BACKSLASH_ESCAPES\\', SESSION time_zone = \\'-11:00\\''",
  div_precision_increment: '0',
  group_concat_max_len: '4',
  sql_select_limit: '1',
  sql_big_selects: '0',
  max_join_size: '1',
  lc_time_names: "'ja_JP'",
  net_buffer_length: '1024',
  max_sort_length: '64',
  sort_buffer_size: '32768',
  autocommit: '0',
  completion_type: "'CHAIN'",
  sql_safe_updates: '1',
  auto_increment_increment: '7',
}
const ofMariadb = {
  sql_mode: `'${usualModes},SIMULTANEOUS_ASSIGNMENT,TIME_ROUND_FRACTIONAL,EMPTY_STRING_IS_NULL,ORACLE'`,
  old_mode: "'NO_DUP_KEY_WARNINGS_WITH_IGNORE,ZERO_DATE_TIME_CAST'",
  max_statement_time: '0.001',
  tmp_disk_table_size: '1024',
}
const ofMysql = {
  sql_mode: `'${usualModes},TIME_TRUNCATE_FRACTIONAL'`,
  max_execution_time: '1',
  default_collation_for_utf8mb4: 'utf8mb4_general_ci',
}

describe.each(installedMysqlServers)('%s', (name) => {
  let own: Awaited<ReturnType<typeof startOwnServer>>
  let usual: ValuesTrip

  beforeAll(async () => {
    // MySQL 9 has no such option any more.
    const options = name === 'mysql' ? [] : ['--skip-character-set-client-handshake']
    own = await startOwnServer(name, ...options)
    usual = new ValuesTrip(servers()[name])
  })
  afterAll(async () => {
    usual[Symbol.dispose]()
    await own.stop()
  })

  test('the defaults of a server change no byte of the files and no row that comes back', async () => {
    const { server } = own
    const trip = new ValuesTrip(server)
    for (const each of [usual, trip]) each.run(`SET NAMES utf8mb4; ${content}`)
    const expected = await readWhole(requestFor(usual.server, usual.original))
    const settings = { ...hostile, ...(name === 'mysql' ? ofMysql : ofMariadb) }
    const set = (value: (of: string) => string) =>
      Object.keys(settings).map((variable) => `SET GLOBAL ${variable} = ${value(variable)};`)
    const account = { user: 'plain', password: 'canary-plain' }
    runClient(
      server,
      '',
      `SET sql_mode = ''; SET GLOBAL TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY; CREATE USER plain IDENTIFIED BY '${account.password}'; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON \`${trip.original}\`.* TO plain;
       ${set((variable) => (settings as Record<string, string>)[variable] ?? '').join('\n')}`,
    )
    const seen = await readWhole(requestFor({ ...server, ...account }, trip.original))
    expect(seen.rows).toEqual(expected.rows)
    const sqlOf = ({ schema }: typeof seen) =>
      schema.objects.filter(({ kind }) => kind === 'table').map(({ sql }) => sql)
    expect(sqlOf(seen)).toEqual(sqlOf(expected))
    await trip.restore()
    runClient(
      server,
      '',
      `SET SESSION sql_mode = ''; SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE; ${set(() => 'DEFAULT').join('\n')}`,
    )
    trip.expectSameRows()
    expect((await readWhole(requestFor(server, trip.copy))).rows).toEqual(expected.rows)
  })
})
