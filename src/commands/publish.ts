import { join } from 'node:path'
import { databaseDirectory } from '../files/layout.ts'
import { placeTree } from '../files/place.ts'
import { isCountersPath, replaceCounters, type StagedTree } from '../files/stage.ts'
import { commitMessage } from './commit-message.ts'
import type { CommitRequest, Repository, TreeFile } from '../git/repository.ts'
import type { Change } from '../review/changes.ts'
import type { Outcome, Warning } from './report.ts'
import { differingPaths, reviewChanges } from './review-changes.ts'
import type { DatabaseRun } from './snapshot-run.ts'
import type { StagedDatabase } from './stage-database.ts'

/** What became of the shared files. */
export interface Published {
  readonly outcome: Outcome
  readonly commit?: string
  readonly changes: readonly Change[]
  readonly warnings: readonly Warning[]
}

/** Puts the private files in place: before the commit, so that none exists whose private rows were not saved. */
export async function publishPrivately(staged: StagedDatabase, run: DatabaseRun): Promise<void> {
  if (run.options.dryRun) return
  const directory = databaseDirectory(run.config.host, run.database.name)
  for (const tree of [staged.local, staged.ephemeral]) {
    if (tree !== undefined) await placeTree(tree, directory)
  }
}

/** Commits the shared files if git sees a difference, then puts them in place and mends the index. */
export async function publish(staged: StagedDatabase, run: DatabaseRun): Promise<Published> {
  const { repository } = run.destinations
  const subtree = databaseDirectory(run.config.host, run.database.name)
  const committed = await repository.readTree(subtree)
  const files = await blobsOf(staged.shared, repository)
  const tree = await withoutIdleCounters(staged.shared, files, committed, repository)
  const sides = { repository, committed, staged: tree, files }
  const changes = await reviewChanges(sides, run.database.name)
  if (run.options.dryRun) {
    const outcome = differingPaths(sides).length > 0 ? 'would-commit' : 'unchanged'
    return { outcome, changes, warnings: [] }
  }
  await storeFiles(tree, differingPaths(sides), repository)
  const request = {
    subtree,
    files,
    message: commitMessage(changes, committed.size === 0, run),
    time: run.context.now(),
  }
  const { made, warnings } = repository.writesWorkTree
    ? await commitInWorkTree(repository, request, tree)
    : { made: await repository.commit(request), warnings: [] }
  if (made === undefined) return { outcome: 'unchanged', changes: [], warnings }
  return { outcome: 'committed', commit: made.commit, changes, warnings }
}

/** Path → blob of every staged file; nothing is stored. */
async function blobsOf(
  { files }: StagedTree,
  repository: Repository,
): Promise<Map<string, string>> {
  const blobs = new Map<string, string>()
  for (const [path, { file }] of files) blobs.set(path, await repository.identifyFile({ file }))
  return blobs
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

/** When nothing but counters moved, the committed counters stay: alone they are no reason for a commit. */
async function withoutIdleCounters(
  tree: StagedTree,
  files: Map<string, string>,
  committed: ReadonlyMap<string, TreeFile>,
  repository: Repository,
): Promise<StagedTree> {
  const differing = differingPaths({ files, committed })
  const moved = (path: string) => isCountersPath(path) && files.has(path) && committed.has(path)
  if (differing.length === 0 || !differing.every(moved)) return tree
  const counters = new Map<string, Uint8Array>()
  for (const [path, { oid }] of committed) {
    if (!isCountersPath(path)) continue
    counters.set(path, await repository.readBlob(oid))
    files.set(path, oid)
  }
  return await replaceCounters(tree, counters)
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
