import { afterAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { majorVersion, postgresServers, servers } from '../../support/servers.ts'
import { inSchemas, type NamedScript } from './in-schemas.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot } from './round-trip.ts'

/** A statement that changes something in a copy, and text of the line in which the witness sees it. */
export type SeenChange = readonly [change: string, seen: string]

/** On every server: what the scripts make comes back as it was by the witness, who sees each of the changes. */
export function describeForms(
  what: string,
  scripts: readonly NamedScript[],
  changes: readonly SeenChange[],
): void {
  describe.each(postgresServers)(`%s: ${what}`, (name) => {
    const server = servers()[name]
    const databases: string[] = []
    const make = (script = ''): string => {
      const database = createDatabase(server)
      databases.push(database)
      runSql(server, database, script)
      return database
    }

    afterAll(() => {
      for (const database of databases) dropDatabase(server, database)
    })

    test('all forms come back, and a change of any is seen', async () => {
      const source = make(inSchemas(scripts, majorVersion(name)))
      const original = await heldSnapshot(server.url(source))
      expect(original.schema.notCaptured).toEqual([])
      expect(original.schema.warnings).toEqual([])
      const copy = make()
      await restore(original, server.url(copy))
      expect(await differences(server, original, source, copy)).toEqual([])
      runSql(server, copy, changes.map(([change]) => change).join(';'))
      const seen = (await differences(server, original, source, copy)).join('\n')
      for (const [change, line] of changes) expect(seen, change).toContain(line)
    })
  })
}
