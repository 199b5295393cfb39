import { Client } from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { postgres } from '../../../src/engines/postgres/index.ts'
import { createDatabase, dropDatabase, runSql, vendorDump } from '../../support/databases.ts'
import { servers } from '../../support/servers.ts'
import { differences, restore } from './restore.ts'
import { dumpLines, heldSnapshot, snapshotDifferences, type HeldSnapshot } from './round-trip.ts'

interface Edge {
  readonly title: string
  readonly script: string
  /** What both pg_dump and a snapshot say. */
  readonly both: readonly string[]
  /** What only a snapshot says, or in another form. */
  readonly ours?: readonly string[]
  readonly never?: RegExp
}

const edges: readonly Edge[] = [
  {
    title: 'P2 names are qualified whatever the search path of the database',
    script: `CREATE SCHEMA app; CREATE TYPE app.status AS ENUM ('a'); CREATE TABLE app.t (id serial, s app.status DEFAULT 'a');
      CREATE VIEW app.v AS SELECT * FROM app.t;
      DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = app, public', current_database()); END $$;`,
    both: [`nextval('app.t_id_seq'::regclass)`, `'a'::app.status`, 'FROM app.t'],
  },
  {
    title: 'P3 the default of a domain is its expression, not the text once typed',
    script: `CREATE SCHEMA app; CREATE FUNCTION app.next_value() RETURNS integer LANGUAGE sql AS 'SELECT 1';
      SET search_path = app; CREATE DOMAIN app.dd AS integer DEFAULT next_value();`,
    both: ['DEFAULT app.next_value()'],
  },
  {
    title: 'P4 constants do not follow the settings of the database',
    script: `CREATE TABLE c (ts timestamptz DEFAULT '2024-07-01 12:00+00', iv interval DEFAULT '1 day 02:00', b bytea DEFAULT '\\xde', d date DEFAULT '2024-03-04');
      DO $$ DECLARE setting text; BEGIN
        FOREACH setting IN ARRAY ARRAY['timezone = ''Asia/Tokyo''', 'datestyle = German', 'intervalstyle = iso_8601', 'bytea_output = escape', 'quote_all_identifiers = on']
        LOOP EXECUTE format('ALTER DATABASE %I SET %s', current_database(), setting); END LOOP; END $$;`,
    both: [`'1 day 02:00:00'::interval`],
    // The dump itself follows bytea_output and quote_all_identifiers here.
    ours: [
      `'2024-07-01 12:00:00+00'::timestamp with time zone`,
      `'\\xde'::bytea`,
      `'2024-03-04'::date`,
    ],
  },
  {
    title: 'P5 bounds of partitions do not follow the time zone',
    script: `CREATE TABLE parts (at timestamptz) PARTITION BY RANGE (at);
      CREATE TABLE part PARTITION OF parts FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2025-01-01 00:00+00');
      DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = %L', current_database(), 'America/New_York'); END $$;`,
    both: [],
    ours: [`FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2025-01-01 00:00:00+00')`],
  },
  {
    title: 'P10 partitions write only what is theirs',
    script: `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TABLE p (id integer, k integer, PRIMARY KEY (id, k), CONSTRAINT positive CHECK (id > 0)) PARTITION BY LIST (k);
      CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TRIGGER tr AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION f();
      CREATE TABLE other (id integer, k integer, FOREIGN KEY (id, k) REFERENCES p); CREATE INDEX pi ON p (k);`,
    both: [
      'CREATE TRIGGER tr AFTER INSERT ON public.p FOR EACH ROW',
      'CONSTRAINT positive CHECK ((id > 0))',
    ],
    never: /CREATE TRIGGER tr AFTER INSERT ON public\.p1/,
  },
  {
    title: 'P11 an index that not every partition has is made ON ONLY',
    script: `CREATE TABLE p (a integer, k integer) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (a);
      CREATE TABLE p11 PARTITION OF p1 DEFAULT; CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
      CREATE INDEX part ON ONLY p (a); CREATE INDEX part1 ON ONLY p1 (a); CREATE INDEX part11 ON p11 (a);
      ALTER INDEX part1 ATTACH PARTITION part11; ALTER INDEX part ATTACH PARTITION part1;`,
    both: [
      'CREATE INDEX part ON ONLY public.p USING btree (a);',
      'ALTER INDEX public.part ATTACH PARTITION public.part1;',
      'PARTITION BY LIST (a)',
    ],
  },
  {
    title: 'P12 adornments of constraints are kept, and NOT VALID waits for the rows',
    script: `CREATE TABLE t (a integer, b integer, UNIQUE (b) INCLUDE (a) DEFERRABLE INITIALLY DEFERRED, EXCLUDE USING btree (a WITH =) WHERE (b > 1));
      INSERT INTO t VALUES (-1, 1); ALTER TABLE t ADD CONSTRAINT late CHECK (a > 0) NOT VALID;`,
    both: [
      'UNIQUE (b) INCLUDE (a) DEFERRABLE INITIALLY DEFERRED',
      'EXCLUDE USING btree (a WITH =) WHERE ((b > 1))',
      'late CHECK ((a > 0)) NOT VALID;',
    ],
  },
  {
    title: 'P14 labels of enums stand in sort order',
    script: `CREATE TYPE m AS ENUM ('x', 'z'); ALTER TYPE m ADD VALUE 'y' BEFORE 'z';`,
    both: [],
    ours: [`'x',\n  'y',\n  'z'`],
  },
  {
    title: 'P15 dropped columns leave no trace, and triggers name columns',
    script: `CREATE TABLE t (a integer, gone integer, b integer); ALTER TABLE t DROP COLUMN gone; ALTER TABLE t ADD COLUMN c integer;
      CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER tr BEFORE UPDATE OF c, a ON t FOR EACH ROW EXECUTE FUNCTION f();
      CREATE TYPE comp AS (x integer, gone integer, y text); ALTER TYPE comp DROP ATTRIBUTE gone; ALTER TYPE comp ADD ATTRIBUTE z integer;
      INSERT INTO t VALUES (1, 2, 3);`,
    both: ['BEFORE UPDATE OF c, a ON public.t'],
    ours: ['a integer,\n  b integer,\n  c integer\n', 'x integer,\n  y text,\n  z integer\n'],
    never: /dropped/,
  },
  {
    title: 'P16 overloads are told apart',
    script: `CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';`,
    both: ['ALTER FUNCTION public.f(integer) OWNER', 'ALTER FUNCTION public.f(text) OWNER'],
  },
  {
    title: 'P17 aggregates are aggregates',
    script: `CREATE AGGREGATE ag(integer) (SFUNC = int4pl, STYPE = integer); CREATE AGGREGATE os(double precision ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
      REVOKE EXECUTE ON FUNCTION os(double precision, anyelement) FROM PUBLIC;`,
    both: [
      'CREATE AGGREGATE public.ag(integer)',
      'CREATE AGGREGATE public.os(double precision ORDER BY anyelement)',
    ],
  },
  {
    title: 'P18 bodies keep every byte',
    script: `DO $do$ BEGIN EXECUTE 'CREATE FUNCTION f() RETURNS integer LANGUAGE sql SET search_path TO '''' AS ' || quote_literal(E'\\r\\nSELECT 1  \\r\\n\\t;  \\n\\n'); END $do$;
      CREATE FUNCTION g(a integer) RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT a + 1; END;`,
    both: ['\r\nSELECT 1  \r\n\t;  \n\n', `SET search_path TO ''`, 'SELECT (a + 1)'],
  },
  {
    title: 'P19 names of every kind',
    script: `CREATE TABLE "Users" (id integer); CREATE TABLE users (id integer); CREATE TABLE "a/b" (id integer); CREATE TABLE "a.b" (id integer); CREATE TABLE "..'; drop" ("select" integer);
      CREATE TABLE "${'ü'.repeat(31)}" (id integer);`,
    both: [
      'CREATE TABLE public."Users"',
      'CREATE TABLE public.users',
      'CREATE TABLE public."a/b"',
      `CREATE TABLE public."..'; drop"`,
    ],
  },
  {
    title: 'P20 sequences keep their names and options, and are at no position in the DDL',
    script: `CREATE TABLE ser (id serial); ALTER TABLE ser RENAME TO ser_new; CREATE TABLE i (id integer GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME weird_seq START 10 INCREMENT 5));
      INSERT INTO ser_new DEFAULT VALUES; INSERT INTO i DEFAULT VALUES;`,
    both: [
      'public.ser_id_seq',
      'SEQUENCE NAME public.weird_seq',
      'START WITH 10',
      'INCREMENT BY 5',
    ],
    never: /last_value|setval/,
  },
  {
    title: 'P21 views are what they were frozen to, with their options, rules and triggers',
    script: `CREATE TABLE vr (a integer); CREATE VIEW v WITH (security_barrier) AS SELECT * FROM vr WHERE a > 0 WITH LOCAL CHECK OPTION; ALTER TABLE vr RENAME a TO b; ALTER TABLE vr ADD c integer;
      CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE VIEW w AS SELECT 1 AS x; CREATE TRIGGER io INSTEAD OF INSERT ON w FOR EACH ROW EXECUTE FUNCTION f();
      CREATE RULE r AS ON DELETE TO w DO INSTEAD NOTHING;`,
    both: [
      'b AS a',
      'WITH LOCAL CHECK OPTION',
      'INSTEAD OF INSERT ON public.w',
      'ON DELETE TO public.w DO INSTEAD NOTHING',
    ],
    ours: ['WITH (security_barrier=true)'],
  },
  {
    title: 'P22 types as the server calls them',
    script: `CREATE EXTENSION citext; CREATE TYPE "Mood" AS ENUM ('a'); CREATE TABLE t (n name, v varchar(10)[], c citext, m "Mood"[], b bit(3), ch "char", x numeric(5, 2)[]);`,
    both: [
      'n name',
      'v character varying(10)[]',
      'c public.citext',
      'm public."Mood"[]',
      'b bit(3)',
      'ch "char"',
      'x numeric(5,2)[]',
    ],
  },
  {
    title: 'P23 members of extensions are left to them',
    script: `CREATE EXTENSION citext; CREATE TABLE t (c citext DEFAULT 'x');`,
    both: ['CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;'],
    never: /citext_eq|CREATE TYPE public\.citext|VERSION/,
  },
]

/** Two ways to the same content. */
const twins: readonly (readonly [title: string, one: string, other: string])[] = [
  [
    'P6 views dropped and made again',
    'CREATE VIEW wv AS SELECT 1 AS a; CREATE VIEW sv AS SELECT 1 AS a;',
    'CREATE VIEW sv AS SELECT 1 AS a; CREATE VIEW wv AS SELECT 1 AS a; DROP VIEW sv; CREATE VIEW sv AS SELECT 1 AS a;',
  ],
  [
    'P7 grants in another order, and PUBLIC’s taken away',
    'CREATE TABLE t (a integer); GRANT SELECT ON t TO pg_monitor; GRANT INSERT, SELECT ON t TO pg_read_all_data; CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $$SELECT 1$$; REVOKE ALL ON FUNCTION f() FROM PUBLIC;',
    'CREATE TABLE t (a integer); GRANT SELECT ON t TO pg_read_all_data; GRANT SELECT ON t TO pg_monitor; GRANT INSERT ON t TO pg_read_all_data; CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $$SELECT 1$$; REVOKE ALL ON FUNCTION f() FROM PUBLIC;',
  ],
  [
    'P8 storage parameters in another order',
    'CREATE TABLE t (a integer) WITH (fillfactor = 70, autovacuum_enabled = off); CREATE INDEX i ON t (a) WITH (fillfactor = 60, deduplicate_items = off);',
    'CREATE TABLE t (a integer) WITH (autovacuum_enabled = off, fillfactor = 70); CREATE INDEX i ON t (a) WITH (deduplicate_items = off, fillfactor = 60);',
  ],
  [
    'P25 rows moved in the heap, inherited rows with their own table, numbers and JSON as they are',
    `CREATE TABLE d (id integer PRIMARY KEY, v text, f double precision, j json); INSERT INTO d SELECT i, 'x', 0.1::float8 + i, '{"a": 1,  "a": 2}' FROM generate_series(1, 5) i; UPDATE d SET v = 'y' WHERE id = 2;
     CREATE TABLE base (t text PRIMARY KEY); CREATE TABLE child () INHERITS (base); INSERT INTO base VALUES ('B'), ('_c'), ('a'), ('e'), ('E'); INSERT INTO child VALUES ('child');`,
    `CREATE TABLE d (id integer PRIMARY KEY, v text, f double precision, j json); INSERT INTO d SELECT i, CASE i WHEN 2 THEN 'y' ELSE 'x' END, 0.1::float8 + i, '{"a": 1,  "a": 2}' FROM generate_series(5, 1, -1) i;
     CREATE TABLE base (t text PRIMARY KEY); CREATE TABLE child () INHERITS (base); INSERT INTO child VALUES ('child'); INSERT INTO base VALUES ('e'), ('E'), ('a'), ('B'), ('_c');`,
  ],
]

function textOf({ schema }: HeldSnapshot): string {
  return schema.objects
    .filter(({ kind }) => kind !== 'database')
    .map(({ sql, sqlAfterRows = '' }) => sql + sqlAfterRows)
    .join('\n')
}

describe.each(['postgres15', 'postgres18'] as const)('%s: cases that break tools', (name) => {
  const server = servers()[name]
  const databases: string[] = []
  const make = (script = ''): string => {
    const database = createDatabase(server)
    databases.push(database)
    runSql(server, database, script)
    return database
  }

  afterAll(() => {
    for (const database of databases) dropDatabase(server, database)
  })

  test.each(edges)('$title', async ({ script, both, ours = [], never }) => {
    const source = make(script)
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    const text = textOf(original)
    const witness = vendorDump(server, source)
    for (const fragment of both) expect(witness).toContain(fragment)
    for (const fragment of [...both, ...ours]) expect(text).toContain(fragment)
    if (never !== undefined) expect(text).not.toMatch(never)
    const copy = make()
    await restore(original, server.url(copy))
    expect(await differences(server, original, source, copy)).toEqual([])
  })

  test.each(twins)('%s: the same bytes', async (_, one, other) => {
    const [left, right] = [make(one), make(other)]
    const first = await heldSnapshot(server.url(left))
    expect(snapshotDifferences(first, await heldSnapshot(server.url(right)))).toEqual([])
    expect(dumpLines(vendorDump(server, left))).toEqual(dumpLines(vendorDump(server, right)))
  })

  test('P1 the key that a dump makes up for itself is no difference', () => {
    const source = make('CREATE TABLE t (a integer);')
    const [one, other] = [vendorDump(server, source), vendorDump(server, source)]
    expect(dumpLines(one)).toEqual(dumpLines(other))
    expect(dumpLines(one).join('\n')).not.toContain('restrict')
  })

  test('P9 a definition that changes while it is read is never half of each', async () => {
    const source = make(
      'CREATE TABLE ct (i integer); CREATE INDEX ct_i ON ct (i); CREATE VIEW v AS SELECT i FROM ct;',
    )
    await using database = await postgres.open({ url: server.url(source), environment: {} })
    const other = new Client({ connectionString: server.url(source) })
    await other.connect()
    try {
      // The view can't be printed while its table is locked.
      await other.query('BEGIN; ALTER TABLE ct RENAME i TO j; DROP INDEX ct_i')
      const reading = database.read({ wantsRows: () => false }, ({ schema }) =>
        Promise.resolve(schema),
      )
      const outcome = expect(reading).rejects.toMatchObject({ code: 'changed-while-reading' })
      const waiting = `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`
      await expect.poll(() => runSql(server, source, waiting), { timeout: 8000 }).toBe('1\n')
      await other.query('COMMIT')
      await outcome
    } finally {
      await other.end()
    }
    const text = textOf(await heldSnapshot(server.url(source)))
    expect(text).toContain('j AS i')
    expect(text).not.toContain('ct_i')
  })

  test('P13 an index whose build failed is marked, warned about and not made', async () => {
    const source = make('CREATE TABLE ii (a integer); INSERT INTO ii VALUES (1), (1);')
    expect(() => runSql(server, source, 'CREATE UNIQUE INDEX CONCURRENTLY iiu ON ii (a)')).toThrow()
    const original = await heldSnapshot(server.url(source))
    expect(textOf(original)).toContain(
      '-- not valid on the server, so not created: CREATE UNIQUE INDEX iiu',
    )
    expect(original.schema.warnings).toEqual([expect.stringContaining('public.iiu')])
    expect(vendorDump(server, source)).not.toContain('iiu')
    const copy = make()
    await restore(original, server.url(copy))
    expect(runSql(server, copy, `SELECT count(*) FROM pg_class WHERE relname = 'iiu'`).trim()).toBe(
      '0',
    )
  })

  test('P24 row security hides no rows, and no password is in a definition', async () => {
    const source =
      make(`CREATE TABLE rl (a integer); INSERT INTO rl VALUES (1), (2), (3); ALTER TABLE rl ENABLE ROW LEVEL SECURITY;
      CREATE POLICY few ON rl USING (a = 1); CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;
      CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (password 'hidden');`)
    const original = await heldSnapshot(server.url(source))
    expect([...original.rows.values()].map(String)).toEqual(['1\n2\n3\n'])
    expect(textOf(original)).not.toContain('hidden')
  })
})
