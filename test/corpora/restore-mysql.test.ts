import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../support/databases.ts'
import { installedMariadbServers, installedRoundTripServers } from '../support/mysql-servers.ts'
import { servers, type Server } from '../support/servers.ts'
import { fillWith } from '../engines/mysql/fill-support.ts'
import {
  filesOf,
  readWhole,
  requestFor,
  runClient,
  wholeDump,
  type Poured,
} from '../engines/mysql/round-trip.ts'
import { snapshotScript } from '../engines/mysql/snapshot-script.ts'
import { corporaDirectory, scriptOf } from './corpus.ts'

const wholeOnMariadb = ['chinook.sql.gz', 'sakila.sql.gz', 'cloudscheduler.sql.gz']
const corpora = {
  mariadb: wholeOnMariadb,
  mariadb11: wholeOnMariadb,
  'mariadb10.5': wholeOnMariadb,
  // cloudscheduler's triggers have a sql_mode that MySQL no longer knows.
  mysql: ['chinook.sql.gz', 'sakila.sql.gz'],
}

describe.each(installedRoundTripServers)('%s', (name) => {
  const made: string[] = []

  afterEach(() => {
    for (const database of made.splice(0)) dropDatabase(servers()[name], database)
  })

  function newDatabase(server: Server): string {
    const database = createDatabase(server)
    made.push(database)
    return database
  }

  async function expectEqual(
    server: Server,
    copy: string,
    original: string,
    read: Poured,
  ): Promise<void> {
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
    expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
  }

  test.each(corpora[name])('%s is restored, exported and filled with rows alone', async (file) => {
    const server = servers()[name]
    const original = newDatabase(server)
    runSql(server, original, scriptOf('mariadb', file))
    const read = await readWhole(requestFor(server, original))

    const restored = newDatabase(server)
    const started = performance.now()
    const filled = await fillWith(requestFor(server, restored), 'empty', read)
    const milliseconds = performance.now() - started
    const counts = [...filled.rows.values()]
    expect(counts.map(({ counted }) => counted)).toEqual(counts.map(({ loaded }) => loaded))
    expect(filled.violations).toEqual([])
    await expectEqual(server, restored, original, read)

    const exported = newDatabase(server)
    runClient(server, exported, await snapshotScript('everything', read))
    await expectEqual(server, exported, original, read)

    const structure = { ...read, rows: new Map([...read.rows.keys()].map((key) => [key, ''])) }
    const rowsAlone = newDatabase(server)
    await fillWith(requestFor(server, rowsAlone), 'empty', structure)
    await fillWith(requestFor(server, rowsAlone), 'rows', withoutMyisam(read))
    expect([...(await readWhole(requestFor(server, rowsAlone))).rows]).toEqual([
      ...withoutMyisam(read, '').rows,
    ])
    const rows = counts.reduce((sum, { loaded }) => sum + loaded, 0)
    console.log(`${name} ${file}: ${rows} rows filled in ${Math.round(milliseconds)} ms`)
  })
})

/** How the schema of one application looked over four years. */
describe.each(installedMariadbServers)('%s', (name) => {
  test('every release of cloudscheduler is restored', async () => {
    const server = servers()[name]
    for (const file of releases()) {
      const [original, restored] = [createDatabase(server), createDatabase(server)]
      runSql(server, original, scriptOf('mariadb', file))
      const read = await readWhole(requestFor(server, original))
      expect(read.schema.notCaptured, file).toEqual([])
      await fillWith(requestFor(server, restored), 'empty', read)
      expect(wholeDump(server, restored), file).toBe(wholeDump(server, original))
      expect(filesOf(await readWhole(requestFor(server, restored))), file).toEqual(filesOf(read))
      for (const database of [original, restored]) dropDatabase(server, database)
    }
  })
})

function releases(): readonly string[] {
  const directory = 'cloudscheduler-releases'
  const files = readdirSync(join(corporaDirectory, 'mariadb', directory)).toSorted()
  return files.map((file) => `${directory}/${file}`)
}

/** Rows of tables without transactions can't be filled in alone. */
function withoutMyisam(read: Poured, instead?: string): Poured {
  const isMyisam = (table: string) =>
    read.schema.objects.some(
      ({ kind, name, sql }) => kind === 'table' && name === table && /\bENGINE=MyISAM\b/.test(sql),
    )
  const rows = [...read.rows].flatMap(([table, csv]): [string, string][] => {
    if (!isMyisam(table)) return [[table, csv]]
    return instead === undefined ? [] : [[table, instead]]
  })
  return { ...read, rows: new Map(rows) }
}
