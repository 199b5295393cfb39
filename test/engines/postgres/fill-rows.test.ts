import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { postgres } from '../../../src/engines/postgres/index.ts'
import type { FillRequest, LoadRequest, Target } from '../../../src/engines/target.ts'
import { dropDatabase, runSql } from '../../support/databases.ts'
import { outerPostgresServers, servers } from '../../support/servers.ts'
import { Databases, csv, failureOf, inPublic, shop } from './filling.ts'
import { loadAll } from './restore.ts'
import { heldSnapshot, snapshotDifferences } from './round-trip.ts'

describe.each(outerPostgresServers)('%s: filling tables that exist', (name) => {
  const server = servers()[name]
  const databases = new Databases(server)
  const rows = (database: string, table: string): string =>
    runSql(server, database, `SELECT * FROM ${table} ORDER BY 1`)

  afterAll(() => {
    databases.dropAll()
  })

  test('puts rows into tables that exist: triggers stay quiet, orders of tables do not matter', async () => {
    const source = await heldSnapshot(server.url(databases.make(shop)))
    const database = databases.make(shop, 'TRUNCATE customer, orders')
    await databases.fill(database, { mode: 'rows' }, async (target) => {
      const twenty = '2,2,20.00,1\n1,1,10.00,1\n'
      const columns = ['id', 'customer', 'total', 'changed']
      expect(await target.load(inPublic('orders', columns), csv(twenty))).toBe(2)
      expect(await target.violations()).toEqual([
        { table: { schema: 'public', name: 'orders' }, constraint: 'of_customer', rows: 2 },
      ])
      expect(await target.load(inPublic('customer', ['id', 'name']), csv('1,Ann\n2,Bob\n'))).toBe(2)
      expect(await target.violations()).toEqual([])
    })
    const after = await heldSnapshot(server.url(database))
    expect(snapshotDifferences(source, after)).toEqual([])
  })

  test('replaces rows by their key, the identity and what refers to them included', async () => {
    const database = databases.make(
      shop,
      'CREATE TABLE keys (id integer PRIMARY KEY); INSERT INTO keys VALUES (3)',
    )
    await databases.fill(database, { mode: 'rows' }, async (target) => {
      const upsertKey = ['id']
      const people = { ...inPublic('customer', ['id', 'name']), upsertKey }
      expect(await target.load(people, csv('2,Bert\n3,Cleo\n'))).toBe(2)
      const orders = { ...inPublic('orders', ['id', 'customer', 'total', 'changed']), upsertKey }
      expect(await target.load(orders, csv('2,3,99.00,5\n8,1,1.00,1\n'))).toBe(2)
      const keys = { ...inPublic('keys', ['id']), upsertKey }
      expect(await target.load(keys, csv('3\n4\n'))).toBe(2)
    })
    expect(rows(database, 'keys')).toBe('3\n4\n')
    expect(rows(database, 'customer')).toBe('1\tAnn\n2\tBert\n3\tCleo\n')
    expect(rows(database, 'orders')).toBe(
      '1\t1\t10.00\t20.00\t1\n2\t3\t99.00\t198.00\t5\n8\t1\t1.00\t2.00\t1\n',
    )
    expect(
      runSql(server, database, "SELECT tgenabled FROM pg_trigger WHERE tgname = 'touch'"),
    ).toBe('A\n')
  })

  test('updates an identity that is always generated when another column is the key', async () => {
    const database = databases.make(
      "CREATE TABLE t (name text UNIQUE, id integer GENERATED ALWAYS AS IDENTITY); INSERT INTO t (name) VALUES ('a')",
    )
    await databases.fill(database, { mode: 'rows' }, (target) =>
      target.load({ ...inPublic('t', ['name', 'id']), upsertKey: ['name'] }, csv('a,7\nb,8\n')),
    )
    expect(rows(database, 't')).toBe('a\t7\nb\t8\n')
    expect(
      runSql(
        server,
        database,
        "SELECT attidentity FROM pg_attribute WHERE attname = 'id' AND attrelid = 't'::regclass",
      ),
    ).toBe('a\n')
  })

  test('of existing tables takes nothing when a foreign key does not hold at the end', async () => {
    const database = databases.make(shop)
    const before = await heldSnapshot(server.url(database))
    const load = (target: Target) =>
      target.load(inPublic('orders', ['id', 'customer', 'total']), csv('5,77,1\n'))
    const failure = await failureOf(databases.fill(database, { mode: 'rows' }, load))
    expect(failure).toMatchObject({ code: 'foreign-key-violated' })
    expect(failure.message).toContain('public.orders (of_customer): 1')
    expect(snapshotDifferences(before, await heldSnapshot(server.url(database)))).toEqual([])
    await databases.fill(database, { mode: 'rows', skipReferenceCheck: true }, load)
    expect(rows(database, 'orders')).toContain('5\t77')
  })

  test('of existing tables works for the owner of the tables who is no superuser', async () => {
    const role = `role_${randomBytes(4).toString('hex')}`
    const database = databases.make(shop, 'TRUNCATE customer, orders')
    runSql(
      server,
      database,
      `CREATE ROLE ${role} LOGIN PASSWORD 'x' NOSUPERUSER; ALTER TABLE customer OWNER TO ${role}; ALTER TABLE orders OWNER TO ${role};
       GRANT CREATE ON SCHEMA public TO ${role}; ALTER FUNCTION touch() OWNER TO ${role};`,
    )
    const before = await heldSnapshot(server.url(database))
    const url = new URL(server.url(database))
    url.username = role
    url.password = 'x'
    const load = async (request: FillRequest, customers: string): Promise<void> => {
      await using opened = await postgres.open({ url: url.href, environment: {} })
      await opened.fill(request, async (target) => {
        await target.load(inPublic('orders', ['id', 'customer', 'total']), csv('5,1,1\n'))
        await target.load(inPublic('customer', ['id', 'name']), csv(customers))
      })
    }
    expect(await failureOf(load({ mode: 'rows' }, '2,Bob\n'))).toMatchObject({
      code: 'foreign-key-violated',
    })
    expect(
      await failureOf(load({ mode: 'rows', skipReferenceCheck: true }, '2,Bob\n')),
    ).toMatchObject({ code: 'missing-privilege' })
    expect(snapshotDifferences(before, await heldSnapshot(server.url(database)))).toEqual([])
    await load({ mode: 'rows' }, '1,Ann\n')
    const after = await heldSnapshot(server.url(database))
    expect(snapshotDifferences({ ...before, rows: new Map() }, after)).toEqual([])
    expect(rows(database, 'orders')).toBe('5\t1\t1.00\t2.00\t0\n')
    dropDatabase(server, database)
    runSql(server, 'postgres', `DROP ROLE ${role}`)
  })

  test('refuses tables and columns that are not there, and those that are computed', async () => {
    const database = databases.make(shop)
    const load = (request: LoadRequest) =>
      failureOf(
        databases.fill(database, { mode: 'rows' }, (target) => target.load(request, csv(''))),
      )
    expect(await load(inPublic('nothing', ['a']))).toMatchObject({ code: 'missing-table' })
    expect(await load(inPublic('orders', ['id', 'twice', 'gone']))).toMatchObject({
      code: 'column-mismatch',
      message: 'The table public.orders has no column to load for: twice, gone.',
    })
  })

  test('all tables of a snapshot, once more by their keys, changes nothing', async () => {
    const database = databases.make(
      "CREATE TABLE a (id integer PRIMARY KEY, v text); INSERT INTO a VALUES (1, NULL), (2, '')",
    )
    const original = await heldSnapshot(server.url(database))
    const rowCount = await databases.fill(database, { mode: 'rows' }, (target) =>
      loadAll(target, original, { upsertKey: ['id'] }),
    )
    expect(rowCount).toBe(2)
    expect(snapshotDifferences(original, await heldSnapshot(server.url(database)))).toEqual([])
  })
})
