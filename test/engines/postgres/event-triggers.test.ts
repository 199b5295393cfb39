import { afterAll, describe, expect, test } from 'vitest'
import { postgres } from '../../../src/engines/postgres/index.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { majorVersion, postgresServers, servers } from '../../support/servers.ts'
import { differences, restore, restoreOrder } from './restore.ts'
import { heldSnapshot } from './round-trip.ts'

/** Every one of them stops whatever it hears of, so a restore that makes one too early fails. */
const triggers = `
  CREATE SCHEMA "a b"; CREATE TABLE "a b".heard (tag text);
  CREATE FUNCTION "a b".stop() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stopped %', tg_tag; END $$;
  CREATE FUNCTION "a b".hear() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO "a b".heard VALUES (tg_tag); END $$;
  DROP SCHEMA public;
  CREATE EVENT TRIGGER "Odd ""name" ON ddl_command_end WHEN TAG IN ('DROP TABLE', 'CREATE TABLE', 'ALTER TABLE') EXECUTE FUNCTION "a b".stop();
  CREATE EVENT TRIGGER off ON sql_drop EXECUTE FUNCTION "a b".stop(); ALTER EVENT TRIGGER off DISABLE;
  CREATE EVENT TRIGGER replica ON table_rewrite WHEN TAG IN ('ALTER TYPE') EXECUTE FUNCTION "a b".stop(); ALTER EVENT TRIGGER replica ENABLE REPLICA;
  CREATE EVENT TRIGGER always ON ddl_command_start WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION "a b".hear(); ALTER EVENT TRIGGER always ENABLE ALWAYS;
  COMMENT ON EVENT TRIGGER always IS 'it''s'; ALTER EVENT TRIGGER always OWNER TO $_super;`

/** Those that stop every statement come last. */
const last = `CREATE EVENT TRIGGER "all" ON sql_drop EXECUTE FUNCTION "a b".stop(); CREATE EVENT TRIGGER z ON ddl_command_start EXECUTE FUNCTION "a b".stop();`

const since17 = `CREATE EVENT TRIGGER login ON login EXECUTE FUNCTION "a b".hear(); ALTER EVENT TRIGGER login DISABLE;`

describe.each(postgresServers)('%s: event triggers', (name) => {
  const server = servers()[name]
  const databases: string[] = []
  const make = (): string => {
    const database = createDatabase(server)
    databases.push(database)
    return database
  }
  const role = `event_triggers_${name}`
  const script = [triggers, majorVersion(name) >= 17 ? since17 : '', last]
    .join('\n')
    .replaceAll('$_super', role)

  afterAll(() => {
    for (const database of databases) dropDatabase(server, database)
    runSql(server, 'postgres', `DROP ROLE IF EXISTS ${role}`)
  })

  test('come back and hear nothing of the restore, in an empty database and in one that has them', async () => {
    const source = make()
    runSql(server, 'postgres', `CREATE ROLE ${role} SUPERUSER`)
    runSql(server, source, script)
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    const copy = make()
    await restore(original, server.url(copy))
    expect(await differences(server, original, source, copy)).toEqual([])
    await restore(original, server.url(copy), { mode: 'replace' })
    expect(await differences(server, original, source, copy)).toEqual([])
    const scripted = make()
    const objects = restoreOrder(original)
    const settings = objects.find(({ kind }) => kind === 'database')
    const others = objects.filter(({ kind }) => kind !== 'database')
    const writer = postgres.script({
      content: 'everything',
      ...(settings === undefined ? {} : { settings }),
    })
    const lines = [
      writer.begin(),
      ...others.map((object) => writer.create(object)),
      ...others.map((object) => writer.finish(object)),
      writer.end(),
    ]
    runSql(server, scripted, lines.join(''))
    expect(await differences(server, original, source, scripted)).toEqual([])
    expect(() => runSql(server, copy, 'CREATE TABLE "a b".t ()')).toThrow(/stopped CREATE TABLE/)
  })
})
