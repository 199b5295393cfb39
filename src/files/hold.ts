import { randomUUID } from 'node:crypto'
import { copyFile, link, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorCode, onPath, symbolicLinkError } from './file-error.ts'
import { databaseFiles } from './layout.ts'
import { noSnapshot } from './read-tree.ts'
import { walk } from './walk.ts'
import { makePrivate, prepareWorkDirectory } from './work-directory.ts'

/** A directory of files that stays as it is while runs put newer ones in place; disposing removes it. */
export interface HeldDirectory extends AsyncDisposable {
  readonly directory: string
}

/** What a killed process left is removed when it is older than this. */
const staleAfterMilliseconds = 86_400_000

/**
 * Holds the files of a database below a backup or private directory, for the holder of its lock. Runs replace files
 * and change none, so that links are enough. Throws ExpectedError `not-a-snapshot`, `symbolic-link`.
 */
export async function holdTree(topDirectory: string, path: string): Promise<HeldDirectory> {
  const source = join(topDirectory, path)
  const files = await onPath(source, async () => {
    const standing = await walk(source).catch((error: unknown) => {
      throw errorCode(error) === 'ENOENT' ? noSnapshot(source) : error
    })
    return [...standing].filter(([, stats]) => !stats.isDirectory())
  })
  const isLink = files.find(([, stats]) => stats.isSymbolicLink())
  if (isLink !== undefined) throw symbolicLinkError(join(source, isLink[0]))
  if (!files.some(([name]) => name === databaseFiles.facts)) throw noSnapshot(source)
  return await fillHeld(topDirectory, async (directory) => {
    for (const [name, stats] of files) {
      if (stats.isFile()) await linkOrCopy(join(source, name), join(directory, name))
    }
  })
}

/** Holds files that stand nowhere yet: relative path → bytes. */
export async function holdFiles(
  topDirectory: string,
  files: AsyncIterable<readonly [string, Uint8Array]>,
): Promise<HeldDirectory> {
  return await fillHeld(topDirectory, async (directory) => {
    for await (const [name, bytes] of files) {
      const file = join(directory, name)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, bytes, { mode: 0o600 })
    }
  })
}

async function fillHeld(
  topDirectory: string,
  fill: (directory: string) => Promise<void>,
): Promise<HeldDirectory> {
  const parent = join(await prepareWorkDirectory(topDirectory), 'held')
  const directory = join(parent, randomUUID())
  const remove = async () => {
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await onPath(directory, async () => {
      await makePrivate(parent)
      await removeStale(parent)
      await makePrivate(directory)
      await fill(directory)
    })
  } catch (error) {
    await remove()
    throw error
  }
  return { directory, [Symbol.asyncDispose]: remove }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  try {
    await link(from, to)
  } catch (error) {
    // Some file systems have no links, and the kernel may refuse one to another account's file.
    if (!['EPERM', 'EXDEV', 'ENOTSUP', 'EMLINK', 'EACCES'].includes(errorCode(error) ?? '')) {
      throw error
    }
    await copyFile(from, to)
  }
}

async function removeStale(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const directory = join(parent, name)
    const { mtimeMs } = await stat(directory)
    if (Date.now() - mtimeMs < staleAfterMilliseconds) continue
    await rm(directory, { recursive: true, force: true })
  }
}
