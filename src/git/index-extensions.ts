import { readVariable } from './index-entry.ts'
import type { Extension } from './index-entry.ts'

/**
 * The extensions that stay true when entries under some directories change: the cached trees and the cache of
 * untracked files lose what may have changed; those that count entries by position (EOIE, IEOT, FSMN) go, and git
 * makes them again where its configuration asks for them. `undefined`: one that must be understood is not.
 */
export function adaptExtensions(
  extensions: readonly Extension[],
  changedPaths: readonly string[],
): readonly Extension[] | undefined {
  // git's rule: a name that begins with a small letter must be understood.
  if (extensions.some(({ name }) => /^[^A-Z]/.test(name) && name !== 'sdir')) return undefined
  return extensions.flatMap((extension) => {
    if (extension.name === 'sdir' || extension.name === 'REUC') return [extension]
    if (extension.name === 'TREE') return invalidateTrees(extension, changedPaths)
    if (extension.name === 'UNTR') return emptyUntrackedCache(extension)
    return []
  })
}

interface CachedTree {
  readonly name: string
  /** -1: not known. */
  count: number
  oid: Buffer
  children: CachedTree[]
}

function invalidateTrees(extension: Extension, changedPaths: readonly string[]): Extension[] {
  const [top] = readCachedTree(extension.data, 0)
  for (const path of changedPaths) {
    let tree: CachedTree | undefined = top
    for (const part of path.split('/')) {
      if (tree === undefined) break
      tree.count = -1
      tree = tree.children.find((child) => child.name === part)
    }
    // What lies at the path itself is replaced as a whole.
    if (tree !== undefined) invalidateAll(tree)
  }
  return [{ name: extension.name, data: writeCachedTree(top) }]
}

function invalidateAll(tree: CachedTree): void {
  tree.count = -1
  tree.children = []
}

function readCachedTree(data: Buffer, start: number): readonly [CachedTree, next: number] {
  const nameEnd = data.indexOf(0, start)
  const lineEnd = data.indexOf(0x0a, nameEnd)
  const [count = -1, childCount = 0] = data
    .toString('latin1', nameEnd + 1, lineEnd)
    .split(' ')
    .map(Number)
  let at = lineEnd + 1
  const oid = data.subarray(at, count < 0 ? at : at + 20)
  at += oid.length
  const children: CachedTree[] = []
  for (let left = childCount; left > 0; left -= 1) {
    const [child, next] = readCachedTree(data, at)
    children.push(child)
    at = next
  }
  return [{ name: data.toString('latin1', start, nameEnd), count, oid, children }, at]
}

function writeCachedTree(tree: CachedTree): Buffer {
  const head = Buffer.from(`${tree.name}\0${tree.count} ${tree.children.length}\n`, 'latin1')
  const oid = tree.count < 0 ? Buffer.alloc(0) : tree.oid
  return Buffer.concat([head, oid, ...tree.children.map(writeCachedTree)])
}

/** Keeps the settings of the untracked cache and drops what it remembers of directories. */
function emptyUntrackedCache({ name, data }: Extension): Extension[] {
  const [identityLength, identityStart] = readVariable(data, 0)
  // Two stat records of 36 bytes, flags, two hashes, and the name of the ignore files.
  const end = data.indexOf(0, identityStart + identityLength + 36 + 36 + 4 + 20 + 20)
  if (end < 0) return []
  return [{ name, data: Buffer.concat([data.subarray(0, end + 1), Buffer.from([0])]) }]
}
