import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { servers, type Server } from '../../support/servers.ts'
import { fillWith, type Filled } from './fill-support.ts'
import { filesOf, readWhole, requestFor, runClient, wholeDump, type Poured } from './round-trip.ts'

function fixture(name: string): string {
  return readFileSync(
    join(import.meta.dirname, '../../fixtures/mysql', `${name.replace(/\d+$/, '')}.sql`),
    'utf8',
  )
}

/** What the fixtures lack. */
const more = `
CREATE TABLE hurt_default (a int DEFAULT 7);
CREATE TABLE numbered_by_hand (id int AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT = 1000;
CREATE TABLE part_one (id int PRIMARY KEY) ENGINE = MyISAM;
CREATE TABLE part_all (id int PRIMARY KEY) ENGINE = MERGE UNION = (part_one);
INSERT INTO part_one VALUES (1);
DELIMITER $$
CREATE EVENT running ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 03:00:00' ENABLE DO DO 1$$
DELIMITER ;
`

const triggerOfOtherMode = `DROP TRIGGER after_one;
SET sql_mode = 'ANSI_QUOTES';
DELIMITER $$
CREATE TRIGGER after_one AFTER DELETE ON event_log FOR EACH ROW BEGIN DELETE FROM no_rows WHERE id = OLD.id; END$$
DELIMITER ;
`

const harms = {
  'a value': 'UPDATE numbers SET f = 0.125 WHERE id = 18446744073709550999',
  'a default': 'ALTER TABLE hurt_default ALTER COLUMN a SET DEFAULT 8',
  "a trigger's sql_mode": triggerOfOtherMode,
  'an index': 'ALTER TABLE parent DROP INDEX x1, ADD INDEX x1 (id)',
  'a foreign key': 'ALTER TABLE children DROP FOREIGN KEY children_ibfk_1',
  'a counter': 'ALTER TABLE numbered_by_hand AUTO_INCREMENT = 1001',
}

describe.each(installedMysqlServers)('%s', (name) => {
  let server: Server
  let original: string
  let copy: string
  let read: Poured
  let filled: Filled

  beforeAll(async () => {
    server = servers()[name]
    original = createDatabase(server)
    copy = createDatabase(server)
    runClient(server, original, fixture('both') + fixture(name) + more)
    read = await readWhole(requestFor(server, original))
    filled = await fillWith(requestFor(server, copy), 'empty', read)
  })
  afterAll(() => {
    dropDatabase(server, original)
    dropDatabase(server, copy)
  })

  test("the filled database's vendor dump equals the original's", () => {
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
  })

  test('a snapshot of the filled database has the same bytes', async () => {
    expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
  })

  test('every row that was loaded is there', () => {
    expect(filled.rows.get('numbers')).toEqual({ loaded: 7, counted: 7 })
    for (const [table, { loaded, counted }] of filled.rows) {
      expect([table, counted]).toEqual([table, loaded])
    }
    expect(filled.violations).toEqual([])
  })

  test('filling again in place of what is there changes nothing', async () => {
    await expect(fillWith(requestFor(server, copy), 'empty', read)).rejects.toMatchObject({
      code: 'target-not-empty',
    })
    await fillWith(requestFor(server, copy), 'replace', read)
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
    expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
  })

  test('what is broken on purpose is caught by the witness and by the snapshot', async () => {
    const broken = createDatabase(server)
    await fillWith(requestFor(server, broken), 'empty', read)
    let dump = wholeDump(server, broken)
    let files = filesOf(await readWhole(requestFor(server, broken)))
    expect(dump).toBe(wholeDump(server, original))
    for (const [what, harm] of Object.entries(harms)) {
      runClient(server, broken, harm)
      const harmedDump = wholeDump(server, broken)
      const harmedFiles = filesOf(await readWhole(requestFor(server, broken)))
      expect([what, harmedDump]).not.toEqual([what, dump])
      expect([what, harmedFiles]).not.toEqual([what, files])
      dump = harmedDump
      files = harmedFiles
    }
    dropDatabase(server, broken)
  })

  test('an event is switched off as long as it is not in its target', async () => {
    const states =
      "SELECT DISTINCT status FROM information_schema.events WHERE event_schema LIKE 'schema\\_%'"
    const seen: string[] = []
    await fillWith(requestFor(server, copy), 'replace', read, (step) => {
      if (step === 'finish') seen.push(runSql(server, '', states))
    })
    expect(seen).toEqual(['DISABLED\n'])
    const status =
      "SELECT status FROM information_schema.events WHERE event_name = 'running' AND event_schema = database()"
    expect(runSql(server, copy, status)).toBe('ENABLED\n')
  })

  test('a view that was broken is refused, which leaves the target as it was', async () => {
    const source = createDatabase(server)
    runClient(
      server,
      source,
      'CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; DROP TABLE t',
    )
    const broken = await readWhole(requestFor(server, source))
    await expect(fillWith(requestFor(server, copy), 'replace', broken)).rejects.toMatchObject({
      code: 'not-restorable',
    })
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
    dropDatabase(server, source)
  })

  test('an error in the middle leaves the target as it was', async () => {
    const failure = fillWith(requestFor(server, copy), 'replace', read, (step) => {
      if (step === 'load times') throw new Error('enough')
    })
    await expect(failure).rejects.toThrow('enough')
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
  })
})
