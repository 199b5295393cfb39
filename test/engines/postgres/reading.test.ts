import { Client } from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { postgres } from '../../../src/engines/postgres/index.ts'
import type { Database } from '../../../src/engines/engine.ts'
import type { DbObject, Snapshot, Table } from '../../../src/model.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { outerPostgresServers, servers } from '../../support/servers.ts'
import { heldSnapshot } from './round-trip.ts'

const rowsOf = async (snapshot: Snapshot, name: string): Promise<string> => {
  const table = snapshot.schema.objects.find(
    (object): object is Table => object.kind === 'table' && object.name === name,
  )
  if (table === undefined) throw new Error(`no table ${name}`)
  const blocks: Uint8Array[] = []
  for await (const block of snapshot.rows(table)) blocks.push(block)
  return Buffer.concat(blocks).toString()
}

const everything = { wantsRows: () => true }

describe.each(outerPostgresServers)('%s: reading', (name) => {
  const server = servers()[name]
  const databases: string[] = []
  const make = (script: string): string => {
    const made = createDatabase(server)
    databases.push(made)
    runSql(server, made, script)
    return made
  }
  const open = (made: string, url = server.url(made)): Promise<Database> =>
    postgres.open({ url, environment: {} })
  const asRole = (role: string, made: string): string =>
    server.url(made).replace(/\/\/[^@]*@/, `//${role}:secret-of-${role}@`)
  const role = (role: string, options = ''): void => {
    runSql(
      server,
      'postgres',
      `DROP ROLE IF EXISTS ${role}; CREATE ROLE ${role} LOGIN PASSWORD 'secret-of-${role}' ${options}`,
    )
  }

  afterAll(() => {
    for (const made of databases) dropDatabase(server, made)
  })

  test('stands still while others write, and holds off what would make a table look empty', async () => {
    const made = make('CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (1), (2)')
    await using database = await open(made)
    const text = await database.read(everything, async (snapshot) => {
      runSql(server, made, 'INSERT INTO t VALUES (3); CREATE TABLE later (x integer)')
      for (const statement of [
        'TRUNCATE t',
        'ALTER TABLE t ALTER id TYPE bigint',
        'DROP TABLE t',
      ]) {
        expect(() => runSql(server, made, `SET lock_timeout = '100ms'; ${statement}`)).toThrow(
          /lock timeout/,
        )
      }
      return await rowsOf(snapshot, 't')
    })
    expect(text).toBe('1\n2\n')
    expect(await database.read(everything, (snapshot) => rowsOf(snapshot, 't'))).toBe('1\n2\n3\n')
  })

  test('refuses a mixture of two versions of a definition', async () => {
    const made = make('CREATE TABLE t (a integer); CREATE VIEW v AS SELECT a FROM t')
    await using database = await open(made)
    const other = new Client({ connectionString: server.url(made) })
    await other.connect()
    try {
      // The view can't be printed while its table is locked; when it can, the snapshot is older than the text.
      await other.query('BEGIN; ALTER TABLE t RENAME a TO b')
      const reading = database.read({ wantsRows: () => false }, ({ schema }) =>
        Promise.resolve(schema.objects),
      )
      const outcome = expect(reading).rejects.toMatchObject({ code: 'changed-while-reading' })
      await expect
        .poll(
          () =>
            runSql(
              server,
              made,
              "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
            ),
          { timeout: 8000 },
        )
        .toBe('1\n')
      await other.query('COMMIT')
      await outcome
    } finally {
      await other.end()
    }
    const objects = await database.read(everything, ({ schema }) => Promise.resolve(schema.objects))
    expect(objects.find((object) => object.name === 'v')?.sql).toMatch(/\bb AS a\b/)
  })

  test('is not disturbed by temporary tables, large objects, TRUNCATE, VACUUM and ANALYZE of others', async () => {
    const made = make('CREATE TABLE t (a integer); CREATE TABLE u (a integer)')
    const { catalogFingerprint } =
      await import('../../../src/engines/postgres/catalog/fingerprint.ts')
    const client = new Client({ connectionString: server.url(made) })
    await client.connect()
    try {
      const before = await catalogFingerprint(client)
      await client.query(
        'CREATE TEMPORARY TABLE x (id serial PRIMARY KEY, t text DEFAULT now()); INSERT INTO t VALUES (1); TRUNCATE u; SELECT lo_create(0)',
      )
      await client.query('VACUUM t')
      await client.query('ANALYZE')
      expect(await catalogFingerprint(client)).toBe(before)
      await client.query('ALTER TABLE t ALTER a SET NOT NULL')
      expect(await catalogFingerprint(client)).not.toBe(before)
    } finally {
      await client.end()
    }
  })

  test('needs no more than CONNECT and pg_read_all_data', async () => {
    const made =
      make(`REVOKE ALL ON SCHEMA public FROM PUBLIC; CREATE SCHEMA s; CREATE TABLE s.t (id serial PRIMARY KEY, v text);
      INSERT INTO s.t (v) VALUES ('x'); CREATE VIEW s.v AS SELECT * FROM s.t; CREATE FUNCTION s.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';`)
    role('reader', 'IN ROLE pg_read_all_data')
    const asOwner = await heldSnapshot(server.url(made))
    const asReader = await heldSnapshot(asRole('reader', made))
    expect(asReader).toEqual(asOwner)
  })

  test('names a table that may not be read and the grant that helps, and writes no row of others', async () => {
    const made = make('CREATE TABLE open (a integer); CREATE TABLE "Closed" (a integer)')
    role('limited')
    runSql(server, made, 'GRANT SELECT ON open TO limited')
    await using database = await open(made, asRole('limited', made))
    await expect(database.read(everything, () => Promise.resolve())).rejects.toMatchObject({
      code: 'missing-privilege',
      message: expect.stringContaining('public.Closed') as string,
      next: expect.stringContaining('GRANT SELECT ON "public"."Closed" TO "limited"') as string,
    })
    const names = await database.read(
      { wantsRows: (table) => table.name === 'open' },
      ({ schema }) =>
        Promise.resolve(
          schema.objects.filter(({ kind }) => kind === 'table').map((table) => table.name),
        ),
    )
    expect(names).toEqual(['Closed', 'open'])
    expect((await database.findings()).map(({ message }) => message).join()).toContain(
      'public.Closed',
    )
  })

  test('refuses rows that row security hides, instead of a part of them', async () => {
    const made =
      make(`CREATE TABLE t (a integer); INSERT INTO t VALUES (1), (2); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
      CREATE POLICY p ON t USING (a = 1)`)
    role('hidden')
    runSql(server, made, 'GRANT SELECT ON t TO hidden')
    await using database = await open(made, asRole('hidden', made))
    await expect(database.read(everything, () => Promise.resolve())).rejects.toMatchObject({
      code: 'missing-privilege',
      next: expect.stringContaining('BYPASSRLS') as string,
    })
  })

  test('throws when the server goes away in the middle of a table', async () => {
    const made = make(
      "CREATE TABLE t AS SELECT g AS a, repeat('x', 1000) AS b FROM generate_series(1, 50000) g",
    )
    await using database = await open(made)
    const reading = database.read(everything, async (snapshot) => {
      let bytes = 0
      for (const table of snapshot.schema.objects.filter(
        (object: DbObject): object is Table => object.kind === 'table',
      )) {
        for await (const block of snapshot.rows(table)) {
          if (bytes === 0)
            runSql(
              server,
              'postgres',
              `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${made}'`,
            )
          bytes += block.length
        }
      }
      return bytes
    })
    await expect(reading).rejects.toMatchObject({ name: 'ExpectedError', code: 'connection-lost' })
  })

  test('lets the caller stop early', async () => {
    const made = make('CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 500000) g')
    await using database = await open(made)
    const first = await database.read(everything, async (snapshot) => {
      const [table] = snapshot.schema.objects.filter(
        (object): object is Table => object.kind === 'table',
      )
      if (table === undefined) throw new Error('no table')
      for await (const block of snapshot.rows(table)) return block.length
      return 0
    })
    expect(first).toBeGreaterThan(0)
  })

  test('captures what is rare and keeps credentials apart', async () => {
    const made = make(`
      CREATE FUNCTION eq(text, integer) RETURNS boolean LANGUAGE sql AS 'SELECT true';
      CREATE OPERATOR === (LEFTARG = text, RIGHTARG = integer, FUNCTION = eq);
      CREATE CAST (text AS point) WITH INOUT; CREATE PUBLICATION pub FOR ALL TABLES;
      CREATE FOREIGN DATA WRAPPER fdw OPTIONS (key 'CANARY-1'); CREATE SERVER srv FOREIGN DATA WRAPPER fdw OPTIONS (password 'CANARY-2');
      CREATE USER MAPPING FOR CURRENT_USER SERVER srv OPTIONS (password 'CANARY-3'); CREATE FOREIGN TABLE ft (a integer) SERVER srv OPTIONS (key 'CANARY-4');
      CREATE SUBSCRIPTION sub CONNECTION 'host=localhost password=CANARY-5' PUBLICATION p WITH (connect = false, slot_name = NONE);
      CREATE TEXT SEARCH CONFIGURATION english_too (COPY = english); SELECT lo_create(0);
      GRANT EXECUTE ON FUNCTION pg_ls_dir(text) TO PUBLIC;
      CREATE TYPE shell`)
    const { schema } = await heldSnapshot(server.url(made))
    expect(schema.notCaptured).toEqual([])
    const shared = schema.objects.map((object) => ({ ...object, sqlSecrets: '' }))
    expect(JSON.stringify({ ...schema, objects: shared })).not.toContain('CANARY')
    runSql(server, made, 'ALTER SUBSCRIPTION sub DISABLE; DROP SUBSCRIPTION sub')
  })

  test('knows tables of extensions to which rows were added', async () => {
    const made =
      make(`CREATE EXTENSION citext; CREATE TABLE settings (a integer); CREATE TABLE unused (a integer);
      ALTER EXTENSION citext ADD TABLE settings; ALTER EXTENSION citext ADD TABLE unused;
      UPDATE pg_extension SET extconfig = ARRAY['settings'::regclass, 'unused'::regclass]::oid[], extcondition = ARRAY['WHERE a > 1', ''] WHERE extname = 'citext';
      INSERT INTO settings VALUES (1)`)
    expect((await heldSnapshot(server.url(made))).rows).toEqual(new Map())
    runSql(server, made, 'INSERT INTO settings VALUES (2)')
    const { rows } = await heldSnapshot(server.url(made))
    expect([...rows.values()].map(String)).toEqual(['2\n'])
  })

  test('leaves an invalid index out and says so', async () => {
    const made = make('CREATE TABLE t (a integer); INSERT INTO t VALUES (1), (1)')
    expect(() => runSql(server, made, 'CREATE UNIQUE INDEX CONCURRENTLY broken ON t (a)')).toThrow(
      /duplicated/,
    )
    const { schema } = await heldSnapshot(server.url(made))
    expect(schema.warnings.join()).toContain('public.broken')
    expect(schema.objects.find((object) => object.name === 't')?.sql).toMatch(
      /^-- not valid.*broken/m,
    )
  })

  test('knows partitions, versions of extensions and rows that live elsewhere', async () => {
    const made =
      make(`CREATE EXTENSION citext; CREATE TABLE p (k integer, c citext) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
      INSERT INTO p VALUES (1, 'b'), (1, 'A')`)
    await using database = await open(made)
    await database.read(everything, async (snapshot) => {
      const { objects, versions } = snapshot.schema
      expect(Object.keys(versions)).toEqual(['citext'])
      expect(objects.find(({ name }) => name === 'citext')?.sql).toBe(
        'CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;\n',
      )
      expect(objects.find(({ name }) => name === 'p')).toMatchObject({
        hasRows: false,
        dependsOn: expect.arrayContaining([{ kind: 'extension', name: 'citext' }]) as unknown,
      })
      expect(objects.find(({ name }) => name === 'p1')).toMatchObject({
        hasRows: true,
        partitionOf: { kind: 'table', schema: 'public', name: 'p' },
      })
      expect(await rowsOf(snapshot, 'p1')).toBe('1,A\n1,b\n')
    })
  })

  test('reads the widest table there can be without a key', async () => {
    const names = Array.from({ length: 1600 }, (_, index) => `c${index}`)
    const made = make(`CREATE TABLE wide (${names.map((column) => `${column} boolean`).join(', ')});
      INSERT INTO wide DEFAULT VALUES; INSERT INTO wide (c1) VALUES (true); INSERT INTO wide (c0) VALUES (true), (false)`)
    await using database = await open(made)
    const text = await database.read(everything, (snapshot) => rowsOf(snapshot, 'wide'))
    const ends = text.split('\n').map((line) => line.slice(0, 3))
    expect(ends).toEqual(['f,,', 't,,', ',t,', ',,,', ''])
  })

  test('runs configured statements on one session with the settings of the user', async () => {
    const made = make('CREATE TABLE t (a integer)')
    const database = await open(made)
    await database.execute('CREATE TEMPORARY TABLE mark (a integer); SELECT pg_advisory_lock(7)')
    await database.execute('INSERT INTO mark VALUES (1); INSERT INTO t VALUES (1)')
    const held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7"
    expect(runSql(server, made, held)).toBe('1\n')
    await expect(database.execute("SELECT 'CANARY' FROM missing")).rejects.toMatchObject({
      code: 'statement-failed',
    })
    await database[Symbol.asyncDispose]()
    await expect.poll(() => runSql(server, made, held)).toBe('0\n')
  })

  test('tells the size of every table', async () => {
    const made = make(
      'CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 1000) g; CREATE TABLE u (a integer)',
    )
    runSql(server, made, 'ANALYZE')
    await using database = await open(made)
    const sizes = await database.sizes()
    expect(sizes.map(({ name, rows }) => [name, rows])).toEqual([
      ['t', 1000],
      ['u', 0],
    ])
    expect(sizes[0]?.bytes).toBeGreaterThan(8000)
  })

  test('refuses bytes that are no UTF-8 in a database that allows any', async () => {
    const made = `ascii_${String(Date.now())}`
    databases.push(made)
    runSql(
      server,
      'postgres',
      `CREATE DATABASE ${made} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'`,
    )
    runSql(
      server,
      made,
      "CREATE TABLE good (v text); INSERT INTO good VALUES ('ä'); CREATE TABLE bad (v text); INSERT INTO bad VALUES (E'CANARY \\xe4')",
    )
    await using database = await open(made)
    await database.read(everything, async (snapshot) => {
      expect(await rowsOf(snapshot, 'good')).toBe('ä\n')
      await expect(rowsOf(snapshot, 'bad')).rejects.toMatchObject({
        code: 'invalid-encoding',
        message: expect.not.stringContaining('CANARY') as string,
      })
    })
  })
})
