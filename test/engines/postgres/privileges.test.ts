import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runSql } from '../../support/databases.ts'
import { majorVersion, postgresServers, servers } from '../../support/servers.ts'
import { Databases } from './filling.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot } from './round-trip.ts'

describe.each(postgresServers)('%s: privileges', (name) => {
  const server = servers()[name]
  const databases = new Databases(server)
  const suffix = randomBytes(4).toString('hex')
  const [own = '', a = '', b = '', c = '', d = ''] = ['own', 'a', 'b', 'c', 'd'].map(
    (role) => `"${role} ${suffix}"`,
  )

  beforeAll(() => {
    runSql(server, 'postgres', [own, a, b, c, d].map((role) => `CREATE ROLE ${role};`).join('\n'))
  })
  afterAll(() => {
    databases.dropAll()
    runSql(server, 'postgres', [own, a, b, c, d].map((role) => `DROP ROLE ${role};`).join('\n'))
  })

  const onDatabase = (statement: string): string =>
    `DO $do$ BEGIN EXECUTE format('${statement.replaceAll("'", "''")}', current_database()); END $do$;`

  const roundTrip = async (script: string): Promise<string> => {
    const source = databases.make(script)
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    const copy = databases.make()
    await restore(original, server.url(copy))
    expect(await differences(server, original, source, copy)).toEqual([])
    // Again over what is there: what was granted to system objects is taken back first.
    await restore(original, server.url(copy), { mode: 'replace' })
    expect(await differences(server, original, source, copy)).toEqual([])
    return original.schema.objects
      .map(({ sql, sqlAfterRows = '' }) => sql + sqlAfterRows)
      .join('')
      .replaceAll(` ${suffix}`, '')
  }

  test.each([
    [
      'chains of grantors, each for a privilege of its own',
      `CREATE TABLE t (x integer); ALTER TABLE t OWNER TO ${own}; GRANT USAGE ON SCHEMA public TO PUBLIC;
       GRANT INSERT, SELECT ON t TO ${a} WITH GRANT OPTION; GRANT INSERT ON t TO ${b} WITH GRANT OPTION;
       SET ROLE ${a}; GRANT SELECT ON t TO ${b} WITH GRANT OPTION; GRANT SELECT ON t TO PUBLIC;
       SET ROLE ${b}; GRANT SELECT, INSERT ON t TO ${c}; RESET ROLE; GRANT SELECT ON t TO ${c};
       SET ROLE ${b}; GRANT SELECT ON t TO ${d} WITH GRANT OPTION; SET ROLE ${d}; GRANT SELECT ON t TO ${c}; RESET ROLE;`,
    ],
    [
      'owners without rights, PUBLIC without rights, no rights at all',
      `CREATE TABLE t (x integer); ALTER TABLE t OWNER TO ${own}; REVOKE ALL ON t FROM ${own};
       CREATE TABLE u (x integer); ALTER TABLE u OWNER TO ${own}; REVOKE TRUNCATE, DELETE ON u FROM ${own}; GRANT DELETE ON u TO ${a} WITH GRANT OPTION;
       CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION f() FROM PUBLIC, postgres;
       CREATE TYPE e AS ENUM ('x'); REVOKE ALL ON TYPE e FROM PUBLIC; GRANT USAGE ON TYPE e TO ${a};
       CREATE DOMAIN dom AS integer; REVOKE ALL ON DOMAIN dom FROM PUBLIC, postgres;
       CREATE SEQUENCE s; GRANT USAGE ON s TO ${a}; GRANT SELECT, UPDATE ON s TO ${a} WITH GRANT OPTION; REVOKE ALL ON s FROM postgres;
       CREATE SCHEMA own AUTHORIZATION ${own}; REVOKE CREATE ON SCHEMA own FROM ${own}; REVOKE ALL ON SCHEMA public FROM PUBLIC;
       ${majorVersion(name) < 17 ? '' : `CREATE TABLE w (x integer); GRANT MAINTAIN ON w TO ${a} WITH GRANT OPTION; GRANT ALL ON w TO ${b}; REVOKE MAINTAIN ON w FROM postgres;`}`,
    ],
    [
      'columns, with and without the whole table',
      `CREATE TABLE t (x integer, "Y z" integer, w integer); ALTER TABLE t OWNER TO ${own};
       GRANT SELECT (x, "Y z"), UPDATE ("Y z") ON t TO ${a}; GRANT ALL (w) ON t TO ${b} WITH GRANT OPTION; GRANT SELECT (x) ON t TO PUBLIC;
       SET ROLE ${b}; GRANT SELECT (w), UPDATE (w) ON t TO ${c}; RESET ROLE; GRANT SELECT ON t TO ${a};
       CREATE VIEW v AS SELECT x FROM t; GRANT UPDATE (x) ON v TO ${c};`,
    ],
    [
      'defaults, of the database and of schemas',
      `CREATE SCHEMA s; ALTER DEFAULT PRIVILEGES FOR ROLE ${own} GRANT SELECT ON TABLES TO ${a};
       ALTER DEFAULT PRIVILEGES FOR ROLE ${own} REVOKE INSERT, DELETE ON TABLES FROM ${own};
       ALTER DEFAULT PRIVILEGES FOR ROLE ${own} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
       ALTER DEFAULT PRIVILEGES FOR ROLE ${own} REVOKE ALL ON TYPES FROM PUBLIC, ${own};
       ALTER DEFAULT PRIVILEGES FOR ROLE ${own} GRANT USAGE ON SCHEMAS TO ${a} WITH GRANT OPTION;
       ALTER DEFAULT PRIVILEGES FOR ROLE ${own} IN SCHEMA s GRANT ALL ON TABLES TO ${own}; 
       ALTER DEFAULT PRIVILEGES FOR ROLE ${own} IN SCHEMA s GRANT SELECT ON SEQUENCES TO ${a}, PUBLIC;
       ALTER DEFAULT PRIVILEGES FOR ROLE ${own} IN SCHEMA s GRANT SELECT ON SEQUENCES TO ${b} WITH GRANT OPTION;
       ALTER DEFAULT PRIVILEGES FOR ROLE ${own} IN SCHEMA s GRANT EXECUTE ON ROUTINES TO ${b};
       ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT USAGE ON TYPES TO ${c};
       ${majorVersion(name) < 18 ? '' : `ALTER DEFAULT PRIVILEGES FOR ROLE ${own} GRANT SELECT ON LARGE OBJECTS TO ${a};`}
       CREATE TABLE s.before_restore (x integer);`,
    ],
    [
      'the database and its settings',
      `${onDatabase(`GRANT CREATE ON DATABASE %I TO ${a} WITH GRANT OPTION`)} ${onDatabase('REVOKE TEMPORARY, CONNECT ON DATABASE %I FROM PUBLIC')}
       SET ROLE ${a}; ${onDatabase(`GRANT CREATE ON DATABASE %I TO ${b}`)} RESET ROLE;
       ${onDatabase(`ALTER DATABASE %I SET "app.user" TO 'a ''b'' %% c'`)} ${onDatabase(`ALTER ROLE ${d} IN DATABASE %I SET search_path TO "A b", public`)}
       ${onDatabase(`ALTER ROLE ${d} IN DATABASE %I SET role TO ${a}`)} ${onDatabase(`COMMENT ON DATABASE %I IS '100%% "x" $database$ ; $database1$'`)}`,
    ],
    [
      'objects of the server and members of extensions',
      `CREATE EXTENSION citext; CREATE EXTENSION pgcrypto; CREATE EXTENSION postgres_fdw;
       REVOKE ALL ON FUNCTION pg_catalog.pg_sleep(float8) FROM PUBLIC; GRANT EXECUTE ON FUNCTION pg_catalog.pg_sleep(float8) TO ${a};
       GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text) TO ${a} WITH GRANT OPTION;
       SET ROLE ${a}; GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text) TO ${b}; RESET ROLE;
       GRANT SELECT (rolname, oid) ON pg_catalog.pg_authid TO ${b}; REVOKE SELECT ON TABLE pg_catalog.pg_proc FROM PUBLIC; GRANT SELECT (oid) ON pg_catalog.pg_proc TO PUBLIC;
       REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC; GRANT CREATE ON SCHEMA pg_catalog TO ${c}; REVOKE USAGE ON TYPE pg_catalog.money FROM PUBLIC;
       REVOKE ALL ON FUNCTION public.digest(text, text) FROM PUBLIC; GRANT EXECUTE ON FUNCTION public.digest(text, text) TO ${b};
       REVOKE ALL ON TYPE public.citext FROM PUBLIC; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${c};
       REVOKE EXECUTE ON FUNCTION public.min(public.citext) FROM PUBLIC;`,
    ],
  ])('%s come back', async (_, script) => {
    await roundTrip(script)
  })

  test('are a line for each that was granted, in an order of their own', async () => {
    const script = (first: string, second: string): string =>
      `CREATE TABLE t (x integer); ALTER TABLE t OWNER TO ${own}; GRANT SELECT ON t TO ${first}; GRANT SELECT ON t TO ${second};
       GRANT INSERT ON t TO ${a} WITH GRANT OPTION; SET ROLE ${a}; GRANT INSERT ON t TO ${c};`
    const text = await roundTrip(script(a, b))
    expect(text).toBe(await roundTrip(script(b, a)))
    expect(text).toContain(
      [
        'GRANT SELECT ON TABLE public.t TO a;',
        'GRANT INSERT ON TABLE public.t TO a WITH GRANT OPTION;',
        'GRANT SELECT ON TABLE public.t TO b;',
        'SET ROLE a;',
        'GRANT INSERT ON TABLE public.t TO c;',
        'RESET ROLE;',
      ]
        .map((line) => line.replace(/(TO|ROLE) ([abc])\b/, '$1 "$2"'))
        .join('\n'),
    )
  })

  test('of information_schema, which pg_dump forgets, come back too', async () => {
    const text = await roundTrip(
      `REVOKE SELECT ON information_schema.tables FROM PUBLIC; GRANT SELECT ON information_schema.tables TO ${a};
       REVOKE ALL ON SCHEMA information_schema FROM PUBLIC;`,
    )
    expect(text).toContain('REVOKE SELECT ON TABLE information_schema.tables FROM PUBLIC;')
    expect(text).toContain('REVOKE USAGE ON SCHEMA information_schema FROM PUBLIC;')
  })

  test('that nobody touched leave no text', async () => {
    const text = await roundTrip('CREATE EXTENSION pg_stat_statements; CREATE EXTENSION citext;')
    expect(text).not.toMatch(/GRANT|REVOKE/)
  })
})
