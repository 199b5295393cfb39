import { inspect } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { postgres } from '../../../src/engines/postgres/index.ts'
import type { DbObject, Schema } from '../../../src/model.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { postgresServers, servers } from '../../support/servers.ts'
import { restore } from './restore.ts'
import { heldSnapshot } from './round-trip.ts'

describe.each(postgresServers)('%s: credentials that an account may not see', (name) => {
  const server = servers()[name]
  const [plain, reader] = [`hidden_${name}`, `hidden_${name}_reader`]
  const database = createDatabase(server)
  runSql(
    server,
    database,
    `CREATE ROLE ${plain} LOGIN PASSWORD 'x'; CREATE ROLE ${reader} LOGIN PASSWORD 'x'; GRANT pg_read_all_data TO ${reader};
     CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; GRANT USAGE ON FOREIGN SERVER s TO ${plain};
     CREATE SERVER mine FOREIGN DATA WRAPPER w; ALTER SERVER mine OWNER TO ${plain};
     CREATE USER MAPPING FOR ${plain} SERVER s OPTIONS (user 'a', password 'canary-1'); CREATE USER MAPPING FOR PUBLIC SERVER s;
     CREATE USER MAPPING FOR PUBLIC SERVER mine OPTIONS (x 'canary-2'); CREATE USER MAPPING FOR postgres SERVER mine;
     CREATE SUBSCRIPTION sub CONNECTION 'password=canary-3' PUBLICATION p WITH (connect = false, slot_name = NONE);`,
  )

  const schemaFor = async (user: string): Promise<Schema> => {
    const url = `postgres://${user}:x@${server.host}:${server.port}/${database}`
    await using opened = await postgres.open({ url, environment: {} })
    return await opened.read({ wantsRows: () => false }, ({ schema }) => Promise.resolve(schema))
  }

  afterAll(() => {
    runSql(server, database, 'DROP SUBSCRIPTION sub')
    dropDatabase(server, database)
    runSql(server, 'postgres', `DROP ROLE ${plain}; DROP ROLE ${reader}`)
  })

  test('are named, and no statement is written with a hole in it', async () => {
    const { objects, notCaptured } = await schemaFor(plain)
    const refused = notCaptured.filter(({ kind }) => /mapping|subscription/.test(kind))
    expect(refused.map(({ kind, name: what }) => `${kind} ${what}`).sort()).toEqual([
      'subscription sub',
      'user mapping mine for postgres',
      'user mapping s for PUBLIC',
    ])
    for (const { reason } of refused) expect(reason).toContain('Grant pg_read_all_data')
    const mappings = objects.flatMap(({ sql }) => sql.match(/CREATE USER MAPPING.*/g) ?? [])
    expect(mappings).toEqual([
      'CREATE USER MAPPING FOR PUBLIC SERVER mine;',
      `CREATE USER MAPPING FOR ${plain} SERVER s`,
    ])
    expect(objects.filter(({ kind }) => kind === 'subscription')).toEqual([])
  })

  test('are seen by one that may read all data, as by a superuser', async () => {
    const wanted = /foreign|subscription/
    const { objects, notCaptured } = await schemaFor(reader)
    expect(notCaptured.filter(({ kind }) => /mapping|subscription/.test(kind))).toEqual([])
    const all = (await heldSnapshot(server.url(database))).schema
    const chosen = (list: readonly DbObject[]) => list.filter(({ kind }) => wanted.test(kind))
    expect(chosen(objects)).toEqual(chosen(all.objects))
    expect(
      chosen(objects)
        .map(({ sqlSecrets = '' }) => sqlSecrets)
        .join(''),
    ).toMatch(/canary-2[^]*canary-1[^]*canary-3/)
  })

  test('are told by check', async () => {
    const findings = async (user: string) => {
      const url = `postgres://${user}:x@${server.host}:${server.port}/${database}`
      await using opened = await postgres.open({ url, environment: {} })
      return await opened.findings()
    }
    expect((await findings(plain)).map(({ next }) => next)).toContainEqual(
      expect.stringContaining(`GRANT pg_read_all_data TO "${plain}"`),
    )
    expect(await findings(reader)).toEqual([])
  })

  test('are in no error of a restore', async () => {
    const copy = createDatabase(server)
    const original = await heldSnapshot(server.url(database))
    const damaged = original.schema.objects.map((object) =>
      object.sqlSecrets === undefined
        ? object
        : { ...object, sqlSecrets: object.sqlSecrets.replaceAll('ADD password', 'SET password') },
    )
    const broken = { ...original, schema: { ...original.schema, objects: damaged } }
    const error: unknown = await restore(broken, server.url(copy)).catch((each: unknown) => each)
    expect(error).toMatchObject({ code: 'secrets-refused' })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary')
    dropDatabase(server, copy)
  })
})
