import type { Config, DatabaseConfig } from '../config/config.ts'
import { ExpectedError, exitStatus } from '../errors.ts'
import { withServices } from '../ops/services.ts'
import { unknownEntries } from './categorise.ts'
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
import type { SnapshotOptions } from './snapshot-run.ts'

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

/** Without the warnings about entries that fit another of the databases. */
function withoutSharedEntries(
  reports: readonly DatabaseReport[],
  config: Config,
): readonly DatabaseReport[] {
  const isUnknown = (warning: Warning) => warning.code === 'unknown-table'
  const missing = reports.flatMap((report) => report.warnings.filter(isUnknown))
  const unknown = unknownEntries(
    missing.map(({ where = '' }) => where),
    config.databases,
  )
  return reports.map((report) => ({
    ...report,
    warnings: report.warnings.filter(
      (warning) => !isUnknown(warning) || unknown.has(warning.where ?? ''),
    ),
  }))
}
