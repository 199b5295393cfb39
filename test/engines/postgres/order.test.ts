import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { outerPostgresServers, servers } from '../../support/servers.ts'
import { dumpDifferences } from './restore.ts'
import { heldSnapshot, snapshotDifferences } from './round-trip.ts'

/** What must come first, in this order. */
const base = `
  CREATE SCHEMA s; CREATE EXTENSION btree_gist SCHEMA s; CREATE TABLE s.t (id integer NOT NULL, v text, w text, x integer, r int4range);
  CREATE TABLE s.parent (id integer NOT NULL, k integer) PARTITION BY LIST (k); CREATE TABLE s.other (id integer PRIMARY KEY);
  CREATE FUNCTION s.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE FUNCTION s.e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
  CREATE VIEW s.base AS SELECT 1 AS one; ALTER TABLE s.t OWNER TO role_a; GRANT USAGE ON SCHEMA s TO PUBLIC;
  GRANT SELECT, INSERT, UPDATE ON s.t TO role_b WITH GRANT OPTION; CREATE PUBLICATION pub; CREATE FOREIGN DATA WRAPPER w;
  CREATE TEXT SEARCH CONFIGURATION s.ts (PARSER = default);`

/** Statements of which none needs another, so that their order is no content. */
const independent = [
  'ALTER TABLE s.t ADD CONSTRAINT z_check CHECK (x > 0)',
  'ALTER TABLE s.t ADD CONSTRAINT a_check CHECK (x < 9)',
  'ALTER TABLE s.t ADD CONSTRAINT m_unique UNIQUE (v, w)',
  'ALTER TABLE s.t ADD CONSTRAINT b_unique UNIQUE (w, v)',
  'ALTER TABLE s.t ADD CONSTRAINT not_over EXCLUDE USING gist (r WITH &&)',
  'ALTER TABLE s.t ADD CONSTRAINT to_other FOREIGN KEY (x) REFERENCES s.other',
  'ALTER TABLE s.t ADD CONSTRAINT again_other FOREIGN KEY (id) REFERENCES s.other NOT VALID',
  'CREATE INDEX y_index ON s.t (v)',
  'CREATE INDEX c_index ON s.t (w) WHERE x > 1',
  'CREATE STATISTICS s.z_stat (ndistinct) ON v, w FROM s.t',
  'CREATE STATISTICS s.a_stat (dependencies) ON x, w FROM s.t',
  'CREATE TRIGGER z_trigger BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.f()',
  'CREATE TRIGGER a_trigger BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.f()',
  'CREATE POLICY z_policy ON s.t FOR SELECT TO role_c, role_b USING (true)',
  'CREATE POLICY a_policy ON s.t TO role_b USING (x = 1)',
  'CREATE RULE z_rule AS ON DELETE TO s.t DO ALSO NOTIFY z',
  'CREATE RULE a_rule AS ON DELETE TO s.t DO ALSO NOTIFY a',
  'ALTER TABLE s.t ALTER v SET STATISTICS 5',
  'ALTER TABLE s.t ALTER v SET (n_distinct = 4)',
  'ALTER TABLE s.t ALTER v SET (n_distinct_inherited = 5)',
  'ALTER TABLE s.t SET (fillfactor = 50)',
  'ALTER TABLE s.t SET (autovacuum_enabled = off)',
  "COMMENT ON COLUMN s.t.w IS 'w'",
  "COMMENT ON COLUMN s.t.v IS 'v'",
  "COMMENT ON TABLE s.t IS 't'",
  'CREATE TABLE s.part_2 PARTITION OF s.parent FOR VALUES IN (2, 3)',
  'CREATE TABLE s.part_1 PARTITION OF s.parent FOR VALUES IN (1)',
  'CREATE TABLE s.part_rest PARTITION OF s.parent DEFAULT',
  'CREATE INDEX parent_index ON s.parent (id)',
  'GRANT SELECT ON s.t TO role_c',
  'GRANT SELECT ON s.t TO PUBLIC',
  'GRANT DELETE ON s.t TO role_c',
  'SET ROLE role_b; GRANT SELECT ON s.t TO role_c; RESET ROLE',
  'SET ROLE role_b; GRANT INSERT ON s.t TO role_c; RESET ROLE',
  'GRANT UPDATE (id), SELECT (id) ON s.other TO role_c',
  'GRANT UPDATE (id) ON s.other TO role_b',
  'ALTER DEFAULT PRIVILEGES FOR ROLE role_a GRANT SELECT ON TABLES TO role_b',
  'ALTER DEFAULT PRIVILEGES FOR ROLE role_a IN SCHEMA s GRANT INSERT ON TABLES TO role_c',
  'ALTER DEFAULT PRIVILEGES FOR ROLE role_b REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC',
  'ALTER PUBLICATION pub ADD TABLE s.t',
  'ALTER PUBLICATION pub ADD TABLE ONLY s.other',
  "CREATE SERVER z_server FOREIGN DATA WRAPPER w OPTIONS (host 'h', dbname 'd')",
  "CREATE SERVER a_server FOREIGN DATA WRAPPER w OPTIONS (dbname 'd', host 'h')",
  "ALTER FOREIGN DATA WRAPPER w OPTIONS (z '1')",
  "ALTER FOREIGN DATA WRAPPER w OPTIONS (a '2')",
  'ALTER TEXT SEARCH CONFIGURATION s.ts ADD MAPPING FOR asciiword, word WITH simple',
  'ALTER TEXT SEARCH CONFIGURATION s.ts ADD MAPPING FOR email WITH english_stem, simple',
  "CREATE EVENT TRIGGER ev_z ON ddl_command_end WHEN TAG IN ('CREATE CAST', 'CREATE CONVERSION') EXECUTE FUNCTION s.e()",
  "CREATE EVENT TRIGGER ev_a ON ddl_command_end WHEN TAG IN ('CREATE CONVERSION') EXECUTE FUNCTION s.e()",
  'CREATE VIEW s.z_view AS SELECT one FROM s.base',
  'CREATE VIEW s.a_view AS SELECT one FROM s.base',
  "CREATE TYPE s.z_enum AS ENUM ('q', 'p')",
  'CREATE TYPE s.a_pair AS (a integer, b text)',
  'CREATE DOMAIN s.dom AS integer CONSTRAINT z_dom CHECK (VALUE > 0) CONSTRAINT a_dom CHECK (VALUE < 9)',
  "SELECT pg_catalog.set_config('x.y', 'z', false)",
  'INSERT INTO s.other VALUES (3)',
  'INSERT INTO s.other VALUES (1)',
  'INSERT INTO s.other VALUES (2)',
]

describe.each(outerPostgresServers)('%s: the order in which things were made', (name) => {
  const server = servers()[name]
  const suffix = randomBytes(4).toString('hex')
  const databases: string[] = []
  const withRoles = (script: string): string =>
    script.replaceAll(/\brole_[abc]\b/g, (role) => `${role}_${suffix}`)
  const make = (statements: readonly string[]): string => {
    const database = createDatabase(server)
    databases.push(database)
    runSql(
      server,
      database,
      withRoles(`${base}\n${statements.map((each) => `${each};`).join('\n')}`),
    )
    return database
  }

  beforeAll(() => {
    runSql(
      server,
      'postgres',
      `CREATE ROLE role_a_${suffix}; CREATE ROLE role_b_${suffix}; CREATE ROLE role_c_${suffix};`,
    )
  })

  afterAll(() => {
    for (const database of databases) dropDatabase(server, database)
    runSql(server, 'postgres', `DROP ROLE role_a_${suffix}, role_b_${suffix}, role_c_${suffix}`)
  })

  test('leaves no trace in the text', async () => {
    const forwards = make(independent)
    const first = await heldSnapshot(server.url(forwards))
    expect(first.schema.notCaptured).toEqual([])
    const backwards = make(independent.toReversed())
    expect(snapshotDifferences(first, await heldSnapshot(server.url(backwards)))).toEqual([])
    // The order did leave traces in the catalogs: pg_dump shows this one.
    expect(dumpDifferences(server, forwards, backwards)).toEqual([
      '-ALTER TABLE ONLY s.t ALTER COLUMN v SET (n_distinct=4, n_distinct_inherited=5);',
      '+ALTER TABLE ONLY s.t ALTER COLUMN v SET (n_distinct_inherited=5, n_distinct=4);',
    ])
    const odd = independent.filter((_, index) => index % 2 === 1)
    const even = independent.filter((_, index) => index % 2 === 0)
    const mixed = make([...even.toReversed(), ...odd])
    expect(snapshotDifferences(first, await heldSnapshot(server.url(mixed)))).toEqual([])
  })
})
