import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { outerPostgresServers, servers } from '../../support/servers.ts'
import { heldSnapshot } from './round-trip.ts'

describe.each(outerPostgresServers)('%s: what another database of the server holds', (name) => {
  const server = servers()[name]
  const databases: string[] = []

  afterAll(() => {
    for (const database of databases) dropDatabase(server, database)
  })

  test('leaves no trace in a snapshot of this one', async () => {
    const suffix = randomBytes(3).toString('hex')
    const mine = createDatabase(server, `語語語語語語語語語語語語${suffix}`)
    const neighbour = createDatabase(server, `${mine}x`)
    databases.push(mine, neighbour)
    const make = (word: string): string => `
      CREATE TABLE ${word} (a integer); COMMENT ON TABLE ${word} IS '${word}'; CREATE PUBLICATION ${word}_p FOR TABLE ${word};
      ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; SELECT lo_create(7);
      CREATE SUBSCRIPTION ${word}_${suffix} CONNECTION 'host=h' PUBLICATION p WITH (connect = false, slot_name = NONE);
      CREATE EVENT TRIGGER ${word}_e ON ddl_command_end WHEN TAG IN ('CREATE CONVERSION') EXECUTE FUNCTION stop();
      DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE %I IS ''${word}''', current_database());
        EXECUTE format('ALTER DATABASE %I SET work_mem = ''5MB''', current_database()); END $$;`
    const stop = `CREATE FUNCTION stop() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';`
    runSql(server, mine, stop + make('mine'))
    const before = await heldSnapshot(server.url(mine))
    runSql(server, neighbour, stop + make('other'))
    const after = await heldSnapshot(server.url(mine))
    expect(after.schema).toEqual(before.schema)
    expect(JSON.stringify(after.schema)).not.toMatch(/other/)
    expect(JSON.stringify((await heldSnapshot(server.url(neighbour))).schema)).not.toMatch(/mine/)
    for (const [database, word] of [
      [mine, 'mine'],
      [neighbour, 'other'],
    ] as const)
      runSql(server, database, `DROP SUBSCRIPTION ${word}_${suffix}`)
  })
})
