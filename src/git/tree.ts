import { ExpectedError } from '../errors.ts'
import { objectId } from './objects.ts'
import type { ObjectStore } from './objects.ts'

/** One line of a tree. */
export interface TreeEntry {
  /** As git writes it: `100644`, `40000`, `160000`; odd ones of old repositories are kept. */
  readonly mode: string
  /** The name's bytes, one character each (latin1). */
  readonly name: string
  readonly oid: string
}

/** A file of a tree. */
export interface TreeFile {
  readonly oid: string
  readonly mode: string
}

const directoryMode = '40000'
const fileMode = '100644'

/** A name or path → its UTF-8 bytes, one character each, so that comparing strings compares bytes. */
export function toByteText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** The reverse of `toByteText`. */
export function fromByteText(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** The entries of a tree, in its order. */
export async function readTree(store: ObjectStore, oid: string): Promise<TreeEntry[]> {
  const { type, bytes } = await store.read(oid)
  if (type !== 'tree') throw new Error(`${oid} is a ${type}, not a tree`)
  const entries: TreeEntry[] = []
  for (let at = 0; at < bytes.length;) {
    const blank = bytes.indexOf(0x20, at)
    const end = bytes.indexOf(0, blank)
    entries.push({
      mode: bytes.toString('latin1', at, blank),
      name: bytes.toString('latin1', blank + 1, end),
      oid: bytes.toString('hex', end + 1, end + 21),
    })
    at = end + 21
  }
  return entries
}

/** All files under a tree by their path, read from trees alone. */
export async function listFiles(store: ObjectStore, oid: string): Promise<Map<string, TreeFile>> {
  const files = new Map<string, TreeFile>()
  const visit = async (tree: string, above: string): Promise<void> => {
    for (const entry of await readTree(store, tree)) {
      const path = above + fromByteText(entry.name)
      if (isDirectory(entry)) await visit(entry.oid, `${path}/`)
      else files.set(path, { oid: entry.oid, mode: entry.mode })
    }
  }
  await visit(oid, '')
  return files
}

/** The entry at a path (its parts), or undefined. */
export async function findEntry(
  store: ObjectStore,
  tree: string | undefined,
  path: readonly string[],
): Promise<TreeEntry | undefined> {
  let entry: TreeEntry | undefined =
    tree === undefined ? undefined : { mode: directoryMode, name: '', oid: tree }
  for (const part of path) {
    if (entry === undefined || !isDirectory(entry)) return undefined
    const name = toByteText(part)
    entry = (await readTree(store, entry.oid)).find((candidate) => candidate.name === name)
  }
  return entry
}

/** Whether an entry is a tree. */
export function isDirectory(entry: { readonly mode: string }): boolean {
  return entry.mode === directoryMode || entry.mode === '040000'
}

/** A path's parts; a part that git refuses in a tree is a bug of the caller. */
export function partsOf(path: string): readonly string[] {
  if (path === '') return []
  const parts = path.split('/')
  const bad = parts.find(
    (part) =>
      ['', '.', '..'].includes(part) || part.includes('\0') || /^(\.git|git~1)[. ]*$/i.test(part),
  )
  if (bad !== undefined) throw new Error(`git can't store the path ${JSON.stringify(path)}`)
  return parts
}

/** What is in a directory by name: a directory or the blob of a file. */
type Folder = Map<string, Folder | string>

/** Builds new trees in memory on top of stored ones; nothing is written until `save`. */
export class TreeBuilder {
  readonly #store: ObjectStore
  readonly #made = new Map<
    string,
    { readonly bytes: Buffer; readonly entries: readonly TreeEntry[] }
  >()

  constructor(store: ObjectStore) {
    this.#store = store
  }

  /** The tree of files (path → blob), all of mode 100644; undefined for none, since git keeps no empty directory. */
  fromFiles(files: ReadonlyMap<string, string>): string | undefined {
    const top: Folder = new Map()
    for (const [path, oid] of files) {
      const parts = partsOf(path)
      let folder = top
      for (const part of parts.slice(0, -1)) {
        let next = folder.get(part)
        if (typeof next === 'string') throw new Error(`${path} lies under a file`)
        if (next === undefined) folder.set(part, (next = new Map()))
        folder = next
      }
      folder.set(parts.at(-1) ?? '', oid)
    }
    const make = (folder: Folder): string =>
      this.#add(
        [...folder].map(([part, content]) =>
          typeof content === 'string'
            ? { mode: fileMode, name: toByteText(part), oid: content }
            : { mode: directoryMode, name: toByteText(part), oid: make(content) },
        ),
      )
    return top.size === 0 ? undefined : make(top)
  }

  /** `tree` with the entry at `path` replaced by a directory, or removed; all other entries byte for byte. */
  async replace(
    tree: string | undefined,
    path: readonly string[],
    directory: string | undefined,
  ): Promise<string | undefined> {
    const [part, ...rest] = path
    if (part === undefined) return directory
    const name = toByteText(part)
    const entries = tree === undefined ? [] : await this.#read(tree)
    const old = entries.find((entry) => entry.name === name)
    const kept = entries.filter((entry) => entry !== old)
    const below = old !== undefined && isDirectory(old) ? old.oid : undefined
    const oid = await this.replace(below, rest, directory)
    if (oid === undefined) return kept.length === 0 ? undefined : this.#add(kept)
    return this.#add([...kept, { mode: directoryMode, name, oid }])
  }

  /** Writes a tree and those below it that are new. */
  async save(oid: string): Promise<void> {
    const made = this.#made.get(oid)
    if (made === undefined) return
    for (const entry of made.entries) if (isDirectory(entry)) await this.save(entry.oid)
    await this.#store.write('tree', made.bytes)
    this.#made.delete(oid)
  }

  /** The tree without entries, which only a repository's top can be. */
  empty(): string {
    return this.#add([])
  }

  async #read(oid: string): Promise<readonly TreeEntry[]> {
    return this.#made.get(oid)?.entries ?? (await readTree(this.#store, oid))
  }

  #add(unordered: readonly TreeEntry[]): string {
    const entries = [...unordered].sort(byTreeOrder)
    const bytes = Buffer.concat(
      entries.flatMap(({ mode, name, oid }) => [
        Buffer.from(`${mode} ${name}\0`, 'latin1'),
        Buffer.from(oid, 'hex'),
      ]),
    )
    const oid = objectId('tree', bytes)
    this.#made.set(oid, { bytes, entries })
    return oid
  }
}

/** git orders a directory as if its name ended with a slash. */
function byTreeOrder(one: TreeEntry, other: TreeEntry): number {
  const [a, b] = [one, other].map((entry) => (isDirectory(entry) ? `${entry.name}/` : entry.name))
  return (a ?? '') < (b ?? '') ? -1 : 1
}

/** Refuses a path in whose way the commit has a file, link or submodule of the user's. */
export async function refuseIfBlocked(
  store: ObjectStore,
  tree: string | undefined,
  prefix: readonly string[],
): Promise<void> {
  for (let length = 1; length <= prefix.length; length += 1) {
    const path = prefix.slice(0, length)
    const entry = await findEntry(store, tree, path)
    if (entry === undefined) return
    if (isDirectory(entry)) continue
    const kind = entry.mode === '160000' ? 'a submodule' : 'a file or link'
    throw new ExpectedError(
      'path-in-the-way',
      `The last commit holds ${kind} at ${path.join('/')}, where the backup directory is.`,
      'Commit its removal, or choose another backup directory, then run again.',
    )
  }
}
