import { join, resolve } from 'node:path'
import { ExpectedError } from '../errors.ts'
import type { Environment } from '../model.ts'
import { detachedHead, refuseUnfinished } from './busy.ts'
import { commitSubtree, treeOf } from './commit.ts'
import type { CommitRequest, CommitTarget } from './commit.ts'
import { configFiles, configFlag, configValue, readConfig } from './config.ts'
import { createRepository, findRepository, realPath } from './discover.ts'
import type { RepositoryPlace } from './discover.ts'
import { removeLeftovers, sharingOf } from './durable.ts'
import type { Sharing } from './durable.ts'
import { isExposed } from './exposure.ts'
import { explained, isFileError } from './failures.ts'
import { identitiesFrom } from './identity.ts'
import type { Identities, Person } from './identity.ts'
import { UnreadableIndexError } from './index-file.ts'
import { planIndex, updateIndex } from './index-update.ts'
import { removeStaleLock, withLock } from './lock.ts'
import type { LockOptions } from './lock.ts'
import { hashFile, objectId, ObjectStore } from './objects.ts'
import { isBranchName, otherWorkTreeOf, readHead, readRef, removeStaleRefLock } from './refs.ts'
import type { Head } from './refs.ts'
import { resolveRevision } from './revision.ts'
import type { Revision } from './revision.ts'
import { findEntry, isDirectory, listFiles, partsOf } from './tree.ts'
import type { TreeFile } from './tree.ts'

export type { CommitRequest } from './commit.ts'
export type { Person } from './identity.ts'
export type { Revision } from './revision.ts'
export type { TreeFile } from './tree.ts'

/** A file's content: its bytes, or the path of a file that has them. */
export type FileSource = { readonly bytes: Uint8Array } | { readonly file: string }

/** How to open a repository. */
export interface RepositoryOptions {
  /** The branch to commit to; absent: the one that is checked out. */
  readonly branch?: string
  readonly author?: Person
  readonly environment: Environment
  /** Whether to make a repository when none holds the directory; without it (a dry run) one is only imagined. */
  readonly create: boolean
}

/** What became of the index; `postponed` says why the next run has to do it. */
export type IndexRefresh = 'unchanged' | 'written' | { readonly postponed: string }

// An editor may be open for that long within `git commit -a`.
const staleIndexLockAfter = 3_600_000

/**
 * Opens the repository that holds a directory, which need not exist yet.
 * Nothing that is configured in it is ever run: no hook, filter, alias, file system monitor or signing program.
 */
export async function openRepository(
  directory: string,
  options: RepositoryOptions,
): Promise<Repository> {
  const { branch, environment } = options
  if (branch !== undefined && !isBranchName(branch)) {
    throw new ExpectedError(
      'branch-name-invalid',
      `"${branch}" can't be the name of a branch.`,
      'Set git.branch to a name that git check-ref-format --branch accepts.',
    )
  }
  return await explained(`Opening the repository of ${directory}`, async () => {
    let place = await findRepository(directory)
    if (place === undefined && options.create) {
      await createRepository(directory, branch ?? 'main')
      place = await findRepository(directory)
    }
    if (place === undefined) return await imagineRepository(directory, branch ?? 'main')
    const config = await readConfig(configFiles(environment, place), {
      gitDirectory: place.gitDirectory,
      home: environment['HOME'],
    })
    return new Repository(place, {
      head: await readHead(place.gitDirectory),
      requestedBranch: branch,
      identities: identitiesFrom(options.author ?? {}, environment, config),
      sharing: await sharingOf(place.commonDirectory, configValue(config, 'core.sharedrepository')),
      logs: configValue(config, 'core.logallrefupdates')?.toLowerCase(),
    })
  })
}

/** A repository without commits where none is yet, for a dry run; it can't be committed to. */
async function imagineRepository(directory: string, branch: string): Promise<Repository> {
  const workTree = await realPath(resolve(directory))
  const gitDirectory = join(workTree, '.git')
  const place = {
    gitDirectory,
    commonDirectory: gitDirectory,
    workTree,
    prefix: '',
    config: new Map(),
  }
  return new Repository(place, {
    head: { branch },
    requestedBranch: undefined,
    identities: { author: '', committer: '' },
    sharing: { extraMode: 0 },
    logs: undefined,
  })
}

interface RepositorySetting {
  readonly head: Head
  readonly requestedBranch: string | undefined
  readonly identities: Identities
  readonly sharing: Sharing
  readonly logs: string | undefined
}

/** A repository, seen from the backup directory: every path is relative to that, with `/`. */
export class Repository {
  /** The top of the work tree; absent when bare. */
  readonly workTree: string | undefined
  /** The backup directory's path in the work tree; '' at the top. */
  readonly prefix: string
  readonly bare: boolean
  /** The branch that commits go to; absent on a detached HEAD without `git.branch`. */
  readonly branch: string | undefined
  /** The branch that is checked out, which may have no commit yet; absent on a detached HEAD. */
  readonly currentBranch: string | undefined
  /** Whether the files of the commit also belong into the work tree: not when bare or on another branch. */
  readonly writesWorkTree: boolean
  readonly #place: RepositoryPlace
  readonly #setting: RepositorySetting
  readonly #store: ObjectStore

  constructor(place: RepositoryPlace, setting: RepositorySetting) {
    this.#place = place
    this.#setting = setting
    this.#store = new ObjectStore(join(place.commonDirectory, 'objects'), setting.sharing)
    this.workTree = place.workTree
    this.prefix = place.prefix
    this.bare = place.workTree === undefined
    this.currentBranch = 'branch' in setting.head ? setting.head.branch : undefined
    this.branch = setting.requestedBranch ?? this.currentBranch
    this.writesWorkTree =
      !this.bare && this.branch !== undefined && this.branch === this.currentBranch
  }

  /** Throws ExpectedError `detached-head`, `repository-busy` or `branch-checked-out` when no commit may be made now. */
  async refuseIfBusy(): Promise<void> {
    const { gitDirectory, commonDirectory, config } = this.#place
    const where = this.workTree ?? gitDirectory
    // First: a rebase detaches HEAD, and its own advice helps more.
    if (this.#setting.requestedBranch === undefined || this.writesWorkTree) {
      await refuseUnfinished(gitDirectory, where)
    }
    if (this.branch === undefined) throw await detachedHead(gitDirectory, where)
    if (this.writesWorkTree) return
    const mainIsBare = configFlag(config, 'core.bare') === true
    const place = { gitDirectory, commonDirectory, mainIsBare }
    const other = await otherWorkTreeOf(this.branch, place)
    if (other === undefined) return
    throw new ExpectedError(
      'branch-checked-out',
      `The branch ${this.branch} is checked out in another work tree (${other}).`,
      'Put the backup directory into that work tree, or set git.branch to another branch.',
    )
  }

  /**
   * The commit that a person means by a name, or by a time, which asks for the last change of the directory `subtree`
   * of the backup directory; see revision.ts.
   */
  async resolve(revision: string, subtree: string): Promise<Revision> {
    return await explained('Reading the repository', async () => {
      const { gitDirectory, commonDirectory } = this.#place
      const place = { store: this.#store, gitDirectory, commonDirectory, branch: this.branch }
      return await resolveRevision(revision, this.#pathOf(subtree), place)
    })
  }

  /**
   * The files under a directory of the backup directory, by their path in it, in the branch's last commit or in the
   * one that is named in full; reads trees alone.
   */
  async readTree(subtree: string, commit?: string): Promise<Map<string, TreeFile>> {
    return await explained('Reading the repository', async () => {
      const path = this.#pathOf(subtree)
      const entry =
        commit === undefined
          ? await this.#find(path)
          : await findEntry(this.#store, await treeOf(this.#store, commit), path)
      if (entry === undefined || !isDirectory(entry)) return new Map<string, TreeFile>()
      return await listFiles(this.#store, entry.oid)
    })
  }

  /** The bytes of a file that `readTree` named. */
  async readBlob(oid: string): Promise<Uint8Array> {
    return await explained(
      'Reading the repository',
      async () => (await this.#store.read(oid)).bytes,
    )
  }

  /** Stores a file's bytes, durably, unless the repository has them; the result names them in `commit`. */
  async storeFile(source: FileSource): Promise<string> {
    return await explained('Writing to the repository', async () =>
      'bytes' in source
        ? await this.#store.write('blob', source.bytes)
        : await this.#store.writeFile(source.file),
    )
  }

  /** The name that `storeFile` would give, without storing anything. */
  async identifyFile(source: FileSource): Promise<string> {
    return 'bytes' in source ? objectId('blob', source.bytes) : await hashFile(source.file)
  }

  /** Commits the branch with only our paths replaced, durably; undefined when that changes nothing. */
  async commit(request: CommitRequest): Promise<{ readonly commit: string } | undefined> {
    return await explained('Committing', async () => {
      await this.refuseIfBusy()
      await this.#removeLeftovers()
      return await commitSubtree(this.#target(), request)
    })
  }

  /**
   * Makes `git status` clean for the paths of a commit (also of an earlier run that was killed), with one read and
   * at most one write of the index. Never fails for a reason outside of this program: the commit is made by then.
   */
  async refreshIndex(request: Pick<CommitRequest, 'subtree' | 'files'>): Promise<IndexRefresh> {
    const { workTree } = this
    if (workTree === undefined || !this.writesWorkTree) return 'unchanged'
    const { gitDirectory } = this.#place
    const place = { gitDirectory, workTree, store: this.#store, sharing: this.#setting.sharing }
    const wanted = { ...place, ...this.#indexPaths(request), verified: new Map<string, Buffer>() }
    try {
      // Without the lock first: the user's own git fails at once while we hold it.
      if ((await planIndex(wanted)) === undefined) return 'unchanged'
      const done = await withLock(join(gitDirectory, 'index'), this.#indexLock(), async () => {
        await this.#checkHead()
        return await updateIndex(wanted)
      })
      if (done !== undefined) return done.value ? 'written' : 'unchanged'
      return { postponed: `another program holds ${join(gitDirectory, 'index.lock')}` }
    } catch (error) {
      const isOutside =
        isFileError(error) ||
        error instanceof ExpectedError ||
        error instanceof UnreadableIndexError
      if (!isOutside) throw error
      return { postponed: error.message }
    }
  }

  /**
   * Whether git would pick up what is in a directory (absolute path): it lies in the work tree, and the repository
   * does not ignore it or has files of it already. Excludes of the user alone (core.excludesFile) don't count.
   */
  async exposes(directory: string): Promise<boolean> {
    const { workTree, commonDirectory } = this.#place
    if (workTree === undefined) return false
    return await isExposed(directory, { workTree, commonDirectory }, async (path) => {
      return (await this.#find(path.split('/'))) !== undefined
    })
  }

  #target(): CommitTarget {
    const { gitDirectory, commonDirectory } = this.#place
    const { identities, sharing, logs } = this.#setting
    return {
      store: this.#store,
      refs: { gitDirectory, commonDirectory, sharing },
      branch: this.branch ?? '',
      prefix: this.prefix,
      identities,
      isCheckedOut: this.branch === this.currentBranch,
      keepsLogs: logs === undefined ? !this.bare : /^(always|true|yes|on|1)$/.test(logs),
      checkHead: async () => {
        await this.#checkHead()
      },
    }
  }

  async #checkHead(): Promise<void> {
    if (!this.writesWorkTree) return
    const head = await readHead(this.#place.gitDirectory)
    if ('branch' in head && head.branch === this.currentBranch) return
    throw new ExpectedError(
      'branch-switched',
      `Another branch than ${this.currentBranch ?? ''} was checked out in ${this.workTree ?? ''} meanwhile.`,
      'Run again; set git.branch to commit to one branch whatever is checked out.',
    )
  }

  #indexPaths({ subtree, files }: Pick<CommitRequest, 'subtree' | 'files'>) {
    const above = this.prefix === '' ? '' : `${this.prefix}/`
    const below = subtree === '' ? above : `${above}${subtree}/`
    const ours = [...files].map(([path, oid]) => [below + path, oid] as const)
    return { directory: below.slice(0, -1), files: new Map(ours) }
  }

  #pathOf(subtree: string): readonly string[] {
    return [...partsOf(this.prefix), ...partsOf(subtree)]
  }

  async #find(path: readonly string[]) {
    if (this.branch === undefined) return undefined
    const tip = await readRef(this.#place.commonDirectory, `refs/heads/${this.branch}`)
    const tree = tip === undefined ? undefined : await treeOf(this.#store, tip)
    return await findEntry(this.#store, tree, path)
  }

  #indexLock(): LockOptions {
    const { gitDirectory, workTree } = this.#place
    const directories = [gitDirectory, ...(workTree === undefined ? [] : [workTree])] as const
    return { directories, staleAfter: staleIndexLockAfter }
  }

  async #removeLeftovers(): Promise<void> {
    const { gitDirectory, commonDirectory } = this.#place
    await this.#store.removeLeftovers()
    await removeStaleLock(join(gitDirectory, 'index'), this.#indexLock())
    await removeStaleRefLock(commonDirectory, this.branch ?? '')
    await removeLeftovers(commonDirectory)
    if (gitDirectory !== commonDirectory) await removeLeftovers(gitDirectory)
  }
}
