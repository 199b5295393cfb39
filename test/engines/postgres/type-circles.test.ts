import { describeForms, type SeenChange } from './all-forms.ts'
import type { NamedScript } from './in-schemas.ts'

/** A base type made of functions that the server has anyway. */
const baseType = (name: string, options = ''): string => `
  CREATE TYPE ${name};
  CREATE FUNCTION ${name}_in(cstring) RETURNS ${name} LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
  CREATE FUNCTION ${name}_out(${name}) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
  CREATE TYPE ${name} (INPUT = ${name}_in, OUTPUT = ${name}_out, INTERNALLENGTH = 4, PASSEDBYVALUE ${options});`

const scripts: readonly NamedScript[] = [
  [
    'shell types',
    `CREATE TYPE undefined; CREATE TYPE "Shell ""x"; CREATE FUNCTION f(undefined) RETURNS undefined LANGUAGE internal AS 'int4up';`,
  ],
  [
    'every option',
    `CREATE TYPE full_type;
     CREATE FUNCTION full_in(cstring, oid, integer) RETURNS full_type LANGUAGE internal IMMUTABLE STRICT AS 'varcharin';
     CREATE FUNCTION full_out(full_type) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'varcharout';
     CREATE FUNCTION full_recv(internal, oid, integer) RETURNS full_type LANGUAGE internal IMMUTABLE STRICT AS 'varcharrecv';
     CREATE FUNCTION full_send(full_type) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT AS 'varcharsend';
     CREATE FUNCTION full_typmod_in(cstring[]) RETURNS integer LANGUAGE internal IMMUTABLE STRICT AS 'varchartypmodin';
     CREATE FUNCTION full_typmod_out(integer) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'varchartypmodout';
     CREATE FUNCTION full_analyze(internal) RETURNS boolean LANGUAGE internal STRICT AS 'array_typanalyze';
     CREATE TYPE full_type (INPUT = full_in, OUTPUT = full_out, RECEIVE = full_recv, SEND = full_send, TYPMOD_IN = full_typmod_in,
       TYPMOD_OUT = full_typmod_out, ANALYZE = full_analyze, INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended,
       CATEGORY = '''', PREFERRED = true, DEFAULT = 'it''s', DELIMITER = ';', COLLATABLE = true);
     COMMENT ON FUNCTION full_in(cstring, oid, integer) IS 'in a circle'; REVOKE ALL ON FUNCTION full_out(full_type) FROM PUBLIC;
     COMMENT ON TYPE full_type IS 'full'; COMMENT ON TYPE full_type[] IS 'many'; REVOKE USAGE ON TYPE full_type FROM PUBLIC;
     CREATE TABLE t (a full_type(5) COLLATE "C" DEFAULT 'x', b full_type[]); INSERT INTO t VALUES ('abc', '{a;b}');
     CREATE DOMAIN d AS full_type(3); CREATE DOMAIN of_d AS d; CREATE DOMAIN without AS full_type DEFAULT NULL; CREATE DOMAIN other AS full_type DEFAULT 'other'; CREATE VIEW v AS SELECT a::text FROM t;`,
  ],
  [
    'lengths and alignments',
    `${baseType('by_value', ', ALIGNMENT = int4')}
     CREATE TYPE fixed; CREATE FUNCTION fixed_in(cstring) RETURNS fixed LANGUAGE internal STRICT AS 'point_in';
     CREATE FUNCTION fixed_out(fixed) RETURNS cstring LANGUAGE internal STRICT AS 'point_out';
     CREATE TYPE fixed (INPUT = fixed_in, OUTPUT = fixed_out, INTERNALLENGTH = 16, ALIGNMENT = double, ELEMENT = float8, CATEGORY = 'A');
     CREATE TYPE listed; CREATE FUNCTION listed_in(cstring) RETURNS listed LANGUAGE internal STRICT AS 'textin';
     CREATE FUNCTION listed_out(listed) RETURNS cstring LANGUAGE internal STRICT AS 'textout';
     CREATE FUNCTION subscripts(internal) RETURNS internal LANGUAGE internal IMMUTABLE STRICT AS 'jsonb_subscript_handler';
     CREATE TYPE listed (INPUT = listed_in, OUTPUT = listed_out, SUBSCRIPT = subscripts, ELEMENT = by_value, STORAGE = main, INTERNALLENGTH = VARIABLE);
     CREATE TYPE short; CREATE FUNCTION short_in(cstring) RETURNS short LANGUAGE internal STRICT AS 'int2in';
     CREATE FUNCTION short_out(short) RETURNS cstring LANGUAGE internal STRICT AS 'int2out';
     CREATE TYPE short (INPUT = short_in, OUTPUT = short_out, LIKE = smallint);
     CREATE TYPE external; CREATE FUNCTION external_in(cstring) RETURNS external LANGUAGE internal STRICT AS 'textin';
     CREATE FUNCTION external_out(external) RETURNS cstring LANGUAGE internal STRICT AS 'textout';
     CREATE TYPE external (INPUT = external_in, OUTPUT = external_out, STORAGE = external);
     CREATE TYPE terminated; CREATE FUNCTION terminated_in(cstring) RETURNS terminated LANGUAGE internal STRICT AS 'cstring_in';
     CREATE FUNCTION terminated_out(terminated) RETURNS cstring LANGUAGE internal STRICT AS 'cstring_out';
     CREATE TYPE terminated (INPUT = terminated_in, OUTPUT = terminated_out, INTERNALLENGTH = -2, ALIGNMENT = char);
     CREATE TABLE t (a by_value, b fixed, c short, d external); INSERT INTO t VALUES ('1', '(1,2)', '3', 'four');`,
  ],
  [
    'built-in functions',
    `CREATE SCHEMA "Other"; CREATE TYPE "Other"."My Type";
     CREATE FUNCTION "Other"."In"(cstring) RETURNS "Other"."My Type" LANGUAGE internal STRICT AS 'int4in';
     CREATE FUNCTION out_again("Other"."My Type") RETURNS cstring LANGUAGE internal STRICT AS 'int4out';
     CREATE TYPE "Other"."My Type" (INPUT = "Other"."In", OUTPUT = out_again, LIKE = integer, TYPMOD_IN = numerictypmodin);
     ALTER FUNCTION out_again("Other"."My Type") COST 12 PARALLEL SAFE;
     CREATE FUNCTION plus("Other"."My Type", integer) RETURNS "Other"."My Type" LANGUAGE internal STRICT AS 'int4pl';`,
  ],
  [
    'array names',
    `CREATE TYPE _taken AS (x integer); ${baseType('taken')} CREATE TYPE _e AS ENUM ('a'); CREATE TYPE e AS ENUM ('b');
     CREATE TABLE t (a taken[], b e[], c _taken[], d _e[]);`,
  ],
  [
    'made again',
    `${baseType('again')} DROP TYPE again CASCADE; ${baseType('again')}
     CREATE OR REPLACE FUNCTION again_in(cstring) RETURNS again LANGUAGE internal VOLATILE STRICT AS 'int4in';
     ALTER TYPE again SET (TYPMOD_IN = varchartypmodin, TYPMOD_OUT = varchartypmodout);`,
  ],
  [
    'ranges',
    `CREATE TYPE plain AS RANGE (SUBTYPE = integer);
     CREATE TYPE text_range AS RANGE (SUBTYPE = text, COLLATION = "C", SUBTYPE_OPCLASS = text_pattern_ops, MULTIRANGE_TYPE_NAME = many_texts);
     CREATE TYPE float_range AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
     CREATE TYPE round;
     CREATE FUNCTION to_round(round) RETURNS round LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'int4range_canonical';
     CREATE FUNCTION difference(integer, integer) RETURNS float8 LANGUAGE internal IMMUTABLE STRICT AS 'int4range_subdiff';
     CREATE TYPE round AS RANGE (SUBTYPE = integer, CANONICAL = to_round, SUBTYPE_DIFF = difference);
     ${baseType('number')}
     CREATE FUNCTION lt(number, number) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4lt'; CREATE OPERATOR <<<< (FUNCTION = lt, LEFTARG = number, RIGHTARG = number);
     CREATE FUNCTION cmp(number, number) RETURNS integer LANGUAGE internal IMMUTABLE STRICT AS 'btint4cmp';
     CREATE OPERATOR CLASS number_ops DEFAULT FOR TYPE number USING btree AS OPERATOR 1 <<<< , FUNCTION 1 cmp(number, number);
     CREATE FUNCTION apart(number, number) RETURNS float8 LANGUAGE internal IMMUTABLE STRICT AS 'int4range_subdiff';
     CREATE OPERATOR ~~~ (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer);
     CREATE OPERATOR CLASS own_ops FOR TYPE integer USING btree AS OPERATOR 1 <, OPERATOR 3 ~~~, FUNCTION 1 btint4cmp(integer, integer);
     CREATE TYPE custom AS RANGE (SUBTYPE = integer, SUBTYPE_OPCLASS = own_ops);
     CREATE TYPE numbers AS RANGE (SUBTYPE = number, SUBTYPE_DIFF = apart); CREATE FUNCTION of_numbers(numbers, number) RETURNS numbers LANGUAGE sql AS 'SELECT $1';
     COMMENT ON TYPE round IS 'r'; COMMENT ON TYPE multirange_of_round IS 'm'; COMMENT ON TYPE round[] IS 'rs';
     COMMENT ON FUNCTION to_round(round) IS 'canonical'; COMMENT ON FUNCTION round(integer, integer) IS 'constructor';
     REVOKE EXECUTE ON FUNCTION round(integer, integer, text) FROM PUBLIC; REVOKE USAGE ON TYPE plain FROM PUBLIC;
     CREATE TABLE t (a round, b round[], c multirange_of_round, d plain); INSERT INTO t VALUES ('[1,3]', '{"(1,5]"}', '{[1,3],[7,9]}', '(1,2)');
     CREATE FUNCTION makes() RETURNS round LANGUAGE sql BEGIN ATOMIC SELECT round(1, 2); END;`.replaceAll(
      'multirange_of_round',
      'round_multirange',
    ),
  ],
  [
    'enums',
    `CREATE TYPE mood AS ENUM ('x', 'z', 'it''s'); ALTER TYPE mood ADD VALUE 'y' BEFORE 'z'; CREATE TYPE no_labels AS ENUM (); CREATE TYPE empty AS ();
     CREATE TYPE inner_type AS (a integer, "B c" varchar(10)[] COLLATE "C", n numeric(5,2), m mood);
     ALTER TYPE inner_type ADD ATTRIBUTE gone integer, ADD ATTRIBUTE last timestamp(3) with time zone; ALTER TYPE inner_type DROP ATTRIBUTE gone;
     COMMENT ON COLUMN inner_type."B c" IS 'it''s'; COMMENT ON COLUMN inner_type.last IS 'last'; COMMENT ON TYPE inner_type IS 'i'; COMMENT ON TYPE mood IS 'm';
     CREATE TYPE outer_type AS (i inner_type, js inner_type[], r int4range, b bit(3), c char(4), i2 interval second(2));
     REVOKE USAGE ON TYPE mood FROM PUBLIC; GRANT USAGE ON TYPE inner_type TO pg_monitor WITH GRANT OPTION; ALTER TYPE outer_type OWNER TO pg_monitor;`,
  ],
  [
    'granted multiranges',
    `DO $$ BEGIN IF current_setting('server_version_num')::integer < 170000 THEN
       CREATE TYPE granted AS RANGE (SUBTYPE = integer); ALTER TYPE granted OWNER TO pg_monitor;
       REVOKE USAGE ON TYPE granted_multirange FROM PUBLIC; GRANT USAGE ON TYPE granted_multirange TO pg_read_all_stats; END IF; END $$;`,
  ],
]

/** What is changed in the copy, and what must be seen of it. */
const changes: readonly SeenChange[] = [
  ['ALTER TYPE "shell types".undefined OWNER TO pg_monitor', 'undefined OWNER TO pg_monitor'],
  ['ALTER TYPE "every option".full_type SET (STORAGE = main)', 'STORAGE = main'],
  ["ALTER TYPE enums.mood RENAME VALUE 'x' TO 'xx'", "'xx'"],
  ['COMMENT ON TYPE ranges.round_multirange IS NULL', 'round_multirange'],
]

describeForms('types', scripts, changes)
