import { afterAll, describe, expect, test } from 'vitest'
import { postgres } from '../../../src/engines/postgres/index.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { everythingFor } from '../../support/postgres-fixtures.ts'
import { majorVersion, outerPostgresServers, servers } from '../../support/servers.ts'
import { startStandby } from '../../support/standby.ts'
import { restore } from './restore.ts'
import { heldSnapshot, snapshotDifferences } from './round-trip.ts'

/** What is said of a database whose rows nobody asks for. */
async function withoutRows(
  url: string,
): Promise<{ readonly warnings: readonly string[]; readonly findings: readonly string[] }> {
  await using database = await postgres.open({ url, environment: {} })
  const read = async (): Promise<readonly string[]> =>
    await database.read({ wantsRows: () => false }, ({ schema }) =>
      Promise.resolve(schema.warnings),
    )
  const warnings = await read()
  const findings = await database.findings()
  return { warnings, findings: findings.map(({ message }) => message) }
}

describe.each(outerPostgresServers)('%s: a hot standby', (name) => {
  const server = servers()[name]
  const databases: string[] = []

  afterAll(() => {
    for (const database of databases) dropDatabase(server, database)
  })

  test('gives the same bytes as its primary, follows it, and takes no restore', async () => {
    const source = createDatabase(server)
    databases.push(source)
    for (const script of everythingFor(name)) runSql(server, source, script)
    await using standby = await startStandby(server, name)
    await standby.caughtUp()

    const tables = ['app.fast', 'h.ul']
    await expect(heldSnapshot(standby.server.url(source))).rejects.toMatchObject({
      code: 'rows-not-readable',
      message: `The server is a standby and has no rows of what is unlogged: ${tables.join(', ')}.`,
    })
    const { warnings, findings } = await withoutRows(standby.server.url(source))
    // Until 14 a sequence was logged whatever its table was.
    const sequences = ['app.unlogged_sequence', 'h.ul_id_seq', 'h.ul_s_seq']
    expect(warnings).toEqual(
      (majorVersion(name) < 15 ? [] : sequences).map(
        (sequence) => `The position of the sequence ${sequence} may not be read.`,
      ),
    )
    expect(findings).toEqual(
      tables.map(
        (table) => `The server is a standby and has no rows of the unlogged table ${table}.`,
      ),
    )
    runSql(
      server,
      source,
      'DROP TABLE app.fast, h.ul; DROP SEQUENCE IF EXISTS app.unlogged_sequence',
    )
    await standby.caughtUp()

    const primary = await heldSnapshot(server.url(source))
    const copy = await heldSnapshot(standby.server.url(source))
    expect(copy.schema).toEqual(primary.schema)
    expect(snapshotDifferences(primary, copy)).toEqual([])

    runSql(server, source, 'CREATE TABLE app.later (a integer); INSERT INTO app.base VALUES (77)')
    await standby.caughtUp()
    const later = await heldSnapshot(standby.server.url(source))
    expect(snapshotDifferences(await heldSnapshot(server.url(source)), later)).toEqual([])
    expect(snapshotDifferences(primary, later)).toHaveLength(2)

    const refusal = {
      code: 'read-only-server',
      message: 'The server is a standby and takes no changes.',
    }
    await expect(restore(primary, standby.server.url(source))).rejects.toMatchObject(refusal)
    await using opened = await postgres.openServer({
      url: standby.server.url('postgres'),
      environment: {},
    })
    await expect(opened.create(`${source}_copy`, {})).rejects.toMatchObject({ code: refusal.code })
  })
})
