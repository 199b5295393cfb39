import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DbObject } from '../../../src/model.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { postgresFixture } from '../../support/postgres-fixtures.ts'
import {
  majorVersion,
  postgresServers,
  servers,
  type PostgresServer,
} from '../../support/servers.ts'
import { restore } from './restore.ts'
import { differingLines, heldSnapshot, keyText, type HeldSnapshot } from './round-trip.ts'

/** A way in which an older server renders the same definition: docs/format.md lists the same cases. */
interface Case {
  /** The last major version that does so. */
  readonly until: number
  /** Every object of the fixtures whose text differs from that of the newest server. */
  readonly objects: readonly string[]
  /** Whether a line, `-` of the older server or `+` of the newest, is an instance of it. */
  readonly explains: (line: string, all: readonly string[]) => boolean
}

const unqualified = (line: string): string =>
  line.slice(1).replaceAll(/(?<![\w".])("\w+"|\w+)\.(?=["\w])/g, '')

const cases: Readonly<Record<string, Case>> = {
  'columns of a query on one table are written with its name': {
    until: 15,
    objects: [
      'materialized_view app.mv',
      'view app.on_v',
      'view app.tree',
      'view app.v',
      'view h.b_view',
      'view h.grp',
      'view k.grouped',
    ],
    explains: (line, all) =>
      all.some(
        (other) =>
          other.slice(0, 1) !== line.slice(0, 1) && unqualified(other) === unqualified(line),
      ),
  },
  'NOT NULL has no name, and each child says it again': {
    until: 17,
    objects: [
      'table app.child',
      'table app.parts_2024',
      'table app.parts_2024_ab',
      'table app.parts_2024_rest',
      'table app.parts_2024_rest_0',
      'table app.parts_2024_rest_1',
      'table app.renamed_serials',
      'table h.grand',
      'table h.multi',
      'table h.refd1',
      'table h.refd2',
    ],
    explains: (line) => line.includes('NOT NULL'),
  },
  'a sequence of an unlogged table is logged': {
    until: 14,
    objects: ['sequence h.ul_s_seq'],
    explains: (line) => /^.CREATE (UNLOGGED )?SEQUENCE /.test(line),
  },
  'PUBLIC may create objects in a new schema public': {
    until: 14,
    objects: ['schema public'],
    explains: (line) => /^.REVOKE (ALL|USAGE) ON SCHEMA public FROM PUBLIC;$/.test(line),
  },
}

const newest = 'postgres18'

/** Kinds that the fixtures lack. */
const otherKinds = `
  CREATE SCHEMA k; SET search_path = k;
  CREATE FUNCTION k.stop() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
  CREATE EVENT TRIGGER stopping ON sql_drop WHEN TAG IN ('DROP CAST') EXECUTE FUNCTION k.stop();
  CREATE TYPE pair AS (a integer, b integer); CREATE TYPE span AS RANGE (SUBTYPE = numeric);
  CREATE FUNCTION same(pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'; CREATE OPERATOR === (LEFTARG = pair, RIGHTARG = pair, FUNCTION = same, COMMUTATOR = ===);
  CREATE FUNCTION compare(pair, pair) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 0';
  CREATE OPERATOR FAMILY fam USING btree; CREATE OPERATOR CLASS pairs FOR TYPE pair USING btree FAMILY fam AS OPERATOR 3 ===, FUNCTION 1 compare(pair, pair);
  CREATE FUNCTION to_pair(text) RETURNS pair LANGUAGE sql AS 'SELECT NULL::k.pair'; CREATE CAST (text AS pair) WITH FUNCTION to_pair(text) AS ASSIGNMENT;
  CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0'); CREATE COLLATION german (provider = icu, locale = 'de');
  CREATE CONVERSION conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8; CREATE ACCESS METHOD heaps TYPE TABLE HANDLER heap_tableam_handler;
  CREATE LANGUAGE mine HANDLER plpgsql_call_handler VALIDATOR plpgsql_validator;
  CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = simple, stopwords = english); CREATE TEXT SEARCH CONFIGURATION ts (COPY = english);
  ALTER TEXT SEARCH CONFIGURATION ts ALTER MAPPING FOR asciiword WITH dict;
  CREATE TEXT SEARCH TEMPLATE temp (INIT = dsimple_init, LEXIZE = dsimple_lexize);
  CREATE FOREIGN DATA WRAPPER wrap OPTIONS (a 'b'); CREATE SERVER far FOREIGN DATA WRAPPER wrap OPTIONS (host 'h');
  CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'u'); CREATE FOREIGN TABLE distant (a integer OPTIONS (x 'y') NOT NULL, b text) SERVER far OPTIONS (t 'u');
  CREATE TABLE t (id integer PRIMARY KEY, v text COMPRESSION pglz, p pair, s span); CREATE POLICY pol ON t USING (id > 0); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
  CREATE STATISTICS stats (ndistinct, mcv) ON id, v FROM t; CREATE STATISTICS expr ON (id + 1), v FROM t;
  CREATE PUBLICATION all_of FOR ALL TABLES WITH (publish = 'insert'); CREATE PUBLICATION several FOR TABLE t WITH (publish_via_partition_root);
  CREATE FUNCTION atomic(a integer) RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT max(id) FROM t WHERE id > a; SELECT count(*)::integer FROM t JOIN distant ON a = id; END;
  CREATE PROCEDURE proc(INOUT a integer, OUT b text) LANGUAGE plpgsql AS 'BEGIN b := 1; END';
  CREATE VIEW joined AS SELECT t.id, d.b FROM t JOIN distant d ON d.a = t.id; CREATE RULE r AS ON INSERT TO t DO ALSO DELETE FROM t WHERE id = new.id;
  CREATE VIEW grouped AS SELECT v, count(*) FILTER (WHERE id > 1) AS n, max(id) OVER w FROM t GROUP BY v, id WINDOW w AS (ORDER BY id ROWS 2 PRECEDING);
  CREATE VIEW listed AS WITH q AS MATERIALIZED (SELECT id FROM t) SELECT x.id, ARRAY[1, 2] && ARRAY[x.id] AS o, CASE WHEN x.id IS DISTINCT FROM 2 THEN 'a' END AS c FROM q x, LATERAL (SELECT x.id + 1) y(z);
  ALTER DEFAULT PRIVILEGES IN SCHEMA k GRANT SELECT ON TABLES TO PUBLIC; GRANT ALL ON t TO PUBLIC; GRANT SELECT (id) ON t TO PUBLIC;
  REVOKE EXECUTE ON FUNCTION same FROM PUBLIC; SELECT lo_from_bytea(4711, '\\x01');`

function title({ kind, schema, name }: DbObject): string {
  return `${kind} ${schema === undefined ? '' : `${schema}.`}${name}`
}

/** Everything that the files would hold of an object, save the name of the database. */
function linesOf(object: DbObject): readonly string[] {
  const { sql, sqlAfterRows = '', sqlCounters = '', dependsOn } = object
  const texts = [sql, '-- after the rows', sqlAfterRows, sqlCounters, ...dependsOn.map(keyText)]
  return texts.flatMap((text) => text.split('\n'))
}

/** The lines of each object in which two snapshots differ; in order as well as in content. */
function differencesOf(
  older: HeldSnapshot,
  newer: HeldSnapshot,
): ReadonlyMap<string, readonly string[]> {
  const before = new Map(older.schema.objects.map((object) => [keyText(object), object]))
  const after = new Map(newer.schema.objects.map((object) => [keyText(object), object]))
  const found = new Map<string, readonly string[]>()
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [left, right] = [before.get(key), after.get(key)]
    const lines = [left, right].map((object) => (object === undefined ? [] : linesOf(object)))
    const [old = [], now = []] = lines
    if (old.join('\n') === now.join('\n')) continue
    const object = right ?? left
    const differing = differingLines(old, now)
    found.set(object === undefined ? key : title(object), differing.length > 0 ? differing : old)
  }
  return found
}

describe('the same schema on every version', () => {
  const databases = new Map<PostgresServer, string>()
  const snapshots = new Map<PostgresServer, HeldSnapshot>()

  const made = (name: PostgresServer): string => {
    const database = createDatabase(servers()[name])
    databases.set(name, database)
    return database
  }
  const snapshotOf = (name: PostgresServer): HeldSnapshot => {
    const snapshot = snapshots.get(name)
    if (snapshot === undefined) throw new Error(`${name} was not read`)
    return snapshot
  }

  beforeAll(async () => {
    for (const name of postgresServers) {
      const database = made(name)
      for (const script of ['everything.sql', 'corners.sql'].map(postgresFixture))
        runSql(servers()[name], database, script)
      runSql(servers()[name], database, otherKinds)
      snapshots.set(name, await heldSnapshot(servers()[name].url(database)))
    }
  })

  afterAll(() => {
    for (const [name, database] of databases) dropDatabase(servers()[name], database)
  })

  test.each(postgresServers)('gives the same text on %s, save the cases listed', (name) => {
    const found = differencesOf(snapshotOf(name), snapshotOf(newest))
    const known = Object.values(cases).filter(({ until }) => majorVersion(name) <= until)
    const unexplained = [...found].flatMap(([object, lines]) =>
      lines
        .filter((line) => !known.some(({ explains }) => explains(line, lines)))
        .map((line) => `${object}: ${line}`),
    )
    expect(unexplained).toEqual([])
    expect([...found.keys()].toSorted()).toEqual(
      [...new Set(known.flatMap(({ objects }) => objects))].toSorted(),
    )
  })

  test.each(postgresServers)('gives the same rows on %s', (name) => {
    const texts = ({ rows }: HeldSnapshot): readonly (readonly [string, string])[] =>
      [...rows].map(([key, csv]) => [key, csv.toString()] as const)
    expect(texts(snapshotOf(name))).toEqual(texts(snapshotOf(newest)))
  })

  test('moves from the oldest to the newest server and is rendered as there', async () => {
    const server = servers()[newest]
    const copy = createDatabase(server)
    await restore(snapshotOf('postgres14'), server.url(copy))
    const moved = await heldSnapshot(server.url(copy))
    dropDatabase(server, copy)
    const lines = [...differencesOf(moved, snapshotOf(newest))].flatMap(([, each]) => each)
    // A line that is now the last of its list has lost its comma.
    const side = (sign: string): readonly string[] =>
      lines
        .filter((line) => line.startsWith(sign) && !line.includes('NOT NULL'))
        .map((line) => line.slice(1).replace(/,$/, ''))
    expect(differingLines(side('-'), side('+'))).toEqual([
      '-CREATE SEQUENCE h.ul_s_seq AS integer;',
      '+CREATE UNLOGGED SEQUENCE h.ul_s_seq AS integer;',
    ])
  })
})
