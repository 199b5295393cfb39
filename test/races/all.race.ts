import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { violationsOf } from './invariants.ts'
import { dump } from './pg-dump.ts'
import { postgresOfRaces, raceEngines } from './places.ts'
import { amidWriters, race, type RaceResult } from './race.ts'

const snapshots = Number(process.env['RACES'] ?? 200)
const seed = Number(process.env['RACES_SEED'] ?? 20_261)

const results: RaceResult[] = []
const controls: Readonly<Record<string, string | number>>[] = []

describe(`${snapshots} snapshots on each engine, seed ${seed}`, () => {
  beforeAll(() => {
    for (const { start } of raceEngines) start()
  })

  afterAll(() => {
    const rows = results.map(({ violations, ...result }) => ({
      ...result,
      violations: violations.length,
    }))
    console.table(rows)
    console.table(controls)
  })

  test.concurrent.each(raceEngines)('$name', async (engine) => {
    const result = await race(engine, snapshots, seed)
    results.push(result)
    expect(result.violations).toEqual([])
    // A reader that always fails shows nothing.
    expect(result.atOnce + result.retried).toBeGreaterThan(snapshots * 0.9)
    expect(result.upheavals).toBeGreaterThan(snapshots / 10)
  })

  test.concurrent.each(raceEngines.filter(({ dialect }) => dialect === 'postgres'))(
    '$name: the control, pg_dump',
    async (engine) => {
      const name = postgresOfRaces.find((each) => each === engine.name)
      if (name === undefined) throw new Error(`no pg_dump for ${engine.name}`)
      const { result } = await amidWriters(engine, seed, async ({ url }) => {
        const dumps = []
        while (dumps.length < snapshots) dumps.push(await dump(name, url))
        return dumps
      })
      const whole = result.filter(({ status }) => status === 0)
      const wrong = whole.map(({ content }) => violationsOf(content, 'postgres'))
      controls.push({
        control: `pg_dump on ${name}`,
        dumps: snapshots,
        failed: result.length - whole.length,
        'wrong, with status 0': wrong.filter((faults) => faults.length > 0).length,
        example: wrong.find((faults) => faults.length > 0)?.[0] ?? '',
      })
      expect(whole.length).toBeGreaterThan(snapshots / 2)
    },
  )
})
