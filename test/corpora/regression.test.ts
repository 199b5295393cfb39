import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLike, differences, dumpDifferences, restore } from '../engines/postgres/restore.ts'
import { heldSnapshot, type HeldSnapshot } from '../engines/postgres/round-trip.ts'
import { dropDatabase, runSql, vendorDump } from '../support/databases.ts'
import { servers, type ServerName } from '../support/servers.ts'
import {
  buildRegression,
  hasRegressionTests,
  minimums,
  regressionDatabase as source,
} from './regression.ts'
import { table } from './report.ts'

/** The hardest real schema there is: what PostgreSQL's own regression tests leave behind, there and back again. */

const copy = 'regression_copy'

/** The tests are those of 15; what another version does not take (their C functions among it) is not there. */
const names: readonly ServerName[] = ['postgres14', 'postgres15', 'postgres18']

/** Objects by kind: all that is in the database, what files hold, what they don't. */
function report(name: ServerName, { schema }: HeldSnapshot): string {
  const kinds = new Map<string, { captured: number; missing: number }>()
  const count = (kind: string) => {
    const counts = kinds.get(kind) ?? { captured: 0, missing: 0 }
    kinds.set(kind, counts)
    return counts
  }
  for (const { kind } of schema.objects) count(kind).captured += 1
  for (const { kind } of schema.notCaptured) count(kind).missing += 1
  const lines = table([`regression on ${name}`, 'objects', 'captured', 'not captured'])
  let [captured, missing] = [0, 0]
  for (const [kind, counts] of [...kinds].sort(([left], [right]) => (left < right ? -1 : 1))) {
    lines.add([kind, counts.captured + counts.missing, counts.captured, counts.missing])
    captured += counts.captured
    missing += counts.missing
  }
  lines.add(['all', captured + missing, captured, missing])
  return lines.text()
}

describe.each(hasRegressionTests ? names : [])('the regression database on %s', (name) => {
  const place = servers()[name]

  beforeAll(() => {
    buildRegression(place)
  }, 300_000)

  afterAll(() => {
    dropDatabase(place, copy)
    dropDatabase(place, source)
  })

  test.each(Object.entries(minimums))('was made: %s', (_, [query, minimum]) => {
    expect(Number(runSql(place, source, query))).toBeGreaterThanOrEqual(minimum)
  })

  test('comes back the same in the eyes of pg_dump and in ours', async () => {
    const start = performance.now()
    const original = await heldSnapshot(place.url(source))
    const middle = performance.now()
    await createLike(original, place, copy)
    await restore(original, place.url(copy))
    const end = performance.now()
    const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(1)
    const differing = await differences(place, original, source, copy)
    const dump = vendorDump(place, source, ['--create'])
    const named = dump.match(/^-- (Data for )?Name: /gm)?.length ?? 0
    console.log(
      `${report(name, original)}\nread ${seconds(start, middle)} s, restored ${seconds(middle, end)} s; ` +
        `${differing.length} of the ${dump.split('\n').length} lines (${named} entries) of pg_dump differ`,
    )
    expect(original.schema.notCaptured).toEqual([])
    expect(differing).toEqual([])

    runSql(place, copy, "COMMENT ON TABLE public.tenk1 IS 'broken on purpose'")
    expect(dumpDifferences(place, source, copy)).toEqual([
      "+COMMENT ON TABLE public.tenk1 IS 'broken on purpose';",
    ])
  })
})
