import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runSql } from '../../support/databases.ts'
import { postgresServers, servers } from '../../support/servers.ts'
import { Databases } from './filling.ts'
import { dumpDifferences, restore } from './restore.ts'
import { heldSnapshot, snapshotDifferences } from './round-trip.ts'
import { differingValues, Twins } from './values.ts'

/** Types of users, one in another, and of extensions. */
const types = `
  CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree; CREATE EXTENSION cube; CREATE EXTENSION isn; CREATE EXTENSION seg;
  CREATE EXTENSION intarray;
  CREATE TYPE label AS ENUM ('', ' ', 'NULL', 'null', 'a b', '"', '\\', '{', '}', ',', '(', ')', '''', E'\\n');
  CREATE TYPE pair AS (f real, t text); CREATE TYPE nest AS (p pair, ps pair[], l label, x integer);
  CREATE TYPE nothing AS (); CREATE TABLE other (a integer, gone integer, "b ""c" text); ALTER TABLE other DROP gone;
  CREATE TYPE grown AS (gone integer, a integer); CREATE TYPE pairs AS RANGE (subtype = pair); CREATE TYPE words AS RANGE (subtype = text, collation = "C");
  CREATE DOMAIN few AS integer[] CHECK (array_length(VALUE, 1) < 5); CREATE DOMAIN short AS text CHECK (length(VALUE) < 9);
  CREATE DOMAIN sure AS integer NOT NULL; CREATE DOMAIN deeper AS few CHECK (VALUE[1] IS DISTINCT FROM 9); CREATE TYPE mixed AS (d short, f few, s short[]);
  CREATE DOMAIN checked AS pair CHECK ((VALUE).f IS DISTINCT FROM 5);`

/** Columns, each with the SQL of its values, one a row. */
const columns: Readonly<Record<string, readonly [type: string, ...values: string[]]>> = {
  // NULL, a row of NULL alone, empty texts and the text NULL are four things.
  pair: [
    'pair',
    `ROW(NULL, NULL)`,
    `ROW(NULL, '')`,
    `ROW('-0', 'NULL')`,
    `ROW('NaN', E'"\\\\,()\\n ')`,
  ],
  floats: [
    'pair[]',
    `ARRAY[ROW(1.17549421e-38, 'a')::pair, NULL, ROW(NULL, NULL)]`,
    `ARRAY[ROW(0.1::real, '{"')::pair, ROW('-Infinity', '')]`,
  ],
  nest: [
    'nest',
    `ROW(ROW(NULL, NULL), NULL, NULL, NULL)`,
    `ROW(NULL, ARRAY[ROW(16777217, '""')::pair, NULL], '"', 1)`,
    `ROW(ROW(3.4028235e38, '\\'), '{}', '', -1)`,
  ],
  nests: ['nest[]', `ARRAY[ROW(ROW(1, '\\"'), ARRAY[ROW(2, ' ')::pair], ',', 3)::nest]`],
  nothing: ['nothing', `ROW()`],
  row: ['other', `ROW(1, '')`, `ROW(NULL, NULL)`, `ROW(2, 'b "c')`],
  rows: ['other[]', `ARRAY[[ROW(1, NULL)::other], [NULL]]`],
  grown: ['grown', `ROW(1, 2)`, `ROW(NULL, 3)`],
  label: [
    'label',
    ...['', ' ', 'NULL', 'null', 'a b', '"', '\\', '{', '}', ',', '(', ')'].map(
      (text) => `'${text}'`,
    ),
    `E'\\n'`,
    `''''`,
  ],
  labels: [
    'label[]',
    `enum_range(NULL::label) || NULL`,
    `ARRAY[['NULL', NULL], ['', 'null']]::label[]`,
  ],
  ranges: ['pairs', `pairs(ROW(1, 'a,"b')::pair, ROW(2, NULL))`, `pairs(NULL, NULL)`, `'empty'`],
  some: ['pairs[]', `ARRAY[pairs(ROW(NULL, '')::pair, NULL, '[]'), NULL]`],
  words: ['words', `words('', 'b')`, `words('"\\,)', NULL, '[]')`, `words('a', 'a', '[]')`],
  several: [
    'words_multirange',
    `'{}'`,
    `words_multirange(words(NULL, ''), words('NULL', 'a,b'))`,
    `words_multirange(words('{', '}'))`,
  ],
  few: ['few', `'{}'`, `'[3:4]={1,NULL}'`],
  fews: ['few[]', `ARRAY['{1}'::few, NULL, '[0:0]={2}']`],
  deeper: ['deeper', `'{1,2}'`],
  short: ['short', `''`, `'NULL'`, `E'\\\\.'`],
  shorts: ['short[]', `ARRAY['', NULL, 'NULL', ' ']::short[]`],
  sure: ['sure[]', `ARRAY[1, 2]::sure[]`],
  mixed: ['mixed', `ROW('', '{}', ARRAY['a', NULL])`, `ROW(NULL, NULL, NULL)`],
  checked: ['checked', `ROW(1, 'x')`, `ROW(NULL, NULL)`],
  hstore: [
    'hstore',
    `''`,
    `'"a"=>NULL, b=>"NULL", ""=>"", "\\"\\\\"=>"=>,"'`,
    `hstore(E'\\n', E'\\u2028')`,
  ],
  hstores: ['hstore[]', `ARRAY['a=>1'::hstore, NULL]`],
  citext: ['citext', `'A'`, `'a'`, `''`, `'NULL'`],
  ltree: ['ltree', `''`, `'Top.a_b.C'`],
  lquery: ['lquery', `'*.a@*{1,2}.!b|c%.*'`],
  ltxtquery: ['ltxtquery', `'a & !(b* | c@%)'`],
  cube: ['cube', `'(0,-0),(0.30000000000000004,1e300)'`, `'()'`, `'(NaN,Infinity)'`],
  isbn: ['isbn13', `'978-0-393-04002-9'`],
  seg: ['seg', `'1.50 .. 2'`, `'<3'`, `'~1.0e3'`],
  query: ['query_int', `'1&(2|!3)'`],
}

function script(): string {
  const names = Object.keys(columns)
  const inserts = Object.entries(columns).flatMap(([name, [type, ...values]]) =>
    values.map((value) => `INSERT INTO nested ("${name}") VALUES ((${value})::${type});`),
  )
  return `${types}
    CREATE TABLE nested (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ${names.map((name) => `"${name}" ${columns[name]?.[0] ?? ''}`).join(', ')});
    CREATE TABLE keyless AS SELECT * FROM nested; INSERT INTO nested DEFAULT VALUES; ${inserts.join('\n')}
    ALTER TYPE grown DROP ATTRIBUTE gone; ALTER TYPE grown ADD ATTRIBUTE b text; INSERT INTO nested (grown) VALUES (ROW(4, ''));
    INSERT INTO keyless SELECT * FROM nested; INSERT INTO keyless SELECT * FROM nested WHERE id < 3;`
}

describe.each(postgresServers)('%s: values of types that users and extensions make', (name) => {
  const server = servers()[name]
  const databases = new Databases(server)
  let twins: Twins | undefined

  beforeAll(async () => {
    twins = await Twins.make(server, script())
  })

  afterAll(async () => {
    await twins?.[Symbol.asyncDispose]()
    databases.dropAll()
  })

  test('are the same in a copy, one by one', async () => {
    if (twins === undefined) throw new Error('there are no databases')
    await twins.carry('nested')
    const values = Object.keys(columns).map((column) => ({
      sql: `"${column}"`,
      hasBinary: !['isbn', 'seg', 'query'].includes(column),
    }))
    expect(await differingValues(twins.clients, 'public.nested ORDER BY id', values)).toEqual([])
  })

  test('come back with their types', async () => {
    const source = databases.make(script())
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    const copy = databases.make()
    await restore(original, server.url(copy))
    expect(dumpDifferences(server, source, copy)).toEqual([])
    expect(snapshotDifferences(original, await heldSnapshot(server.url(copy)))).toEqual([])
    expect(runSql(server, copy, 'SELECT count(*) FROM keyless')).toBe(
      runSql(server, source, 'SELECT count(*) FROM keyless'),
    )
  })
})
