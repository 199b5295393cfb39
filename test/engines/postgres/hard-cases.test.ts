import { afterAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { majorVersion, outerPostgresServers, servers } from '../../support/servers.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot } from './round-trip.ts'

/** What PostgreSQL's own regression tests leave behind and nothing else has, one by one. */

const cases = [
  {
    title: 'functions made before and after a transform that they don’t use',
    since: 14,
    script: `CREATE FUNCTION before(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
      CREATE FUNCTION from_sql(internal) RETURNS internal LANGUAGE internal IMMUTABLE STRICT AS 'prsd_lextype';
      CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION from_sql(internal));
      CREATE FUNCTION after(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
  },
  {
    title: 'operators in a family of the server',
    since: 14,
    script: `CREATE TYPE other; CREATE FUNCTION other_in(cstring) RETURNS other STRICT IMMUTABLE LANGUAGE internal AS 'int8in';
      CREATE FUNCTION other_out(other) RETURNS cstring STRICT IMMUTABLE LANGUAGE internal AS 'int8out';
      CREATE TYPE other (INPUT = other_in, OUTPUT = other_out, LIKE = bigint);
      CREATE FUNCTION same(other, other) RETURNS boolean STRICT IMMUTABLE LANGUAGE internal AS 'int8eq';
      CREATE OPERATOR = (PROCEDURE = same, LEFTARG = other, RIGHTARG = other, COMMUTATOR = =, MERGES);
      ALTER OPERATOR FAMILY integer_ops USING btree ADD OPERATOR 3 = (other, other)`,
  },
  {
    title: 'a child that computes a column of two parents from one that comes later',
    since: 16,
    script: `CREATE TABLE one (a integer NOT NULL, b integer GENERATED ALWAYS AS (a * 2) STORED);
      CREATE TABLE two (x integer, b integer GENERATED ALWAYS AS (x * 22) STORED);
      CREATE TABLE child (b integer GENERATED ALWAYS AS (x + 1) STORED) INHERITS (one, two)`,
  },
  {
    title: 'partitions whose NOT NULL holds for new rows and has a name of its own',
    since: 18,
    script: `CREATE TABLE p (a integer, b integer) PARTITION BY LIST (a); ALTER TABLE p ADD CONSTRAINT parents NOT NULL a NOT VALID;
      CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 (a integer, CONSTRAINT own NOT NULL a, b integer);
      ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (2); CREATE TABLE p3 (a integer, b integer); INSERT INTO p3 VALUES (NULL, 1);
      ALTER TABLE p3 ADD CONSTRAINT late NOT NULL a NOT VALID; ALTER TABLE p ATTACH PARTITION p3 FOR VALUES IN (NULL, 3);
      CREATE TABLE q (a integer) PARTITION BY LIST (a); CREATE TABLE q1 PARTITION OF q FOR VALUES IN (NULL, 1); INSERT INTO q VALUES (NULL);
      ALTER TABLE q1 ADD CONSTRAINT mine NOT NULL a NOT VALID; ALTER TABLE q ADD CONSTRAINT theirs NOT NULL a NOT VALID`,
  },
  {
    title: 'a child of one parent whose NOT NULL is valid and one whose is not',
    since: 18,
    script: `CREATE TABLE lax (a integer); ALTER TABLE lax ADD CONSTRAINT for_new NOT NULL a NOT VALID; CREATE TABLE strict (a integer NOT NULL);
      CREATE TABLE both_of () INHERITS (lax, strict); CREATE TABLE one_of () INHERITS (lax)`,
  },
] as const

describe.each(outerPostgresServers)('%s: hard cases', (name) => {
  const server = servers()[name]
  const databases: string[] = []
  const make = (script = ''): string => {
    const database = createDatabase(server)
    databases.push(database)
    if (script !== '') runSql(server, database, script)
    return database
  }

  afterAll(() => {
    for (const database of databases) dropDatabase(server, database)
  })

  test.each(cases.filter(({ since }) => since <= majorVersion(name)))(
    '$title come back',
    async ({ script }) => {
      const source = make(script)
      const original = await heldSnapshot(server.url(source))
      expect(original.schema.notCaptured).toEqual([])
      const copy = make()
      await restore(original, server.url(copy))
      expect(await differences(server, original, source, copy)).toEqual([])
    },
  )
})
