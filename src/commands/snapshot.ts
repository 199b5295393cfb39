import type { Config, DatabaseConfig } from '../config/config.ts'
import { ExpectedError, exitStatus } from '../errors.ts'
import { withServices, type ServiceMode } from '../ops/services.ts'
import type { CommandContext } from './context.ts'
import { prepareDestinations } from './destinations.ts'
import {
  failureOf,
  statusOf,
  worstStatus,
  type DatabaseReport,
  type RunReport,
  type Warning,
} from './report.ts'
import { snapshotDatabase } from './snapshot-database.ts'

/** What one run of `snapshot` was asked for. */
export interface SnapshotOptions {
  /** Only the database of this name. */
  readonly database?: string
  /** Say what would be committed, write nothing. */
  readonly dryRun: boolean
  /** Unclassified tables make the status `incomplete`. */
  readonly strict: boolean
  /** Stop the consumers around the read instead of running the `pause` statements. */
  readonly services?: ServiceMode
  /** Where the rows of ephemeral tables go, absolute; absent: nowhere. */
  readonly ephemeralDirectory?: string
}

/**
 * Snapshots every configured database: reads it, writes its files, commits what git sees as changed. A database
 * that fails holds back no other. Throws ExpectedError when no database can be begun.
 */
export async function snapshot(
  config: Config,
  options: SnapshotOptions,
  context: CommandContext,
): Promise<RunReport> {
  const databases = selectDatabases(config, options.database)
  await using destinations = await prepareDestinations(config, options, context.environment)
  const databaseReports: DatabaseReport[] = []
  const work = async () => {
    for (const database of databases) {
      databaseReports.push(
        await snapshotDatabase({ config, database, options, destinations, context }),
      )
    }
  }
  const failure = await run(work, config, options, context)
  return {
    host: config.host,
    dryRun: options.dryRun,
    databases: withoutSharedEntries(databaseReports, config),
    warnings: destinations.warnings,
    ...(failure === undefined ? {} : { failure: failureOf(failure.error) }),
    status: worstStatus([
      ...databaseReports.map((report) => report.status),
      ...(failure === undefined ? [] : [statusOf(failure.error)]),
    ]),
  }
}

/** The databases that a run is about. */
export function selectDatabases(
  config: Config,
  name: string | undefined,
): readonly DatabaseConfig[] {
  if (name === undefined) return config.databases
  const found = config.databases.filter((database) => database.name === name)
  if (found.length > 0) return found
  throw new ExpectedError(
    'unknown-database',
    `${config.file} configures no database "${name}".`,
    `Choose one of: ${config.databases.map((database) => database.name).join(', ')}.`,
    { status: exitStatus.usage },
  )
}

/** The work between the services; a service's failure is returned, since the databases' reports still count. */
async function run(
  work: () => Promise<void>,
  config: Config,
  options: SnapshotOptions,
  context: CommandContext,
): Promise<{ error: unknown } | undefined> {
  if (options.services === undefined || options.dryRun) {
    await work()
    return undefined
  }
  try {
    await withServices(options.services, config.services, context.environment, work)
    return undefined
  } catch (error) {
    return { error }
  }
}

/** An entry of lists that several databases share is no mistake while one of them has the table. */
function withoutSharedEntries(
  reports: readonly DatabaseReport[],
  config: Config,
): readonly DatabaseReport[] {
  const isUnknown = (warning: Warning) => warning.code === 'unknown-table'
  const missing = reports.flatMap((report) => report.warnings.filter(isUnknown))
  const misses = Map.groupBy(missing, (warning) => warning.where)
  const users = (where: string | undefined) =>
    config.databases.filter(({ categories }) => categories.some((entry) => entry.where === where))
  return reports.map((report) => ({
    ...report,
    warnings: report.warnings.filter(
      (warning) =>
        !isUnknown(warning) || misses.get(warning.where)?.length === users(warning.where).length,
    ),
  }))
}
