import { afterAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { postgresServers, servers } from '../../support/servers.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot } from './round-trip.ts'

const everything = `
  CREATE SCHEMA app; CREATE SCHEMA "Odd Schema"; CREATE ROLE text_owner; GRANT ALL ON SCHEMA app TO text_owner;
  CREATE FUNCTION app.start(internal, integer) RETURNS internal LANGUAGE internal AS 'prsd_start';
  CREATE FUNCTION "Odd Schema"."lexize It"(internal, internal, internal, internal) RETURNS internal LANGUAGE internal AS 'dsimple_lexize';
  CREATE TEXT SEARCH PARSER app.full_parser (START = app.start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline);
  CREATE TEXT SEARCH PARSER app."Parser" (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
  COMMENT ON TEXT SEARCH PARSER app."Parser" IS 'it''s one';
  CREATE TEXT SEARCH TEMPLATE app.plain (LEXIZE = dsimple_lexize);
  CREATE TEXT SEARCH TEMPLATE "Odd Schema".full_template (INIT = dsimple_init, LEXIZE = "Odd Schema"."lexize It");
  COMMENT ON TEXT SEARCH TEMPLATE app.plain IS 'no options';
  CREATE TEXT SEARCH DICTIONARY app.no_options (TEMPLATE = simple);
  CREATE TEXT SEARCH DICTIONARY app.stopped (TEMPLATE = simple, STOPWORDS = english, ACCEPT = false);
  CREATE TEXT SEARCH DICTIONARY app."Stems" (TEMPLATE = snowball, LANGUAGE = german, STOPWORDS = german);
  CREATE TEXT SEARCH DICTIONARY app.own (TEMPLATE = "Odd Schema".full_template, STOPWORDS = 'french');
  CREATE TEXT SEARCH DICTIONARY app.synonyms (TEMPLATE = synonym, SYNONYMS = synonym_sample, CASESENSITIVE = 1);
  CREATE TEXT SEARCH DICTIONARY app.phrases (TEMPLATE = thesaurus, DICTFILE = thesaurus_sample, DICTIONARY = pg_catalog.english_stem);
  CREATE TEXT SEARCH DICTIONARY app.spelling (TEMPLATE = ispell, DICTFILE = ispell_sample, AFFFILE = ispell_sample, STOPWORDS = english);
  COMMENT ON TEXT SEARCH DICTIONARY app."Stems" IS 'German';
  ALTER TEXT SEARCH DICTIONARY app.stopped OWNER TO text_owner;
  CREATE TEXT SEARCH CONFIGURATION app.empty (PARSER = app.full_parser);
  CREATE TEXT SEARCH CONFIGURATION app.copied (COPY = pg_catalog.english);
  CREATE TEXT SEARCH CONFIGURATION app."Mixed" (PARSER = pg_catalog."default");
  ALTER TEXT SEARCH CONFIGURATION app."Mixed" ADD MAPPING FOR asciiword, hword_asciipart WITH app.synonyms, app."Stems", pg_catalog.simple;
  ALTER TEXT SEARCH CONFIGURATION app."Mixed" ADD MAPPING FOR "int", "float", url_path WITH pg_catalog.simple;
  ALTER TEXT SEARCH CONFIGURATION app."Mixed" ADD MAPPING FOR word WITH app.phrases, app.spelling, app.own;
  COMMENT ON TEXT SEARCH CONFIGURATION app."Mixed" IS 'of several';
  ALTER TEXT SEARCH CONFIGURATION app.copied OWNER TO text_owner;
  CREATE TABLE app.pages (id integer PRIMARY KEY, body text, words tsvector GENERATED ALWAYS AS (to_tsvector('app."Mixed"'::regconfig, body)) STORED);
  CREATE INDEX pages_words ON app.pages USING gin (to_tsvector('app.copied'::regconfig, body));
  CREATE VIEW app.lexed AS SELECT ts_lexize('app.stopped'::regdictionary, p.body) AS word FROM app.pages p;
  INSERT INTO app.pages VALUES (1, 'Die Häuser and the houses 12');`

describe.each(postgresServers)('%s: text search', (name) => {
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
    runSql(server, 'postgres', 'DROP ROLE IF EXISTS text_owner')
  })

  test('parsers, templates, dictionaries and configurations come back', async () => {
    const source = make(everything)
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    expect(original.schema.warnings).toEqual([])
    const copy = make()
    await restore(original, server.url(copy))
    expect(await differences(server, original, source, copy)).toEqual([])
  })

  test('an option and a mapping have a line each', async () => {
    const { schema } = await heldSnapshot(
      server.url(
        make(`CREATE TEXT SEARCH DICTIONARY public.words (TEMPLATE = simple, ACCEPT = false, STOPWORDS = english);
          CREATE TEXT SEARCH CONFIGURATION public.mixed (PARSER = "default");
          ALTER TEXT SEARCH CONFIGURATION public.mixed ADD MAPPING FOR word, asciiword WITH public.words, simple;`),
      ),
    )
    const texts = schema.objects.map(({ kind, sql }) => [kind, sql] as const)
    expect(texts.filter(([kind]) => kind.startsWith('text_search'))).toEqual([
      [
        'text_search_dictionary',
        `CREATE TEXT SEARCH DICTIONARY public.words (\n  TEMPLATE = simple,\n  accept = 'false',\n  stopwords = 'english'\n);
ALTER TEXT SEARCH DICTIONARY public.words OWNER TO postgres;\n`,
      ],
      [
        'text_search_configuration',
        `CREATE TEXT SEARCH CONFIGURATION public.mixed (PARSER = "default");
ALTER TEXT SEARCH CONFIGURATION public.mixed ADD MAPPING FOR asciiword WITH public.words, simple;
ALTER TEXT SEARCH CONFIGURATION public.mixed ADD MAPPING FOR word WITH public.words, simple;
ALTER TEXT SEARCH CONFIGURATION public.mixed OWNER TO postgres;\n`,
      ],
    ])
  })

  test('options keep their quotes, commas and backslashes', async () => {
    const source = make(`CREATE SCHEMA app;
      CREATE FUNCTION app.start(internal) RETURNS internal LANGUAGE internal AS 'dsimple_init';
      CREATE FUNCTION app.lexize(internal, internal, internal, internal) RETURNS internal LANGUAGE internal AS 'dsimple_lexize';
      CREATE TEXT SEARCH TEMPLATE app.anything (LEXIZE = app.lexize);
      CREATE TEXT SEARCH DICTIONARY app.odd (TEMPLATE = app.anything);
      UPDATE pg_ts_dict SET dictinitoption = $$"Key, one" = 'it''s, "so"', plain = 'a=b', back = E'C:\\\\dir, ''x''', number = 1.50$$
        WHERE dictname = 'odd';`)
    const original = await heldSnapshot(server.url(source))
    const odd = original.schema.objects.find(({ name: object }) => object === 'odd')
    expect(odd?.sql.split('\n').slice(1, 6)).toEqual([
      '  TEMPLATE = app.anything,',
      `  "Key, one" = 'it''s, "so"',`,
      `  plain = 'a=b',`,
      `  back = E'C:\\\\dir, ''x''',`,
      '  number = 1.50',
    ])
  })

  test('names a configuration that maps what its parser has no more', async () => {
    const database = make(`
      CREATE TEXT SEARCH CONFIGURATION public.broken (COPY = pg_catalog.simple);
      UPDATE pg_ts_config_map SET maptokentype = 99 WHERE mapcfg = 'public.broken'::regconfig AND maptokentype = 1;`)
    const { schema } = await heldSnapshot(server.url(database))
    const [refused, ...others] = schema.notCaptured
    expect(others).toEqual([])
    expect(refused).toMatchObject({ kind: 'text search configuration', name: 'public.broken' })
    expect(refused?.reason).toMatch(/token type that its parser "default" does not have/)
    expect(schema.objects.some(({ name: object }) => object === 'broken')).toBe(false)
  })
})
