import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { mysql } from '../../../src/engines/mysql/index.ts'
import type { TextPolicies } from '../../../src/model.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers, type Server } from '../../support/servers.ts'
import { fillWith } from './fill-support.ts'
import { collect, filesOf, requestFor, runClient, wholeDump, type Poured } from './round-trip.ts'

const word = randomBytes(4).toString('hex')
const old = `old \`${word}`
const other = `other_${word}`
const next = `next_${word}`
const account = (user: string) => `\`${user.replaceAll('`', '``')}\`@\`%\``
const keep: TextPolicies = { definers: 'keep', partitions: 'keep', eventStarts: 'keep' }

const definer = `DEFINER=${account(old)}`
const body = `-- DEFINER=${account(old)}
  SELECT 'DEFINER=${account(old)} STARTS ''2020-01-01''';`
const programs = `
CREATE TABLE t (id int PRIMARY KEY);
DELIMITER $$
CREATE ${definer} VIEW v AS SELECT 'DEFINER=${account(old)}' AS d FROM t$$
CREATE ${definer} SQL SECURITY INVOKER VIEW w AS SELECT d FROM v$$
CREATE ${definer} PROCEDURE p() BEGIN ${body} END$$
CREATE ${definer} FUNCTION f() RETURNS int DETERMINISTIC SQL SECURITY INVOKER RETURN 1$$
CREATE ${definer} TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id /* ${definer} */$$
CREATE ${definer} EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2031-01-01 00:00:00'
  COMMENT 'STARTS ''2020-01-01''' DO DO 'STARTS \\'2020\\''$$
CREATE EVENT \`STARTS '1'\` ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2031-01-01 00:00:00' DISABLE DO DO 1$$
CREATE EVENT ended ON SCHEDULE EVERY 1 DAY STARTS '2022-01-01 00:00:00' ENDS '2023-01-01 00:00:00'
  ON COMPLETION PRESERVE DISABLE DO DO 1$$
CREATE EVENT once ON SCHEDULE AT '2036-01-01 00:00:00' DO DO 'STARTS '' '$$
CREATE DEFINER=${account(other)} PROCEDURE q() DO 1$$
SET sql_mode = 'ANSI_QUOTES'$$
CREATE ${definer} PROCEDURE r() BEGIN ${body} END$$
DELIMITER ;
`
const packages = `
SET sql_mode = 'ORACLE';
DELIMITER $$
CREATE ${definer} PACKAGE pack AS FUNCTION f RETURN int; END$$
CREATE ${definer} PACKAGE BODY pack AS FUNCTION f RETURN int AS BEGIN RETURN 1; END; END$$
DELIMITER ;
`
const partitioned = `
CREATE TABLE ranges (id int PRIMARY KEY AUTO_INCREMENT, v varchar(20) COMMENT ' PARTITION BY RANGE') COMMENT 'PARTITION BY'
  PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20));
CREATE TABLE moments (at timestamp NOT NULL, n int) PARTITION BY RANGE (unix_timestamp(at))
  SUBPARTITION BY HASH (n) SUBPARTITIONS 2
  (PARTITION p0 VALUES LESS THAN (unix_timestamp('2024-01-01 00:00:00')), PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE TABLE lists (kind varchar(10) NOT NULL, n int) PARTITION BY LIST COLUMNS (kind)
  (PARTITION a VALUES IN ('a;', '(b') COMMENT = 'it''s', PARTITION c VALUES IN ('c'));
CREATE TABLE hashed (id int NOT NULL) PARTITION BY HASH (id) PARTITIONS 3;
CREATE TABLE keyed (id int PRIMARY KEY) PARTITION BY KEY (id) PARTITIONS 2;
CREATE TABLE plain (id int PRIMARY KEY);
INSERT INTO ranges VALUES (3, 'x'), (12, 'y');
INSERT INTO moments VALUES ('2023-05-05 00:00:00', 1), ('2025-05-05 00:00:00', 2);
INSERT INTO lists VALUES ('a;', 1), ('c', 2);
INSERT INTO hashed VALUES (1), (2);
`
const versioned = `
CREATE TABLE history (id int PRIMARY KEY) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME
  (PARTITION p0 HISTORY, PARTITION p1 CURRENT);
CREATE TABLE timed (id int PRIMARY KEY) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME
  INTERVAL 1 MONTH STARTS '2024-01-01 00:00:00' (PARTITION p0 HISTORY, PARTITION p1 CURRENT);
INSERT INTO history VALUES (1);
UPDATE history SET id = 2;
`

describe.each(installedMysqlServers)('policies for texts on %s', (name) => {
  const isMariaDb = name !== 'mysql'
  let server: Server

  beforeAll(() => {
    server = servers()[name]
    for (const user of [old, other, next]) {
      const grant = `GRANT SELECT, EXECUTE ON *.* TO ${account(user)};`
      runSql(server, '', `CREATE USER ${account(user)}; ${grant}`)
    }
  })
  afterAll(() => {
    for (const user of [old, other, next]) {
      runSql(server, '', `DROP USER IF EXISTS ${account(user)};`)
    }
  })

  function newDatabase(script = ''): string {
    const database = createDatabase(server)
    onTestFinished(() => {
      dropDatabase(server, database)
    })
    runClient(server, database, script)
    return database
  }

  async function read(database: string, texts?: Partial<TextPolicies>): Promise<Poured> {
    await using open = await mysql.open(requestFor(server, database))
    const request = texts === undefined ? {} : { texts: { ...keep, ...texts } }
    return await open.read({ wantsRows: () => true, ...request }, collect)
  }

  /** There and back under policies: the copy has the same files; its name. */
  async function restored(original: string, texts: Partial<TextPolicies>): Promise<string> {
    const poured = await read(original, texts)
    const copy = newDatabase()
    await fillWith(requestFor(server, copy), 'empty', poured)
    expect(allFilesOf(await read(copy, texts))).toEqual(allFilesOf(poured))
    return copy
  }

  /** Who owns what, as the server's own catalogs say it. */
  function definersOf(database: string): readonly string[] {
    const here = `'${database}'`
    return runSql(
      server,
      '',
      `SELECT 'view', table_name, definer FROM information_schema.views WHERE table_schema = ${here}
       UNION ALL SELECT routine_type, routine_name, definer FROM information_schema.routines WHERE routine_schema = ${here}
       UNION ALL SELECT 'trigger', trigger_name, definer FROM information_schema.triggers WHERE trigger_schema = ${here}
       UNION ALL SELECT 'event', event_name, definer FROM information_schema.events WHERE event_schema = ${here}
       ORDER BY 1, 2;`,
    )
      .split('\n')
      .slice(0, -1)
  }

  const script = isMariaDb ? programs + packages : programs
  const owned = isMariaDb ? 13 : 11

  test('definers are kept when nothing is said', async () => {
    const original = newDatabase(script)
    const files = allFilesOf(await read(original))
    expect(allFilesOf(await read(original, {}))).toEqual(files)
    const copy = await restored(original, {})
    expect(definersOf(copy)).toEqual(definersOf(original))
    expect(definersOf(copy)).toHaveLength(owned)
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
  })

  test('definers are stripped from all kinds, and from no body', async () => {
    const original = newDatabase(script)
    const copy = await restored(original, { definers: 'strip' })
    const owners = definersOf(copy)
    expect(owners).toHaveLength(owned)
    expect(new Set(owners.map((line) => line.split('\t')[2]))).toEqual(
      new Set([runSql(server, '', 'SELECT current_user();').trim()]),
    )
    const plain = (dump: string) =>
      dump.replaceAll(
        /DEFINER=(`(?:[^`]|``)*`|"[^"]*")@(`[^`]*`|"[^"]*")(?=\*| (?:SQL|PROC|FUN|PACK))/g,
        '',
      )
    expect(plain(wholeDump(server, copy))).toBe(plain(wholeDump(server, original)))
    const { schema } = await read(original, { definers: 'strip' })
    expect(schema.objects.filter(({ kind }) => kind === 'role')).toEqual([])
  })

  test('definers are replaced, and those that are not named are kept', async () => {
    const original = newDatabase(script)
    const definers = new Map([[`${old}@%`, `${next}@%`]])
    const copy = await restored(original, { definers })
    const expected = definersOf(original).map((line) => line.replace(/\told `.*$/, `\t${next}@%`))
    expect(definersOf(copy)).toEqual(expected)
    expect(expected.filter((line) => line.endsWith(`\t${next}@%`))).toHaveLength(owned - 4)
    expect(expected.filter((line) => line.endsWith(`\t${other}@%`))).toHaveLength(1)
    const elsewhere = new Map([[`${old}@%`, `nobody_${word}@h`]])
    const { schema } = await read(original, { definers: elsewhere })
    expect(schema.warnings.filter((text) => text.includes('nobody'))).toEqual([])
  })

  test('the beginning of recurring events is stripped, and nothing else of them', async () => {
    const original = newDatabase(programs)
    const copy = await restored(original, { eventStarts: 'strip' })
    const plain = (dump: string) => dump.replaceAll(/(?<=(?:DAY|HOUR_MINUTE)) STARTS '[^']*'/g, '')
    expect(plain(wholeDump(server, copy))).toBe(plain(wholeDump(server, original)))
    const sqlOf = ({ schema }: Poured) =>
      schema.objects.filter(({ kind }) => kind === 'event').map(({ sql }) => sql)
    const stripped = sqlOf(await read(original, { eventStarts: 'strip' }))
    expect(stripped.join('')).not.toMatch(/STARTS '2031/)
    expect(stripped.join('')).toContain("EVERY 1 DAY ON COMPLETION NOT PRESERVE ENABLE COMMENT 'ST")
    expect(stripped.join('')).toContain(
      "STARTS '2022-01-01 00:00:00' ENDS '2023-01-01 00:00:00' ON",
    )
    expect(
      sqlOf(await read(original))
        .join('')
        .match(/STARTS '2031/g),
    ).toHaveLength(2)
    runSql(
      server,
      original,
      `ALTER ${definer} EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2032-01-01 00:00:00';`,
    )
    expect(sqlOf(await read(original, { eventStarts: 'strip' }))).toEqual(stripped)
  })

  const tables = isMariaDb ? partitioned + versioned : partitioned
  const countOf = (database: string) =>
    runSql(
      server,
      '',
      `SELECT table_name, count(partition_name) FROM information_schema.partitions
       WHERE table_schema = '${database}' GROUP BY 1 ORDER BY 1;`,
    )

  test('partitions are stripped', async () => {
    const original = newDatabase(tables)
    const copy = await restored(original, { partitions: 'strip' })
    expect(countOf(copy).match(/\t0\n/g)).toHaveLength(isMariaDb ? 8 : 6)
    const { schema } = await read(original, { partitions: 'strip' })
    const [ranges] = schema.objects.filter(({ name: table }) => table === 'ranges')
    expect(ranges?.sql).toContain("COMMENT=' PARTITION BY".replace('=', ' ').replace('  ', ' '))
    expect(ranges?.sql).toMatch(/COMMENT='PARTITION BY';\n/)
  })

  test('partitions that come and go stand beside the definition, and a restore has them all', async () => {
    const original = newDatabase(tables)
    const before = await read(original, { partitions: 'rotate' })
    const copy = await restored(original, { partitions: 'rotate' })
    expect(countOf(copy)).toBe(countOf(original))
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
    const apart = before.schema.objects.filter(({ sqlPartitions }) => sqlPartitions !== undefined)
    const names = ['lists', 'moments', 'ranges']
    expect(apart.map((table) => table.name).toSorted()).toEqual(
      (isMariaDb ? ['history', ...names, 'timed'] : names).toSorted(),
    )
    runSql(
      server,
      original,
      `ALTER TABLE ranges ADD PARTITION (PARTITION p2 VALUES LESS THAN (30));
       ALTER TABLE ranges REORGANIZE PARTITION p0 INTO (PARTITION n0 VALUES LESS THAN (5), PARTITION n1 VALUES LESS THAN (10));
       ALTER TABLE lists ADD PARTITION (PARTITION d VALUES IN ('d'));`,
    )
    const after = await read(original, { partitions: 'rotate' })
    expect(filesOf(after)).toEqual(filesOf(before))
    expect(allFilesOf(after)).not.toEqual(allFilesOf(before))
    const later = await restored(original, { partitions: 'rotate' })
    expect(wholeDump(server, later)).toBe(wholeDump(server, original))
  })

  test('partitions are kept when nothing is said', async () => {
    const original = newDatabase(tables)
    const { schema } = await read(original)
    expect(schema.objects.filter(({ sqlPartitions }) => sqlPartitions !== undefined)).toEqual([])
    expect(wholeDump(server, await restored(original, {}))).toBe(wholeDump(server, original))
  })
})

function allFilesOf(poured: Poured): Readonly<Record<string, string>> {
  const partitions = poured.schema.objects.flatMap(({ name, sqlPartitions }) =>
    sqlPartitions === undefined ? [] : [[`partitions of ${name}`, sqlPartitions] as const],
  )
  return { ...filesOf(poured), ...Object.fromEntries(partitions) }
}
