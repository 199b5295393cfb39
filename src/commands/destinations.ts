import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { directoryConflict, realDirectories } from '../config/directories.ts'
import { ExpectedError, exitStatus } from '../errors.ts'
import { lockDirectory } from '../files/lock.ts'
import { preparePrivateDirectory } from '../files/work-directory.ts'
import { openRepository, type Repository } from '../git/repository.ts'
import type { Warning } from './report.ts'
import type { Environment } from '../model.ts'

/** Where a run writes: checked, locked, and ready. */
export interface Destinations extends AsyncDisposable {
  readonly repository: Repository
  /** Below which the shared files are staged; a temporary directory in a dry run. */
  readonly stagingDirectory: string
  readonly privateDirectory?: string
  readonly ephemeralDirectory?: string
  /** What was mended or is not backed up, for the report. */
  readonly warnings: readonly Warning[]
}

/**
 * Opens the repository and the directories of a run and takes the lock. Throws ExpectedError when the repository is
 * in the middle of something, when a private directory would end up in it, or when another run is at work.
 */
export async function prepareDestinations(
  config: Config,
  options: { readonly dryRun: boolean; readonly ephemeralDirectory?: string },
  environment: Environment,
): Promise<Destinations> {
  await using resources = new AsyncDisposableStack()
  const repository = await openRepository(config.backupDirectory, {
    create: !options.dryRun,
    author: authorOf(config),
    environment,
    ...(config.git.branch === undefined ? {} : { branch: config.git.branch }),
  })
  await repository.refuseIfBusy()
  const privateDirectories = [config.privateDirectory, options.ephemeralDirectory].filter(
    (directory) => directory !== undefined,
  )
  for (const directory of privateDirectories) await refuseInRepository(directory, repository)
  await refuseOverlap(config, options.ephemeralDirectory)
  if (options.dryRun) {
    const directory = await mkdtemp(join(tmpdir(), 'schema_backup-'))
    resources.defer(async () => {
      await rm(directory, { recursive: true, force: true })
    })
    return { repository, stagingDirectory: directory, warnings: [], ...disposer(resources) }
  }
  resources.use(await lockDirectory(config.backupDirectory))
  const warnings: Warning[] = config.privateDirectory === undefined ? [noPrivateDirectory] : []
  for (const directory of privateDirectories) {
    const warning = await preparePrivateDirectory(directory)
    if (warning !== undefined) warnings.push({ code: 'directory', message: warning })
    resources.use(await lockDirectory(directory))
  }
  return {
    repository,
    stagingDirectory: config.backupDirectory,
    ...(config.privateDirectory === undefined ? {} : { privateDirectory: config.privateDirectory }),
    ...(options.ephemeralDirectory === undefined
      ? {}
      : { ephemeralDirectory: options.ephemeralDirectory }),
    warnings,
    ...disposer(resources),
  }
}

/** Throws: rows of one kind would be removed as strays of the other, or be locked out. */
async function refuseOverlap(config: Config, ephemeral: string | undefined): Promise<void> {
  if (ephemeral === undefined) return
  for (const other of [config.backupDirectory, config.privateDirectory]) {
    if (other === undefined) continue
    const directories = await realDirectories({ backup: other, private: ephemeral })
    if (directoryConflict(directories) === undefined) continue
    throw new ExpectedError(
      'directories-overlap',
      `The directory for ephemeral rows, ${ephemeral}, and ${other} are the same or one inside the other.`,
      'Name a directory beside them: --ephemeral-directory DIR.',
      { status: exitStatus.usage },
    )
  }
}

const noPrivateDirectory: Warning = {
  code: 'no-private-directory',
  message: 'The rows of local tables are not backed up: user_data_backup_dir is not configured.',
}

function disposer(resources: AsyncDisposableStack): AsyncDisposable {
  const moved = resources.move()
  return {
    [Symbol.asyncDispose]: async () => {
      await moved.disposeAsync()
    },
  }
}

/** Who commits, as far as the configuration says. */
export function authorOf(config: Config): { name?: string; email?: string } {
  const { authorName, authorEmail } = config.git
  return {
    ...(authorName === undefined ? {} : { name: authorName }),
    ...(authorEmail === undefined ? {} : { email: authorEmail }),
  }
}

/** Throws: private rows in a repository's work tree would be committed by the next `git add`. */
export async function refuseInRepository(directory: string, repository: Repository): Promise<void> {
  if (!(await repository.exposes(directory))) return
  throw new ExpectedError(
    'private-directory-in-repository',
    `The directory for private rows, ${directory}, lies in the repository that holds the backup directory, which does not ignore it.`,
    'Choose a directory outside the repository, or add it to .gitignore.',
  )
}
