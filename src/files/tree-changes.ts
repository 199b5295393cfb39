import type { Stats } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { inTheWayError, onPath, symbolicLinkError } from './file-error.ts'
import { isOwnPath } from './layout.ts'
import { sameContent } from './same-content.ts'
import type { StagedTree } from './stage.ts'
import { walk } from './walk.ts'
import { lstatIfThere } from './work-directory.ts'

/** What putting a staged tree in place would change; nothing is changed here. */

export interface TreeChanges {
  /** The database's directory: an absolute path. */
  readonly directory: string
  /** Paths relative to that directory, sorted. */
  readonly written: readonly string[]
  readonly removed: readonly string[]
  readonly unchanged: readonly string[]
  /** Files that this tool never writes: left where they are. */
  readonly strangers: readonly string[]
  /** What stands there now, links not followed: directories and files by relative path. */
  readonly standing: ReadonlyMap<string, Stats>
}

const filesAtOnce = 32

/**
 * Compares a staged tree with a database's directory (`databaseDirectory(host, database)`, relative to the top).
 * Throws ExpectedError `symbolic-link`, `not-a-directory` or `not-a-file` when something is in the way.
 */
export async function compareTree(
  staged: StagedTree,
  databaseDirectory: string,
): Promise<TreeChanges> {
  const top = await onPath(staged.topDirectory, async () => await realpath(staged.topDirectory))
  const directory = join(top, databaseDirectory)
  return await onPath(directory, async () => {
    const exists = await checkWay(top, databaseDirectory)
    const standing = exists ? await walk(directory) : new Map<string, Stats>()
    const paths = [...staged.files.keys()].sort()
    for (const path of paths) checkPlace(directory, path, standing)
    const unchanged = new Set(
      await filterAsync(paths, (path) => isSame(staged, directory, path, standing)),
    )
    const others = [...standing].filter(
      ([path, stats]) => !stats.isDirectory() && !staged.files.has(path),
    )
    const isStale = ([path, stats]: [string, Stats]) => stats.isFile() && isOwnPath(path)
    return {
      directory,
      written: paths.filter((path) => !unchanged.has(path)),
      removed: others.filter(isStale).map(([path]) => path),
      unchanged: [...unchanged],
      strangers: others.filter((entry) => !isStale(entry)).map(([path]) => path),
      standing,
    }
  })
}

/** Every directory above a path, outermost first: `a/b/c` → `a`, `a/b`. */
export function parentsOf(path: string): string[] {
  const components = path.split('/')
  return components.slice(1).map((_, index) => components.slice(0, index + 1).join('/'))
}

/** Whether the directory exists, after a check that the way to it is of directories alone. */
async function checkWay(top: string, relative: string): Promise<boolean> {
  for (const path of [...parentsOf(relative), relative]) {
    const stats = await lstatIfThere(join(top, path))
    if (stats === undefined) return false
    if (stats.isSymbolicLink()) throw symbolicLinkError(join(top, path))
    if (!stats.isDirectory()) throw inTheWayError(join(top, path), 'directory')
  }
  return true
}

function checkPlace(directory: string, path: string, standing: ReadonlyMap<string, Stats>): void {
  for (const place of [...parentsOf(path), path]) {
    const stats = standing.get(place)
    const wanted = place === path ? 'file' : 'directory'
    if (stats?.isSymbolicLink() === true) throw symbolicLinkError(join(directory, place))
    const fits = wanted === 'file' ? stats?.isFile() : stats?.isDirectory()
    if (fits === false) throw inTheWayError(join(directory, place), wanted)
  }
}

async function isSame(
  staged: StagedTree,
  directory: string,
  path: string,
  standing: ReadonlyMap<string, Stats>,
): Promise<boolean> {
  const file = staged.files.get(path)
  if (file === undefined || standing.get(path)?.size !== file.bytes) return false
  return await sameContent(file.file, join(directory, path), file.bytes)
}

async function filterAsync<T>(
  items: readonly T[],
  test: (item: T) => Promise<boolean>,
): Promise<T[]> {
  const kept: T[] = []
  for (let start = 0; start < items.length; start += filesAtOnce) {
    const slice = items.slice(start, start + filesAtOnce)
    const results = await Promise.all(slice.map(test))
    kept.push(...slice.filter((_, index) => results[index]))
  }
  return kept
}
