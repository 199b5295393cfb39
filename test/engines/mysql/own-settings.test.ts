import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers } from '../../support/servers.ts'
import { fillWith } from './fill-support.ts'
import { startOwnServer } from './own-server.ts'
import { filesOf, readWhole, requestFor, runClient, wholeDump } from './round-trip.ts'

/** Servers whose settings differ from the usual ones from their beginning. */

const script = `SET sql_mode = '', time_zone = '+00:00';
  CREATE TABLE plain (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, ts timestamp NULL DEFAULT '2024-07-01 12:00:00', w varchar(9) COMMENT 'c"\`') COMMENT = 'x';
  INSERT INTO plain (ts) VALUES ('2024-07-01 12:00:00');
  CREATE FUNCTION f(x varchar(9)) RETURNS varchar(20) CHARSET utf8mb4 DETERMINISTIC RETURN concat(x, "y");
  CREATE VIEW v AS SELECT id, f(w) AS w FROM plain;`

/** Settings that differ by nature: of the session that made an object. */
function withoutSessions(files: Readonly<Record<string, string>>): unknown {
  const entries = Object.entries(files).map(([file, text]) => [
    file,
    text.replaceAll(/collation_connection = \w+|COLLATE = \w+|COLLATE=\w+/g, ''),
  ])
  return Object.fromEntries(entries)
}

describe.each(installedMysqlServers)('%s', (name) => {
  test('M3, M4, M5: the settings of the server change no byte', async () => {
    const usual = servers()[name]
    const database = createDatabase(usual)
    runClient(usual, database, script)
    const expected = filesOf(await readWhole(requestFor(usual, database)))
    const odd = await startOwnServer(
      name,
      '--sql-mode=ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES',
      '--default-time-zone=+09:00',
      ...(name === 'mysql' ? [] : ['--old-mode=']),
    )
    try {
      const { server } = odd
      const there = createDatabase(server)
      runClient(server, there, `SET GLOBAL sql_quote_show_create = 0; SET NAMES utf8mb4; ${script}`)
      const read = await readWhole(requestFor(server, there))
      expect(withoutSessions(filesOf(read))).toEqual(withoutSessions(expected))
      const shown = runClient(server, there, 'SHOW CREATE TABLE plain')
      expect(shown).toContain('2024-07-01 21:00:00')
      expect(shown).toContain('"plain"'.slice(1, -1))
      const copy = createDatabase(server)
      await fillWith(requestFor(server, copy), 'empty', read)
      expect(wholeDump(server, copy)).toBe(wholeDump(server, there))
      expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
    } finally {
      await odd.stop()
    }
  })
})

const names = `
  CREATE TABLE \`Orders\` (id int PRIMARY KEY, \`Mixed Case\` text); INSERT INTO Orders VALUES (1, 'x');
  CREATE TABLE \`a/b\`\`c.d e\` (\`co\`\`l\` int PRIMARY KEY, up int, FOREIGN KEY (up) REFERENCES Orders (id)); INSERT INTO \`a/b\`\`c.d e\` VALUES (5, 1);
  CREATE VIEW \`View One\` AS SELECT o.id, x.\`co\`\`l\` FROM Orders o JOIN \`a/b\`\`c.d e\` x ON x.up = o.id;
  CREATE TRIGGER \`Tr\` BEFORE INSERT ON Orders FOR EACH ROW SET @a = 1;
  CREATE PROCEDURE \`Orders\`() SELECT 1; CREATE FUNCTION \`Orders\`() RETURNS int DETERMINISTIC RETURN 2;
  CREATE EVENT \`Orders\` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DISABLE DO DO 1;`

/** 2 is for file systems that tell no case: on Linux the server turns to 0 or refuses to start. */
describe.each(installedMysqlServers)('%s', (name) => {
  describe.each(['1', '2'])('M24: with lower_case_table_names = %s', (value) => {
    let started: Awaited<ReturnType<typeof startOwnServer>> | undefined

    beforeAll(async () => {
      started = await startOwnServer(name, `--lower-case-table-names=${value}`).catch(
        (error: unknown) => {
          if (value !== '2') throw error
          return undefined
        },
      )
    })
    afterAll(async () => {
      await started?.stop()
    })

    test('names come back as the server keeps them', async () => {
      if (started === undefined) {
        expect([name, value]).toEqual(['mysql', '2'])
        return
      }
      const { server } = started
      const original = createDatabase(server, 'Mixed_Name')
      runClient(server, original, names)
      const read = await readWhole(requestFor(server, original))
      expect(read.schema.notCaptured).toEqual([])
      const keys = read.schema.objects.map((object) => `${object.kind} ${object.name}`)
      expect(keys).toContain(value === '1' ? 'table orders' : 'table Orders')
      expect(keys.filter((key) => / orders$/i.test(key))).toHaveLength(4)
      const copy = createDatabase(server, 'Other_Name')
      await fillWith(requestFor(server, copy), 'empty', read)
      const dump = (database: string) =>
        wholeDump(server, database).replaceAll(new RegExp(database, 'gi'), 'the_database')
      expect(dump(copy)).toBe(dump(original))
      expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
      await fillWith(requestFor(server, copy), 'replace', read)
      expect(dump(copy)).toBe(dump(original))
    })
  })

  test('M24: every name is possible, also one for many things', async () => {
    const server = servers()[name]
    const odd = 'a/b`c.d "e\' 日本 %'
    const original = createDatabase(server)
    const copy = createDatabase(server)
    const quoted = `\`${odd.replaceAll('`', '``')}\``
    runClient(
      server,
      original,
      `${names} CREATE TABLE orders (id int); CREATE TABLE ORDERS (id int); INSERT INTO ORDERS VALUES (3);
       CREATE TABLE ${quoted} (${quoted} int PRIMARY KEY, CONSTRAINT ${quoted} CHECK (${quoted} > 0)); INSERT INTO ${quoted} VALUES (1);
       CREATE PROCEDURE ${quoted}() SELECT 1; CREATE EVENT ${quoted} ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DISABLE DO DO 1;
       CREATE TRIGGER ${quoted} BEFORE INSERT ON ${quoted} FOR EACH ROW SET @a = 1; CREATE VIEW \`v ${odd.replaceAll('`', '``')}\` AS SELECT * FROM ${quoted};`,
    )
    const read = await readWhole(requestFor(server, original))
    expect(read.schema.notCaptured).toEqual([])
    await fillWith(requestFor(server, copy), 'empty', read)
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
    expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
    for (const database of [original, copy]) dropDatabase(server, database)
  })
})
