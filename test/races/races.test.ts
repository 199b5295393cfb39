import { beforeAll, describe, expect, test } from 'vitest'
import { raceEngines } from './places.ts'
import { race } from './race.ts'

beforeAll(() => {
  for (const { start } of raceEngines) start()
})

/** The long form is `npm run test:races`. */
describe.concurrent.each(raceEngines)(
  '$name: snapshots while others write and migrate',
  (engine) => {
    test('show one moment each, with the definitions of that moment', async () => {
      const result = await race(engine, 8, 20_261)
      expect(result.violations).toEqual([])
      expect(result.atOnce + result.retried).toBeGreaterThan(2)
      // The writers were at work meanwhile.
      expect(result.differing).toBeGreaterThan(2)
      expect(result.upheavals).toBeGreaterThan(2)
    }, 180_000)
  },
)
