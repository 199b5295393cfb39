import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { everythingFor } from '../../support/postgres-fixtures.ts'
import {
  outerPostgresServers,
  postgresServers,
  servers,
  type PostgresServer,
} from '../../support/servers.ts'
import { createLike, differences, dumpDifferences, restore } from './restore.ts'
import { heldSnapshot } from './round-trip.ts'

/** A database's locale, as each version can say it. */
const ownLocales: Readonly<Record<PostgresServer, string>> = {
  postgres14: '',
  postgres15: "LOCALE_PROVIDER icu ICU_LOCALE 'de'",
  postgres16: "LOCALE_PROVIDER icu ICU_LOCALE 'de' ICU_RULES '&V << w <<< W'",
  postgres17: "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'",
  postgres18: "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST'",
}

describe.each(postgresServers)('%s: a restored database', (name) => {
  const server = servers()[name]
  const databases: string[] = []
  const made = (): string => {
    const database = createDatabase(server)
    databases.push(database)
    return database
  }
  const newName = (): string => {
    const database = `restored_${randomBytes(6).toString('hex')}`
    databases.push(database)
    return database
  }
  const everything = (): string => {
    const database = made()
    for (const script of everythingFor(name)) runSql(server, database, script)
    return database
  }
  const source = everything()

  afterAll(() => {
    for (const database of databases) dropDatabase(server, database)
  })

  test('is the original in the eyes of pg_dump and in ours', async () => {
    const original = await heldSnapshot(server.url(source))
    const copy = newName()
    await createLike(original, server, copy)
    await restore(original, server.url(copy))
    expect(await differences(server, original, source, copy)).toEqual([])
  })

  test('takes the place of another one, whatever that holds', async () => {
    const original = await heldSnapshot(server.url(source))
    const copy = made()
    runSql(server, copy, rare)
    await restore(original, server.url(copy), { mode: 'replace' })
    expect(await differences(server, original, source, copy)).toEqual([])
  })

  test('can be made with the checks of foreign keys off, and is the same', async () => {
    const original = await heldSnapshot(server.url(source))
    const copy = newName()
    await createLike(original, server, copy)
    await restore(original, server.url(copy), { mode: 'empty', skipReferenceCheck: true })
    expect(await differences(server, original, source, copy)).toEqual([])
  })

  test('has the encoding, locale and owner of the original', async () => {
    const database = newName()
    const role = `owner_${randomBytes(4).toString('hex')}`
    runSql(
      server,
      'postgres',
      `CREATE ROLE ${role}; CREATE DATABASE ${database} OWNER ${role} TEMPLATE template0 ENCODING 'UTF8'
        LC_COLLATE 'C' LC_CTYPE 'C' ${ownLocales[name]};`,
    )
    const original = await heldSnapshot(server.url(database))
    const copy = newName()
    await createLike(original, server, copy)
    await restore(original, server.url(copy))
    expect(await differences(server, original, database, copy)).toEqual([])
    for (const each of [database, copy]) dropDatabase(server, each)
    runSql(server, 'postgres', `DROP ROLE ${role}`)
  })

  test.each([
    ['dropped', 'DROP SCHEMA public'],
    ['made again', 'DROP SCHEMA public; CREATE SCHEMA public; CREATE TABLE public.t (a integer)'],
    [
      'with other privileges',
      "REVOKE ALL ON SCHEMA public FROM PUBLIC; COMMENT ON SCHEMA public IS 'mine'",
    ],
    ['with an owner of its own', 'ALTER SCHEMA public OWNER TO postgres'],
  ])('has a schema public that was %s', async (_, sql) => {
    const database = made()
    runSql(server, database, sql)
    const original = await heldSnapshot(server.url(database))
    const copy = made()
    await restore(original, server.url(copy))
    expect(await differences(server, original, database, copy)).toEqual([])
    await restore(original, server.url(copy), { mode: 'replace' })
    expect(await differences(server, original, database, copy)).toEqual([])
  })
})

describe.each(outerPostgresServers)('%s: a restored database', (name) => {
  const server = servers()[name]
  const source = createDatabase(server)
  const databases = [source]

  beforeAll(() => {
    for (const script of everythingFor(name)) runSql(server, source, script)
  })

  afterAll(() => {
    for (const database of databases) dropDatabase(server, database)
  })

  test.each([
    ['value', "UPDATE app.users SET u = 'other' WHERE u = 'a'", /^\+\d+\tother$/],
    ['row', 'DELETE FROM ONLY app.base WHERE id = 1', /^-1\tbase$/],
    [
      'default',
      "ALTER TABLE app.base ALTER COLUMN kind SET DEFAULT 'other'",
      /^\+.*DEFAULT 'other'/,
    ],
    ['trigger', 'ALTER TABLE h.refd DISABLE TRIGGER stmt', /^\+.*DISABLE TRIGGER stmt/],
    ['index', 'DROP INDEX h.one', /^-CREATE INDEX one /],
    [
      'privilege',
      'REVOKE SELECT ON SEQUENCE h.ident_id_seq FROM PUBLIC',
      /^-GRANT SELECT ON SEQUENCE/,
    ],
    ['counter', "SELECT setval('h.shared', 77)", /^\+.*setval\('h.shared', 77/],
  ])('with a broken %s is seen by the witness', (_, damage, line) => {
    const copy = `broken_${randomBytes(6).toString('hex')}`
    databases.push(copy)
    runSql(server, 'postgres', `CREATE DATABASE ${copy} TEMPLATE ${source}`)
    expect(dumpDifferences(server, source, copy)).not.toContainEqual(expect.stringMatching(line))
    runSql(server, copy, damage)
    expect(dumpDifferences(server, source, copy)).toContainEqual(expect.stringMatching(line))
  })
})

/** Objects of kinds that are rarely seen, and traces that a database can keep. */
const rare = `
  CREATE SCHEMA app; CREATE EXTENSION citext SCHEMA app; CREATE TABLE app.t (a app.citext PRIMARY KEY); CREATE TABLE u (a app.citext REFERENCES app.t);
  INSERT INTO app.t VALUES ('x');
  CREATE FUNCTION stop() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
  CREATE PUBLICATION p FOR ALL TABLES;
  CREATE FUNCTION to_point(text) RETURNS point LANGUAGE sql AS 'SELECT point(0, 0)'; CREATE CAST (text AS point) WITH FUNCTION to_point(text);
  CREATE TYPE pair AS (a integer, b integer); CREATE FUNCTION same(pair, pair) RETURNS boolean LANGUAGE sql AS 'SELECT true';
  CREATE OPERATOR === (LEFTARG = pair, RIGHTARG = pair, FUNCTION = same); CREATE COLLATION german (provider = icu, locale = 'de');
  CREATE TEXT SEARCH CONFIGURATION mine (COPY = simple); CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;
  CREATE USER MAPPING FOR CURRENT_USER SERVER s; CREATE FOREIGN TABLE ft (a integer) SERVER s;
  ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT ALL ON SEQUENCES TO PUBLIC;
  ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
  DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = app', current_database());
    EXECUTE format('COMMENT ON DATABASE %I IS ''old''', current_database());
    EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('ALTER ROLE postgres IN DATABASE %I SET work_mem = ''5MB''', current_database()); END $$;
  SELECT lo_create(0); COMMENT ON SCHEMA public IS 'old'; GRANT ALL ON SCHEMA public TO PUBLIC;
  CREATE EVENT TRIGGER guard ON sql_drop EXECUTE FUNCTION stop();`
