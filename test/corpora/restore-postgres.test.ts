import { afterAll, describe, expect, test } from 'vitest'
import { randomBytes } from 'node:crypto'
import { dropDatabase, runSql } from '../support/databases.ts'
import { postgresServers, servers } from '../support/servers.ts'
import { createLike, differences, dumpDifferences, restore } from '../engines/postgres/restore.ts'
import { heldSnapshot } from '../engines/postgres/round-trip.ts'
import { corpora } from './corpus.ts'
import { load } from './loaded.ts'
import { table } from './report.ts'

/** Every database of others: load, snapshot, restore into a new database, and let pg_dump compare. */

const measurements = table(['restored', 'tables', 'rows kB', 'read s', 'restored s'])

afterAll(() => {
  console.log(measurements.text())
})

const cases = postgresServers.flatMap((server) =>
  corpora
    .filter(({ engine }) => engine === 'postgres')
    .map((corpus) => ({ title: `${corpus.file} on ${server}`, corpus, server })),
)

describe.each(cases)('$title', ({ title, corpus, server: name }) => {
  test('comes back the same in the eyes of pg_dump and in ours', async () => {
    const server = servers()[name]
    const source = await load(corpus, name)
    const copy = `restored_${randomBytes(6).toString('hex')}`
    const start = performance.now()
    const original = await heldSnapshot(source.url)
    const middle = performance.now()
    await createLike(original, server, copy)
    await restore(original, server.url(copy))
    const end = performance.now()
    expect(await differences(server, original, source.name, copy)).toEqual([])

    const { schema = '', name: changed } = corpus.column.table
    runSql(server, copy, `COMMENT ON TABLE "${schema}"."${changed}" IS 'broken on purpose'`)
    expect(dumpDifferences(server, source.name, copy)).toContainEqual(
      expect.stringMatching(/^\+COMMENT ON TABLE .* IS 'broken on purpose';$/),
    )
    const kilobytes = [...original.rows.values()].reduce((sum, csv) => sum + csv.length, 0) / 1024
    measurements.add([
      title,
      source.tables().length,
      Math.round(kilobytes),
      ((middle - start) / 1000).toFixed(1),
      ((end - middle) / 1000).toFixed(1),
    ])
    dropDatabase(server, copy)
    source.remove()
  })
})
