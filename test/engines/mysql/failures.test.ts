import { createServer, type AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mysql } from '../../../src/engines/mysql/index.ts'
import { ExpectedError } from '../../../src/errors.ts'
import type { Schema, Snapshot, Table } from '../../../src/model.ts'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers, type Server } from '../../support/servers.ts'
import { readWhole, requestFor, runClient } from './round-trip.ts'

const everything = { wantsRows: () => true }

function tableOf(schema: Schema, name: string): Table {
  const table = schema.objects.find((object) => object.kind === 'table' && object.name === name)
  if (table?.kind !== 'table') throw new Error(`no table ${name}`)
  return table as Table
}

async function drain(snapshot: Snapshot, name: string): Promise<void> {
  for await (const block of snapshot.rows(tableOf(snapshot.schema, name)))
    expect(block.length).toBeGreaterThan(0)
}

async function failureOf(work: Promise<unknown>): Promise<ExpectedError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof ExpectedError) return error
  throw new Error(`expected a failure that says what to do, got ${String(error)}`)
}

describe.each(installedMysqlServers)('%s', (name) => {
  let server: Server
  let database: string

  beforeEach(() => {
    server = servers()[name]
    database = createDatabase(server)
    runClient(
      server,
      database,
      `CREATE TABLE t (id int PRIMARY KEY, v varchar(200));
      CREATE TABLE big (id int PRIMARY KEY, v text);
      INSERT INTO t VALUES (1, 'a'), (2, 'b');
      INSERT INTO big WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT i, REPEAT('x', 60000) FROM n;`,
    )
  })
  afterEach(() => {
    dropDatabase(server, database)
  })

  test.each([
    'ALTER TABLE t ADD COLUMN more int',
    'ALTER TABLE t MODIFY v varchar(300)',
    'ALTER TABLE t FORCE',
    'TRUNCATE t',
    'DROP TABLE t',
    'DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY)',
    'RENAME TABLE t TO gone',
    'ALTER TABLE big ADD COLUMN more int, ALGORITHM = INSTANT',
    'CREATE TABLE another (id int)',
    'CREATE TRIGGER tr BEFORE INSERT ON big FOR EACH ROW SET NEW.v = 1',
  ])('%s during a read is noticed', async (statement) => {
    await using opened = await mysql.open(requestFor(server, database))
    const error = await failureOf(
      opened.read(everything, async (snapshot) => {
        runClient(server, database, `${statement};`)
        await drain(snapshot, 't')
        await drain(snapshot, 'big')
      }),
    )
    expect(error.code).toBe('changed-while-reading')
    runClient(server, database, 'CREATE TABLE IF NOT EXISTS t (id int PRIMARY KEY);')
    await opened.read(everything, (snapshot) => drain(snapshot, 'big'))
  })

  test('a session that dies among the rows is no short table, and the next read has a new one', async () => {
    await using opened = await mysql.open(requestFor(server, database))
    const error = await failureOf(
      opened.read(everything, async (snapshot) => {
        let blocks = 0
        for await (const block of snapshot.rows(tableOf(snapshot.schema, 'big'))) {
          expect(block.length).toBeGreaterThan(0)
          blocks += 1
          if (blocks === 1) {
            const id = runClient(
              server,
              '',
              `SELECT id FROM information_schema.processlist WHERE db = '${database}';`,
            )
            runClient(server, '', `KILL ${id.trim()};`)
          }
        }
      }),
    )
    expect(error.code).toBe('connection-lost')
    await opened.read(everything, (snapshot) => drain(snapshot, 't'))
  })

  test('rows that are left early end the session, not the database', async () => {
    await using opened = await mysql.open(requestFor(server, database))
    await expect(
      opened.read(everything, async (snapshot) => {
        for await (const block of snapshot.rows(tableOf(snapshot.schema, 'big'))) {
          throw new Error(`enough after ${block.length > 0 ? 'some' : 'none'}`)
        }
      }),
    ).rejects.toThrow('enough after some')
    await opened.read(everything, (snapshot) => drain(snapshot, 'big'))
  })

  test('an account sees what it may, and every gap is named', async () => {
    const account = { user: `reader_${database.slice(-8)}`, password: 'canary-reader' }
    runClient(
      server,
      database,
      `CREATE USER '${account.user}'@'%' IDENTIFIED BY '${account.password}';
      CREATE PROCEDURE p() SELECT 'secret'; CREATE VIEW w AS SELECT id FROM t; CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 1;
      GRANT SELECT ON \`${database}\`.t TO '${account.user}'@'%'; GRANT SELECT ON \`${database}\`.w TO '${account.user}'@'%'; GRANT EXECUTE ON \`${database}\`.* TO '${account.user}'@'%';`,
    )
    const own = requestFor(server, database)
    const request = {
      ...own,
      url: own.url.replace(/\/\/[^@]*@/, `//${account.user}@`),
      password: account.password,
    }
    const { schema } = await readWhole(request)
    expect(schema.objects.map((object) => object.name)).toEqual(['settings', 't'])
    expect(schema.notCaptured.map(({ kind, name: what }) => `${kind} ${what}`).toSorted()).toEqual(
      [
        ...['account', 'event', 'routine', 'table', 'trigger', 'view'].map(
          (kind) => `${kind} ${database}.*`,
        ),
        'procedure p',
        'view w',
      ].toSorted(),
    )
    for (const { reason } of schema.notCaptured) expect(reason).toContain('GRANT ')
    runClient(
      server,
      '',
      `GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON \`${database}\`.* TO '${account.user}'@'%';
      ${name !== 'mysql' ? '' : `GRANT SHOW_ROUTINE ON *.* TO '${account.user}'@'%';`} GRANT SELECT ON mysql.* TO '${account.user}'@'%';`,
    )
    expect((await readWhole(request)).schema.notCaptured).toEqual([])
    runClient(server, '', `DROP USER '${account.user}'@'%';`)
  })

  test('TLS that was asked for is TLS', async () => {
    const request = requestFor(server, database)
    const open = (mode: string) =>
      mysql.open({ ...request, url: `${request.url}?ssl-mode=${mode}` })
    const verified = await failureOf(open('verify-identity'))
    expect(verified.code).toBe(name !== 'mariadb' ? 'tls-not-verified' : 'tls-refused')
    if (name !== 'mariadb') await (await open('required'))[Symbol.asyncDispose]()
    else expect((await failureOf(open('required'))).code).toBe('tls-refused')
  })

  test('a socket works, and one that is not there is said', async () => {
    const base = `mysql://root@localhost/${database}?socket=`
    const request = { password: server.password, environment: {} }
    const opened = await mysql.open({ ...request, url: base + encodeURIComponent(server.socket) })
    expect((await opened.sizes()).map((size) => size.name)).toEqual(['big', 't'])
    await opened[Symbol.asyncDispose]()
    const error = await failureOf(mysql.open({ ...request, url: `${base}/no/such.sock` }))
    expect([error.code, error.message]).toEqual([
      'connection-refused',
      expect.stringContaining('/no/such.sock'),
    ])
  })
})

test('a server that says nothing is given up', async () => {
  const silent = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  const { port } = silent.address() as AddressInfo
  const error = await failureOf(
    mysql.open({ url: `mysql://u@127.0.0.1:${port}/d?connect-timeout=1`, environment: {} }),
  )
  expect(error.code).toBe('connection-timeout')
  await new Promise((resolve) => silent.close(resolve))
})
