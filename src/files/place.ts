import { constants } from 'node:fs'
import { access, chmod, copyFile, link, mkdir, open, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorCode, fileError, onPath } from './file-error.ts'
import type { StagedTree } from './stage.ts'
import { compareTree, parentsOf } from './tree-changes.ts'
import type { TreeChanges } from './tree-changes.ts'
import { lstatIfThere, makePrivate } from './work-directory.ts'

const otherAccounts = 0o077
const filesAtOnce = 32

/**
 * Puts staged files in place below `databaseDirectory(host, database)` and removes stale ones. All is checked
 * before anything is changed, what fails on the way is undone, and each file changes from old to new in one step;
 * a file whose bytes are the same is not touched. `beforeChange` runs when nothing stands in the way any more and
 * nothing has changed yet; when it throws, nothing is. Throws ExpectedError that names the path.
 */
export async function placeTree(
  staged: StagedTree,
  databaseDirectory: string,
  beforeChange?: () => Promise<void>,
): Promise<TreeChanges> {
  const changes = await compareTree(staged, databaseDirectory)
  const placing = new Placing(staged, changes)
  await onPath(changes.directory, async () => {
    await placing.check()
    await placing.flush()
    if (staged.privateMode) await tighten(changes, databaseDirectory)
  })
  await beforeChange?.()
  try {
    await placing.apply()
  } catch (error) {
    await placing.undo()
    throw fileError(changes.directory, error)
  }
  await onPath(changes.directory, async () => {
    await placing.finish()
  })
  return changes
}

/** The steps of one placing, and for each what takes it back. */
class Placing {
  readonly #staged: StagedTree
  readonly #changes: TreeChanges
  readonly #keep: string
  readonly #undoSteps: (() => Promise<unknown>)[] = []
  #keptFiles = 0

  constructor(staged: StagedTree, changes: TreeChanges) {
    this.#staged = staged
    this.#changes = changes
    this.#keep = join(staged.stagingDirectory, 'replaced')
  }

  /** Whether every directory in which something changes can be written to. */
  async check(): Promise<void> {
    const directories = new Set(this.#changed().map((path) => dirname(this.#place(path))))
    const existing = await Promise.all([...directories].map(nearestExisting))
    for (const directory of new Set(existing)) {
      await onPath(directory, async () => {
        await access(directory, constants.W_OK | constants.X_OK)
      })
    }
  }

  /** Brings the staged files to the disk, so that no rename makes a half-written file visible after a power loss. */
  async flush(): Promise<void> {
    const files = this.#changes.written.map((path) => this.#source(path))
    for (let start = 0; start < files.length; start += filesAtOnce) {
      await Promise.all(files.slice(start, start + filesAtOnce).map(flushFile))
    }
  }

  async apply(): Promise<void> {
    if (this.#changed().length > 0) await makePrivate(this.#keep)
    for (const path of this.#changes.written) {
      await this.#makeDirectories(dirname(this.#place(path)))
      await this.#write(path)
    }
    for (const path of this.#changes.removed) await this.#remove(path)
  }

  /** Takes back every step, last first; a step that can't be taken back hinders no other. */
  async undo(): Promise<void> {
    for (const step of this.#undoSteps.reverse()) await step().catch(() => undefined)
  }

  async finish(): Promise<void> {
    await rm(this.#keep, { recursive: true, force: true })
    await removeEmptyDirectories(this.#changes)
    const directories = new Set(this.#changed().map((path) => dirname(this.#place(path))))
    for (const directory of directories) {
      if ((await lstatIfThere(directory)) !== undefined) await flushFile(directory)
    }
  }

  async #write(path: string): Promise<void> {
    const place = this.#place(path)
    if (this.#changes.standing.has(path)) {
      const kept = this.#nextKept()
      await linkOrCopy(place, kept)
      await rename(this.#source(path), place)
      this.#undoSteps.push(() => rename(kept, place))
    } else {
      await rename(this.#source(path), place)
      this.#undoSteps.push(() => rm(place))
    }
  }

  async #remove(path: string): Promise<void> {
    const kept = this.#nextKept()
    const place = this.#place(path)
    await rename(place, kept)
    this.#undoSteps.push(() => rename(kept, place))
  }

  async #makeDirectories(directory: string): Promise<void> {
    if ((await lstatIfThere(directory)) !== undefined) return
    await this.#makeDirectories(dirname(directory))
    await (this.#staged.privateMode ? makePrivate(directory) : mkdir(directory))
    this.#undoSteps.push(() => rmdir(directory))
  }

  #changed(): string[] {
    return [...this.#changes.written, ...this.#changes.removed]
  }

  #place(path: string): string {
    return join(this.#changes.directory, path)
  }

  /** Where the next old file waits until all is in place. */
  #nextKept(): string {
    this.#keptFiles += 1
    return join(this.#keep, String(this.#keptFiles))
  }

  #source(path: string): string {
    const file = this.#staged.files.get(path)
    if (file === undefined) throw new Error(`${path} is not staged`)
    return file.file
  }
}

/** Takes away what other accounts may do with what already stands in a private directory. */
async function tighten(changes: TreeChanges, databaseDirectory: string): Promise<void> {
  // The way down to it as well: `<host>`, `<host>/<database>`.
  const depth = databaseDirectory.split('/').length
  for (let level = 0, path = changes.directory; level < depth; level += 1, path = dirname(path)) {
    const stats = await lstatIfThere(path)
    if (stats?.isDirectory() === true && (stats.mode & otherAccounts) !== 0) {
      await chmod(path, stats.mode & 0o700)
    }
  }
  for (const [path, stats] of changes.standing) {
    if ((stats.isFile() || stats.isDirectory()) && (stats.mode & otherAccounts) !== 0) {
      await chmod(join(changes.directory, path), stats.mode & 0o700)
    }
  }
}

/** Directories of this database in which nothing stands any more; innermost first. */
async function removeEmptyDirectories(changes: TreeChanges): Promise<void> {
  const needed = new Set([...changes.written, ...changes.unchanged].flatMap(parentsOf))
  const directories = [...changes.standing].filter(([, stats]) => stats.isDirectory())
  for (const [path] of directories.reverse()) {
    if (needed.has(path)) continue
    await rmdir(join(changes.directory, path)).catch((error: unknown) => {
      if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error
    })
  }
}

async function nearestExisting(directory: string): Promise<string> {
  return (await lstatIfThere(directory)) === undefined
    ? await nearestExisting(dirname(directory))
    : directory
}

async function flushFile(path: string): Promise<void> {
  await using handle = await open(path)
  await handle.sync()
}

/** Not every file system has hard links. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(async () => {
    await copyFile(from, to, constants.COPYFILE_EXCL)
  })
}
