import { describeForms, type SeenChange } from './all-forms.ts'
import type { NamedScript } from './in-schemas.ts'

const scripts: readonly NamedScript[] = [
  [
    "the dump's",
    `CREATE SCHEMA dump_test; CREATE COLLATION test0 FROM "C"; CREATE COLLATION icu_collation (PROVIDER = icu, LOCALE = 'C'); COMMENT ON COLLATION test0 IS 'comment on test0 collation';
     CREATE CAST (timestamptz AS interval) WITH FUNCTION age(timestamptz) AS ASSIGNMENT; CREATE DEFAULT CONVERSION test_conversion FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
     COMMENT ON CONVERSION test_conversion IS 'comment on test conversion';
     CREATE FUNCTION dump_test.pltestlang_call_handler() RETURNS LANGUAGE_HANDLER AS '$libdir/plpgsql', 'plpgsql_call_handler' LANGUAGE C;
     CREATE LANGUAGE pltestlang HANDLER dump_test.pltestlang_call_handler; COMMENT ON LANGUAGE pltestlang IS 'comment on pltestlang';
     CREATE TYPE dump_test.int42; CREATE FUNCTION dump_test.int42_in(cstring) RETURNS dump_test.int42 AS 'int4in' LANGUAGE internal STRICT IMMUTABLE;
     CREATE FUNCTION dump_test.int42_out(dump_test.int42) RETURNS cstring AS 'int4out' LANGUAGE internal STRICT IMMUTABLE;
     CREATE TYPE dump_test.int42 (internallength = 4, input = dump_test.int42_in, output = dump_test.int42_out, alignment = int4, default = 42, passedbyvalue);
     CREATE FUNCTION dump_test.func_with_support() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$ SUPPORT varbit_support; CREATE TABLE dump_test.test_table (col1 int); CREATE PROCEDURE dump_test.ptest1(a int) LANGUAGE SQL AS $$ INSERT INTO dump_test.test_table (col1) VALUES (a) $$;
     CREATE TABLE dump_test.ordering_table (id int primary key, data int);
     CREATE FUNCTION dump_test.ordering_func () RETURNS SETOF dump_test.ordering_table LANGUAGE sql BEGIN ATOMIC SELECT * FROM dump_test.ordering_table GROUP BY id; END;
     CREATE TRANSFORM FOR int LANGUAGE SQL (FROM SQL WITH FUNCTION prsd_lextype(internal), TO SQL WITH FUNCTION int4recv(internal));
     CREATE TYPE dump_test.planets AS ENUM ('venus', 'earth', 'mars'); CREATE TYPE dump_test.textrange AS RANGE (subtype = text, collation = "C");
     CREATE TYPE dump_test.composite AS (f1 int, f2 dump_test.int42); CREATE TYPE dump_test.undefined;
     COMMENT ON TYPE dump_test.planets IS 'comment on enum type'; COMMENT ON TYPE dump_test.textrange IS 'comment on range type'; COMMENT ON TYPE dump_test.int42 IS 'comment on regular type';
     COMMENT ON TYPE dump_test.undefined IS 'comment on undefined type'; ALTER TYPE dump_test.undefined OWNER TO pg_monitor; ALTER COLLATION test0 OWNER TO pg_monitor;
     GRANT USAGE ON TYPE dump_test.planets TO pg_monitor; REVOKE ALL ON TYPE dump_test.int42 FROM PUBLIC; GRANT EXECUTE ON FUNCTION dump_test.int42_in(cstring) TO pg_monitor;`,
  ],
  [
    'casts',
    `CREATE TYPE a AS (x integer); CREATE TYPE "B c" AS (x text); CREATE DOMAIN d AS integer; CREATE TYPE e AS ENUM ('one');
     CREATE FUNCTION to_b(a) RETURNS "B c" LANGUAGE sql AS 'SELECT NULL'; CREATE FUNCTION to_text(a, integer, boolean) RETURNS text LANGUAGE sql AS 'SELECT NULL';
     CREATE FUNCTION to_b(a[]) RETURNS "B c"[] LANGUAGE sql AS 'SELECT NULL::"B c"[]';
     CREATE CAST (a AS "B c") WITH FUNCTION to_b(a) AS IMPLICIT; CREATE CAST (a[] AS "B c"[]) WITH FUNCTION to_b(a[]) AS ASSIGNMENT;
     CREATE CAST (a AS text) WITH FUNCTION to_text(a, integer, boolean); CREATE CAST (e AS integer) WITH INOUT; CREATE CAST (integer AS e) WITH INOUT AS ASSIGNMENT;
     CREATE CAST (bigint AS timestamp) WITHOUT FUNCTION AS ASSIGNMENT; CREATE CAST ("char" AS bit varying) WITH INOUT AS IMPLICIT; CREATE CAST (character AS bit) WITH INOUT;
     COMMENT ON CAST (a AS "B c") IS 'it''s'; CREATE TYPE r AS RANGE (SUBTYPE = integer);`,
  ],
  [
    'collations',
    `CREATE COLLATION plain FROM "C"; CREATE COLLATION by_locale (LOCALE = 'C.UTF-8');
     CREATE COLLATION mixed (LC_COLLATE = 'C', LC_CTYPE = 'C.UTF-8'); CREATE COLLATION "It's" (PROVIDER = icu, LOCALE = 'de-u-co-phonebk');
     CREATE COLLATION insensitive (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false);
     COMMENT ON COLLATION insensitive IS 'i'; ALTER COLLATION plain OWNER TO pg_monitor;
     CREATE TABLE t (a text COLLATE insensitive, b text COLLATE "It's"); CREATE DOMAIN d AS text COLLATE mixed; CREATE TYPE c AS (a text COLLATE insensitive);
     CREATE TYPE r AS RANGE (SUBTYPE = text, COLLATION = by_locale); CREATE INDEX i ON t (a COLLATE plain);
     CREATE FUNCTION f(text) RETURNS boolean LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT $1 = 'a' COLLATE insensitive; END;`,
  ],
  [
    'rules',
    `CREATE COLLATION ruled (PROVIDER = icu, LOCALE = 'und', RULES = '&V << w <<< W & ''x'' < y'); CREATE TABLE t (a text COLLATE ruled);`,
    16,
  ],
  [
    'builtin collations',
    `CREATE COLLATION b (PROVIDER = builtin, LOCALE = 'C.UTF-8'); CREATE COLLATION c FROM ucs_basic; CREATE COLLATION u FROM "unicode";`,
    17,
  ],
  [
    'conversions',
    `CREATE CONVERSION latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8; CREATE SCHEMA s; CREATE DEFAULT CONVERSION s."My" FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
     COMMENT ON CONVERSION latin IS 'c'; ALTER CONVERSION s."My" OWNER TO pg_monitor;
     CREATE FUNCTION own(integer, integer, cstring, internal, integer, boolean) RETURNS integer LANGUAGE c STRICT AS '$libdir/utf8_and_iso8859_1', 'iso8859_1_to_utf8';
     CREATE DEFAULT CONVERSION by_own FOR 'LATIN1' TO 'UTF8' FROM own;`,
  ],
  [
    'languages',
    `CREATE FUNCTION handle() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
     CREATE FUNCTION run_inline(internal) RETURNS void LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_inline_handler';
     CREATE FUNCTION validate(oid) RETURNS void LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_validator';
     CREATE TRUSTED LANGUAGE "My Language" HANDLER handle INLINE run_inline VALIDATOR validate; CREATE LANGUAGE bare HANDLER handle;
     COMMENT ON LANGUAGE bare IS 'b'; REVOKE USAGE ON LANGUAGE "My Language" FROM PUBLIC; GRANT USAGE ON LANGUAGE "My Language" TO pg_monitor WITH GRANT OPTION;
     ALTER LANGUAGE bare OWNER TO pg_monitor;
     CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE "My Language" AS 'BEGIN RETURN a; END'; CREATE FUNCTION g() RETURNS void LANGUAGE bare AS 'BEGIN END';
     DO LANGUAGE "My Language" 'BEGIN END';`,
  ],
  [
    'transforms',
    `CREATE TYPE own AS (x integer); CREATE FUNCTION "From"(internal) RETURNS internal LANGUAGE internal IMMUTABLE STRICT AS 'prsd_lextype';
     CREATE FUNCTION "To"(internal) RETURNS own LANGUAGE internal IMMUTABLE STRICT AS 'int4recv';
     CREATE TRANSFORM FOR own LANGUAGE plpgsql (FROM SQL WITH FUNCTION "From"(internal)); CREATE TRANSFORM FOR own LANGUAGE sql (TO SQL WITH FUNCTION "To"(internal));
     COMMENT ON TRANSFORM FOR own LANGUAGE plpgsql IS 't'; CREATE TRANSFORM FOR varchar LANGUAGE plpgsql (FROM SQL WITH FUNCTION "From"(internal));
     CREATE FUNCTION a(own) RETURNS integer LANGUAGE plpgsql TRANSFORM FOR TYPE own AS 'BEGIN RETURN 1; END';
     CREATE FUNCTION b(integer) RETURNS integer LANGUAGE plpgsql TRANSFORM FOR TYPE own, FOR TYPE varchar AS 'BEGIN RETURN 1; END';`,
  ],
]

/** What is changed in the copy, and what must be seen of it. */
const changes: readonly SeenChange[] = [
  ['DROP CAST (integer AS casts.e)', '-CREATE CAST (integer AS casts.e)'],
  ['COMMENT ON COLLATION collations.insensitive IS NULL', 'COMMENT ON COLLATION'],
  ['ALTER CONVERSION s."My" OWNER TO postgres', 's."My" OWNER TO pg_monitor'],
  [
    'REVOKE USAGE ON LANGUAGE "My Language" FROM pg_monitor',
    'LANGUAGE "My Language" TO pg_monitor',
  ],
]

describeForms('languages, casts, collations, conversions and transforms', scripts, changes)
