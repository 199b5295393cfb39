import { afterAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { postgresServers, servers } from '../../support/servers.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot, withoutSecrets } from './round-trip.ts'

/** Statements that make everything that is foreign; `$` stands for the name of a role. */
const everything = `
  CREATE SCHEMA a; CREATE SCHEMA "b c";
  CREATE FUNCTION a.check_options(text[], oid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
  CREATE FOREIGN DATA WRAPPER dummy;
  CREATE FOREIGN DATA WRAPPER "Odd Name" VALIDATOR postgresql_fdw_validator;
  CREATE FOREIGN DATA WRAPPER own VALIDATOR a.check_options OPTIONS (z 'last', "A b" 'it''s \\', password 'canary-1');
  ALTER FOREIGN DATA WRAPPER own OWNER TO $_super; COMMENT ON FOREIGN DATA WRAPPER own IS 'mine';
  GRANT USAGE ON FOREIGN DATA WRAPPER own TO PUBLIC; GRANT USAGE ON FOREIGN DATA WRAPPER dummy TO $ WITH GRANT OPTION;
  CREATE EXTENSION postgres_fdw SCHEMA "b c"; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO $;
  CREATE SERVER s1 FOREIGN DATA WRAPPER dummy;
  CREATE SERVER "S 2" TYPE 'a type' VERSION '1.0''' FOREIGN DATA WRAPPER own OPTIONS (url 'https://u:canary-2@h/x', host 'h');
  ALTER SERVER "S 2" OWNER TO $; COMMENT ON SERVER "S 2" IS 'far away';
  GRANT USAGE ON FOREIGN SERVER "S 2" TO PUBLIC; REVOKE ALL ON FOREIGN SERVER s1 FROM postgres;
  CREATE SERVER pg FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'localhost', dbname 'd', fetch_size '7');
  CREATE USER MAPPING FOR PUBLIC SERVER s1; CREATE USER MAPPING FOR $ SERVER s1;
  CREATE USER MAPPING FOR $ SERVER pg OPTIONS ("user" 'someone', password 'canary-3');
  CREATE USER MAPPING FOR PUBLIC SERVER "S 2" OPTIONS (username 'u', other 'canary-4');
  CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
  CREATE FOREIGN TABLE a.file (line text) SERVER files OPTIONS (program 'curl https://u:canary-7@h', format 'text');
  CREATE FOREIGN TABLE a.empty () SERVER s1;
  CREATE TYPE a.mood AS ENUM ('sad', 'ok');
  CREATE FOREIGN TABLE a.ft (
    c1 integer OPTIONS (column_name 'col1', key 'true') NOT NULL, c2 text OPTIONS (token 'canary-5', b 'x') COLLATE "C" DEFAULT 'a' CHECK (c2 <> ''),
    c3 integer GENERATED ALWAYS AS (c1 * 2) STORED, c4 a.mood DEFAULT 'ok', c5 serial, gone integer, CONSTRAINT "both" CHECK (c1 > 0 AND c4 IS NOT NULL) NO INHERIT
  ) SERVER "S 2" OPTIONS (schema_name 'x1', table_name 'y', secret_key 'canary-6');
  ALTER FOREIGN TABLE a.ft DROP COLUMN gone; ALTER FOREIGN TABLE a.ft ADD CONSTRAINT later CHECK (c1 < 9) NOT VALID;
  ALTER FOREIGN TABLE a.ft ALTER c2 SET STORAGE EXTERNAL; ALTER FOREIGN TABLE a.ft ALTER c1 SET STATISTICS 7;
  ALTER FOREIGN TABLE a.ft ALTER c1 SET (n_distinct = 5); ALTER FOREIGN TABLE a.ft OWNER TO $;
  COMMENT ON FOREIGN TABLE a.ft IS 'foreign'; COMMENT ON COLUMN a.ft.c1 IS 'one'; COMMENT ON CONSTRAINT "both" ON a.ft IS 'b';
  GRANT SELECT ON a.ft TO PUBLIC; GRANT UPDATE (c1) ON a.ft TO PUBLIC;
  CREATE STATISTICS a.st ON c1, c2 FROM a.ft;
  CREATE FUNCTION a.tr() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER t1 BEFORE INSERT OR UPDATE OF c1 ON a.ft FOR EACH ROW WHEN (NEW.c1 > 1) EXECUTE FUNCTION a.tr();
  ALTER FOREIGN TABLE a.ft DISABLE TRIGGER t1; COMMENT ON TRIGGER t1 ON a.ft IS 't';
  CREATE VIEW a.seen AS SELECT c1, c4 FROM a.ft;
  CREATE TABLE a.parent (id integer NOT NULL, k integer, CHECK (id > 0)); CREATE FOREIGN TABLE a.child (more text OPTIONS (o 'p')) INHERITS (a.parent) SERVER s1;
  ALTER FOREIGN TABLE a.child ALTER id OPTIONS (ADD column_name 'x'); ALTER FOREIGN TABLE a.child ALTER k SET DEFAULT 4;
  CREATE TABLE a.under_foreign () INHERITS (a.child);
  CREATE TABLE a.p (k integer NOT NULL, v text DEFAULT 'x') PARTITION BY LIST (k); CREATE INDEX ON a.p (v);
  CREATE FOREIGN TABLE a.p1 PARTITION OF a.p (v DEFAULT 'y') FOR VALUES IN (1) SERVER s1 OPTIONS (q 'r');
  CREATE FOREIGN TABLE a.p2 (v text, k integer OPTIONS (n 'm') NOT NULL) SERVER s1; ALTER TABLE a.p ATTACH PARTITION a.p2 DEFAULT;
  CREATE TABLE a.p3 PARTITION OF a.p FOR VALUES IN (3) PARTITION BY LIST (v); CREATE FOREIGN TABLE a.p31 PARTITION OF a.p3 DEFAULT SERVER s1;
  CREATE TRIGGER t2 AFTER UPDATE ON a.p FOR EACH ROW EXECUTE FUNCTION a.tr();
  INSERT INTO a.p3 SELECT WHERE false;
`

describe.each(postgresServers)('%s: what is foreign', (name) => {
  const server = servers()[name]
  const databases: string[] = []
  const make = (): string => {
    const database = createDatabase(server)
    databases.push(database)
    return database
  }
  const role = `foreign_${name}`

  afterAll(() => {
    for (const database of databases) dropDatabase(server, database)
    runSql(server, 'postgres', `DROP ROLE IF EXISTS ${role}; DROP ROLE IF EXISTS ${role}_super`)
  })

  test('comes back with its secrets, which no shared text holds', async () => {
    const source = make()
    runSql(server, 'postgres', `CREATE ROLE ${role}; CREATE ROLE ${role}_super SUPERUSER`)
    runSql(server, source, everything.replaceAll('$', role))
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    const shared = withoutSecrets(original)
    expect(JSON.stringify(shared)).not.toContain('canary')
    const secrets = original.schema.objects.map(({ sqlSecrets = '' }) => sqlSecrets).join('')
    for (const number of [1, 2, 3, 4, 5, 6, 7]) expect(secrets).toContain(`canary-${number}`)
    expect(JSON.stringify(shared)).toContain("program ''")
    const copy = make()
    await restore(original, server.url(copy))
    expect(await differences(server, original, source, copy)).toEqual([])
  })
})
