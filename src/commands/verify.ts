import type { Config, DatabaseConfig } from '../config/config.ts'
import { ExpectedError, exitStatus } from '../errors.ts'
import type { CommandContext } from './context.ts'
import { failureOf, statusOf, worstStatus } from './report.ts'
import { lockScratch } from './scratch.ts'
import { selectDatabases } from './snapshot.ts'
import { verifyDatabase } from './verify-database.ts'
import type { VerifyOptions, VerifyReport, VerifyResult } from './verify-report.ts'

/**
 * Pours snapshots into scratch databases, takes snapshots of those, and compares them file by file. A database that
 * fails holds back no other.
 */
export async function verify(
  config: Config,
  options: VerifyOptions,
  context: CommandContext,
): Promise<VerifyReport> {
  const databases = chosen(config, options)
  await using resources = new AsyncDisposableStack()
  resources.use(await lockScratch(config))
  const results: VerifyResult[] = []
  for (const database of databases) {
    context.signal.throwIfAborted()
    results.push(
      options.all && database.verify.skip
        ? { ...nothing(database), outcome: 'skipped' }
        : await verifyOne(config, database, options, context),
    )
  }
  return {
    host: config.host,
    databases: results,
    status: worstStatus(results.map(({ status }) => status)),
  }
}

function chosen(config: Config, { database, all }: VerifyOptions): readonly DatabaseConfig[] {
  const databases = selectDatabases(config, database)
  if (all || databases.length === 1) return databases
  throw new ExpectedError(
    'several-databases',
    `${config.file} configures several databases.`,
    `Choose one with --database, or verify all of them with --all: ${databases.map(({ name }) => name).join(', ')}.`,
    { status: exitStatus.usage },
  )
}

async function verifyOne(
  config: Config,
  database: DatabaseConfig,
  options: VerifyOptions,
  context: CommandContext,
): Promise<VerifyResult> {
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  try {
    const found = await verifyDatabase(config, database, options, context)
    const isSame = found.differences.length === 0
    return {
      ...nothing(database),
      ...found,
      outcome: isSame ? 'same' : 'different',
      seconds: seconds(),
      status: isSame ? exitStatus.done : exitStatus.different,
    }
  } catch (error) {
    if (context.signal.aborted) throw error
    return {
      ...nothing(database),
      outcome: 'failed',
      failure: failureOf(error),
      seconds: seconds(),
      status: statusOf(error),
    }
  } finally {
    context.progress.stop()
  }
}

function nothing({ name, verify: { comment } }: DatabaseConfig) {
  return {
    database: name,
    objects: 0,
    rows: 0,
    differences: [],
    notes: [],
    ...(comment === undefined ? {} : { comment }),
    seconds: 0,
    status: exitStatus.done,
  } as const
}
