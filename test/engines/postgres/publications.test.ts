import { afterAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { majorVersion, postgresServers, servers } from '../../support/servers.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot } from './round-trip.ts'

const tables = `
  CREATE SCHEMA a; CREATE SCHEMA "b c";
  CREATE TABLE a.t (id integer PRIMARY KEY, v text, "Odd" integer); CREATE TABLE a."T" (id integer); CREATE TABLE "b c".t (id integer);
  CREATE TABLE a.p (k integer) PARTITION BY LIST (k); CREATE TABLE a.p1 PARTITION OF a.p FOR VALUES IN (1); CREATE TABLE a.under () INHERITS (a.t);
  INSERT INTO a.t VALUES (1, 'x', 2);`

const inAllVersions = `
  CREATE PUBLICATION everything FOR ALL TABLES; CREATE PUBLICATION nothing; CREATE PUBLICATION "Odd ""name";
  CREATE PUBLICATION few FOR TABLE a.t, "b c".t, a."T" WITH (publish = 'delete, insert');
  CREATE PUBLICATION none FOR TABLE ONLY a.t WITH (publish = '', publish_via_partition_root = true);
  CREATE PUBLICATION parts FOR TABLE a.p1, a.p; COMMENT ON PUBLICATION few IS 'few'; ALTER PUBLICATION few OWNER TO $;`

const since15 = `
  CREATE PUBLICATION columns FOR TABLE a.t ("Odd", id), a.p (k) WHERE (k > 1), a."T" WHERE (id = 1 AND id < 7) WITH (publish_via_partition_root);
  CREATE PUBLICATION schemas FOR TABLES IN SCHEMA a, "b c", public; ALTER PUBLICATION schemas ADD TABLE a.t WHERE (v = 'it''s');`

const since18 = `
  CREATE TABLE a.g (id integer, twice integer GENERATED ALWAYS AS (id * 2) STORED);
  CREATE PUBLICATION generated FOR TABLE a.g WITH (publish_generated_columns = stored);
  CREATE PUBLICATION not_generated FOR TABLE a.g WITH (publish_generated_columns = none); CREATE PUBLICATION listed FOR TABLE a.g (twice);`

describe.each(postgresServers)('%s: publications', (name) => {
  const server = servers()[name]
  const databases: string[] = []
  const make = (): string => {
    const database = createDatabase(server)
    databases.push(database)
    return database
  }
  const role = `publications_${name}`
  const major = majorVersion(name)
  const script = [
    tables,
    inAllVersions.replaceAll('$', role),
    ...(major >= 15 ? [since15] : []),
    ...(major >= 18 ? [since18] : []),
  ].join('\n')

  afterAll(() => {
    for (const database of databases) dropDatabase(server, database)
    runSql(server, 'postgres', `DROP ROLE IF EXISTS ${role}`)
  })

  test('come back, and are taken out of a database that is replaced', async () => {
    const source = make()
    runSql(server, 'postgres', `CREATE ROLE ${role}`)
    runSql(server, source, script)
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    const copy = make()
    runSql(
      server,
      copy,
      `CREATE SCHEMA x; CREATE TABLE x.y (); CREATE PUBLICATION few FOR TABLE x.y; CREATE PUBLICATION z FOR ALL TABLES;`,
    )
    await restore(original, server.url(copy), { mode: 'replace' })
    expect(await differences(server, original, source, copy)).toEqual([])
  })

  test('change by one line when a table is added', async () => {
    const database = make()
    runSql(server, database, `${tables} CREATE PUBLICATION p FOR TABLE a."T", "b c".t;`)
    const text = async () => {
      const { objects } = (await heldSnapshot(server.url(database))).schema
      const found = objects.find(({ kind }) => kind === 'publication')
      return { ...found, lines: `${found?.sql}${found?.sqlAfterRows}`.split('\n') }
    }
    const before = await text()
    runSql(server, database, 'ALTER PUBLICATION p ADD TABLE ONLY a.t')
    const after = await text()
    expect(after.dependsOn).toEqual(before.dependsOn)
    expect(after.lines.filter((line) => !before.lines.includes(line))).toEqual([
      'ALTER PUBLICATION p ADD TABLE ONLY a.t;',
    ])
    expect(after.lines).toHaveLength(before.lines.length + 1)
  })
})
