import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import { seeded } from './seeded.ts'
import { upheaver } from './upheavals.ts'
import { mover, type Dialect, type Step } from './workload.ts'

/** What a writer's process is told, as JSON in its first argument. */
export interface WriterRequest {
  readonly dialect: Dialect
  /** A server's URL or a file's path. */
  readonly place: string
  readonly role: 'move' | 'upheave'
  readonly seed: number
  /** The longest pause between two steps. */
  readonly pauseMilliseconds: number
}

/** What it prints, as JSON, when its standard input has ended. */
export interface WriterCounts {
  readonly steps: number
  /** Attempts that the database refused: a deadlock, a lock that was waited for too long. */
  readonly refused: number
}

interface Session {
  run(statement: string): Promise<unknown>
  end(): Promise<unknown>
}

async function connect({ dialect, place }: WriterRequest): Promise<Session> {
  if (dialect === 'postgres') {
    const client = new Client({ connectionString: place })
    await client.connect()
    return { run: (statement) => client.query(statement), end: () => client.end() }
  }
  if (dialect === 'mysql') {
    const uri = place.replace(/^[a-z]+:/, 'mysql:')
    const connection = await createConnection({ uri, multipleStatements: true })
    return { run: (statement) => connection.query(statement), end: () => connection.end() }
  }
  const database = new DatabaseSync(place, { timeout: 10_000 })
  database.exec('PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 20')
  return {
    run: (statement) => {
      database.exec(statement)
      return Promise.resolve()
    },
    end: () => {
      database.close()
      return Promise.resolve()
    },
  }
}

/** Runs it until it succeeds, and returns how often it did not. */
async function insist(session: Session, statements: readonly string[]): Promise<number> {
  for (let refused = 0; ; refused += 1) {
    try {
      for (const statement of statements) await session.run(statement)
      return refused
    } catch (error) {
      await session.run('ROLLBACK').catch(() => undefined)
      if (refused > 20) throw new Error(statements.join('; '), { cause: error })
    }
  }
}

async function perform(session: Session, step: Step, begin: string): Promise<number> {
  if (step.transaction) return await insist(session, [begin, ...step.statements, 'COMMIT'])
  let refused = 0
  for (const statement of step.statements) refused += await insist(session, [statement])
  return refused
}

async function work(request: WriterRequest, isStopped: () => boolean): Promise<WriterCounts> {
  const { dialect, role, seed, pauseMilliseconds } = request
  const session = await connect(request)
  const random = seeded(seed)
  const next = role === 'move' ? mover() : upheaver(dialect)
  const begin = dialect === 'sqlite' ? 'BEGIN IMMEDIATE' : 'BEGIN'
  let [steps, refused] = [0, 0]
  while (!isStopped()) {
    const step = next(random)
    refused += await perform(session, step, begin)
    step.done?.()
    steps += 1
    if (steps === 3) process.stdout.write('at work\n')
    await wait(random(pauseMilliseconds + 1))
  }
  await session.end()
  return { steps, refused }
}

if (import.meta.main) {
  const request = JSON.parse(process.argv[2] ?? '') as WriterRequest
  let stopped = false
  // Ended by the one who started it, or with it.
  process.stdin.on('end', () => (stopped = true)).resume()
  process.stdout.write(`${JSON.stringify(await work(request, () => stopped))}\n`)
}
