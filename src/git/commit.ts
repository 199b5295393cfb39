import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { ExpectedError } from '../errors.ts'
import { commitTime } from './identity.ts'
import type { Identities } from './identity.ts'
import type { ObjectStore } from './objects.ts'
import { readRef, updateRef } from './refs.ts'
import type { RefPlace } from './refs.ts'
import { partsOf, refuseIfBlocked, TreeBuilder } from './tree.ts'

/** A commit that replaces one directory; paths are relative to the backup directory, with `/`. */
export interface CommitRequest {
  /** The directory that the commit replaces as a whole: `db1.example.org/csv2`. */
  readonly subtree: string
  /** Path within the subtree → blob, from `storeFile`; without any the subtree goes. */
  readonly files: ReadonlyMap<string, string>
  readonly message: string
  readonly time: Date
}

/** What a commit goes to. */
export interface CommitTarget {
  readonly store: ObjectStore
  readonly refs: RefPlace
  readonly branch: string
  /** The backup directory's path in the repository. */
  readonly prefix: string
  readonly identities: Identities
  readonly isCheckedOut: boolean
  readonly keepsLogs: boolean
  /** Throws when the branch was switched since the repository was opened. */
  readonly checkHead: () => Promise<void>
}

const attempts = 8

/**
 * Commits the branch's tree with our paths replaced, on whatever the branch points to by then: undefined when
 * that is the same tree. Throws ExpectedError `branch-moves`, `path-in-the-way`, `ref-locked`.
 */
export async function commitSubtree(
  target: CommitTarget,
  request: CommitRequest,
): Promise<{ readonly commit: string } | undefined> {
  const ref = `refs/heads/${target.branch}`
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const from = await readRef(target.refs.commonDirectory, ref)
    const parent = from ?? (await startingPoint(target))
    const tree = parent === undefined ? undefined : await treeOf(target.store, parent)
    const newTree = await makeTree(target, request, tree)
    if (newTree === tree) return undefined
    const commit = await writeCommit(target, request, newTree, parent)
    await target.store.sync()
    await target.checkHead()
    const reason = parent === undefined ? 'commit (initial)' : 'commit'
    const subject = request.message.split('\n', 1)[0] ?? ''
    const moved = await updateRef(target.refs, {
      ref,
      from,
      to: commit,
      log: `${target.identities.committer} ${commitTime(request.time)}\t${reason}: ${subject}`,
      logs: logsOf(target, ref),
      makeLogs: target.keepsLogs,
    })
    if (moved) return { commit }
    await sleep(Math.random() * 50 * (attempt + 1))
  }
  throw new ExpectedError(
    'branch-moves',
    `The branch ${target.branch} got a new commit from elsewhere at each of ${attempts} attempts.`,
    'Run again when nothing else commits to that branch.',
  )
}

/** A branch that exists on `origin` goes on from there, as `git switch` does; otherwise it starts without a parent. */
async function startingPoint({ refs, branch }: CommitTarget): Promise<string | undefined> {
  return await readRef(refs.commonDirectory, `refs/remotes/origin/${branch}`)
}

function logsOf({ refs, isCheckedOut }: CommitTarget, ref: string): readonly string[] {
  const ofBranch = join(refs.commonDirectory, 'logs', ref)
  return isCheckedOut ? [ofBranch, join(refs.gitDirectory, 'logs/HEAD')] : [ofBranch]
}

/** The tree that a commit holds. */
export async function treeOf(store: ObjectStore, commit: string): Promise<string> {
  const { bytes } = await store.read(commit)
  const tree = /^tree ([0-9a-f]{40})\n/.exec(bytes.toString('latin1', 0, 46))?.[1]
  if (tree === undefined) throw new Error(`${commit} is not a commit`)
  return tree
}

async function makeTree(
  { store, prefix }: CommitTarget,
  request: CommitRequest,
  tree: string | undefined,
): Promise<string | undefined> {
  const above = partsOf(prefix)
  await refuseIfBlocked(store, tree, above)
  const builder = new TreeBuilder(store)
  const directory = builder.fromFiles(request.files)
  let result = await builder.replace(tree, [...above, ...partsOf(request.subtree)], directory)
  // Nothing is left: an empty tree after a commit, no commit at all before the first.
  if (result === undefined && tree !== undefined) result = builder.empty()
  if (result !== undefined && result !== tree) await builder.save(result)
  return result
}

async function writeCommit(
  { store, identities }: CommitTarget,
  { message, time }: CommitRequest,
  tree: string | undefined,
  parent: string | undefined,
): Promise<string> {
  const at = commitTime(time)
  const lines = [
    `tree ${tree ?? ''}`,
    ...(parent === undefined ? [] : [`parent ${parent}`]),
    `author ${identities.author} ${at}`,
    `committer ${identities.committer} ${at}`,
    '',
    // git allows no zero byte, and ends a message with one line feed.
    `${message.replaceAll('\0', '').trimEnd()}\n`,
  ]
  return await store.write('commit', Buffer.from(lines.join('\n'), 'utf8'))
}
