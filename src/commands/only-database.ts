import type { Config, DatabaseConfig } from '../config/config.ts'
import { ExpectedError, exitStatus } from '../errors.ts'
import { selectDatabases } from './snapshot.ts'

/**
 * The database that a command for a single one is about. Throws ExpectedError `several-databases` when none was
 * named and several are configured.
 */
export function onlyDatabase(config: Config, name: string | undefined): DatabaseConfig {
  const [database, ...others] = selectDatabases(config, name)
  if (database !== undefined && others.length === 0) return database
  throw new ExpectedError(
    'several-databases',
    `${config.file} configures several databases, and this is about one at a time.`,
    `Choose one with --database: ${config.databases.map((one) => one.name).join(', ')}.`,
    { status: exitStatus.usage },
  )
}
