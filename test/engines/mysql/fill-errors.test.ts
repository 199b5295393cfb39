import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mysql } from '../../../src/engines/mysql/index.ts'
import type { FillRequest, Target } from '../../../src/engines/target.ts'
import type { DbObject } from '../../../src/model.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers, type Server } from '../../support/servers.ts'
import { inPieces } from './fill-support.ts'
import { requestFor } from './round-trip.ts'

describe.each(installedMysqlServers)('%s', (name) => {
  let server: Server
  let database: string

  beforeAll(() => {
    server = servers()[name]
    database = createDatabase(server)
  })
  afterAll(() => {
    expect(runSql(server, database, 'SHOW TABLES')).toBe('')
    dropDatabase(server, database)
  })

  async function failureOf(
    use: (target: Target) => Promise<unknown>,
    request: Partial<FillRequest> = {},
  ): Promise<unknown> {
    await using open = await mysql.open(requestFor(server, database))
    return await open.fill({ mode: 'empty', ...request }, use).catch((error: unknown) => error)
  }

  function object(kind: DbObject['kind'], sql: string): DbObject {
    return { kind, name: 'thing', sql, dependsOn: [] }
  }

  test('a definition that an older server does not understand', async () => {
    const create = (target: Target) =>
      target.create(object('table', 'CREATE TABLE thing (a int FLYING 3);\n'))
    expect(await failureOf(create, { sourceVersion: '99.1' })).toMatchObject({
      code: 'server-too-old',
      message: expect.stringMatching(
        /^table thing was read from .* 99\.1, and this one, version \d/,
      ) as string,
    })
    expect(await failureOf(create, { sourceVersion: '5.5.68' })).toMatchObject({
      code: 'server-error',
    })
  })

  test('a view on a table that is missing', async () => {
    const create = (target: Target) =>
      target.create(object('view', 'CREATE VIEW thing AS SELECT a FROM nowhere;\n'))
    expect(await failureOf(create)).toMatchObject({
      code: 'missing-dependency',
      message: expect.stringContaining('view thing: ') as string,
    })
  })

  test('a table that is full', async () => {
    const failure = await failureOf(async (target) => {
      const definition = 'CREATE TABLE thing (a char(255) NOT NULL) ENGINE = MEMORY;\n'
      await target.create(object('table', definition))
      const rows = `${'canary'.repeat(20)}\n`.repeat(80_000)
      await target.load({ table: { name: 'thing' }, columns: ['a'] }, inPieces(rows))
    })
    expect(failure).toMatchObject({ code: 'target-out-of-space' })
    expect(String(failure)).toContain('table thing')
    expect(String(failure)).not.toContain('canary')
  })

  test('a duplicate key within the rows of an empty table', async () => {
    const failure = await failureOf(async (target) => {
      await target.create(object('table', 'CREATE TABLE thing (a varchar(9) PRIMARY KEY);\n'))
      await target.load({ table: { name: 'thing' }, columns: ['a'] }, inPieces('canary\ncanary\n'))
    })
    expect(failure).toMatchObject({ code: 'server-error' })
    expect(String(failure)).toMatch(
      /rows of table thing: .*ER_DUP_ENTRY for key '(?:thing\.)?PRIMARY'/,
    )
    expect(JSON.stringify(failure)).not.toContain('canary')
  })
})
