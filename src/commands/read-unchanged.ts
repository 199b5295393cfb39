import { setTimeout as wait } from 'node:timers/promises'
import type { Database, ReadRequest } from '../engines/engine.ts'
import { ExpectedError } from '../errors.ts'
import type { Snapshot } from '../model.ts'

/** A migration may well rewrite tables for minutes; the next run comes soon enough. */
const attempts = 5
const pauseBetweenAttemptsMilliseconds = 500

/** What is made of a snapshot, and how it is taken back when the snapshot turns out to be no one point in time. */
export interface SnapshotUse<T> {
  /** Leaves nothing behind when it fails. */
  readonly make: (snapshot: Snapshot) => Promise<T>
  readonly discard: (made: T) => Promise<void>
}

/** Reads a database and starts over, a few times, when it changed meanwhile (`changed-while-reading`). */
export async function readUnchanged<T>(
  database: Database,
  request: ReadRequest,
  use: SnapshotUse<T>,
  signal: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readOnce(database, request, use)
    } catch (error) {
      if (!changedWhileReading(error) || attempt === attempts) throw error
      await wait(pauseBetweenAttemptsMilliseconds * attempt)
      signal.throwIfAborted()
    }
  }
}

/** Some changes are seen at the end alone, when everything is made already. */
async function readOnce<T>(
  database: Database,
  request: ReadRequest,
  { make, discard }: SnapshotUse<T>,
): Promise<T> {
  const made: T[] = []
  try {
    return await database.read(request, async (snapshot) => {
      const result = await make(snapshot)
      made.push(result)
      return result
    })
  } catch (error) {
    for (const result of made) await discard(result)
    throw error
  }
}

function changedWhileReading(error: unknown): boolean {
  return error instanceof ExpectedError && error.code === 'changed-while-reading'
}
