import { afterAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { postgresServers, servers } from '../../support/servers.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot } from './round-trip.ts'

const everything = `
  CREATE SCHEMA app; CREATE SCHEMA "Odd"; CREATE ROLE aggregate_owner; CREATE ROLE aggregate_user; GRANT ALL ON SCHEMA app TO aggregate_owner;
  CREATE EXTENSION citext;
  CREATE TYPE app.pair AS (a integer, b integer);
  CREATE FUNCTION app.keep(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT coalesce($1, $2)';
  CREATE FUNCTION app.show(integer, integer) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
  CREATE FUNCTION app.show(integer) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
  CREATE FUNCTION app.collect(app.pair[], app.pair) RETURNS app.pair[] LANGUAGE sql IMMUTABLE AS 'SELECT array_append($1, $2)';
  CREATE FUNCTION app.any_step(anyarray, anyelement) RETURNS anyarray LANGUAGE sql IMMUTABLE AS 'SELECT array_append($1, $2)';
  CREATE FUNCTION app.any_end(anyarray) RETURNS anyelement LANGUAGE sql IMMUTABLE AS 'SELECT $1[1]';
  CREATE FUNCTION app.compatible(anycompatiblearray, anycompatible) RETURNS anycompatiblearray LANGUAGE sql IMMUTABLE AS 'SELECT $1';
  CREATE FUNCTION app.many(text, VARIADIC text[]) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';
  CREATE FUNCTION app.any_many(integer, VARIADIC "any") RETURNS integer LANGUAGE internal IMMUTABLE AS 'int4um';
  CREATE FUNCTION "Odd"."Step it"(bigint, "First" integer, second text) RETURNS bigint LANGUAGE sql AS 'SELECT $1 + $2';
  CREATE FUNCTION app.cut(internal, double precision) RETURNS double precision LANGUAGE internal AS 'percentile_disc_final';
  CREATE FUNCTION app.rank_end(internal, integer, integer) RETURNS bigint LANGUAGE internal AS 'hypothetical_rank_final';
  CREATE OPERATOR app.<< (FUNCTION = int4lt, LEFTARG = integer, RIGHTARG = integer);

  CREATE AGGREGATE app.newavg (SFUNC = int4_avg_accum, BASETYPE = integer, STYPE = bigint[], FINALFUNC = int8_avg, FINALFUNC_MODIFY = SHAREABLE, INITCOND1 = '{0,0}');
  CREATE AGGREGATE app.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0', SSPACE = 16, COMBINEFUNC = int4pl, PARALLEL = SAFE);
  CREATE AGGREGATE app.counted(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0', PARALLEL = RESTRICTED);
  CREATE AGGREGATE app.firstly(integer) (SFUNC = app.keep, STYPE = integer, FINALFUNC = app.show, FINALFUNC_EXTRA);
  CREATE AGGREGATE app.write(integer) (SFUNC = app.keep, STYPE = integer, FINALFUNC = app.show, FINALFUNC_MODIFY = READ_WRITE);
  CREATE AGGREGATE app.mode_alone(integer) (SFUNC = app.keep, STYPE = integer, FINALFUNC_EXTRA, FINALFUNC_MODIFY = READ_WRITE, MFINALFUNC_MODIFY = SHAREABLE);
  CREATE AGGREGATE app.moving(integer) (SFUNC = int4pl, STYPE = integer, MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = integer, MSSPACE = 8,
    MFINALFUNC = app.show, MFINALFUNC_EXTRA, MFINALFUNC_MODIFY = READ_WRITE, MINITCOND = '1', INITCOND = ' 2', FINALFUNC = app.show, FINALFUNC_EXTRA);
  CREATE AGGREGATE app.serial(numeric) (SFUNC = numeric_avg_accum, STYPE = internal, SSPACE = 128, FINALFUNC = numeric_avg,
    COMBINEFUNC = numeric_avg_combine, SERIALFUNC = numeric_avg_serialize, DESERIALFUNC = numeric_avg_deserialize, PARALLEL = SAFE);
  CREATE AGGREGATE app.smallest(integer) (SFUNC = int4smaller, STYPE = integer, SORTOP = OPERATOR(app.<<));
  CREATE AGGREGATE app.largest(integer) (SFUNC = int4larger, STYPE = integer, SORTOP = >);
  CREATE AGGREGATE app.pairs(app.pair) (SFUNC = app.collect, STYPE = app.pair[], INITCOND = '{}');
  CREATE AGGREGATE app.first_of(anyelement) (SFUNC = app.any_step, STYPE = anyarray, FINALFUNC = app.any_end, INITCOND = '{}');
  CREATE AGGREGATE app.compatibles(anycompatible) (SFUNC = app.compatible, STYPE = anycompatiblearray);
  CREATE AGGREGATE app.joined(VARIADIC items text[]) (SFUNC = app.many, STYPE = text, INITCOND = 'it''s "so", \\');
  CREATE AGGREGATE app.any_number(VARIADIC "any") (SFUNC = app.any_many, STYPE = integer, INITCOND = '0');
  CREATE AGGREGATE "Odd"."Sum up"("First" integer, second text) (SFUNC = "Odd"."Step it", STYPE = bigint);
  CREATE AGGREGATE app.cut_at(double precision ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA, FINALFUNC_MODIFY = SHAREABLE);
  CREATE AGGREGATE app.place(p double precision ORDER BY x double precision) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = app.cut, FINALFUNC_MODIFY = READ_ONLY);
  CREATE AGGREGATE app.mode_of(ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = mode_final, FINALFUNC_EXTRA);
  CREATE AGGREGATE app.ranked(VARIADIC "any" ORDER BY VARIADIC "any") (SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = rank_final, FINALFUNC_EXTRA, HYPOTHETICAL);
  CREATE AGGREGATE app.ranked_one(integer ORDER BY integer) (SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = app.rank_end, FINALFUNC_EXTRA, HYPOTHETICAL, PARALLEL = SAFE);

  COMMENT ON AGGREGATE app.counted(*) IS 'all of them';
  COMMENT ON AGGREGATE app.ranked(VARIADIC "any" ORDER BY VARIADIC "any") IS 'it''s the rank';
  COMMENT ON AGGREGATE app.cut_at(double precision ORDER BY anyelement) IS 'cut';
  ALTER AGGREGATE app.place(p double precision ORDER BY x double precision) OWNER TO aggregate_owner;
  ALTER AGGREGATE app.counted(*) OWNER TO aggregate_owner;
  REVOKE ALL ON FUNCTION app.counted() FROM PUBLIC; GRANT EXECUTE ON FUNCTION app.counted() TO aggregate_user WITH GRANT OPTION;
  REVOKE ALL ON FUNCTION app.cut_at(double precision, anyelement) FROM PUBLIC; GRANT EXECUTE ON FUNCTION app.cut_at(double precision, anyelement) TO aggregate_user;
  GRANT EXECUTE ON FUNCTION app.ranked(VARIADIC "any") TO aggregate_user;
  GRANT EXECUTE ON FUNCTION app.joined(VARIADIC text[]) TO aggregate_user;
  ALTER ROUTINE app.total(integer) DEPENDS ON EXTENSION citext;
  ALTER ROUTINE app.cut_at(double precision, anyelement) DEPENDS ON EXTENSION citext;
  CREATE TABLE app.numbers (n integer, f double precision); INSERT INTO app.numbers VALUES (1, 1), (2, 2);
  CREATE VIEW app.totals AS SELECT app.total(n) AS total, app.counted(*) AS number, app.ranked(2) WITHIN GROUP (ORDER BY n) AS rank FROM app.numbers;
  CREATE MATERIALIZED VIEW app.moved AS SELECT app.total(n) OVER (ORDER BY n ROWS 1 PRECEDING) AS sum FROM app.numbers;`

describe.each(postgresServers)('%s: aggregates', (name) => {
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
    runSql(
      server,
      'postgres',
      'DROP ROLE IF EXISTS aggregate_owner; DROP ROLE IF EXISTS aggregate_user',
    )
  })

  test('aggregates of every form come back', async () => {
    const source = make(everything)
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    expect(original.schema.warnings).toEqual([])
    const copy = make()
    await restore(original, server.url(copy))
    expect(await differences(server, original, source, copy)).toEqual([])
    const stored = `SELECT aggfnoid::regprocedure, to_jsonb(a) - '{aggfnoid,aggsortop,aggtranstype,aggmtranstype}'::text[], aggsortop::regoperator
      FROM pg_aggregate a WHERE aggfnoid >= 16384 ORDER BY aggfnoid::regprocedure::text COLLATE "C"`
    expect(runSql(server, copy, stored)).toBe(runSql(server, source, stored))
  })

  test('an option has a line, in the order of the documentation', async () => {
    const database = make(`CREATE AGGREGATE public.total(integer)
      (PARALLEL = SAFE, INITCOND = '0', SORTOP = <, SSPACE = 16, COMBINEFUNC = int4pl, STYPE = integer, SFUNC = int4pl)`)
    const { schema } = await heldSnapshot(server.url(database))
    expect(schema.objects.find(({ name: object }) => object === 'total')?.sql)
      .toBe(`CREATE AGGREGATE public.total(integer) (
  SFUNC = int4pl,
  STYPE = integer,
  SSPACE = 16,
  COMBINEFUNC = int4pl,
  INITCOND = '0',
  SORTOP = OPERATOR(pg_catalog.<),
  PARALLEL = SAFE
);
ALTER AGGREGATE public.total(integer) OWNER TO postgres;
`)
  })
})
