import { relative, resolve, sep } from 'node:path'
import { realPath } from './discover.ts'

/**
 * Whether git would pick up what is in a directory (absolute path): it lies in the work tree, and is committed
 * already or not ignored by `.gitignore` files and `info/exclude`.
 */
export async function isExposed(
  directory: string,
  place: { readonly workTree: string; readonly commonDirectory: string },
  isCommitted: (path: string) => Promise<boolean>,
): Promise<boolean> {
  const parts = relative(place.workTree, await realPath(resolve(directory))).split(sep)
  const [path, first] = [parts.join('/'), parts[0]]
  if (path === '') return true
  if (first === '..' || parts.includes('.git')) return false
  if (await isCommitted(path)) return true
  // Loaded when used: few configurations have the private directory inside of the repository.
  const [git, { default: fs }] = [await import('isomorphic-git'), await import('node:fs')]
  const filepath = `${path}/any file`
  return !(await git.isIgnored({
    fs,
    dir: place.workTree,
    gitdir: place.commonDirectory,
    filepath,
  }))
}
