import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import { servers, type Server } from '../../support/servers.ts'
import {
  filesOf,
  pour,
  readWhole,
  requestFor,
  runClient,
  wholeDump,
  type Poured,
} from './round-trip.ts'

function fixture(name: string): string {
  return readFileSync(
    join(import.meta.dirname, '../../fixtures/mysql', `${name.replace(/\d+$/, '')}.sql`),
    'utf8',
  )
}

describe.each(installedMysqlServers)('%s', (name) => {
  let server: Server
  let original: string
  let copy: string
  let read: Poured

  beforeAll(async () => {
    server = servers()[name]
    original = createDatabase(server)
    copy = createDatabase(server)
    runClient(server, original, fixture('both') + fixture(name))
    read = await readWhole(requestFor(server, original))
    await pour(server, copy, read)
  })
  afterAll(() => {
    dropDatabase(server, original)
    dropDatabase(server, copy)
  })

  test("the restored database's vendor dump equals the original's", () => {
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
  })

  test('a snapshot of the restored database has the same bytes', async () => {
    expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
  })

  test('nothing was left out', () => {
    expect(read.schema.notCaptured).toEqual([])
  })
})
