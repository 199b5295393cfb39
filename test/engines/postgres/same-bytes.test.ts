import { afterAll, describe, expect, test } from 'vitest'
import type { DbObject } from '../../../src/model.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { postgresServers, servers } from '../../support/servers.ts'
import { heldSnapshot, keyText, snapshotDifferences, type HeldSnapshot } from './round-trip.ts'

const shapes = `
  CREATE SCHEMA app;
  CREATE TYPE app.status AS ENUM ('a', 'b');
  CREATE TABLE app.t (id serial PRIMARY KEY, s app.status DEFAULT 'a', ts timestamptz DEFAULT '2024-07-01 12:00+00',
    iv interval DEFAULT '1 day 02:00', b bytea DEFAULT '\\xde', d date DEFAULT '2024-03-04', f float8 DEFAULT 0.1, m money DEFAULT 12.5);
  CREATE VIEW app.v AS SELECT * FROM app.t WHERE d > '2024-01-02';
  CREATE TABLE app.parts (at timestamptz) PARTITION BY RANGE (at);
  CREATE TABLE app.part PARTITION OF app.parts FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2025-01-01 00:00+00');
  INSERT INTO app.t (f, m) VALUES (0.1::float8 + 0.2::float8, 1.5);
  INSERT INTO app.parts VALUES ('2024-06-01 00:00+00');`

const settings = [
  "timezone TO 'Asia/Tokyo'",
  "datestyle TO 'German'",
  "intervalstyle TO 'iso_8601'",
  "bytea_output TO 'escape'",
  'extra_float_digits TO 0',
  'search_path TO app, public',
  'quote_all_identifiers TO on',
  'standard_conforming_strings TO off',
  "lc_monetary TO 'C.UTF-8'",
  'row_security TO on',
  "client_encoding TO 'LATIN1'",
  'array_nulls TO off',
  "xmlbinary TO 'hex'",
  'statement_timeout TO 100',
]

const withoutDatabase = (snapshot: HeldSnapshot): HeldSnapshot => ({
  ...snapshot,
  schema: {
    ...snapshot.schema,
    objects: snapshot.schema.objects.filter(({ kind }) => kind !== 'database'),
  },
})

function sqlOf(snapshot: HeldSnapshot, name: string): string {
  return snapshot.schema.objects
    .filter((object) => object.name === name)
    .map(({ sql, sqlAfterRows = '' }: DbObject) => sql + sqlAfterRows)
    .join('')
}

describe.each(postgresServers)('%s: the same content gives the same bytes', (name) => {
  const server = servers()[name]
  const databases: string[] = []
  const database = (...scripts: readonly string[]): string => {
    const made = createDatabase(server)
    databases.push(made)
    for (const script of scripts) runSql(server, made, script)
    return made
  }
  const snapshot = (made: string): Promise<HeldSnapshot> => heldSnapshot(server.url(made))

  afterAll(() => {
    for (const made of databases) dropDatabase(server, made)
  })

  test('twice, and whatever the settings of the database', async () => {
    const made = database(shapes)
    const first = await snapshot(made)
    expect(snapshotDifferences(first, await snapshot(made))).toEqual([])
    for (const setting of settings)
      runSql(server, 'postgres', `ALTER DATABASE ${made} SET ${setting}`)
    expect(
      snapshotDifferences(withoutDatabase(first), withoutDatabase(await snapshot(made))),
    ).toEqual([])
    expect(sqlOf(first, 't')).toContain(
      `DEFAULT '2024-07-01 12:00:00+00'::timestamp with time zone`,
    )
    expect(first.rows.get(keyText({ kind: 'table', schema: 'app', name: 't' }))?.toString()).toBe(
      '1,a,2024-07-01 12:00:00+00,1 day 02:00:00,\\xde,2024-03-04,0.30000000000000004,$1.50\n',
    )
  })

  test('whatever the order of creation, grants, options and rows, and after VACUUM FULL and ANALYZE', async () => {
    runSql(
      server,
      'postgres',
      'DO $$ BEGIN CREATE ROLE r1; CREATE ROLE r2; EXCEPTION WHEN duplicate_object THEN END $$',
    )
    const one = database(`
      CREATE TABLE a (id integer PRIMARY KEY, v text) WITH (fillfactor = 70, autovacuum_enabled = off);
      CREATE TABLE b (v text);
      CREATE VIEW wv AS SELECT 1 AS x; CREATE VIEW sv AS SELECT 2 AS x;
      CREATE INDEX i1 ON a (v) WITH (fillfactor = 60, deduplicate_items = off); CREATE INDEX i2 ON a (v, id);
      CREATE TYPE m AS ENUM ('x', 'y', 'z');
      GRANT SELECT ON a TO r1; GRANT SELECT ON a TO r2; GRANT INSERT ON a TO r1;
      INSERT INTO a VALUES (1, 'x'), (2, 'y'), (3, 'z'); INSERT INTO b VALUES ('B'), ('a'), (NULL), ('a');`)
    const two = database(`
      CREATE TYPE m AS ENUM ('x', 'z'); ALTER TYPE m ADD VALUE 'y' BEFORE 'z';
      CREATE VIEW sv AS SELECT 2 AS x; CREATE VIEW wv AS SELECT 1 AS x;
      CREATE TABLE b (dropped integer, v text); ALTER TABLE b DROP COLUMN dropped;
      CREATE TABLE a (gone integer, id integer PRIMARY KEY, v text) WITH (autovacuum_enabled = off, fillfactor = 70);
      ALTER TABLE a DROP COLUMN gone;
      CREATE INDEX i2 ON a (v, id); CREATE INDEX i1 ON a (v) WITH (deduplicate_items = off, fillfactor = 60);
      GRANT INSERT, SELECT ON a TO r1; GRANT SELECT ON a TO r2; GRANT UPDATE ON a TO r2; REVOKE UPDATE ON a FROM r2;
      INSERT INTO b VALUES ('a'), (NULL), ('a'), ('B'); INSERT INTO a VALUES (3, 'z'), (2, 'q'), (1, 'x'); UPDATE a SET v = 'y' WHERE id = 2;
      VACUUM FULL; ANALYZE;`)
    expect(snapshotDifferences(await snapshot(one), await snapshot(two))).toEqual([])
  })

  test('in every order that a collation could choose', async () => {
    const icu = database(
      `CREATE COLLATION german (provider = icu, locale = 'de'); CREATE TABLE t (k text COLLATE german PRIMARY KEY, n numeric, UNIQUE (n));
       CREATE TABLE pairs (b integer NOT NULL, a integer NOT NULL, UNIQUE (b, a), UNIQUE (a, b));
       INSERT INTO pairs VALUES (1, 2), (2, 1); INSERT INTO t VALUES ('a', 1.0), ('B', 10), ('_c', 9), ('e', NULL), ('E', -1)`,
    )
    const { rows, schema } = await snapshot(icu)
    const text = (table: string): string | undefined =>
      rows.get(keyText({ kind: 'table', schema: 'public', name: table }))?.toString()
    expect(text('t')).toBe('B,10\nE,-1\n_c,9\na,1.0\ne,\n')
    // Of two equal keys the one whose columns come first by name, whatever the constraints are called.
    expect(text('pairs')).toBe('2,1\n1,2\n')
    expect(schema.notCaptured).toEqual([])
  })

  test('for one-column rows, rows without columns, and names of every kind', async () => {
    const made = database(`
      CREATE TABLE one (v text); INSERT INTO one VALUES (NULL), (''), ('\\.'), (E'a\\r\\nb');
      CREATE TABLE none (); INSERT INTO none SELECT FROM generate_series(1, 3);
      CREATE TABLE "Users" (id integer); CREATE TABLE users (id integer); CREATE TABLE "a/b" (id integer);
      CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS E'SELECT 1 \\r\\n'; CREATE FUNCTION f(text) RETURNS text LANGUAGE sql AS 'SELECT $1';`)
    const held = await snapshot(made)
    const text = (table: string): string | undefined =>
      held.rows.get(keyText({ kind: 'table', schema: 'public', name: table }))?.toString()
    expect(text('one')).toBe('""\n"\\."\n"a\r\nb"\n\n')
    expect(text('none')).toBe('\n\n\n')
    expect(held.schema.objects.flatMap(({ signature }) => signature ?? [])).toEqual([
      'integer',
      'text',
    ])
    expect(sqlOf(held, 'f')).toContain('SELECT 1 \r\n$function$')
    expect(
      held.schema.objects.filter(({ kind }) => kind === 'table').map((table) => table.name),
    ).toEqual(['Users', 'a/b', 'none', 'one', 'users'])
  })
})
