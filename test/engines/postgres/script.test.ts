import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { postgres } from '../../../src/engines/postgres/index.ts'
import type { ScriptRequest } from '../../../src/engines/script.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { postgresClient } from '../../support/launch-postgres.ts'
import { run } from '../../support/program.ts'
import { everythingFor } from '../../support/postgres-fixtures.ts'
import {
  outerPostgresServers,
  servers,
  temporaryDirectory,
  type Server,
} from '../../support/servers.ts'
import { blocks, createLike, differences, restoreOrder, storedColumns } from './restore.ts'
import {
  heldSnapshot,
  isTable,
  keyText,
  snapshotDifferences,
  type HeldSnapshot,
} from './round-trip.ts'

/** The script of a whole snapshot, as the command writes it. */
async function scriptOf(
  snapshot: HeldSnapshot,
  content: ScriptRequest['content'] = 'everything',
): Promise<string> {
  const objects = restoreOrder(snapshot)
  const settings = objects.find(({ kind }) => kind === 'database')
  const others = objects.filter(({ kind }) => kind !== 'database')
  const isWhole = content !== 'rows'
  const writer = postgres.script({
    content,
    ...(isWhole && settings !== undefined ? { settings } : {}),
  })
  const parts: (string | Uint8Array)[] = [writer.begin()]
  if (isWhole) parts.push(...others.map((object) => writer.create(object)))
  for (const table of objects.filter(isTable)) {
    const csv = snapshot.rows.get(keyText(table))
    if (csv === undefined || content === 'schema') continue
    const rows = writer.rows({ table, columns: storedColumns(table) }, blocks(csv, 13))
    for await (const part of rows) parts.push(part)
  }
  if (content !== 'schema') parts.push(...others.map((object) => writer.counters(object)))
  if (isWhole) parts.push(...objects.map((object) => writer.finish(object)))
  parts.push(writer.end())
  return Buffer.concat(parts.map((part) => Buffer.from(part))).toString()
}

async function runScript(server: Server, database: string, script: string): Promise<void> {
  const file = join(await temporaryDirectory(), 'export.sql')
  await writeFile(file, script)
  const [client = '', ...first] = postgresClient(server.name, 'psql')
  const place = ['-h', server.host, '-p', String(server.port), '-U', server.user, '-d', database]
  run(client, [...first, '-X', '-q', '-v', 'ON_ERROR_STOP=1', ...place, '-f', file], {
    ...process.env,
    PGPASSWORD: server.password,
  })
}

describe.each(outerPostgresServers)('%s: a script for psql alone', (name) => {
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
  })

  test('makes a database with everything again', async () => {
    const source = make(...everythingFor(name))
    const original = await heldSnapshot(server.url(source))
    const copy = `${source}_copy`
    databases.push(copy)
    await createLike(original, server, copy)
    await runScript(server, copy, await scriptOf(original))
    expect(await differences(server, original, source, copy)).toEqual([])
  })

  test('keeps rows that look like the end of the data, and odd search paths', async () => {
    const source = make(
      `SET check_function_bodies = off; CREATE SCHEMA app; CREATE SCHEMA "odd \\ 'one";
       CREATE TABLE t (a text, b text); INSERT INTO t VALUES (E'x\\n\\\\.\\ny', '\\.'), ('\\N', NULL), (E'\\t\\r', ''), (E'\\\\', E'\\u00e4\\b');
       CREATE TABLE bare (); INSERT INTO bare SELECT FROM generate_series(1, 3);
       CREATE TABLE one (a text); INSERT INTO one VALUES ('\\.'), (NULL), ('');
       CREATE TABLE app.limits (a integer); CREATE FUNCTION app.allowed(integer) RETURNS boolean LANGUAGE sql
         AS 'SELECT count(*) >= 0 FROM limits'; CREATE TABLE app.checked (a integer CHECK (app.allowed(a)));
       DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = "$user", "odd \\ ''one", app', current_database()); END $$;`,
      'INSERT INTO app.checked VALUES (1)',
    )
    const original = await heldSnapshot(server.url(source))
    const copy = make()
    await runScript(server, copy, await scriptOf(original))
    expect(await differences(server, original, source, copy)).toEqual([])
  })

  test('is one transaction: what fails leaves nothing behind', async () => {
    const original = await heldSnapshot(
      server.url(make('DROP SCHEMA public; CREATE SCHEMA app; CREATE TABLE app.t (a integer); ')),
    )
    const copy = make()
    const script = await scriptOf(original)
    const broken = script.replace('COMMIT;', 'SELECT 1 / 0;\nCOMMIT;')
    await expect(runScript(server, copy, broken)).rejects.toThrow(/division by zero/)
    expect(runSql(server, copy, 'SELECT nspname FROM pg_namespace WHERE oid >= 16384')).toBe('')
    await runScript(server, copy, script)
    expect(snapshotDifferences(original, await heldSnapshot(server.url(copy)))).toEqual([])
  })

  test('of rows alone fills tables that exist, with triggers and foreign keys quiet', async () => {
    const tables = `
      CREATE TABLE b (id integer PRIMARY KEY); CREATE TABLE a (id integer GENERATED ALWAYS AS IDENTITY, b integer REFERENCES b, n integer);
      CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.n := -1; RETURN NEW; END';`
    const trigger = 'CREATE TRIGGER touch BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION touch();'
    const source = make(
      tables,
      'INSERT INTO b VALUES (1); INSERT INTO a (b, n) VALUES (1, 5)',
      trigger,
    )
    const original = await heldSnapshot(server.url(source))
    const copy = make(tables, trigger)
    await runScript(server, copy, await scriptOf(original, 'rows'))
    expect(snapshotDifferences(original, await heldSnapshot(server.url(copy)))).toEqual([])
  })

  test('of the schema alone holds no row', async () => {
    const source = make('CREATE TABLE t (id serial, v text)', "INSERT INTO t (v) VALUES ('secret')")
    const copy = make()
    const script = await scriptOf(await heldSnapshot(server.url(source)), 'schema')
    expect(script).not.toContain('secret')
    await runScript(server, copy, script)
    runSql(server, source, 'TRUNCATE t RESTART IDENTITY')
    expect(await differences(server, await heldSnapshot(server.url(source)), source, copy)).toEqual(
      [],
    )
  })
})
