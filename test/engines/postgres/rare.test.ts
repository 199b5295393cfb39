import { afterAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { postgresServers, servers } from '../../support/servers.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot } from './round-trip.ts'

describe.each(postgresServers)('%s: what is rarely seen', (name) => {
  const server = servers()[name]
  const databases: string[] = []
  const make = (...scripts: readonly string[]): string => {
    const database = createDatabase(server)
    databases.push(database)
    for (const script of scripts) runSql(server, database, script)
    return database
  }

  afterAll(() => {
    for (const database of databases) dropDatabase(server, database)
  })

  test.each([
    [
      'keys that not every partition has',
      `CREATE TABLE p (id integer NOT NULL, k integer NOT NULL) PARTITION BY LIST (k);
       CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
       ALTER TABLE p1 ADD CONSTRAINT own PRIMARY KEY (id, k); ALTER TABLE ONLY p ADD PRIMARY KEY (id, k);
       ALTER INDEX p_pkey ATTACH PARTITION own; ALTER TABLE ONLY p ADD CONSTRAINT none UNIQUE (k, id);
       COMMENT ON CONSTRAINT none ON p IS 'nowhere'; COMMENT ON INDEX p_pkey IS 'half';
       INSERT INTO p VALUES (1, 1), (2, 2), (2, 2);`,
    ],
    [
      'keys that no partition has in a tree',
      `CREATE TABLE p (id integer NOT NULL, k integer NOT NULL) PARTITION BY LIST (k);
       CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (id); CREATE TABLE p11 PARTITION OF p1 DEFAULT;
       ALTER TABLE p1 ADD UNIQUE (id, k); ALTER TABLE ONLY p ADD UNIQUE (id, k);`,
    ],
    [
      'checks for new rows only, inherited',
      `CREATE TABLE p (id integer, k integer) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
       CREATE TABLE p3 PARTITION OF p FOR VALUES IN (3) PARTITION BY LIST (id); CREATE TABLE p31 PARTITION OF p3 DEFAULT;
       INSERT INTO p VALUES (-1, 1); ALTER TABLE p ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;
       CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2); ALTER TABLE p3 VALIDATE CONSTRAINT positive;
       COMMENT ON CONSTRAINT positive ON p1 IS 'here';
       CREATE TABLE base (id integer); CREATE TABLE child () INHERITS (base); CREATE TABLE strict () INHERITS (base); CREATE TABLE grand () INHERITS (strict);
       INSERT INTO child VALUES (-1); ALTER TABLE base ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;
       ALTER TABLE strict VALIDATE CONSTRAINT positive; CREATE TABLE later () INHERITS (base);
       CREATE TABLE local (CONSTRAINT positive CHECK (id > 0)) INHERITS (base);`,
    ],
  ])('%s come back', async (_, script) => {
    const source = make(script)
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    const copy = make()
    await restore(original, server.url(copy))
    expect(await differences(server, original, source, copy)).toEqual([])
    const states = `SELECT conrelid::regclass::text, conname, contype, convalidated, conislocal, coninhcount, conparentid <> 0
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2;
      SELECT i.indexrelid::regclass::text, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1`
    expect(runSql(server, copy, states)).toBe(runSql(server, source, states))
  })

  test('names what was changed in an extension, and only that', async () => {
    const extensions = [
      'citext',
      'hstore',
      'pg_trgm',
      'btree_gist',
      'pgcrypto',
      'postgres_fdw',
      'unaccent',
    ]
    const there = runSql(server, 'postgres', 'SELECT name FROM pg_available_extensions').split('\n')
    const database = make(
      extensions
        .filter((each) => there.includes(each))
        .map((each) => `CREATE EXTENSION ${each};`)
        .join('\n'),
    )
    expect((await heldSnapshot(server.url(database))).schema.notCaptured).toEqual([])
    runSql(
      server,
      database,
      `COMMENT ON FUNCTION citextin(cstring) IS 'mine'; CREATE ROLE ${database}_r; ALTER FUNCTION citextout(citext) OWNER TO ${database}_r;`,
    )
    const { notCaptured } = (await heldSnapshot(server.url(database))).schema
    expect(notCaptured.map(({ kind, name: what }) => `${kind}: ${what}`)).toEqual([
      'comment on a member of an extension: function public.citextin(pg_catalog.cstring)',
      'owner of a member of an extension: function public.citextout(public.citext)',
    ])
    runSql(server, database, `REASSIGN OWNED BY ${database}_r TO postgres; DROP ROLE ${database}_r`)
  })
})
