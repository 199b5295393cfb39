import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers } from '../../support/servers.ts'
import { columnsOf } from './values-columns.ts'
import { ValuesTrip } from './values-support.ts'

describe.each(installedMysqlServers)('%s', (name) => {
  let trip: ValuesTrip
  const columns = columnsOf(name)
  const names = columns.map((_, index) => `c${index}`)

  beforeAll(() => {
    trip = new ValuesTrip(servers()[name])
    const definitions = columns.map(({ definition }, index) => `c${index} ${definition}`).join(', ')
    trip.run(
      `CREATE TABLE keyed (id int AUTO_INCREMENT PRIMARY KEY, ${definitions}) CHARACTER SET utf8mb4;
       CREATE TABLE keyless (${definitions}) CHARACTER SET utf8mb4;`,
    )
  })
  afterAll(() => {
    trip[Symbol.dispose]()
  })

  test('every type keeps every value', async () => {
    const row = fc.tuple(...columns.map(({ values }) => values))
    const property = fc.asyncProperty(
      fc.array(row, { minLength: 20, maxLength: 40, size: 'max' }),
      async (rows) => {
        const values = rows.map((literals) => `(${literals.join(', ')})`).join(',\n')
        trip.run(
          `TRUNCATE keyed; TRUNCATE keyless; INSERT IGNORE INTO keyed (${names.join(', ')}) VALUES ${values};
         INSERT INTO keyless SELECT ${names.join(', ')} FROM keyed; INSERT INTO keyless SELECT * FROM keyless LIMIT 2;`,
        )
        const read = await trip.expectUnharmed()
        expect(read.rows.get('keyless')?.length).toBeGreaterThan(100)
      },
    )
    await fc.assert(property, { numRuns: 3, endOnFailure: true })
  })
})
