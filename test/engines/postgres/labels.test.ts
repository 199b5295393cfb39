import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { runSql } from '../../support/databases.ts'
import { postgresServers, servers } from '../../support/servers.ts'
import { Databases, failureOf } from './filling.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot } from './round-trip.ts'

describe.each(postgresServers)('%s: what is attached to objects', (name) => {
  const server = servers()[name]
  const databases = new Databases(server)
  const role = `labelled_${randomBytes(4).toString('hex')}`

  afterAll(() => {
    databases.dropAll()
    const forget = `SET allow_system_table_mods = on; DELETE FROM pg_shseclabel WHERE objoid = '${role}'::regrole;`
    runSql(server, 'postgres', `${forget} DROP ROLE ${role};`)
  })

  /** No provider is needed to have a label, only to set one. */
  const label = (catalog: string, object: string, text: string, column = 0): string =>
    `INSERT INTO pg_seclabel VALUES (${object}, '${catalog}'::regclass, ${column}, 'My provider', '${text}');`

  const labels = `
    CREATE ROLE ${role}; CREATE SCHEMA s AUTHORIZATION ${role}; CREATE TABLE s.t (x integer, "Y" integer);
    CREATE VIEW s.v AS SELECT x FROM s.t; CREATE MATERIALIZED VIEW s.m AS SELECT x FROM s.t; CREATE SEQUENCE s.q; CREATE TYPE s.e AS ENUM ('a');
    CREATE DOMAIN s.d AS text; CREATE FUNCTION s.f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
    CREATE PROCEDURE s.p() LANGUAGE sql AS ''; CREATE AGGREGATE s.a(integer) (SFUNC = int4pl, STYPE = integer); CREATE PUBLICATION pub;
    SET allow_system_table_mods = on;
    ${label('pg_class', `'s.t'::regclass`, `it''s secret`)} ${label('pg_class', `'s.t'::regclass`, 'column', 2)}
    ${label('pg_class', `'s.v'::regclass`, 'view')} ${label('pg_class', `'s.m'::regclass`, 'matview')} ${label('pg_class', `'s.q'::regclass`, 'sequence')}
    ${label('pg_type', `'s.e'::regtype`, 'type')} ${label('pg_type', `'s.d'::regtype`, 'domain')} ${label('pg_namespace', `'s'::regnamespace`, 'schema')}
    ${label('pg_proc', `'s.f(integer)'::regprocedure`, 'function')} ${label('pg_proc', `'s.p()'::regprocedure`, 'procedure')}
    ${label('pg_proc', `'s.a(integer)'::regprocedure`, 'aggregate')}
    ${label('pg_publication', `(SELECT oid FROM pg_publication)`, 'publication')}
    INSERT INTO pg_shseclabel SELECT oid, 'pg_authid'::regclass, 'other', 'role' FROM pg_authid WHERE rolname = '${role}';
    INSERT INTO pg_shseclabel SELECT oid, 'pg_database'::regclass, 'other', 'database' FROM pg_database WHERE datname = current_database();`

  test('security labels stand with what they are on', async () => {
    const source = databases.make(labels)
    const { schema } = await heldSnapshot(server.url(source))
    expect(schema.notCaptured).toEqual([])
    const found = schema.objects
      .flatMap(({ sql, sqlAfterRows = '' }) => (sql + sqlAfterRows).split('\n'))
      .filter((line) => line.includes('SECURITY LABEL'))
    const on = (object: string, text: string, provider = '"My provider"'): string =>
      `SECURITY LABEL FOR ${provider} ON ${object} IS '${text}'`
    expect(found.sort()).toEqual(
      [
        `${on('AGGREGATE s.a(integer)', 'aggregate')};`,
        `${on('COLUMN s.t."Y"', 'column')};`,
        `${on('DOMAIN s.d', 'domain')};`,
        `${on('FUNCTION s.f(integer)', 'function')};`,
        `${on('MATERIALIZED VIEW s.m', 'matview')};`,
        `${on('PROCEDURE s.p()', 'procedure')};`,
        `${on('PUBLICATION pub', 'publication')};`,
        `${on(`ROLE ${role}`, 'role', 'other')};`,
        `${on('SCHEMA s', 'schema')};`,
        `${on('SEQUENCE s.q', 'sequence')};`,
        `${on('TABLE s.t', `it''s secret`)};`,
        `${on('TYPE s.e', 'type')};`,
        `${on('VIEW s.v', 'view')};`,
        `DO $database$ BEGIN EXECUTE pg_catalog.format('${on('DATABASE %I', 'database', 'other').replaceAll("'", "''")}', pg_catalog.current_database()); END $database$;`,
      ].sort(),
    )
  })

  test('security labels of members of extensions and of the server stand with these', async () => {
    const source = databases.make(`CREATE EXTENSION citext; SET allow_system_table_mods = on;
      ${label('pg_proc', `'citextin(cstring)'::regprocedure`, 'function')} ${label('pg_type', `'citext'::regtype`, 'type')}
      ${label('pg_class', `'pg_catalog.pg_proc'::regclass`, 'column', 2)} ${label('pg_namespace', `'public'::regnamespace`, 'schema')}`)
    const { schema } = await heldSnapshot(server.url(source))
    const lines = schema.objects.flatMap(({ kind, sql, sqlAfterRows = '' }) =>
      (sql + sqlAfterRows)
        .split('\n')
        .filter((line) => line.startsWith('SECURITY LABEL'))
        .map((line) => `${kind}: ${line.replace('SECURITY LABEL FOR "My provider" ON ', '')}`),
    )
    expect(lines).toEqual([
      `schema: SCHEMA public IS 'schema';`,
      `extension: TYPE public.citext IS 'type';`,
      `extension: FUNCTION public.citextin(pg_catalog.cstring) IS 'function';`,
      `database: COLUMN pg_catalog.pg_proc.proname IS 'column';`,
    ])
  })

  test('a restore names the provider that the server lacks', async () => {
    const source = databases.make(`CREATE TABLE t (x integer); SET allow_system_table_mods = on;
      ${label('pg_class', `'t'::regclass`, 'CANARY')}`)
    const original = await heldSnapshot(server.url(source))
    const copy = databases.make()
    const failure = await failureOf(restore(original, server.url(copy)))
    expect(failure).toMatchObject({
      code: 'dependency-missing',
      message:
        'The table public.t needs the security label provider My provider, which this server has not loaded.',
    })
    expect(failure.message + failure.next).not.toContain('CANARY')
  })

  test('what is dropped with an extension comes back so', async () => {
    const source = databases.make(`CREATE EXTENSION citext; CREATE EXTENSION pgcrypto;
      CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f(integer) DEPENDS ON EXTENSION pgcrypto;
      ALTER FUNCTION f(integer) DEPENDS ON EXTENSION citext; COMMENT ON FUNCTION f(integer) IS 'c';
      CREATE PROCEDURE p() LANGUAGE sql AS ''; ALTER PROCEDURE p() DEPENDS ON EXTENSION citext;
      CREATE TABLE t (x integer PRIMARY KEY); CREATE INDEX i ON t (x); ALTER INDEX i DEPENDS ON EXTENSION citext; ALTER INDEX t_pkey DEPENDS ON EXTENSION pgcrypto;
      CREATE MATERIALIZED VIEW m AS SELECT 1 AS x; ALTER MATERIALIZED VIEW m DEPENDS ON EXTENSION citext;
      CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf();
      ALTER TRIGGER tr ON t DEPENDS ON EXTENSION citext;`)
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    const copy = databases.make()
    await restore(original, server.url(copy))
    expect(await differences(server, original, source, copy)).toEqual([])
    const states = `SELECT pg_describe_object(classid, objid, 0), pg_describe_object(refclassid, refobjid, 0)
      FROM pg_depend WHERE deptype = 'x' ORDER BY 1, 2`
    expect(runSql(server, copy, states).trim().split('\n')).toHaveLength(7)
    expect(runSql(server, copy, states)).toBe(runSql(server, source, states))
  })
})
