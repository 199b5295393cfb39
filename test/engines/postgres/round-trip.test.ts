import { afterAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql, vendorDump } from '../../support/databases.ts'
import { everythingFor } from '../../support/postgres-fixtures.ts'
import { postgresServers, servers } from '../../support/servers.ts'
import {
  differingLines,
  dumpLines,
  heldSnapshot,
  inOrder,
  pour,
  snapshotDifferences,
} from './round-trip.ts'

describe.each(postgresServers)('%s: a database with one of everything', (name) => {
  const server = servers()[name]
  const source = createDatabase(server)
  const copy = createDatabase(server)
  const dump = (database: string): readonly string[] =>
    dumpLines(vendorDump(server, database, ['--create']).replaceAll(database, 'database'))

  afterAll(() => {
    dropDatabase(server, source)
    dropDatabase(server, copy)
  })

  test('comes back equal in the eyes of pg_dump, and as the same text and rows in ours', async () => {
    for (const script of everythingFor(name)) runSql(server, source, script)
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    expect(original.schema.warnings).toEqual([])

    await pour(original, server.url(copy))
    expect(dump(copy).length).toBeGreaterThan(500)
    expect(differingLines(dump(source), dump(copy))).toEqual([])
    expect(snapshotDifferences(original, await heldSnapshot(server.url(copy)))).toEqual([])
  })

  test('has a witness that sees one changed comment, one row and one counter', () => {
    const before = dump(source)
    runSql(server, source, "COMMENT ON COLUMN app.users.u IS 'new'")
    expect(differingLines(before, dump(source))).toEqual([
      "+COMMENT ON COLUMN app.users.u IS 'new';",
    ])
    runSql(server, source, "SELECT setval('app.plain', 99); INSERT INTO app.base VALUES (77)")
    expect(differingLines(before, dump(source))).toContain('+77\tbase')
  })

  test('names no object that does not exist and has no circle', async () => {
    const { schema } = await heldSnapshot(server.url(source))
    expect(inOrder(schema.objects)).toHaveLength(schema.objects.length)
    for (const { sql, sqlAfterRows = '\n' } of schema.objects) {
      expect(sql).toMatch(/\n$/)
      expect(sqlAfterRows).toMatch(/\n$/)
      expect(sql + sqlAfterRows).not.toMatch(/\b(undefined|\[object)\b/)
    }
  })
})
