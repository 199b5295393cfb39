import { setTimeout as wait } from 'node:timers/promises'
import type { Database } from '../engines/engine.ts'
import { ExpectedError } from '../errors.ts'
import { interruptible, sleep } from './interrupt.ts'
import { openDatabase } from './open-database.ts'
import { failureOf, statusOf } from './report.ts'
import type { DatabaseRun } from './snapshot-run.ts'
import { stageDatabase, type StagedDatabase } from './stage-database.ts'

/** Connects, pauses what the user wants paused, and stages every file; resumes whatever happens. */
export async function readDatabase(run: DatabaseRun): Promise<StagedDatabase> {
  const { database: target, options, context } = run
  await using database = await openDatabase(target, context)
  // With the services stopped or nothing written there is nobody to pause.
  const pauses = options.services === undefined && !options.dryRun
  if (!pauses || target.pause.length + target.resume.length === 0) {
    return await stageUntilStopped(database, run)
  }
  const [read] = await Promise.allSettled([pauseAndStage(database, run)])
  const problems = await resume(database, target.resume)
  if (problems.length === 0) {
    if (read.status === 'rejected') throw read.reason
    return read.value
  }
  if (read.status === 'fulfilled') await read.value[Symbol.asyncDispose]()
  throw resumeFailed(problems, read)
}

async function pauseAndStage(database: Database, run: DatabaseRun): Promise<StagedDatabase> {
  for (const statement of run.database.pause) await database.execute(statement)
  await sleep(run.config.pauseIntervalSeconds, run.context.signal)
  return await stageUntilStopped(database, run)
}

/** A read that a signal has stopped gets this long to end by itself and let go of its locks; a server may hang. */
const graceMilliseconds = 2000

async function stageUntilStopped(database: Database, run: DatabaseRun): Promise<StagedDatabase> {
  const { signal } = run.context
  const staging = stageDatabase(database, run)
  try {
    return await interruptible(staging, signal)
  } catch (error) {
    if (signal.aborted) {
      await Promise.race([discard(staging), wait(graceMilliseconds, undefined, { ref: false })])
    }
    throw error
  }
}

async function discard(staging: Promise<StagedDatabase>): Promise<void> {
  const [staged] = await Promise.allSettled([staging])
  if (staged.status === 'fulfilled') await staged.value[Symbol.asyncDispose]()
}

/** Runs every statement, also after one that failed; returns what failed. */
async function resume(database: Database, statements: readonly string[]): Promise<unknown[]> {
  const problems: unknown[] = []
  for (const statement of statements) {
    await database.execute(statement).catch((error: unknown) => problems.push(error))
  }
  return problems
}

function resumeFailed(
  problems: readonly unknown[],
  read: PromiseSettledResult<StagedDatabase>,
): ExpectedError {
  const before = read.status === 'rejected' ? [read.reason as unknown] : []
  const messages = [...before, ...problems].map((problem) => failureOf(problem).message)
  return new ExpectedError(
    'resume-failed',
    `Not every statement under \`resume\` could be run: ${messages.join(' ')}`,
    'Run them by hand now: what was paused may still be. Then correct them in the configuration.',
    { cause: problems[0], status: statusOf(before[0] ?? problems[0]) },
  )
}
