import { describeForms, type SeenChange } from './all-forms.ts'
import type { NamedScript } from './in-schemas.ts'

const scripts: readonly NamedScript[] = [
  [
    'attributes',
    `CREATE FUNCTION f(a integer, "B c" text DEFAULT 'it''s', VARIADIC rest integer[] DEFAULT '{1,2}') RETURNS integer
       LANGUAGE sql IMMUTABLE STRICT LEAKPROOF SECURITY DEFINER PARALLEL SAFE COST 0.0001
       SET search_path TO 'a b', pg_catalog SET work_mem TO '1MB' SET datestyle TO iso, dmy SET "my.setting" TO 'x, y' AS 'SELECT 1';
     CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql STABLE PARALLEL RESTRICTED SET search_path TO '' AS 'SELECT 1';
     CREATE FUNCTION f(a text) RETURNS SETOF integer LANGUAGE sql COST 1234567 ROWS 7654321 AS 'SELECT 1';
     CREATE FUNCTION no_cost() RETURNS SETOF integer LANGUAGE sql COST 1e30 ROWS 0.5 AS 'SELECT 1';
     CREATE FUNCTION three(OUT a integer, INOUT b text, c numeric(5,2) DEFAULT 1.50) LANGUAGE plpgsql AS 'BEGIN a := 1; END';
     CREATE FUNCTION rows_of() RETURNS TABLE ("A" integer, b text[]) LANGUAGE sql AS $$ SELECT 1, '{}'::text[] $$;
     CREATE FUNCTION supported(text, integer) RETURNS text LANGUAGE sql IMMUTABLE SUPPORT varchar_support AS 'SELECT $1';
     CREATE FUNCTION own_support(internal) RETURNS internal LANGUAGE internal STRICT AS 'generate_series_int4_support';
     CREATE FUNCTION with_own(integer) RETURNS SETOF integer LANGUAGE sql SUPPORT own_support AS 'SELECT 1';
     CREATE FUNCTION number_of() RETURNS bigint LANGUAGE internal WINDOW AS 'window_row_number';
     CREATE FUNCTION anything(anyelement, anyarray, anycompatible) RETURNS anyelement LANGUAGE sql AS 'SELECT $1';
     CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
     CREATE FUNCTION of_c() RETURNS language_handler LANGUAGE c STRICT COST 100 AS '$libdir/plpgsql', 'plpgsql_call_handler';
     CREATE FUNCTION plpgsql_call_handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql';
     CREATE FUNCTION times(integer[], x "char", y char(3), z bit(4), i interval second(2)) RETURNS varchar(3) LANGUAGE sql AS 'SELECT ''''';
     CREATE FUNCTION current(a timestamptz DEFAULT current_timestamp, b text DEFAULT current_user, c text DEFAULT NULL) RETURNS record LANGUAGE sql AS 'SELECT 1, 2';
     ALTER FUNCTION f(integer) OWNER TO pg_monitor; COMMENT ON FUNCTION f(integer) IS 'it''s'; REVOKE EXECUTE ON FUNCTION f(text) FROM PUBLIC;
     GRANT EXECUTE ON FUNCTION three(text, numeric) TO pg_monitor WITH GRANT OPTION;`,
  ],
  [
    'bodies',
    `CREATE FUNCTION quotes() RETURNS text LANGUAGE plpgsql AS $x$ BEGIN RETURN $function$ $$ ' \\ $function$ || '$functionx$'; END $x$;
     CREATE FUNCTION "Weird ""name"" f/g."(" Arg" integer) RETURNS text LANGUAGE plpgsql AS E'BEGIN\\r\\n  RETURN NULL;   \\r\\nEND';
     CREATE PROCEDURE empty() LANGUAGE sql AS ''; CREATE FUNCTION unfinished() RETURNS integer LANGUAGE sql AS 'SELECT 1 -- no end';
     CREATE PROCEDURE quoting() LANGUAGE plpgsql AS $x$ BEGIN RAISE NOTICE $procedure$ x $procedure$; END $x$;
     SET check_function_bodies = off; CREATE FUNCTION broken() RETURNS integer LANGUAGE sql AS 'SELECT * FROM nowhere';`,
  ],
  [
    'procedures',
    `CREATE PROCEDURE p(a integer DEFAULT 1, INOUT b integer DEFAULT NULL) LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog AS 'BEGIN b := a; END';
     CREATE PROCEDURE p(OUT a text, IN b text, VARIADIC c text[]) LANGUAGE plpgsql AS 'BEGIN a := b; END';
     CREATE TABLE t (a integer); CREATE PROCEDURE atomic(x integer) BEGIN ATOMIC INSERT INTO t VALUES (x); DELETE FROM t WHERE a = x; END;
     COMMENT ON PROCEDURE p(integer, integer) IS 'p'; REVOKE EXECUTE ON PROCEDURE p(integer, integer) FROM PUBLIC; GRANT EXECUTE ON PROCEDURE atomic(integer) TO pg_monitor;
     ALTER PROCEDURE atomic(integer) OWNER TO pg_monitor;`,
  ],
  [
    'parsed bodies',
    `CREATE TABLE t (id integer PRIMARY KEY, a text, b integer); CREATE TYPE e AS ENUM ('x', 'y'); CREATE SEQUENCE s;
     CREATE FUNCTION grouped() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT a || id FROM t GROUP BY id; END;
     CREATE FUNCTION helper(integer) RETURNS integer LANGUAGE sql IMMUTABLE RETURN $1 + 1;
     CREATE FUNCTION caller(x integer = 1) RETURNS integer LANGUAGE sql STABLE RETURN helper(x) + (SELECT count(*) FROM t)::integer;
     CREATE FUNCTION empty() RETURNS void LANGUAGE sql BEGIN ATOMIC END;
     CREATE FUNCTION many(k e, "Odd name" date) RETURNS bigint LANGUAGE sql BEGIN ATOMIC
       INSERT INTO t VALUES (1, 'it''s', 2) ON CONFLICT (id) DO UPDATE SET a = excluded.a; UPDATE t SET b = nextval('s') WHERE a = k::text;
       WITH x AS (SELECT * FROM t) SELECT count(*) FROM x WHERE "Odd name" > DATE '2020-03-04'; END;
     CREATE VIEW v AS SELECT id, helper(b) AS b FROM t; CREATE FUNCTION of_view() RETURNS SETOF v LANGUAGE sql BEGIN ATOMIC SELECT * FROM v; END;
     CREATE TABLE u (a integer DEFAULT helper(1), CHECK (helper(a) > 0), g integer GENERATED ALWAYS AS (helper(a)) STORED); CREATE INDEX i ON u (helper(a));`,
  ],
  [
    'circles',
    `CREATE FUNCTION in_view(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE VIEW v AS SELECT in_view(1) AS a, 'x'::text COLLATE "C" AS b;
     CREATE OR REPLACE FUNCTION in_view(integer) RETURNS integer LANGUAGE sql STABLE RETURN (SELECT count(*) FROM v) + $1;
     CREATE TABLE t (id integer PRIMARY KEY, a integer); CREATE FUNCTION in_table() RETURNS integer LANGUAGE sql AS 'SELECT 7';
     ALTER TABLE t ALTER a SET DEFAULT in_table(), ADD CHECK (in_table() >= 0); INSERT INTO t VALUES (1);
     CREATE OR REPLACE FUNCTION in_table() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT 'it''s' IS NOT NULL; SELECT count(*) FROM t GROUP BY id; END;
     CREATE TABLE r (a integer, b text); CREATE FUNCTION of_row(r) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'; ALTER TABLE r ALTER b SET DEFAULT of_row(NULL);
     CREATE VIEW x AS SELECT 1 AS a; CREATE TABLE of_x (x x); CREATE OR REPLACE VIEW x AS SELECT count(*)::integer AS a FROM of_x;
     CREATE FUNCTION one(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION two(integer) RETURNS integer LANGUAGE sql RETURN one($1);
     CREATE OR REPLACE FUNCTION one(integer) RETURNS integer LANGUAGE sql RETURN CASE WHEN $1 > 0 THEN two($1 - 1) ELSE 0 END;
     CREATE FUNCTION fac(n integer, m integer DEFAULT two(1)) RETURNS integer LANGUAGE sql AS 'SELECT 1';
     CREATE OR REPLACE FUNCTION fac(n integer, m integer DEFAULT two(1)) RETURNS integer LANGUAGE sql RETURN CASE WHEN n < 1 THEN m ELSE n * fac(n - 1) END;
     CREATE VIEW facs AS SELECT fac(n) AS f FROM generate_series(1, 3) n; COMMENT ON FUNCTION one(integer) IS 'one'; REVOKE EXECUTE ON FUNCTION one(integer) FROM PUBLIC;
     CREATE VIEW w AS SELECT 1 AS a, NULL::numeric(5,2) AS "B c", NULL::varchar(3)[] AS c, 'x'::text COLLATE "C" AS d;
     CREATE FUNCTION of_w() RETURNS SETOF w LANGUAGE plpgsql AS 'BEGIN END'; CREATE VIEW other AS SELECT * FROM w WHERE a > 0;
     CREATE OR REPLACE VIEW w WITH (security_barrier) AS SELECT x.a, x."B c", x.c, x.d FROM of_w() x WHERE a < 9 WITH CHECK OPTION;
     ALTER VIEW w ALTER a SET DEFAULT 3; COMMENT ON COLUMN w.a IS 'a'; GRANT SELECT ON w TO pg_monitor; CREATE MATERIALIZED VIEW m AS SELECT 1 AS a, in_view(1) AS b;`.replace(
      ' WITH CHECK OPTION',
      '',
    ),
  ],
  [
    'late keys',
    `CREATE TABLE t (id integer NOT NULL, k integer NOT NULL, a text) PARTITION BY LIST (k); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
     ALTER TABLE ONLY t ADD PRIMARY KEY (id, k); INSERT INTO t VALUES (1, 1, 'a');
     CREATE VIEW v AS SELECT a, count(*) FROM t GROUP BY id, k; CREATE FUNCTION f() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT a FROM t GROUP BY id, k; END;`,
  ],
  [
    'extensions',
    `CREATE EXTENSION pgcrypto; CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f(integer) DEPENDS ON EXTENSION pgcrypto;
     CREATE PROCEDURE p() LANGUAGE sql AS ''; ALTER PROCEDURE p() DEPENDS ON EXTENSION pgcrypto; CREATE AGGREGATE ag(integer) (SFUNC = int4pl, STYPE = integer);
     CREATE AGGREGATE ag(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = 0); ALTER ROUTINE ag(integer) DEPENDS ON EXTENSION pgcrypto; ALTER ROUTINE ag() DEPENDS ON EXTENSION pgcrypto; ALTER FUNCTION f(integer) DEPENDS ON EXTENSION plpgsql;`,
  ],
]

/** What is changed in the copy, and what must be seen of it. */
const changes: readonly SeenChange[] = [
  ['ALTER FUNCTION attributes.f(integer) RESET ALL', "SET search_path TO ''"],
  ['ALTER FUNCTION attributes.f(text) COST 1234568', '1234568'],
  [
    'ALTER ROUTINE extensions.ag(integer) NO DEPENDS ON EXTENSION pgcrypto',
    'DEPENDS ON EXTENSION pgcrypto',
  ],
  ['REVOKE ALL ON PROCEDURE procedures.atomic(integer) FROM pg_monitor', 'atomic'],
]

describeForms('routines', scripts, changes)
