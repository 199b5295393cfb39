import { afterAll, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { servers } from '../../support/servers.ts'
import { differingLines, heldSnapshot } from './round-trip.ts'

const databases: string[] = []

afterAll(() => {
  for (const database of databases) dropDatabase(servers().postgres18, database)
})

/** The texts of all objects but the schema and the database, as they are after each of some scripts. */
async function textsAfter(...scripts: readonly string[]): Promise<readonly string[]> {
  const server = servers().postgres18
  const database = createDatabase(server)
  databases.push(database)
  const texts: string[] = []
  for (const script of scripts) {
    runSql(server, database, `SET client_min_messages = error; ${script}`)
    const { schema } = await heldSnapshot(server.url(database))
    const objects = schema.objects.filter(({ kind }) => kind !== 'database' && kind !== 'schema')
    texts.push(objects.map(({ sql }) => sql).join('\n'))
  }
  return texts
}

test('a base type stands in one file with the functions that need it, defaults left out', async () => {
  const [text] = await textsAfter(`
    CREATE TYPE int42; CREATE FUNCTION int42_in(cstring) RETURNS int42 LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
    CREATE FUNCTION int42_out(int42) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
    CREATE TYPE int42 (INPUT = int42_in, OUTPUT = int42_out, LIKE = integer, DEFAULT = 42)`)
  expect(text).toBe(`CREATE TYPE public.int42;
CREATE OR REPLACE FUNCTION public.int42_in(cstring)
 RETURNS public.int42
 LANGUAGE internal
 IMMUTABLE STRICT
AS $function$int4in$function$;
ALTER FUNCTION public.int42_in(cstring) OWNER TO postgres;
CREATE OR REPLACE FUNCTION public.int42_out(public.int42)
 RETURNS cstring
 LANGUAGE internal
 IMMUTABLE STRICT
AS $function$int4out$function$;
ALTER FUNCTION public.int42_out(public.int42) OWNER TO postgres;
CREATE TYPE public.int42 (
  INPUT = public.int42_in,
  OUTPUT = public.int42_out,
  INTERNALLENGTH = 4,
  PASSEDBYVALUE,
  DEFAULT = '42'
);
ALTER TYPE public.int42 OWNER TO postgres;
`)
})

test.each([
  [
    'an option of a base type',
    `CREATE TYPE x; CREATE FUNCTION i(cstring) RETURNS x LANGUAGE internal IMMUTABLE STRICT AS 'textin';
     CREATE FUNCTION o(x) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout'; CREATE TYPE x (INPUT = i, OUTPUT = o, DELIMITER = ';')`,
    'ALTER TYPE x SET (STORAGE = extended)',
    ['+  STORAGE = extended'],
  ],
  [
    'a label',
    "CREATE TYPE x AS ENUM ('a', 'c')",
    "ALTER TYPE x ADD VALUE 'b' BEFORE 'c'",
    ["+  'b'"],
  ],
  [
    'an attribute',
    'CREATE TYPE x AS (a integer, c text)',
    'ALTER TYPE x DROP ATTRIBUTE c; ALTER TYPE x ADD ATTRIBUTE b date, ADD ATTRIBUTE c text',
    ['+  b date'],
  ],
  [
    'a grant',
    'CREATE TYPE x AS (a integer)',
    'GRANT USAGE ON TYPE x TO pg_monitor',
    ['+GRANT USAGE ON TYPE public.x TO pg_monitor;'],
  ],
  [
    'an attribute of a function',
    "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    'ALTER FUNCTION f() STABLE; ALTER FUNCTION f() SET search_path TO app',
    ['+ STABLE', "+ SET search_path TO 'app'"],
  ],
] as const)('%s more is one line more', async (_, script, change, lines) => {
  const [before = '', after = ''] = await textsAfter(script, change)
  expect(differingLines(linesOf(before), linesOf(after))).toEqual(lines)
})

/** Lines without the comma that only says that another one follows. */
function linesOf(text: string): readonly string[] {
  return text.split('\n').map((line) => line.replace(/,$/, ''))
}

test('casts, collations, conversions, languages and transforms read as a person writes them', async () => {
  const [text] = await textsAfter(`
    CREATE CAST (timestamptz AS interval) WITH FUNCTION age(timestamptz) AS ASSIGNMENT;
    CREATE COLLATION german (PROVIDER = icu, LOCALE = 'de', DETERMINISTIC = false); CREATE COLLATION plain FROM "C";
    CREATE DEFAULT CONVERSION latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
    CREATE TRUSTED LANGUAGE mine HANDLER plpgsql_call_handler VALIDATOR plpgsql_validator;
    CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal))`)
  expect((text ?? '').trim().split('\n\n').toSorted().join('\n\n'))
    .toBe(`CREATE CAST (timestamp with time zone AS interval)
  WITH FUNCTION age(timestamp with time zone) AS ASSIGNMENT;

CREATE COLLATION public.german (
  PROVIDER = icu,
  LOCALE = 'de',
  DETERMINISTIC = false
);
ALTER COLLATION public.german OWNER TO postgres;

CREATE COLLATION public.plain (
  LOCALE = 'C'
);
ALTER COLLATION public.plain OWNER TO postgres;

CREATE DEFAULT CONVERSION public.latin
  FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
ALTER CONVERSION public.latin OWNER TO postgres;

CREATE TRANSFORM FOR integer LANGUAGE sql (
  FROM SQL WITH FUNCTION prsd_lextype(internal)
);

CREATE TRUSTED LANGUAGE mine
  HANDLER plpgsql_call_handler
  VALIDATOR plpgsql_validator;
ALTER LANGUAGE mine OWNER TO postgres;`)
})
