import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import type { DbObject } from '../../../src/model.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { outerPostgresServers, servers } from '../../support/servers.ts'
import { Databases, csv, failureOf, inPublic, shop, tableObject } from './filling.ts'
import { pourInto, restore } from './restore.ts'
import { heldSnapshot, snapshotDifferences } from './round-trip.ts'

describe.each(outerPostgresServers)('%s: filling', (name) => {
  const server = servers()[name]
  const databases = new Databases(server)

  afterAll(() => {
    databases.dropAll()
  })

  test('refuses a database that is not empty', async () => {
    const database = databases.make(shop)
    const before = await heldSnapshot(server.url(database))
    const failure = await failureOf(restore(before, server.url(database)))
    expect(failure).toMatchObject({ code: 'target-not-empty' })
    expect(failure.message).toBe('The database holds 3 objects.')
    expect(snapshotDifferences(before, await heldSnapshot(server.url(database)))).toEqual([])
  })

  test('that fails leaves a database that was to be replaced as it was', async () => {
    const database = databases.make(shop, "COMMENT ON SCHEMA public IS 'mine'")
    const before = await heldSnapshot(server.url(database))
    const other = await heldSnapshot(server.url(databases.make('CREATE TABLE other (a integer)')))
    await expect(
      databases.fill(database, { mode: 'replace' }, async (target) => {
        await pourInto(target, other)
        throw new Error('stopped')
      }),
    ).rejects.toThrow('stopped')
    expect(snapshotDifferences(before, await heldSnapshot(server.url(database)))).toEqual([])
  })

  test('that is killed leaves the database as it was', async () => {
    const database = databases.make(shop)
    const before = await heldSnapshot(server.url(database))
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'fill-child.ts'), server.url(database)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const exit = once(child, 'exit')
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await exit
    await setTimeout(300)
    expect(snapshotDifferences(before, await heldSnapshot(server.url(database)))).toEqual([])
  })

  test('whose connection is cut leaves the database as it was, and says so', async () => {
    const database = databases.make()
    async function* cutAfterOne(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('1,Ann\n')
      runSql(
        server,
        'postgres',
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`,
      )
      for (let row = 2; row < 200_000; row += 1) {
        yield Buffer.from(`${row},Bob\n`)
        if (row % 1000 === 0) await setTimeout(1)
      }
    }
    const failure = await failureOf(
      databases.fill(database, { mode: 'empty' }, async (target) => {
        await target.create(tableObject('customer', 'id integer, name text'))
        await target.load(inPublic('customer', ['id', 'name']), cutAfterOne())
      }),
    )
    expect(failure).toMatchObject({ code: 'connection-lost' })
    expect((await heldSnapshot(server.url(database))).rows.size).toBe(0)
  })

  test('takes no rows from a source that fails, and forgets those that came', async () => {
    const database = databases.make()
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('1,Ann\n')
      await setTimeout(5)
      throw new Error('the file ends here')
    }
    await expect(
      databases.fill(database, { mode: 'empty' }, async (target) => {
        await target.create(tableObject('customer', 'id integer, name text'))
        await target.load(inPublic('customer', ['id', 'name']), broken())
      }),
    ).rejects.toThrow('the file ends here')
    expect((await heldSnapshot(server.url(database))).rows.size).toBe(0)
  })

  test.each([
    [
      'a value that does not fit',
      'id integer, v integer',
      '1,5\n2,secret\n',
      /line 2.*column v.*22P02/,
    ],
    ['a value that is too long', 'id integer, v varchar(3)', '1,secret\n', /line 1.*22001/],
    ['a key twice', 'id integer PRIMARY KEY, v text', '1,secret\n1,secret\n', /shop_pkey.*23505/],
    ['a missing value', 'id integer, v text NOT NULL', '1,secret\n1,\n', /line 2.*column v.*23502/],
    [
      'a check',
      "id integer, v text CONSTRAINT short CHECK (v <> 'secret')",
      '1,secret\n',
      /short.*23514/,
    ],
    ['too few columns', 'id integer, v text', '1,secret\n2\n', /line 2.*22P04/],
  ])(
    'refuses %s with table, line and column, never with the value',
    async (_, columns, text, words) => {
      const failure = await failureOf(
        databases.fill(databases.make(), { mode: 'empty' }, async (target) => {
          await target.create(tableObject('shop', columns))
          await target.load(inPublic('shop', ['id', 'v']), csv(text))
        }),
      )
      expect(failure).toMatchObject({ code: 'row-refused' })
      expect(failure.message).toMatch(words)
      expect(failure.message).toContain('public.shop')
      expect(`${failure.message} ${failure.next}`).not.toContain('secret')
    },
  )

  test('lists rows that foreign keys do not allow, and takes nothing', async () => {
    const source = databases.make(
      shop,
      `CREATE TABLE parts (k integer, customer integer CONSTRAINT of_part REFERENCES customer) PARTITION BY LIST (k);
       CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1); CREATE TABLE full_match (a integer, b integer);
       CREATE TABLE pair (a integer, b integer, UNIQUE (a, b)); ALTER TABLE full_match ADD CONSTRAINT both_columns FOREIGN KEY (a, b) REFERENCES pair (a, b) MATCH FULL;
       SET session_replication_role = replica;
       INSERT INTO orders (customer, total) VALUES (7, 1), (8, 1), (NULL, 1); INSERT INTO parts VALUES (1, 7), (1, 1), (1, NULL);
       INSERT INTO full_match VALUES (1, NULL), (NULL, NULL), (5, 5);`,
    )
    const original = await heldSnapshot(server.url(source))
    const copy = databases.make()
    const found = await failureOf(restore(original, server.url(copy)))
    expect(found).toMatchObject({ code: 'foreign-key-violated', status: 1 })
    expect(found.message).toBe(
      'Rows refer to rows that are not there: public.full_match (both_columns): 2, public.orders (of_customer): 2, public.parts (of_part): 1.',
    )
    expect((await heldSnapshot(server.url(copy))).rows.size).toBe(0)

    await restore(original, server.url(copy), { mode: 'empty', skipReferenceCheck: true })
    expect(snapshotDifferences(original, await heldSnapshot(server.url(copy)))).toEqual([])
  })

  test('names the object and what it lacks: a role, an extension, a table, a privilege', async () => {
    const create = (object: DbObject) =>
      failureOf(
        databases.fill(databases.make(), { mode: 'empty' }, (target) => target.create(object)),
      )
    const role = await create({
      ...tableObject('t', 'a integer'),
      sql: 'CREATE TABLE public.t (); ALTER TABLE public.t OWNER TO nobody_here;\n',
    })
    expect(role).toMatchObject({ code: 'no-such-account' })
    expect(role.message).toContain('The table public.t')
    expect(role.message).toContain('nobody_here')
    const extension = await create({
      kind: 'extension',
      name: 'not_there',
      sql: 'CREATE EXTENSION not_there;\n',
      dependsOn: [],
    })
    expect(extension).toMatchObject({ code: 'dependency-missing' })
    expect(extension.message).toContain('The extension not_there')
    const child = await create({
      ...tableObject('child', ''),
      sql: 'CREATE TABLE public.child () INHERITS (public.parent);\n',
    })
    expect(child).toMatchObject({ code: 'dependency-missing' })
    expect(child.message).toContain('public.parent')
  })

  test('loads rows with the path and the settings of the database, as sessions of it see them', async () => {
    const source = databases.make(
      `SET check_function_bodies = off; CREATE SCHEMA app; CREATE TABLE app.limits (a integer); INSERT INTO app.limits VALUES (5);
       CREATE FUNCTION app.allowed(integer) RETURNS boolean LANGUAGE sql AS $$ SELECT count(*) >= 0 FROM limits WHERE current_setting('app.mode') = 'x y' $$;
       CREATE TABLE app.checked (a integer CHECK (app.allowed(a)), b integer);
       DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = "$user", app, "odd \\ ''one"', current_database());
         EXECUTE format('ALTER DATABASE %I SET app.mode = ''x y''', current_database()); END $$;`,
      'INSERT INTO app.checked VALUES (1, 2)',
    )
    const original = await heldSnapshot(server.url(source))
    const copy = databases.make()
    await restore(original, server.url(copy))
    expect(snapshotDifferences(original, await heldSnapshot(server.url(copy)))).toEqual([])
    await restore(await heldSnapshot(server.url(databases.make(shop))), server.url(copy), {
      mode: 'replace',
    })
    expect(runSql(server, copy, 'SHOW search_path')).toBe('"$user", public\n')
    await restore(original, server.url(copy), { mode: 'replace' })
    expect(snapshotDifferences(original, await heldSnapshot(server.url(copy)))).toEqual([])
  })

  test('counts rows in parts, with none and without columns', async () => {
    const database = databases.make()
    await databases.fill(database, { mode: 'empty' }, async (target) => {
      await target.create(tableObject('bare', ''))
      await target.create(tableObject('t', 'a text, b text'))
      expect(await target.load(inPublic('bare', []), csv('\n\n\n'))).toBe(3)
      expect(await target.load(inPublic('t', ['a', 'b']), csv(''))).toBe(0)
      expect(await target.load(inPublic('t', ['b', 'a']), csv('"x\n\\.\ny","ä"\n,""\n'))).toBe(2)
      expect(await target.countRows({ schema: 'public', name: 'bare' })).toBe(3)
    })
    expect(
      runSql(server, database, 'SELECT count(*), count(b), sum(length(b)), sum(length(a)) FROM t'),
    ).toBe('2\t1\t6\t1\n')
  })

  test('needs no more memory for a large table', async () => {
    const database = databases.make()
    const count = 400_000
    const line = Buffer.from(`${'x'.repeat(200)}\n`.repeat(100))
    async function* many(): AsyncGenerator<Uint8Array> {
      for (let sent = 0; sent < count; sent += 100) yield await Promise.resolve(line)
    }
    let largest = 0
    const watch = setInterval(() => {
      largest = Math.max(largest, process.memoryUsage().rss)
    }, 20)
    const before = process.memoryUsage().rss
    await databases.fill(database, { mode: 'empty' }, async (target) => {
      await target.create(tableObject('t', 'a text'))
      expect(await target.load(inPublic('t', ['a']), many())).toBe(count)
    })
    clearInterval(watch)
    expect(largest - before).toBeLessThan(60_000_000)
  })
})

test('a definition that an older server does not know is named with the version that it needs', async () => {
  const { postgres15, postgres18 } = servers()
  const source = createDatabase(postgres18)
  const copy = createDatabase(postgres15)
  const restoring = async (script: string): Promise<unknown> => {
    runSql(postgres18, source, script)
    const original = await heldSnapshot(postgres18.url(source))
    const request = { mode: 'empty', sourceVersion: original.schema.serverVersion } as const
    return await restore(original, postgres15.url(copy), request).catch((error: unknown) => error)
  }
  const virtual = await restoring(
    'CREATE TABLE doubled (a integer, b integer GENERATED ALWAYS AS (a * 2));',
  )
  expect(virtual).toMatchObject({ code: 'server-too-old' })
  expect((virtual as Error).message).toBe(
    'The table public.doubled needs PostgreSQL 18 (virtual generated columns); this server is version 15.',
  )
  const unknown = await restoring(
    'DROP TABLE doubled; CREATE FUNCTION newer() RETURNS text LANGUAGE sql RETURN uuidv7()::text;',
  )
  expect(unknown).toMatchObject({ code: 'server-too-old' })
  expect((unknown as Error).message).toContain(
    'The function public.newer() was read from PostgreSQL 18',
  )
  dropDatabase(postgres18, source)
  dropDatabase(postgres15, copy)
})
