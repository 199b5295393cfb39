import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { fillWith } from './fill-support.ts'
import { filesOf, readWhole, requestFor, runClient, wholeDump } from './round-trip.ts'
import { snapshotScript } from './snapshot-script.ts'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import { oldestMariadbIsInstalled } from '../../support/launch-mariadb.ts'
import { oldestMariadb } from '../../support/server-names.ts'
import { servers } from '../../support/servers.ts'

const fixtures = join(import.meta.dirname, '../../fixtures/mysql')

/** One of its tables has types that the server does not know. */
function fixture(): string {
  const text = ['both.sql', 'mariadb.sql'].map((name) => readFileSync(join(fixtures, name), 'utf8'))
  return text.join('').replaceAll(/^(?:CREATE TABLE|INSERT INTO) special\b[\s\S]*?;$/gm, '')
}

// The set-up has said so where it could not get this server.
describe.runIf(oldestMariadbIsInstalled)(oldestMariadb, () => {
  const made: string[] = []
  const newDatabase = () => {
    const name = createDatabase(servers()[oldestMariadb])
    made.push(name)
    return name
  }

  afterEach(() => {
    for (const name of made.splice(0)) dropDatabase(servers()[oldestMariadb], name)
  })

  test('a database with almost everything goes there and back', async () => {
    const server = servers()[oldestMariadb]
    const original = newDatabase()
    runClient(server, original, fixture())
    const read = await readWhole(requestFor(server, original))
    expect(read.schema.notCaptured).toEqual([])
    const dump = wholeDump(server, original)
    const filled = newDatabase()
    await fillWith(requestFor(server, filled), 'empty', read)
    const scripted = newDatabase()
    runClient(server, scripted, await snapshotScript('everything', read))
    for (const copy of [filled, scripted]) {
      expect(wholeDump(server, copy)).toBe(dump)
      expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
    }
  })
})
