import type { Config, DatabaseConfig } from '../config/config.ts'
import { ExpectedError } from '../errors.ts'
import { databaseDirectory } from '../files/layout.ts'
import { openRepository } from '../git/repository.ts'
import type { CommandContext } from './context.ts'
import { authorOf } from './destinations.ts'
import { snapshot } from './snapshot.ts'

/**
 * Takes a snapshot of a configured database that is about to be overwritten, and returns the commit that holds it.
 * Throws ExpectedError `snapshot-failed`: without a way back nothing is replaced.
 */
export async function snapshotBeforeReplace(
  config: Config,
  database: DatabaseConfig,
  context: CommandContext,
): Promise<string> {
  const report = await snapshot(
    config,
    // Whatever was lost is about to be replaced.
    { database: database.name, dryRun: false, strict: false, acceptShrink: 'everything' },
    context,
  )
  const made = report.databases[0]
  const failure = report.failure ?? made?.failure
  if (failure !== undefined) {
    throw new ExpectedError(
      'snapshot-failed',
      `The snapshot of "${database.name}" before its replacement failed: ${failure.message}`,
      `Nothing was changed. ${failure.next}`,
    )
  }
  if (made?.outcome === 'held') {
    throw new ExpectedError(
      'snapshot-failed',
      `The snapshot of "${database.name}" before its replacement was held: ${made.held.map(({ message }) => message).join(' ')}`,
      'Nothing was changed. Run a snapshot, which says how to release it.',
    )
  }
  if (made?.commit !== undefined) return made.commit
  const repository = await openRepository(config.backupDirectory, {
    create: false,
    author: authorOf(config),
    environment: context.environment,
    ...(config.git.branch === undefined ? {} : { branch: config.git.branch }),
  })
  const subtree = databaseDirectory(config.host, database.name)
  return (await repository.resolve(repository.branch ?? 'HEAD', subtree)).commit
}
