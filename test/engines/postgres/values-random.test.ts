import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { majorVersion, servers } from '../../support/servers.ts'
import { comparedColumns, edgesOf, ownTypes, tablesOf, type OwnType } from './value-columns.ts'
import { named } from './value-edges.ts'
import { randomArrays, valuesOf } from './value-random.ts'
import { differingValues, putRows, Twins } from './values.ts'

describe.each(['postgres15', 'postgres18'] as const)('%s: random values', (name) => {
  const server = servers()[name]
  let twins: Twins | undefined
  let types: readonly OwnType[]

  beforeAll(async () => {
    twins = await Twins.make(server, named)
    types = await ownTypes(twins.clients[0])
    for (const client of twins.clients)
      await client.query(`SET search_path = public; ${tablesOf(types)} SET search_path = ''`)
  })

  afterAll(async () => {
    await twins?.[Symbol.asyncDispose]()
  })

  test('of every type of the server, and of arrays of it, are the same in a copy', async () => {
    const pair = twins
    if (pair === undefined) throw new Error('there are no databases')
    const arrayTypes = types.filter(({ hasArrays }) => hasArrays)
    const scalars = types.map((type) => valuesOf(type, edgesOf(type, majorVersion(name))))
    const arrays = arrayTypes.map((type) =>
      randomArrays(valuesOf(type, edgesOf(type, majorVersion(name))), type),
    )
    const rows = { minLength: 1, maxLength: 12, size: 'max' } as const
    const given = fc.record({
      scalars: fc.array(fc.tuple(...scalars), rows),
      arrays: fc.array(fc.tuple(...arrays), rows),
    })
    await fc.assert(
      fc.asyncProperty(given, async (tables) => {
        for (const [table, rows] of Object.entries(tables)) {
          const cells = rows.map((row, number) => [`${number}`, ...row])
          await pair.clients[0].query(`TRUNCATE public.${table}`)
          await putRows(pair.clients[0], `public.${table}`, cells)
        }
        await pair.carry('scalars', 'arrays')
        for (const [table, list] of [
          ['scalars', types],
          ['arrays', arrayTypes],
        ] as const) {
          const from = `public.${table} ORDER BY id`
          const differing = await differingValues(pair.clients, from, comparedColumns(list))
          expect(differing).toEqual([])
        }
      }),
      { numRuns: 6, endOnFailure: true },
    )
  })
})
