import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mysql } from '../../../src/engines/mysql/index.ts'
import type { DbObject } from '../../../src/model.ts'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { createDatabase, dropDatabase, runSql, runSqlAs } from '../../support/databases.ts'
import { servers, type Server } from '../../support/servers.ts'
import { fillWith } from './fill-support.ts'
import { readWhole, requestFor, runClient, wholeDump } from './round-trip.ts'

describe.each(installedMysqlServers)('%s', (name) => {
  let server: Server
  const odd = 'odd_%/`name 日本'

  beforeAll(() => {
    server = servers()[name]
  })
  afterAll(() => {
    dropDatabase(server, odd)
  })

  test('a database is made with its settings and an owner, counted, listed, entered and dropped', async () => {
    runSql(server, '', "CREATE USER IF NOT EXISTS 'keeper'@'%' IDENTIFIED BY 'canary-keeper'")
    const settings = {
      kind: 'database',
      name: 'settings',
      sql: 'ALTER DATABASE CHARACTER SET = latin1 COLLATE = latin1_german1_ci;\n',
      dependsOn: [],
    } as const
    await using there = await mysql.openServer(requestFor(server, 'is_not_there'))
    expect(there.database).toBe('is_not_there')
    expect(await there.objectCount(odd)).toBeUndefined()
    await there.create(odd, { owner: 'keeper', settings })
    expect(await there.objectCount(odd)).toBe(0)
    expect(await there.list('odd_%')).toEqual([odd])
    expect(await there.list('odd__')).toEqual([])
    const content =
      'CREATE TABLE t (a int); CREATE VIEW v AS SELECT 1; CREATE PROCEDURE p() SELECT 1;'
    runSqlAs(server, { user: 'keeper', password: 'canary-keeper' }, odd, content)
    expect(await there.objectCount(odd)).toBe(3)
    const { schema } = await readWhole(there.requestFor(odd))
    expect(schema.objects.map((object) => object.sql)).toContain(settings.sql)
    await expect(there.create(odd, {})).rejects.toMatchObject({ code: 'database-exists' })
    await there.drop(odd)
    expect(await there.objectCount(odd)).toBeUndefined()
  })

  test('an owner that does not exist is refused, and nothing is left', async () => {
    await using there = await mysql.openServer(requestFor(server, odd))
    await expect(there.create(odd, { owner: 'ghost@nowhere' })).rejects.toMatchObject({
      code: 'no-such-account',
    })
    expect(await there.objectCount(odd)).toBeUndefined()
    expect(runSql(server, '', "SELECT count(*) FROM mysql.user WHERE user = 'ghost'")).toBe('0\n')
  })

  test('accounts that it lacks are told and dropped again, and no others', async () => {
    const account = (user: string): DbObject => ({
      kind: 'role',
      name: `${user}@%`,
      sql: `CREATE USER '${user}'@'%';\n`,
      dependsOn: [],
    })
    runSql(server, '', "CREATE USER IF NOT EXISTS 'resident'@'%'")
    const objects = [account('resident'), account('visitor')]
    await using there = await mysql.openServer(requestFor(server, 'mysql'))
    const absent = await there.absentServerObjects(objects)
    expect(absent).toEqual([objects[1]])
    runSql(server, '', absent.map(({ sql }) => sql).join(''))
    await there.dropServerObjects(absent)
    const users = "SELECT user FROM mysql.user WHERE user IN ('resident', 'visitor')"
    expect(runSql(server, '', users)).toBe('resident\n')

    runSql(
      server,
      '',
      "DROP USER 'resident'@'%'; CREATE USER IF NOT EXISTS 'blind'@'%' IDENTIFIED BY 'canary-blind'",
    )
    const url = server.url('mysql').replace(/\/\/.*@/, '//blind@')
    await using blind = await mysql.openServer({ url, password: 'canary-blind', environment: {} })
    expect(await blind.absentServerObjects(objects)).toEqual([])
  })

  test('the parameters of a URL stay when another database is named', async () => {
    const request = requestFor(server, 'mysql')
    const url = request.url.replace('/mysql', '/mysql?connect-timeout=7')
    await using there = await mysql.openServer({ ...request, url })
    expect(there.requestFor('a/b')).toEqual({
      ...request,
      url: url.replace('/mysql?', '/a%2Fb?'),
    })
  })

  test('a move that the server refuses is undone', async () => {
    const target = createDatabase(server)
    const source = createDatabase(server)
    const account = { user: `mover_${name}`, password: 'canary-mover' }
    const ofDefiners = name === 'mysql' ? 'SET_ANY_DEFINER, SYSTEM_USER' : 'SET USER'
    runSql(
      server,
      '',
      `CREATE USER ${account.user} IDENTIFIED BY '${account.password}';
       GRANT ALL ON \`schema\\_backup\\_scratch\\_%\`.* TO ${account.user};
       GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, CREATE VIEW, SHOW VIEW, TRIGGER, EVENT,
         CREATE ROUTINE, ALTER ROUTINE, EXECUTE ON ${target}.* TO ${account.user};
       GRANT ${ofDefiners} ON *.* TO ${account.user}; GRANT PROCESS ON *.* TO ${account.user};`,
    )
    const content = `CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; INSERT INTO t VALUES (1);
      CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 5;
      CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO DO 1;`
    runClient(server, target, content)
    runClient(server, source, 'CREATE TABLE t (b int); CREATE TABLE v (c int);')
    const before = wholeDump(server, target)
    const poured = await readWhole(requestFor(server, source))
    const failure = fillWith(requestFor({ ...server, ...account }, target), 'replace', poured)
    await expect(failure).rejects.toMatchObject({ code: 'missing-privilege' })
    expect(wholeDump(server, target)).toBe(before)
    runSql(server, '', `GRANT ALTER ON ${target}.* TO ${account.user}`)
    await fillWith(requestFor({ ...server, ...account }, target), 'replace', poured)
    expect(wholeDump(server, target)).toBe(wholeDump(server, source))
    for (const database of [target, source]) dropDatabase(server, database)
  })

  test('foreign keys from outside hold a replacement back, and two fills each other', async () => {
    const target = createDatabase(server)
    const outside = createDatabase(server)
    runClient(server, target, 'CREATE TABLE t (a int PRIMARY KEY)')
    const poured = await readWhole(requestFor(server, target))
    await fillWith(requestFor(server, target), 'replace', poured, async () => {
      const second = fillWith(requestFor(server, target), 'replace', poured)
      await expect(second).rejects.toMatchObject({ code: 'target-busy' })
    })
    const pointing = `CREATE TABLE o (a int, FOREIGN KEY (a) REFERENCES ${target}.t (a))`
    runClient(server, outside, pointing)
    await expect(fillWith(requestFor(server, target), 'replace', poured)).rejects.toMatchObject({
      code: 'referenced-from-outside',
      message: expect.stringContaining(`${outside}.o`) as string,
    })
    for (const database of [outside, target]) dropDatabase(server, database)
  })
})
