import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgres } from '../../../src/engines/postgres/index.ts'
import { runSql } from '../../support/databases.ts'
import { postgresServers, servers } from '../../support/servers.ts'
import { Databases, failureOf } from './filling.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot, keyText } from './round-trip.ts'

describe.each(postgresServers)('%s: what users change in an extension', (name) => {
  const server = servers()[name]
  const databases = new Databases(server)
  const extension = `settings_${randomBytes(4).toString('hex')}`
  const shared = runSql(server, 'postgres', `SELECT setting FROM pg_config WHERE name = 'SHAREDIR'`)
  const files = Object.entries({
    [`${extension}.control`]: `default_version = '1'\nrelocatable = false\nschema = 'Ext'\n`,
    [`${extension}--1.sql`]: `
      CREATE TABLE a_value (id serial PRIMARY KEY, topic text, number integer GENERATED ALWAYS AS (id * 2) STORED);
      CREATE TABLE topic (name text PRIMARY KEY, is_own boolean DEFAULT true);
      ALTER TABLE a_value ADD FOREIGN KEY (topic) REFERENCES topic;
      INSERT INTO topic VALUES ('of the extension', false); CREATE TABLE inner_state (n integer); CREATE TABLE bare (n integer);
      INSERT INTO inner_state VALUES (1); GRANT SELECT ON topic TO PUBLIC;
      GRANT SELECT (id), UPDATE (topic) ON a_value TO PUBLIC; GRANT USAGE ON SEQUENCE a_value_id_seq TO PUBLIC;
      CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION two() RETURNS integer LANGUAGE sql AS 'SELECT 2';
      CREATE FUNCTION three() RETURNS integer LANGUAGE sql AS 'SELECT 3'; REVOKE ALL ON FUNCTION three() FROM PUBLIC;
      GRANT ALL ON FUNCTION one(), two(), three() TO pg_monitor WITH GRANT OPTION;
      SELECT pg_extension_config_dump('a_value', ''); SELECT pg_extension_config_dump('topic', 'WHERE is_own');
      SELECT pg_extension_config_dump('bare', ''); SELECT pg_extension_config_dump('a_value_id_seq', '');`,
  }).map(([file, text]) => ({ path: join(shared.trim(), 'extension', file), text }))

  beforeAll(() => {
    for (const { path, text } of files) writeFileSync(path, text)
  })

  afterAll(() => {
    databases.dropAll()
    runSql(server, 'postgres', `DROP ROLE IF EXISTS "${extension}";`)
    for (const { path } of files) rmSync(path, { force: true })
  })

  const create = `CREATE EXTENSION ${extension};`
  const fill = `INSERT INTO "Ext".topic VALUES ('mine'), ('yours'); INSERT INTO "Ext".a_value (topic) VALUES ('mine'), ('of the extension'), (NULL);`

  test('rows come back as pg_dump brings them back', async () => {
    const source = databases.make(create, fill)
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    expect([...original.rows].map(([key, csv]) => [key, csv.toString()])).toEqual([
      [
        keyText({ kind: 'table', schema: 'Ext', name: 'a_value' }),
        '1,mine\n2,of the extension\n3,\n',
      ],
      [keyText({ kind: 'table', schema: 'Ext', name: 'topic' }), 'mine,t\nyours,t\n'],
    ])
    const values = original.schema.objects.find(({ name: one }) => one === 'a_value')
    expect(values?.dependsOn).toEqual([
      { kind: 'extension', name: extension },
      { kind: 'schema', name: 'Ext' },
      { kind: 'table', schema: 'Ext', name: 'topic' },
    ])
    const copy = databases.make()
    await restore(original, server.url(copy))
    expect(await differences(server, original, source, copy)).toEqual([])
    runSql(server, copy, `UPDATE "Ext".topic SET is_own = false WHERE name = 'yours'`)
    expect(await differences(server, original, source, copy)).not.toEqual([])
  })

  test('privileges come back where they differ from those of the extension', async () => {
    const source = databases.make(
      create,
      `GRANT USAGE ON SCHEMA "Ext" TO pg_monitor; SET search_path = "Ext"; REVOKE GRANT OPTION FOR ALL ON FUNCTION one() FROM pg_monitor; REVOKE ALL ON FUNCTION two() FROM pg_monitor;
       GRANT EXECUTE ON FUNCTION three() TO PUBLIC; SET ROLE pg_monitor; GRANT EXECUTE ON FUNCTION three() TO pg_signal_backend; RESET ROLE;
       REVOKE SELECT (id) ON a_value FROM PUBLIC; GRANT SELECT (topic) ON a_value TO pg_monitor; REVOKE ALL ON topic FROM PUBLIC, postgres;
       REVOKE USAGE ON SEQUENCE a_value_id_seq FROM PUBLIC; GRANT UPDATE ON SEQUENCE a_value_id_seq TO pg_monitor WITH GRANT OPTION;`,
    )
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    expect(original.schema.objects.find(({ kind }) => kind === 'extension')?.sql).toBe(
      [
        `CREATE EXTENSION IF NOT EXISTS ${extension} WITH SCHEMA "Ext";`,
        'REVOKE EXECUTE ON FUNCTION "Ext".one() FROM pg_monitor;',
        'GRANT EXECUTE ON FUNCTION "Ext".one() TO pg_monitor;',
        'GRANT EXECUTE ON FUNCTION "Ext".three() TO PUBLIC;',
        'SET ROLE pg_monitor;',
        'GRANT EXECUTE ON FUNCTION "Ext".three() TO pg_signal_backend;',
        'RESET ROLE;',
        'REVOKE EXECUTE ON FUNCTION "Ext".two() FROM pg_monitor;',
        'REVOKE USAGE ON SEQUENCE "Ext".a_value_id_seq FROM PUBLIC;',
        'GRANT UPDATE ON SEQUENCE "Ext".a_value_id_seq TO pg_monitor WITH GRANT OPTION;',
        'REVOKE SELECT (id) ON TABLE "Ext".a_value FROM PUBLIC;',
        'GRANT SELECT (topic) ON TABLE "Ext".a_value TO pg_monitor;',
        'REVOKE SELECT ON TABLE "Ext".topic FROM PUBLIC;',
        'REVOKE ALL ON TABLE "Ext".topic FROM postgres;',
        '',
      ].join('\n'),
    )
    const copy = databases.make()
    await restore(original, server.url(copy))
    expect(await differences(server, original, source, copy)).toEqual([])
  })

  test('tables are none where nothing was added', async () => {
    const source = databases.make(create)
    const original = await heldSnapshot(server.url(source))
    const kinds = new Set(original.schema.objects.map(({ kind }) => kind))
    expect(kinds).toEqual(new Set(['database', 'schema', 'extension']))
    expect(original.schema.notCaptured).toEqual([])
  })

  test('rows that may not be read are named', async () => {
    const source = databases.make(
      create,
      fill,
      `CREATE ROLE "${extension}" LOGIN PASSWORD 'p'; GRANT USAGE ON SCHEMA "Ext" TO "${extension}"`,
    )
    const url = new URL(server.url(source))
    url.username = extension
    url.password = 'p'
    const read = async (wants: boolean): Promise<readonly string[]> => {
      await using database = await postgres.open({ url: url.href, environment: {} })
      return await database.read({ wantsRows: () => wants }, ({ schema }) =>
        Promise.resolve(schema.notCaptured.map(({ kind, name: what }) => `${kind}: ${what}`)),
      )
    }
    expect(await read(false)).toEqual([
      'position of a sequence of an extension: "Ext".a_value_id_seq',
      'rows of an extension: "Ext".a_value',
      'rows of an extension: "Ext".bare',
    ])
    expect(await failureOf(read(true))).toMatchObject({ code: 'missing-privilege' })
  })
})
