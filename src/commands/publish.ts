import { join } from 'node:path'
import { databaseDirectory } from '../files/layout.ts'
import { placeTree } from '../files/place.ts'
import type { StagedTree } from '../files/stage.ts'
import { commitMessage } from './commit-message.ts'
import type { Comparison } from './compare-staged.ts'
import type { CommitRequest, Repository } from '../git/repository.ts'
import type { Change } from '../review/changes.ts'
import type { Outcome, Warning } from './report.ts'
import { differingPaths } from './review-changes.ts'
import type { DatabaseRun } from './snapshot-run.ts'
import type { StagedDatabase } from './stage-database.ts'

/** What became of the shared files. */
export interface Published {
  readonly outcome: Outcome
  readonly commit?: string
  readonly changes: readonly Change[]
  readonly warnings: readonly Warning[]
}

/** Puts the private files in place. */
export async function publishPrivately(staged: StagedDatabase, run: DatabaseRun): Promise<void> {
  if (run.options.dryRun) return
  const directory = databaseDirectory(run.config.host, run.database.name)
  for (const tree of [staged.local, staged.ephemeral]) {
    if (tree !== undefined) await placeTree(tree, directory)
  }
}

/** Commits the shared files if git sees a difference, then puts them in place and mends the index. */
export async function publish(
  comparison: Comparison,
  { pointInTime }: StagedDatabase,
  run: DatabaseRun,
): Promise<Published> {
  const { repository, subtree, files, staged, committed, changes } = comparison
  const differing = differingPaths(comparison)
  if (run.options.dryRun) {
    return { outcome: differing.length > 0 ? 'would-commit' : 'unchanged', changes, warnings: [] }
  }
  await storeFiles(staged, differing, repository)
  const request = {
    subtree,
    files,
    message: commitMessage(changes, committed.size === 0, pointInTime, run),
    time: run.context.now(),
  }
  const { made, warnings } = repository.writesWorkTree
    ? await commitInWorkTree(repository, request, staged)
    : { made: await repository.commit(request), warnings: [] }
  if (made === undefined) return { outcome: 'unchanged', changes: [], warnings }
  return { outcome: 'committed', commit: made.commit, changes, warnings }
}

/** As many at once as keep a disk busy: each waits for its own bytes to be safe. */
const storedAtOnce = 16

/** Stores what the commit does not hold yet: storing renews the time of an object that is there. */
async function storeFiles(
  { files }: StagedTree,
  paths: readonly string[],
  repository: Repository,
): Promise<void> {
  const staged = paths.flatMap((path) => files.get(path) ?? [])
  for (let start = 0; start < staged.length; start += storedAtOnce) {
    await Promise.all(
      staged.slice(start, start + storedAtOnce).map(({ file }) => repository.storeFile({ file })),
    )
  }
}

/** Commits once nothing stands in the way of the files, then puts them in place. */
async function commitInWorkTree(
  repository: Repository,
  request: CommitRequest,
  tree: StagedTree,
): Promise<{ made: { commit: string } | undefined; warnings: readonly Warning[] }> {
  const commit = { made: undefined as { commit: string } | undefined }
  const { strangers } = await placeTree(tree, request.subtree, async () => {
    commit.made = await repository.commit(request)
  })
  const refreshed = await repository.refreshIndex(request)
  const warnings = [
    ...strangers.map((path) => ({
      code: 'stranger',
      message: `${join(request.subtree, path)} is no file of this tool; it was left alone.`,
    })),
    ...(typeof refreshed === 'object'
      ? [
          {
            code: 'index-postponed',
            message: `git's index: ${refreshed.postponed}; the next run does it.`,
          },
        ]
      : []),
  ]
  return { made: commit.made, warnings }
}
