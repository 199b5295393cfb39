import { databaseDirectory } from '../files/layout.ts'
import type { Change } from '../review/changes.ts'
import type { Repository } from '../git/repository.ts'
import { isCountersPath, replaceCounters, type StagedTree } from '../files/stage.ts'
import { differingPaths, reviewChanges, type Sides } from './review-changes.ts'
import type { DatabaseRun } from './snapshot-run.ts'

/** What a run found, against the last commit. */
export interface Comparison extends Sides {
  /** The database's directory within the backup directory. */
  readonly subtree: string
  readonly changes: readonly Change[]
}

/** Compares staged files with the last commit; nothing is stored. */
export async function compareStaged(shared: StagedTree, run: DatabaseRun): Promise<Comparison> {
  const { repository } = run.destinations
  const subtree = databaseDirectory(run.config.host, run.database.name)
  const committed = await repository.readTree(subtree)
  const files = await blobsOf(shared, repository)
  const staged = await withoutIdleCounters({ repository, committed, staged: shared, files })
  const sides = { repository, committed, staged, files }
  return { ...sides, subtree, changes: await reviewChanges(sides, run.database.name) }
}

/** Path → blob of every staged file. */
async function blobsOf(
  { files }: StagedTree,
  repository: Repository,
): Promise<Map<string, string>> {
  const blobs = new Map<string, string>()
  for (const [path, { file }] of files) blobs.set(path, await repository.identifyFile({ file }))
  return blobs
}

/** When nothing but counters moved, the committed counters stay: alone they are no reason for a commit. */
async function withoutIdleCounters({
  repository,
  committed,
  staged,
  files,
}: Sides & { readonly files: Map<string, string> }): Promise<StagedTree> {
  const differing = differingPaths({ files, committed })
  const moved = (path: string) => isCountersPath(path) && files.has(path) && committed.has(path)
  if (differing.length === 0 || !differing.every(moved)) return staged
  const counters = new Map<string, Uint8Array>()
  for (const [path, { oid }] of committed) {
    if (!isCountersPath(path)) continue
    counters.set(path, await repository.readBlob(oid))
    files.set(path, oid)
  }
  return await replaceCounters(staged, counters)
}
