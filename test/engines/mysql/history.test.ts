import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mysql } from '../../../src/engines/mysql/index.ts'
import type { Table } from '../../../src/model.ts'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import { installedMariadbServers } from '../../support/mysql-servers.ts'
import { servers, type Server } from '../../support/servers.ts'
import { fillWith, inPieces } from './fill-support.ts'
import { filesOf, readWhole, requestFor, runClient, wholeDump } from './round-trip.ts'
import { snapshotScript } from './snapshot-script.ts'

const script = `
  CREATE TABLE hidden_period (id int PRIMARY KEY, v int, w int WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING;
  CREATE TABLE named_period (id int, v int, since timestamp(6) GENERATED ALWAYS AS ROW START INVISIBLE,
    until timestamp(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (since, until), PRIMARY KEY (id)) WITH SYSTEM VERSIONING;
  CREATE TABLE keyless (v varchar(20)) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION h HISTORY, PARTITION c CURRENT);
  CREATE TABLE both_times (id int, a date, b date, PERIOD FOR valid (a, b), PRIMARY KEY (id, valid WITHOUT OVERLAPS)) WITH SYSTEM VERSIONING;
  CREATE TABLE counted (id int PRIMARY KEY, v int, s bigint unsigned GENERATED ALWAYS AS ROW START,
    e bigint unsigned GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING;
  INSERT INTO hidden_period VALUES (1, 1, 1), (2, 1, 1), (3, 1, 1); UPDATE hidden_period SET v = id; DELETE FROM hidden_period WHERE id = 2;
  INSERT INTO hidden_period VALUES (2, 7, 7);
  INSERT INTO named_period (id, v) VALUES (1, NULL), (2, 2); UPDATE named_period SET v = 5 WHERE id = 1; DELETE FROM named_period WHERE id = 2;
  INSERT INTO keyless VALUES ('a'), ('a'), (NULL); UPDATE keyless SET v = 'b' WHERE v = 'a'; DELETE FROM keyless WHERE v IS NULL;
  INSERT INTO both_times VALUES (1, '2024-01-01', '2024-03-01'); DELETE FROM both_times FOR PORTION OF valid FROM '2024-02-01' TO '2024-02-10';
  INSERT INTO counted (id, v) VALUES (1, 1); UPDATE counted SET v = 2;`

describe.each(installedMariadbServers)('%s', (name) => {
  let server: Server
  let original: string
  let copy: string

  beforeEach(() => {
    server = servers()[name]
    original = createDatabase(server)
    copy = createDatabase(server)
    runClient(server, original, script)
  })
  afterEach(() => {
    for (const database of [original, copy]) dropDatabase(server, database)
  })

  /** Every row that the server has, by its own word; transactions are counted anew in a copy. */
  function dump(database: string): string {
    return wholeDump(server, database, ['--dump-history', `--ignore-table=${database}.counted`])
  }

  test.each(['fill', 'script'] as const)('history comes back by a %s', async (way) => {
    const read = await readWhole(requestFor(server, original))
    if (way === 'fill') {
      const filled = await fillWith(requestFor(server, copy), 'empty', read)
      for (const { loaded, counted } of filled.rows.values()) expect(counted).toBe(loaded)
    } else runClient(server, copy, await snapshotScript('everything', read))
    expect(dump(copy)).toBe(dump(original))
    expect(dump(copy).match(/^INSERT INTO `hidden_period`/gm)).toHaveLength(7)
    expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
  })

  test('a row that is current has no end, whatever the server calls the last moment', async () => {
    const { rows } = await readWhole(requestFor(server, original))
    const lines = rows.get('hidden_period')?.trimEnd().split('\n') ?? []
    expect(lines.map((line) => line.split(',')[0])).toEqual(['1', '1', '2', '2', '2', '3', '3'])
    expect(lines.filter((line) => line.endsWith(','))).toHaveLength(3)
    expect([...rows.values()].join('')).not.toMatch(/2038-|2106-/)
  })

  test('rows alone replace what is current, and history is only added to', async () => {
    const read = await readWhole(requestFor(server, original))
    await fillWith(requestFor(server, copy), 'empty', read)
    runClient(server, copy, 'UPDATE hidden_period SET v = 99 WHERE id = 1;')
    await using database = await mysql.open(requestFor(server, copy))
    const [table] = read.schema.objects.filter((object) => object.name === 'hidden_period')
    const request = {
      table: { name: 'hidden_period' },
      columns: ['id', 'v', 'w', 'row_start', 'row_end'],
    }
    const lines = read.rows.get('hidden_period')?.split('\n') ?? []
    const current = lines.filter((line) => line.endsWith(',')).join('\n')
    await database.fill({ mode: 'rows' }, (target) =>
      target.load({ ...request, upsertKey: (table as Table).orderBy }, inPieces(`${current}\n`)),
    )
    const question = 'SELECT * FROM hidden_period ORDER BY id;'
    expect(runClient(server, copy, question)).toBe(runClient(server, original, question))
    expect(
      runClient(server, copy, 'SELECT count(*) > 7 FROM hidden_period FOR SYSTEM_TIME ALL;'),
    ).toBe('1\n')
  })

  test('history that the server can not take back is said', async () => {
    const { schema, rows } = await readWhole(requestFor(server, original))
    const about = schema.warnings.filter((warning) => warning.includes('system-versioned'))
    expect(about.map((warning) => warning.split(' ')[1])).toEqual(['counted'])
    expect(rows.get('counted')).toBe('1,2\n')
  })
})
