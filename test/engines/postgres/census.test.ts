import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listCatalogs } from '../../../src/engines/postgres/catalog/census-catalogs.ts'
import { readEntries } from '../../../src/engines/postgres/catalog/census-entries.ts'
import { readCensus } from '../../../src/engines/postgres/catalog/census.ts'
import { catalogFingerprint } from '../../../src/engines/postgres/catalog/fingerprint.ts'
import { readObjects } from '../../../src/engines/postgres/catalog/index.ts'
import type { Captured } from '../../../src/engines/postgres/catalog/parts.ts'
import { catalogSession, pinSession } from '../../../src/engines/postgres/session.ts'
import type { NotCaptured } from '../../../src/model.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { majorVersion, postgresServers, servers } from '../../support/servers.ts'
import { changes, named, oneOfEach } from './one-of-each.ts'
import { heldSnapshot } from './round-trip.ts'

const words = (found: readonly NotCaptured[]): readonly string[] =>
  found.map(({ kind, name }) => `${kind}: ${name}`)

describe.each(postgresServers)('the census of %s', (name) => {
  const server = servers()[name]
  const databases: string[] = []
  let subscription = ''
  let database = ''

  beforeAll(() => {
    database = make()
    subscription = `sub_${database}`
    const script = oneOfEach
      .replace(
        'CREATE OPERATOR CLASS',
        'CREATE OPERATOR FAMILY family_of_hash USING hash; CREATE OPERATOR CLASS',
      )
      .replace('SUBNAME', subscription)
      .replace('EXTNAME', 'citext')
      .replace(
        'CREATE FOREIGN DATA',
        'CREATE LANGUAGE own HANDLER plpgsql_call_handler; CREATE FOREIGN DATA',
      )
    const later =
      majorVersion(name) >= 15 ? 'CREATE PUBLICATION all_of_app FOR TABLES IN SCHEMA app' : ''
    runSql(server, database, `${script}; ${later}`)
  })

  afterAll(() => {
    runSql(
      server,
      database,
      `ALTER SUBSCRIPTION ${subscription} DISABLE; DROP SUBSCRIPTION ${subscription}`,
    )
    for (const each of databases) dropDatabase(server, each)
  })

  function make(): string {
    const made = createDatabase(server)
    databases.push(made)
    return made
  }

  /** Runs `use` with a session as the catalog files have it. */
  async function within<T>(
    use: (session: ReturnType<typeof catalogSession>, client: Client) => Promise<T>,
    where = database,
  ): Promise<T> {
    const client = new Client({ connectionString: server.url(where) })
    await client.connect()
    try {
      await pinSession(client)
      return await use(catalogSession(client, majorVersion(name) * 10_000), client)
    } finally {
      await client.end()
    }
  }

  test('finds an entry of every known catalog that no object accounts for', async () => {
    await within(async (session) => {
      const { known } = await listCatalogs(session)
      const { context } = await readObjects(session)
      const { all } = await readEntries(session, known)
      const whole: Captured = { ...bare, addresses: all }
      expect(words(await readCensus(context, [whole], []))).toEqual([])
      const unnamed: unknown[] = []
      for (const { name: catalog, dependsAs = catalog } of known) {
        const without = all.filter((entry) => !entry.startsWith(`${dependsAs}:`))
        const census = await readCensus(context, [{ ...bare, addresses: without }], [])
        // Some versions say "on".
        const found = words(census).map((text) => text.replace(' on language ', ' language '))
        const wanted = named[catalog]?.replace('SUBNAME', subscription) ?? `anything of ${catalog}`
        if (!found.includes(wanted)) unnamed.push({ wanted, found })
      }
      expect(unnamed).toEqual([])
    })
  })

  test('finds what the catalog files leave out when one kind is taken away', async () => {
    await within(async (session) => {
      const { context, objects, plain } = await readObjects(session)
      const whole = await readCensus(context, objects, plain.refused)
      expect(words(whole)).toEqual([])
      for (const kind of new Set(objects.map((object) => object.kind))) {
        if (kind === 'database' || kind === 'role') continue
        const others = objects.filter((object) => object.kind !== kind)
        expect([kind, await readCensus(context, others, plain.refused)]).not.toEqual([kind, []])
      }
    })
  })

  test('gives the reason of what a catalog file refused, once', async () => {
    await within(async (session) => {
      const { context, objects } = await readObjects(session)
      const cast = objects.find(({ kind }) => kind === 'cast')
      const refused = {
        kind: 'cast',
        name: 'this one',
        reason: 'It is secret.',
        address: cast?.addresses[0] ?? '',
      }
      const others = objects.filter((object) => object !== cast)
      expect(await readCensus(context, others, [refused])).toEqual([
        { kind: 'cast', name: 'this one', reason: 'It is secret.' },
      ])
    })
  })

  test('finds what was written into a catalog by hand, and a catalog that it does not know', async () => {
    const made = make()
    runSql(
      server,
      made,
      `SET allow_system_table_mods = on; CREATE TABLE pg_catalog.pg_gadget (oid oid, gadname name); INSERT INTO pg_gadget VALUES (20000, 'g');
       CREATE COLLATION pg_catalog.mine (locale = 'C'); CREATE TYPE pg_catalog.gadget AS ENUM ('a'); CREATE DOMAIN information_schema.gadget AS integer;
       CREATE FUNCTION pg_catalog.own() RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
    )
    const { notCaptured } = (await heldSnapshot(server.url(made))).schema
    expect(words(notCaptured)).toEqual([
      'catalog: pg_gadget',
      'collation: pg_catalog.mine',
      'function: pg_catalog.own()',
      'table: pg_catalog.pg_gadget',
      'type: information_schema.gadget',
      'type: pg_catalog.gadget',
    ])
  })

  test('leaves out what is temporary and what belongs to extensions', async () => {
    const made = make()
    runSql(
      server,
      made,
      `CREATE EXTENSION citext; CREATE TABLE settings (id integer UNIQUE, n integer DEFAULT 1 CHECK (n > 0)); CREATE INDEX by_n ON settings (n); CREATE POLICY mine ON settings; ALTER EXTENSION citext ADD TABLE settings`,
    )
    await within(async (session, client) => {
      await client.query(
        `CREATE TEMPORARY TABLE t (id serial PRIMARY KEY, n integer DEFAULT 1 CHECK (n > 0)); CREATE VIEW pg_temp.v AS SELECT * FROM t;
         CREATE FUNCTION pg_temp.f(t) RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE TYPE pg_temp.e AS ENUM ('a'); CREATE CAST (pg_temp.e AS point) WITH INOUT`,
      )
      const { context, objects, plain } = await readObjects(session)
      expect(words(await readCensus(context, objects, plain.refused))).toEqual([
        'policy: mine on public.settings',
      ])
    }, made)
  })

  test('finds an object of the server that was given away', async () => {
    await within(async (session, client) => {
      await client.query(
        'BEGIN; ALTER FUNCTION pg_catalog.pg_stat_reset() OWNER TO pg_read_all_stats',
      )
      const { context, objects, plain } = await readObjects(session)
      expect(words(await readCensus(context, objects, plain.refused))).toEqual([
        'owner of an object of the server: function pg_catalog.pg_stat_reset()',
      ])
    })
  })

  test('sees a change of anything that is read', async () => {
    await within(async (_, client) => {
      const before = await catalogFingerprint(client)
      const unseen: string[] = []
      for (const change of changes) {
        await client.query('BEGIN')
        await client.query(change.replace('SUBNAME', subscription))
        if ((await catalogFingerprint(client)) === before) unseen.push(change)
        await client.query('ROLLBACK')
      }
      expect(unseen).toEqual([])
      expect(await catalogFingerprint(client)).toBe(before)
    })
  })

  test('finds a comment that no catalog file asked for', async () => {
    await within(async (session, client) => {
      await client.query(
        `BEGIN; SET LOCAL allow_system_table_mods = on; INSERT INTO pg_description VALUES ('app.by_n'::regclass, 'pg_class'::regclass, 1, 'mine')`,
      )
      const { context, objects, plain } = await readObjects(session)
      expect(words(await readCensus(context, objects, plain.refused))).toEqual([
        'comment: index app.by_n',
      ])
    })
  })
})

const bare = {
  kind: 'schema',
  name: 'everything',
  sql: [],
  afterRows: [],
  counters: [],
  lateAddresses: [],
} as const
