import { rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { takeCensus } from '../../../src/engines/mysql/catalog/census.ts'
import { readSchema } from '../../../src/engines/mysql/catalog/read-schema.ts'
import { connect, connectionSettings } from '../../../src/engines/mysql/connect.ts'
import { pinSession } from '../../../src/engines/mysql/session.ts'
import type { DbObject } from '../../../src/model.ts'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import { installedMariadbServers, installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers, type Server } from '../../support/servers.ts'
import { readWhole, requestFor, runClient } from './round-trip.ts'

const script = `
  CREATE TABLE parent (id int PRIMARY KEY);
  CREATE TABLE t (id int PRIMARY KEY, a int, b int, UNIQUE KEY twice (a, b), KEY once (a), CONSTRAINT positive CHECK (a > 0),
    CONSTRAINT points FOREIGN KEY (b) REFERENCES parent (id));
  CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;
  CREATE VIEW v AS SELECT 1; CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1; CREATE PROCEDURE p() SELECT 1;
  CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO DO 1;`

describe.each(installedMysqlServers)('%s', (name) => {
  let server: Server
  let database: string

  beforeEach(() => {
    server = servers()[name]
    database = createDatabase(server)
    runClient(server, database, script)
  })
  afterEach(() => {
    dropDatabase(server, database)
  })

  /** What the census says of a database whose objects were read and then changed by a damage. */
  async function censusAfter(damage: (object: DbObject) => readonly DbObject[]): Promise<string[]> {
    const settings = connectionSettings(requestFor(server, database))
    await using client = await connect(settings)
    const pinned = await pinSession(client, database)
    const { objects } = await readSchema(client, pinned)
    const missing = await takeCensus(client, pinned, objects.flatMap(damage), [])
    return missing.map((each) => `${each.kind} ${each.name}`).toSorted()
  }

  test('every entry of the catalogs is in an object', async () => {
    expect(await censusAfter((object) => [object])).toEqual([])
  })

  test.each(['view v', 'function f', 'procedure p', 'event e'])(
    'it misses a %s that nobody read',
    async (lost) => {
      const found = await censusAfter((each) =>
        `${each.kind} ${each.name}` === lost ? [] : [each],
      )
      expect(found).toEqual([lost])
    },
  )

  test.each([
    ['UNIQUE KEY `twice` (`a`,`b`)', 'constraint t.twice,index t.twice'],
    ['KEY `once` (`a`)', 'index t.once'],
    ['`b` int', 'column t.b'],
    ['CONSTRAINT `positive` ', 'constraint t.positive'],
  ])('it misses what a definition lost: %s', async (part, lost) => {
    const found = await censusAfter((object) => [
      // The names of columns stand in keys, too.
      {
        ...object,
        sql:
          part === '`b` int'
            ? object.sql.replaceAll('`b`', '')
            : object.sql.replace(part, part.includes('twice') ? 'UNIQUE KEY (`a`,`b`)' : ''),
      },
    ])
    expect(found.join()).toBe(lost)
  })

  test('it misses a trigger that no table has', async () => {
    const found = await censusAfter((object) => [{ ...object, sqlAfterRows: '' }])
    expect(found).toEqual(['trigger t.tr'])
  })
})

describe.each(installedMariadbServers)('%s', (name) => {
  test('a table that the server itself can not open is named', async () => {
    const server = servers()[name]
    const database = createDatabase(server)
    const file = join(dirname(server.socket), 'data', database, 'lib.frm')
    writeFileSync(file, 'no definition')
    const { schema } = await readWhole(requestFor(server, database))
    expect(schema.notCaptured.map((each) => each.name)).toEqual(['lib'])
    expect(schema.notCaptured[0]?.reason).not.toBe('')
    rmSync(file)
    dropDatabase(server, database)
  })

  test('a program that stands in the catalog alone is named', async () => {
    const server = servers()[name]
    const database = createDatabase(server)
    runClient(
      server,
      database,
      `CREATE PROCEDURE p() SELECT 1; CREATE PROCEDURE q() SELECT 1;
       UPDATE mysql.proc SET body = 'no statement', body_utf8 = 'no statement' WHERE db = '${database}' AND name = 'q'; FLUSH TABLES;`,
    )
    const { schema } = await readWhole(requestFor(server, database))
    expect(schema.notCaptured.map((each) => `${each.kind} ${each.name}`)).toEqual(['procedure q'])
    dropDatabase(server, database)
  })
})
