import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { postgres } from '../../../src/engines/postgres/index.ts'
import { runSql, runSqlAs } from '../../support/databases.ts'
import { postgresServers, servers } from '../../support/servers.ts'
import { Databases, failureOf } from './filling.ts'
import { scriptOf } from './psql-script.ts'
import { blocks, differences, restore, storedColumns } from './restore.ts'
import { heldSnapshot, isTable, keyText } from './round-trip.ts'

describe.each(postgresServers)('%s: large objects', (name) => {
  const server = servers()[name]
  const databases = new Databases(server)
  const suffix = randomBytes(4).toString('hex')
  const [writer = '', reader = ''] = ['Writer', 'reader'].map((role) => `"${role} ${suffix}"`)
  runSql(
    server,
    'postgres',
    `CREATE ROLE ${writer}; CREATE ROLE ${reader}; CREATE ROLE "stranger_${suffix}" LOGIN PASSWORD 'p';`,
  )

  afterAll(() => {
    databases.dropAll()
    runSql(
      server,
      'postgres',
      `DROP ROLE ${writer}; DROP ROLE ${reader}; DROP ROLE "stranger_${suffix}";`,
    )
  })

  const script = `
    SELECT lo_from_bytea(40001, ''), lo_from_bytea(40002, '\\x00ff0a5c'), lo_from_bytea(4000000000, 'by number'),
      lo_from_bytea(40003, convert_to(repeat('a', 262144), 'UTF8')), lo_from_bytea(40004, convert_to(repeat('b', 700001), 'UTF8'));
    SELECT lo_create(40005); SELECT lo_put(40005, 300000, 'behind a hole');
    ALTER LARGE OBJECT 40002 OWNER TO ${writer}; COMMENT ON LARGE OBJECT 40002 IS 'it''s "one"';
    ALTER LARGE OBJECT 40003 OWNER TO ${writer};
    GRANT SELECT, UPDATE ON LARGE OBJECT 40003 TO ${reader} WITH GRANT OPTION; GRANT SELECT ON LARGE OBJECT 40003 TO PUBLIC;
    SET ROLE ${reader}; GRANT UPDATE ON LARGE OBJECT 40003 TO "stranger_${suffix}"; RESET ROLE;
    REVOKE UPDATE ON LARGE OBJECT 40003 FROM ${writer}; REVOKE ALL ON LARGE OBJECT 40004 FROM postgres;`

  test('come back as rows of a table, with numbers, owners, privileges and comments', async () => {
    const source = databases.make(script)
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    const table = original.schema.objects.find(({ name: one }) => one === 'pg_largeobject')
    expect(table).toMatchObject({ kind: 'table', schema: 'pg_catalog', orderBy: ['oid', 'start'] })
    const copy = databases.make()
    await restore(original, server.url(copy))
    expect(await differences(server, original, source, copy)).toEqual([])
    runSql(server, copy, `SELECT lo_put(40004, 700000, 'c')`)
    expect(await differences(server, original, source, copy)).toHaveLength(3)

    const byPsql = databases.make(await scriptOf(original))
    expect(await differences(server, original, source, byPsql)).toEqual([])
  })

  test('are no table where there are none', async () => {
    const { schema } = await heldSnapshot(server.url(databases.make()))
    expect(schema.objects.filter(({ kind }) => kind === 'table')).toEqual([])
  })

  test('take the place of those with the same numbers', async () => {
    const source = databases.make(script)
    const original = await heldSnapshot(server.url(source))
    const table = original.schema.objects.find(({ name: one }) => one === 'pg_largeobject')
    if (table === undefined || !isTable(table)) throw new Error('there is no such table')
    const copy = databases.make(`SELECT lo_from_bytea(40002, 'other'), lo_from_bytea(5, 'more')`)
    await databases.fill(copy, { mode: 'rows' }, async (target) => {
      const request = { table, columns: storedColumns(table), upsertKey: table.orderBy }
      await target.load(request, blocks(original.rows.get(keyText(table)) ?? Buffer.alloc(0)))
    })
    const found = `SELECT oid, encode(sha256(lo_get(oid)), 'hex') FROM pg_largeobject_metadata WHERE oid <> 5 ORDER BY oid`
    expect(runSql(server, copy, found)).toBe(runSql(server, source, found))
    expect(runSql(server, copy, `SELECT lo_get(5)`)).toBe('\\x6d6f7265\n')
  })

  test('that may not be read are named where their rows are wanted', async () => {
    const source = databases.make(`SELECT lo_from_bytea(50001, 'a'), lo_from_bytea(50002, 'b');
      GRANT SELECT ON LARGE OBJECT 50001 TO "stranger_${suffix}"`)
    const url = new URL(server.url(source))
    url.username = `stranger_${suffix}`
    url.password = 'p'
    const read = async (wants: boolean): Promise<number> => {
      await using database = await postgres.open({ url: url.href, environment: {} })
      return await database.read({ wantsRows: () => wants }, (snapshot) =>
        Promise.resolve(snapshot.schema.objects.length),
      )
    }
    expect(await read(false)).toBeGreaterThan(0)
    await using checked = await postgres.open({ url: url.href, environment: {} })
    const findings = await checked.findings()
    expect(findings.map(({ table, message }) => [table?.name, message])).toContainEqual([
      'pg_largeobject',
      `The user stranger_${suffix} may not read the large objects 50002.`,
    ])
    expect(await checked.sizes()).toMatchObject([{ name: 'pg_largeobject', rows: 2 }])
    expect(await failureOf(read(true))).toMatchObject({
      code: 'missing-privilege',
      message: `The user stranger_${suffix} may not read the large objects 50002.`,
      next: expect.stringContaining('GRANT SELECT ON LARGE OBJECT 50002 TO') as string,
    })
    runSqlAs(server, server, source, `GRANT SELECT ON LARGE OBJECT 50002 TO PUBLIC`)
    expect(await read(true)).toBeGreaterThan(0)
  })
})
