import { afterAll, describe, expect, test } from 'vitest'
import type { Target } from '../../../src/engines/target.ts'
import { runSql } from '../../support/databases.ts'
import { servers } from '../../support/servers.ts'
import { Databases, failureOf } from './filling.ts'
import { blocks, dumpDifferences, restore, storedColumns } from './restore.ts'
import { heldSnapshot, isTable, keyText, snapshotDifferences } from './round-trip.ts'

/**
 * Tables in which values get lost. Others are elsewhere: row security in edge-cases.test.ts (P24), dropped columns there (P15),
 * encodings and bytes that are no text in encodings.test.ts, sessions with other settings in sessions.test.ts and
 * values.test.ts, rows of identities that are always generated in fill.test.ts.
 */
const shapes = String.raw`
  CREATE TABLE one (v text); INSERT INTO one VALUES (NULL), (''), ('\.'), ('\N'), ('NULL'), (E'\r'), (E'\n'), (E'a\r\nb'), ('"'), (','), (NULL), (E'\\.\n\\.');
  CREATE TABLE never (a integer, b text, c xml); INSERT INTO never SELECT FROM generate_series(1, 3);
  CREATE TABLE no_columns (); INSERT INTO no_columns SELECT FROM generate_series(1, 3);
  CREATE TABLE no_rows (a integer PRIMARY KEY, b text);
  CREATE TABLE twice (a integer, b text); INSERT INTO twice SELECT i % 3, nullif(i % 2, 0)::text FROM generate_series(1, 30) i;
  CREATE TABLE large (id integer PRIMARY KEY, t text, b bytea, j json);
  INSERT INTO large SELECT 1, repeat(E'", \\.\r€😀 ', 200000) || E'\n', convert_to(repeat(E'\x01 \\ "\n', 400000), 'UTF8'), to_json(repeat(E'\\"', 600000));
  ALTER TABLE large ALTER t SET STORAGE EXTERNAL; INSERT INTO large SELECT 2, t FROM large;
  CREATE TABLE computed (id integer GENERATED ALWAYS AS IDENTITY (START -7 INCREMENT -3), t text, gone integer, twice text GENERATED ALWAYS AS (t || t) STORED,
    v tsvector GENERATED ALWAYS AS (to_tsvector('pg_catalog.english', t)) STORED, last integer DEFAULT 5);
  INSERT INTO computed (t, last) VALUES ('cats', NULL), (NULL, 1), ('', DEFAULT); ALTER TABLE computed DROP gone; ALTER TABLE computed ADD later text DEFAULT 'x';
  CREATE TABLE "Ctid" ("Xmin" integer, "select" text, "a,b" text, "q""q" text, "ctid " text, "
" text, "\" text); INSERT INTO "Ctid" VALUES (1, ' ', '', NULL, '\', '"', ',');
  CREATE TABLE blanks (a char(5), b bpchar, c char(3)[], d varchar(4)); INSERT INTO blanks VALUES ('a', 'b ', '{"x "," "}', ' d  '), ('', '', '{}', ''), ('a', 'b', NULL, ' d');
  CREATE TABLE was_named (id integer); CREATE TABLE names (id integer PRIMARY KEY, r regclass, i regclass); CREATE INDEX an_index ON names (r);
  INSERT INTO names VALUES (1, 'was_named', 'an_index'); ALTER TABLE was_named RENAME TO "Is named";
  CREATE TABLE functions (id integer PRIMARY KEY, f regproc, o regoper);
  INSERT INTO functions SELECT row_number() OVER (ORDER BY p.oid), p.oid, 0 FROM pg_proc p WHERE proname IN ('abs', 'count', 'now');
  INSERT INTO functions SELECT -row_number() OVER (ORDER BY oid), 0, oid FROM pg_operator WHERE oprname IN ('+', '||/');
  CREATE TABLE catalog AS SELECT * FROM pg_catalog.pg_aggregate;`

/** As many columns as a table can have, of which one has a value. */
const wide = `
  DO $$ BEGIN EXECUTE (SELECT 'CREATE TABLE wide (' || string_agg('c' || i || ' "char"', ', ') || ')' FROM generate_series(1, 1600) i); END $$;
  INSERT INTO wide (c1600) VALUES ('z'), (NULL), (''), ('a');`

/** Values whose text no server takes: pg_dump writes them, too, and can't restore them. */
const untaken = (role: string): string => `
  CREATE ROLE ${role}; CREATE TABLE acl (a aclitem); INSERT INTO acl VALUES ('${role}=r/postgres'); DROP ROLE ${role};
  CREATE TABLE hidden (r regclass, t text); INSERT INTO hidden SELECT reltoastrelid FROM pg_class WHERE oid = 'hidden'::regclass;
  CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(text) RETURNS integer LANGUAGE sql AS 'SELECT 1';
  CREATE TABLE overloaded AS SELECT oid::regproc AS p FROM pg_proc WHERE proname = 'f';
  CREATE TABLE shortest AS SELECT interval '-2562047788:00:54.775807' - interval '1 us' AS i;
  CREATE TABLE tree AS SELECT pg_get_expr(adbin, adrelid), adbin FROM pg_attrdef; INSERT INTO tree SELECT NULL, a.ev_qual FROM pg_rewrite a LIMIT 1;
  CREATE DOMAIN sure AS integer NOT NULL; CREATE TABLE unsure (d sure);
  INSERT INTO unsure SELECT n.x FROM (VALUES (1)) v LEFT JOIN (SELECT 1::sure AS x WHERE false) n ON true;`

describe.each(['postgres15', 'postgres18'] as const)('%s: values', (name) => {
  const server = servers()[name]
  const databases = new Databases(server)

  afterAll(() => {
    databases.dropAll()
  })

  test('in tables of every shape come back', async () => {
    const source = databases.make(shapes, wide)
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    expect(original.schema.warnings).toEqual([])
    const copy = databases.make()
    await restore(original, server.url(copy))
    expect(dumpDifferences(server, source, copy)).toEqual([])
    expect(snapshotDifferences(original, await heldSnapshot(server.url(copy)))).toEqual([])
    // A dump says of functions their names alone, and of rows without columns nothing.
    const ask = `SELECT md5(string_agg(id || ' ' || f::oid || ' ' || o::oid, ',' ORDER BY id)) FROM functions;
      SELECT md5(string_agg(aggfnoid::oid::text, ',' ORDER BY aggfnoid)) FROM catalog; SELECT count(*) FROM no_columns; SELECT count(*) FROM never;
      SELECT r = '"Is named"'::regclass, i = 'an_index'::regclass FROM names`
    expect(runSql(server, copy, ask)).toBe(runSql(server, source, ask))
  })

  test('that the server prints and does not take are named or refused, and none is lost in silence', async () => {
    const original = await heldSnapshot(server.url(databases.make(untaken(`gone_${name}`))))
    expect(original.schema.warnings).toEqual([
      "No server takes values of the type pg_node_tree: rows of the column public.tree.adbin that are not NULL can't be restored.",
    ])
    const copy = databases.make()
    await restore({ ...original, rows: new Map() }, server.url(copy))
    const failures: string[] = []
    for (const table of original.schema.objects.filter(isTable)) {
      const rows = original.rows.get(keyText(table)) ?? Buffer.alloc(0)
      const request = { table, columns: storedColumns(table) }
      const load = (target: Target) => target.load(request, blocks(rows))
      const { code, message } = await failureOf(databases.fill(copy, { mode: 'rows' }, load))
      failures.push(`${code}: ${message}`)
    }
    expect(failures).toEqual([
      expect.stringMatching(/^no-such-account: The rows of public\.acl needs a role/),
      expect.stringMatching(/^row-refused: The rows of public\.hidden, line 1 .* column r:/),
      expect.stringMatching(/^row-refused: The rows of public\.overloaded, line 1 .* column p:/),
      expect.stringMatching(/^row-refused: The rows of public\.shortest, line 1 .* column i:/),
      expect.stringMatching(/^row-refused: The rows of public\.tree, line 1 .* column adbin:/),
      expect.stringMatching(/^row-refused: The rows of public\.unsure, line 1 .* column d:/),
    ])
  })

  test('are read and filled without a step into functions and operators of others', async () => {
    const source = databases.make(`
      CREATE SCHEMA evil; CREATE TABLE evil.pg_class (a integer);
      CREATE FUNCTION evil.trap(text, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''trapped''; END';
      CREATE OPERATOR evil.= (FUNCTION = evil.trap, LEFTARG = text, RIGHTARG = text);
      CREATE TYPE mood AS ENUM ('b', 'a'); CREATE FUNCTION words(mood) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''trapped''; END';
      CREATE CAST (mood AS text) WITH FUNCTION words(mood);
      CREATE TABLE moods (m mood, r regclass); INSERT INTO moods VALUES ('b', 'evil.pg_class'), ('a', 'pg_catalog.pg_class'), (NULL, 'moods');
      DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = evil, public, pg_catalog', current_database()); END $$;`)
    expect(() => runSql(server, source, "SELECT 'a'::text = 'b'::text")).toThrow('trapped')
    const original = await heldSnapshot(server.url(source))
    const rows = original.rows.get(keyText({ kind: 'table', schema: 'public', name: 'moods' }))
    expect(String(rows)).toBe('a,pg_class\nb,evil.pg_class\n,public.moods\n')
    const copy = databases.make()
    await restore(original, server.url(copy))
    expect(snapshotDifferences(original, await heldSnapshot(server.url(copy)))).toEqual([])
    expect(runSql(server, copy, 'SELECT r::oid < 16384 FROM moods')).toBe('t\nf\nf\n')
  })
})
