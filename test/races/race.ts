import { violationsOf } from './invariants.ts'
import type { RaceEngine, RacePlace } from './places.ts'
import { Snapshots, type Taken } from './snapshots.ts'
import { setUp, type Dialect } from './workload.ts'
import type { WriterCounts } from './writer.ts'
import { startWriter, type RunningWriter } from './writers.ts'

/** What one engine's race came to. */
export interface RaceResult {
  readonly engine: string
  readonly snapshots: number
  /** Snapshots that were whole at the first reading, and those that were only after starting over. */
  readonly atOnce: number
  readonly retried: number
  /** Those that failed with status 2 and left nothing behind. */
  readonly failed: number
  readonly moves: number
  readonly upheavals: number
  /** How many differing contents the snapshots show. */
  readonly differing: number
  /** What no moment of the database looked like. */
  readonly violations: readonly string[]
}

/** The longest pause between two upheavals: reading must succeed now and then. */
const upheavalPause: Readonly<Record<Dialect, number>> = { postgres: 250, mysql: 1000, sqlite: 20 }

async function startWriters(
  dialect: Dialect,
  { writersPlace }: RacePlace,
  seed: number,
): Promise<readonly [RunningWriter, RunningWriter]> {
  const common = { dialect, place: writersPlace }
  const pauseMilliseconds = upheavalPause[dialect]
  return [
    await startWriter({ ...common, role: 'move', seed, pauseMilliseconds: 3 }),
    await startWriter({ ...common, role: 'upheave', seed: seed + 1, pauseMilliseconds }),
  ]
}

/** Runs `readers` of a workload's database while its writers are at work. */
export async function amidWriters<T>(
  { dialect, make }: RaceEngine,
  seed: number,
  read: (place: RacePlace) => Promise<T>,
): Promise<{ readonly result: T; readonly move: WriterCounts; readonly upheave: WriterCounts }> {
  const place = await make()
  try {
    place.sql(setUp(dialect))
    const [mover, upheaver] = await startWriters(dialect, place, seed)
    const [result] = await Promise.allSettled([read(place)])
    const [move, upheave] = [await mover.stop(), await upheaver.stop()]
    if (result.status === 'rejected') throw result.reason
    return { result: result.value, move, upheave }
  } finally {
    place.remove()
  }
}

/** Takes snapshots while two processes write. */
export async function race(
  engine: RaceEngine,
  snapshots: number,
  seed: number,
): Promise<RaceResult> {
  const { result, move, upheave } = await amidWriters(engine, seed, async ({ url }) => {
    await using reader = await Snapshots.of(url)
    const taken: Taken[] = []
    while (taken.length < snapshots) taken.push(await reader.take())
    return taken
  })
  const whole = result.filter(({ failure }) => failure === undefined)
  const contents = whole.map(({ files }) => JSON.stringify([...(files?.tables ?? [])]))
  return {
    engine: engine.name,
    snapshots,
    atOnce: whole.filter(({ attempts }) => attempts === 1).length,
    retried: whole.filter(({ attempts }) => attempts > 1).length,
    failed: result.length - whole.length,
    moves: move.steps,
    upheavals: upheave.steps,
    differing: new Set(contents).size,
    violations: result.flatMap((taken, number) =>
      faultsOf(taken, engine.dialect).map((fault) => `snapshot ${number + 1}: ${fault}`),
    ),
  }
}

/** Failures that say that no one point in time could be read. */
const honest = new Set(['changed-while-reading', 'lock-timeout', 'database-locked'])

function faultsOf({ files, failure, leftOver }: Taken, dialect: Dialect): string[] {
  const left = leftOver.map((path) => `left ${path} behind`)
  if (files !== undefined) return [...violationsOf(files, dialect), ...left]
  const isHonest = failure?.status === 2 && honest.has(failure.code)
  return [...(isHonest ? [] : [`failed with ${JSON.stringify(failure)}`]), ...left]
}
