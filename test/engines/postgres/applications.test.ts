import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { servers } from '../../support/servers.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot } from './round-trip.ts'

const directory = join(import.meta.dirname, '../../fixtures/postgres/applications')

describe.each(['postgres15', 'postgres18'] as const)(
  '%s: schemas as large applications have them',
  (name) => {
    const server = servers()[name]
    const databases: string[] = []
    const make = (): string => {
      const database = createDatabase(server)
      databases.push(database)
      return database
    }

    afterAll(() => {
      for (const database of databases) dropDatabase(server, database)
    })

    test.each(['forge', 'erp', 'sensors'])('%s comes back', async (application) => {
      const source = make()
      runSql(server, source, readFileSync(join(directory, `${application}.sql`), 'utf8'))
      const original = await heldSnapshot(server.url(source))
      expect(original.schema.notCaptured).toEqual([])
      expect(original.schema.warnings).toEqual([])
      const copy = make()
      await restore(original, server.url(copy))
      expect(await differences(server, original, source, copy)).toEqual([])
    })
  },
)
