import { afterAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { postgresServers, servers } from '../../support/servers.ts'
import { operatorCatalogs, operatorForms } from './operator-forms.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot, type HeldSnapshot } from './round-trip.ts'

describe.each(postgresServers)('%s: operators and what indexes use', (name) => {
  const server = servers()[name]
  const databases: string[] = []
  const make = (...statements: readonly string[]): string => {
    const database = createDatabase(server)
    databases.push(database)
    for (const statement of statements) runSql(server, database, statement)
    return database
  }
  const roles = ['operator_owner', 'shell_owner', 'class_owner', 'lost_owner']
  const original = async (database: string): Promise<HeldSnapshot> =>
    await heldSnapshot(server.url(database))

  afterAll(() => {
    for (const database of databases) dropDatabase(server, database)
    for (const role of roles) runSql(server, 'postgres', `DROP ROLE IF EXISTS ${role}`)
  })

  test.each(operatorForms)('%s come back', async (_, script) => {
    const source = make(script)
    const before = await original(source)
    expect(before.schema.notCaptured).toEqual([])
    expect(before.schema.warnings).toEqual([])
    const copy = make()
    await restore(before, server.url(copy))
    expect(await differences(server, before, source, copy)).toEqual([])
    expect(runSql(server, copy, operatorCatalogs)).toBe(runSql(server, source, operatorCatalogs))
  })

  test('operators and classes read as their authors write them', async () => {
    const { schema } = await original(
      make(`CREATE SCHEMA app; CREATE OPERATOR app.~ (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(app.~), RESTRICT = eqsel, HASHES);
        CREATE OPERATOR CLASS app.words FOR TYPE text[] USING gin AS
          OPERATOR 1 && (anyarray, anyarray), STORAGE text, FUNCTION 1 bttextcmp(text, text), FUNCTION 2 ginarrayextract(anyarray, internal, internal),
          FUNCTION 3 ginqueryarrayextract(anyarray, internal, smallint, internal, internal, internal, internal),
          FUNCTION 4 ginarrayconsistent(internal, smallint, anyarray, integer, internal, internal, internal, internal);
        CREATE OPERATOR FAMILY app.numbers USING btree;
        CREATE OPERATOR CLASS app.whole FOR TYPE integer USING btree FAMILY app.numbers AS
          OPERATOR 1 <, FUNCTION 1 btint4cmp(integer, integer), FUNCTION 2 btint4sortsupport(internal);
        ALTER OPERATOR FAMILY app.numbers USING btree ADD OPERATOR 1 < (integer, bigint), FUNCTION 1 (integer, bigint) btint48cmp(integer, bigint);`),
    )
    const texts = schema.objects.filter(({ kind }) => kind.startsWith('operator'))
    expect(texts.map(({ sql }) => sql).join('\n')).toBe(`CREATE OPERATOR app.~ (
  FUNCTION = int4eq,
  LEFTARG = integer,
  RIGHTARG = integer,
  COMMUTATOR = OPERATOR(app.~),
  RESTRICT = eqsel,
  HASHES
);
ALTER OPERATOR app.~ (integer, integer) OWNER TO postgres;

CREATE OPERATOR FAMILY app.numbers USING btree;
ALTER OPERATOR FAMILY app.numbers USING btree ADD
  OPERATOR 1 < (integer, bigint),
  FUNCTION 1 (integer, bigint) btint48cmp(integer, bigint);
ALTER OPERATOR FAMILY app.numbers USING btree OWNER TO postgres;

CREATE OPERATOR FAMILY app.words USING gin;
ALTER OPERATOR FAMILY app.words USING gin ADD
  OPERATOR 1 && (anyarray, anyarray);
ALTER OPERATOR FAMILY app.words USING gin OWNER TO postgres;

CREATE OPERATOR CLASS app.whole
  FOR TYPE integer USING btree FAMILY app.numbers AS
  OPERATOR 1 <,
  FUNCTION 1 btint4cmp(integer, integer),
  FUNCTION 2 btint4sortsupport(internal);
ALTER OPERATOR CLASS app.whole USING btree OWNER TO postgres;

CREATE OPERATOR CLASS app.words
  FOR TYPE text[] USING gin AS
  FUNCTION 1 bttextcmp(text, text),
  FUNCTION 2 ginarrayextract(anyarray, internal, internal),
  FUNCTION 3 ginqueryarrayextract(anyarray, internal, smallint, internal, internal, internal, internal),
  FUNCTION 4 ginarrayconsistent(internal, smallint, anyarray, integer, internal, internal, internal, internal),
  STORAGE text;
ALTER OPERATOR CLASS app.words USING gin OWNER TO postgres;
`)
  })

  test('a lost link, member or owner would be seen', async () => {
    const source = make(`CREATE ROLE lost_owner; CREATE SCHEMA app;
      CREATE OPERATOR app.<< (FUNCTION = int4lt, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(app.>>));
      ALTER OPERATOR app.>> (integer, integer) OWNER TO lost_owner;
      CREATE OPERATOR CLASS app.whole FOR TYPE integer USING btree AS OPERATOR 1 <, FUNCTION 1 btint4cmp(integer, integer);`)
    const before = await original(source)
    const damaged = before.schema.objects.map((object) => ({
      ...object,
      sql: object.sql
        .replace(/^.*lost_owner;\n/m, '')
        .replace(/,\n {2}COMMUTATOR.*$/m, '')
        .replace('  OPERATOR 1 <,\n', ''),
    }))
    const copy = make()
    await restore({ ...before, schema: { ...before.schema, objects: damaged } }, server.url(copy))
    const found = await differences(server, before, source, copy)
    expect(found).toContain('-    COMMUTATOR = OPERATOR(app.>>)')
    expect(found).toContain('-    OPERATOR 1 <(integer,integer) ,')
    expect(runSql(server, copy, operatorCatalogs)).not.toBe(
      runSql(server, source, operatorCatalogs),
    )
  })
})
