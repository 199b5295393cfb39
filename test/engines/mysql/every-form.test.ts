import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers, type Server } from '../../support/servers.ts'
import { fillWith } from './fill-support.ts'
import { filesOf, readWhole, requestFor, runClient, wholeDump, type Poured } from './round-trip.ts'
import { snapshotScript } from './snapshot-script.ts'

/** Every option of a table, every kind of partition, key, column and program; with forms.test.ts and the other fixtures. */

const fixtures = {
  mariadb: ['mariadb', 'mariadb-programs'],
  mariadb11: ['mariadb', 'mariadb-programs', 'mariadb11-programs'],
  mysql: ['mysql'],
}

function fixture(name: string): string {
  const directory = join(import.meta.dirname, '../../fixtures/mysql/forms')
  return readFileSync(join(directory, `${name}.sql`), 'utf8')
}

describe.each(installedMysqlServers)('%s', (name) => {
  let server: Server
  let original: string
  let read: Poured

  beforeAll(async () => {
    server = servers()[name]
    original = createDatabase(server)
    const texts = ['both', 'both-programs', ...fixtures[name]].map(fixture)
    runClient(server, original, texts.join(''))
    read = await readWhole(requestFor(server, original))
  })
  afterAll(() => {
    dropDatabase(server, original)
  })

  test('nothing is left out', () => {
    expect(read.schema.notCaptured).toEqual([])
  })

  test.each(['fill', 'script'] as const)('every form comes back by a %s', async (way) => {
    const copy = createDatabase(server)
    if (way === 'fill') await fillWith(requestFor(server, copy), 'empty', read)
    else runClient(server, copy, await snapshotScript('everything', read))
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
    expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
    dropDatabase(server, copy)
  })
})
