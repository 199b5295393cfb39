import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers } from '../../support/servers.ts'
import { readWhole, requestFor } from './round-trip.ts'
import { commonColumns } from './values-columns.ts'
import { ValuesTrip } from './values-support.ts'

describe('the same content', () => {
  const trips = installedMysqlServers.map((name) => new ValuesTrip(servers()[name]))
  afterAll(() => {
    for (const trip of trips) trip[Symbol.dispose]()
  })

  test('gives the same bytes in every order of insertion, on every server', async () => {
    const columns = commonColumns()
    const names = columns.map((_, index) => `c${index}`)
    const row = fc.tuple(...columns.map(({ values }) => values))
    // MariaDB 10.11 stores no negative zero.
    const rows = fc
      .sample(row, { numRuns: 40, seed: 5 })
      .map((literals) => `(${literals.map((each) => (each === "'-0'" ? "'0'" : each)).join(', ')})`)
    const all = [...rows, ...rows.slice(0, 4)]
    const texts: Record<string, string>[] = []
    for (const [index, trip] of trips.entries()) {
      const inOrder = index % 2 === 0 ? all : all.toReversed()
      trip.run(
        `CREATE TABLE keyless (${columns.map(({ definition }, at) => `${names[at] ?? ''} ${definition}`).join(', ')}) CHARACTER SET utf8mb4;
         INSERT IGNORE INTO keyless VALUES ${inOrder.join(', ')};
         ${names.map((name, at) => `CREATE TABLE only_${name} AS SELECT ${name} FROM keyless ORDER BY RAND(${at + index});`).join('\n')}`,
      )
      const read = await readWhole(requestFor(trip.server, trip.original))
      texts.push(Object.fromEntries(read.rows))
    }
    for (const text of texts) expect(text).toEqual(texts[0])
    expect(texts[0]?.['keyless']?.split('\n').length).toBeGreaterThan(40)
  })
})
