import type { Stats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join, posix } from 'node:path'

/** All that stands below a directory, links not followed, by relative path with `/`, sorted. */
export async function walk(directory: string): Promise<Map<string, Stats>> {
  const entries: [string, Stats][] = []
  const visit = async (path: string): Promise<void> => {
    for (const name of await readdir(join(directory, path))) {
      const child = posix.join(path, name)
      const stats = await lstat(join(directory, child))
      entries.push([child, stats])
      if (stats.isDirectory()) await visit(child)
    }
  }
  await visit('')
  return new Map(entries.sort(([one], [other]) => (one < other ? -1 : 1)))
}
