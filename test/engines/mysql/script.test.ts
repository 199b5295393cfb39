import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import { servers, type Server } from '../../support/servers.ts'
import { snapshotScript } from './snapshot-script.ts'
import { filesOf, readWhole, requestFor, runClient, wholeDump, type Poured } from './round-trip.ts'

function fixture(name: string): string {
  return readFileSync(
    join(import.meta.dirname, '../../fixtures/mysql', `${name.replace(/\d+$/, '')}.sql`),
    'utf8',
  )
}

describe.each(installedMysqlServers)('%s', (name) => {
  let server: Server
  let original: string
  let read: Poured
  const made: string[] = []

  beforeAll(async () => {
    server = servers()[name]
    original = newDatabase()
    runClient(server, original, fixture('both') + fixture(name))
    read = await readWhole(requestFor(server, original))
  })
  afterAll(() => {
    for (const database of made) dropDatabase(server, database)
  })

  function newDatabase(): string {
    const database = createDatabase(server)
    made.push(database)
    return database
  }

  test("a script makes a database whose vendor dump equals the original's", async () => {
    const copy = newDatabase()
    runClient(server, copy, await snapshotScript('everything', read))
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
    expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
  })

  test('a script of the structure, then one of the rows, which triggers do not see', async () => {
    const copy = newDatabase()
    runClient(server, copy, await snapshotScript('schema', read))
    expect((await readWhole(requestFor(server, copy))).rows.get('numbers')).toBe('')
    runClient(
      server,
      copy,
      `CREATE TRIGGER first_two BEFORE INSERT ON words FOR EACH ROW SET NEW.body = 'seen';`,
    )
    const changed = await readWhole(requestFor(server, copy))
    runClient(server, copy, await snapshotScript('rows', { ...read, schema: changed.schema }))
    const filled = await readWhole(requestFor(server, copy))
    expect(filled.rows.get('words')).toBe(read.rows.get('words'))
    expect([...filled.rows]).toEqual([...read.rows])
    expect(filled.schema.objects.map(({ sql, sqlAfterRows }) => [sql, sqlAfterRows])).toEqual(
      changed.schema.objects.map(({ sql, sqlAfterRows }) => [sql, sqlAfterRows]),
    )
  })

  test('a script stops at a row that does not fit', async () => {
    const copy = newDatabase()
    const rows = new Map([['no_rows', '5,a\n5,b\n']])
    const script = await snapshotScript('everything', { ...read, rows })
    expect(() => runClient(server, copy, script)).toThrow('1062')
    await expect(
      snapshotScript('everything', { ...read, rows: new Map([['numbers', '1\n']]) }),
    ).rejects.toMatchObject({
      code: 'malformed-csv',
    })
  })
})
