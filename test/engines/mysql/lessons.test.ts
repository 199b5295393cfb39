import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mysqlDump } from '../../../src/engines/mysql/vendor-dump.ts'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import { installedMariadbServers, installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers, type Server } from '../../support/servers.ts'
import { fillWith } from './fill-support.ts'
import { filesOf, readWhole, requestFor, runClient, wholeDump } from './round-trip.ts'
import { snapshotScript } from './snapshot-script.ts'

/** What databases of real applications taught: each lost something once. `neighbour` is another database. */
const lessons = (neighbour: string) => `
  CREATE TABLE note (id int PRIMARY KEY, body varchar(20)); CREATE TABLE only_here (a int);
  CREATE TABLE \`${neighbour}\`.note (id int, body varchar(20));
  CREATE FUNCTION soundex(word varchar(20)) RETURNS varchar(30) DETERMINISTIC RETURN concat('own ', word);
  CREATE FUNCTION pi() RETURNS int DETERMINISTIC RETURN 3;
  CREATE FUNCTION doubled(a int) RETURNS int DETERMINISTIC RETURN 2 * a; CREATE VIEW calls AS SELECT doubled(a) AS d FROM only_here;
  SET @own = concat('\`', database(), '\`');
  SET @hidden = concat('CREATE VIEW hidden AS SELECT ', @own, '.soundex(''it''''s \\\\\\\\ x'') AS own_one, soundex(''x'') AS other_one, ', @own, '.pi() AS three');
  PREPARE made FROM @hidden; EXECUTE made;
  SET @twins = concat('CREATE DEFINER = ghost@nowhere SQL SECURITY INVOKER VIEW twins AS SELECT ', @own, '.note.body AS one, n.body AS own_again, \`${neighbour}\`.note.body AS other FROM ', @own, '.note JOIN \`${neighbour}\`.note ON \`${neighbour}\`.note.id = ', @own, '.note.id JOIN ', @own, '.note n ON n.id = ', @own, '.note.id');
  PREPARE made FROM @twins; EXECUTE made;
  CREATE VIEW of_both AS SELECT one, other FROM twins; CREATE VIEW beside AS SELECT a, m.id FROM only_here JOIN \`${neighbour}\`.note m ON m.id = a;
  SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES';
  CREATE PROCEDURE remarked() COMMENT 'it''s \\ here' SELECT '\\' AS "a\\b";
  CREATE EVENT remarked ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DISABLE COMMENT 'c:\\new' DO SELECT '\\';
  SET sql_mode = DEFAULT;
  CREATE TABLE free (id int PRIMARY KEY, a int DEFAULT 5, b text, \`c,)\` timestamp NULL COMMENT 'x, y', d int AS (a + 1) VIRTUAL);
  ALTER TABLE free ALTER COLUMN a DROP DEFAULT, ALTER COLUMN \`c,)\` DROP DEFAULT;`

/** Their scheduler does not run: what is over stays there, and stays switched on. */
const events = `
  SET timestamp = 1000000000;
  CREATE EVENT once ON SCHEDULE AT '2001-09-10 00:00:00' DO SELECT 1; CREATE EVENT once_kept ON SCHEDULE AT '2001-09-10 00:00:00' ON COMPLETION PRESERVE DO SELECT 2;
  CREATE EVENT daily ON SCHEDULE EVERY 1 DAY STARTS '2001-09-10 00:00:00' ENDS '2001-10-10 00:00:00' DO SELECT 3;
  SET timestamp = DEFAULT;`

const strictnessOff = `
  SET innodb_strict_mode = 0, sql_mode = '';
  CREATE TABLE fixed_one (a int PRIMARY KEY) ENGINE = InnoDB ROW_FORMAT = FIXED; CREATE TABLE blocked (a int PRIMARY KEY) ENGINE = InnoDB ROW_FORMAT = DYNAMIC KEY_BLOCK_SIZE = 8;
  CREATE TABLE wide (${Array.from({ length: 33 }, (_, index) => `c${index} char(255)`).join(', ')}) CHARSET latin1 ROW_FORMAT = COMPACT;`

describe.each(installedMysqlServers)('%s', (name) => {
  let server: Server
  let neighbour: string
  let original: string
  let copy: string

  beforeEach(() => {
    server = servers()[name]
    neighbour = createDatabase(server)
    original = createDatabase(server)
    copy = createDatabase(server)
  })
  afterEach(() => {
    for (const database of [original, copy, neighbour]) dropDatabase(server, database)
  })

  const schemaOf = async (database: string) => {
    const environment = { PATH: process.env['PATH'] ?? '' }
    const dump = await mysqlDump(
      { ...requestFor(server, database), environment },
      { without: [], rowsOf: [] },
    )
    return dump?.schema
  }

  test.each(['fill', 'script'] as const)('every lesson comes back by a %s', async (way) => {
    runClient(server, original, lessons(neighbour) + (name === 'mysql' ? '' : events))
    const read = await readWhole(requestFor(server, original))
    expect(read.schema.notCaptured).toEqual([])
    expect(read.schema.warnings).toContainEqual(expect.stringContaining('account ghost@nowhere'))
    const prepared = read.schema.objects.filter(({ sql }) => /^PREPARE /m.test(sql))
    expect(prepared.map((view) => view.name)).toEqual(['hidden', 'twins'])
    if (way === 'fill') await fillWith(requestFor(server, copy), 'empty', read)
    else runClient(server, copy, await snapshotScript('everything', read))
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
    expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
    const schema = await schemaOf(original)
    expect(schema).toContain('VIEW `twins`')
    expect(await schemaOf(copy)).toBe(schema)
    const hidden = 'SELECT * FROM hidden'
    expect(runClient(server, copy, hidden)).toBe("own it's \\\\ x\tX000\t3\n")
  })

  test('tables that were made without strictness come back', async () => {
    runClient(server, original, strictnessOff)
    const read = await readWhole(requestFor(server, original))
    await fillWith(requestFor(server, copy), 'empty', read)
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
    if (name === 'mysql') return
    const another = createDatabase(server)
    runClient(server, another, await snapshotScript('everything', read))
    const dump = wholeDump(server, another)
    dropDatabase(server, another)
    expect(dump).toBe(wholeDump(server, original))
  })

  test('what a restore changes is said: the client of a program, once for each', async () => {
    runClient(
      server,
      original,
      `SET NAMES latin1; CREATE PROCEDURE old_one() SELECT 'Ã©'; CREATE PROCEDURE plain() SELECT 'e'; CREATE VIEW old_view AS SELECT 'Ã©' AS e; CREATE TABLE t (a int);
       CREATE TRIGGER old_trigger BEFORE INSERT ON t FOR EACH ROW SET @a = 'Ã©'; CREATE EVENT old_event ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DISABLE DO SELECT 'Ã©';`,
    )
    const { schema } = await readWhole(requestFor(server, original))
    const named = schema.warnings.map((text) => text.split(' holds characters')[0])
    expect(named.toSorted()).toEqual([
      'event old_event',
      'procedure old_one',
      'trigger old_trigger',
      'view old_view',
    ])
  })

  test('tables without transactions are one warning, however many', async () => {
    runClient(
      server,
      original,
      `CREATE TABLE a (a int) ENGINE = MyISAM; CREATE TABLE b (a int) ENGINE = MyISAM; CREATE TABLE c (a int);`,
    )
    const { schema } = await readWhole(requestFor(server, original))
    expect(schema.warnings).toEqual([
      '2 tables (MyISAM) have no transactions: their rows may be from another moment: a, b',
    ])
  })
})

test.each(installedMariadbServers)(
  '%s: a column that no statement can make is named',
  async (name) => {
    const server = servers()[name]
    const database = createDatabase(server)
    try {
      runClient(
        server,
        database,
        `CREATE TABLE source (id int NOT NULL, e varchar(9) CHARACTER SET utf8mb4 DEFAULT '😀'); CREATE TABLE made SELECT max(id) AS biggest FROM source;
       CREATE VIEW of_source AS SELECT e FROM source;`,
      )
      const { schema } = await readWhole(requestFor(server, database))
      expect(schema.warnings.map((text) => text.split(':')[0])).toEqual([
        'table made, column biggest',
        'table source, column e',
      ])
    } finally {
      dropDatabase(server, database)
    }
  },
)
