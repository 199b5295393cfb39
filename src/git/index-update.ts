import { lstat, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BigIntStats } from 'node:fs'
import { putFile } from './durable.ts'
import type { Sharing } from './durable.ts'
import { ifPresent } from './failures.ts'
import { byIndexOrder } from './index-entry.ts'
import type { IndexEntry } from './index-entry.ts'
import { adaptExtensions } from './index-extensions.ts'
import { emptyIndex, parseIndex, serializeIndex, UnreadableIndexError } from './index-file.ts'
import { hashFile } from './objects.ts'
import type { ObjectStore } from './objects.ts'
import { fromByteText, isDirectory, readTree, toByteText } from './tree.ts'

/** What the index shall say about our paths. */
export interface IndexRequest {
  readonly gitDirectory: string
  readonly workTree: string
  readonly store: ObjectStore
  readonly sharing: Sharing
  /** A directory of the work tree, all of whose entries are given by `files`. */
  readonly directory: string
  /** Path in the work tree → blob; under `directory`, or single files elsewhere. */
  readonly files: ReadonlyMap<string, string>
  /** Path (bytes) → status of the file when its bytes were found to be the committed ones; filled in passing. */
  readonly verified: Map<string, Buffer>
}

const skipWorktree = 0x4000
const [mtimeAt, modeAt, sizeAt] = [8, 24, 36]
const [regularMode, directoryMode] = [0o100644, 0o040000]

/**
 * Makes the index say that our paths are as committed, with one read and at most one write; false when it did
 * already. To be called under the lock of the index. Throws UnreadableIndexError.
 */
export async function updateIndex(request: IndexRequest): Promise<boolean> {
  const planned = await planIndex(request)
  if (planned === undefined) return false
  const place = { temporaryDirectory: request.gitDirectory, sharing: request.sharing }
  await putFile(join(request.gitDirectory, 'index'), planned.mode, place, async (file) => {
    await file.writeFile(planned.bytes)
  })
  return true
}

/**
 * The new index, in which all entries that are not ours keep their content, stages and flags; undefined when the
 * present one says already what it shall. Throws UnreadableIndexError.
 */
export async function planIndex(
  request: IndexRequest,
): Promise<{ readonly bytes: Buffer; readonly mode: number } | undefined> {
  const path = join(request.gitDirectory, 'index')
  const status = await ifPresent(stat(path))
  const old = await ifPresent(readFile(path))
  const readShared = (hash: string): Promise<Buffer> =>
    readFile(join(request.gitDirectory, `sharedindex.${hash}`))
  const index = old === undefined ? emptyIndex : await parseIndex(old, readShared)
  const wanted = new Map([...request.files].map(([file, oid]) => [toByteText(file), oid]))
  const scope = new Scope(toByteText(request.directory), [...wanted.keys()])
  const expanded = await expandSparse(index.entries, scope, request.store)
  const others = expanded.filter((entry) => !scope.holds(entry.path))
  const previous = expanded.filter((entry) => scope.holds(entry.path))
  const ours = await entriesOf(wanted, previous, request)
  const before = new Set(previous)
  if (ours.length === before.size && ours.every((entry) => before.has(entry))) return undefined
  const extensions = adaptExtensions(index.extensions, scope.paths)
  if (extensions === undefined) throw new UnreadableIndexError('the index has an unknown extension')
  const writtenAt = Math.floor((status?.mtimeMs ?? 0) / 1000)
  const kept = [...others, ...ours.filter((entry) => before.has(entry))]
  const fresh = ours.filter((entry) => !before.has(entry))
  const trusted = kept.map((entry) => distrustRacy(entry, writtenAt))
  const entries = [...trusted, ...fresh].sort(byIndexOrder)
  const bytes = serializeIndex({ version: index.version, entries, extensions })
  return { bytes, mode: (status?.mode ?? 0o644) & 0o777 }
}

/** Which entries of the index are ours to set. */
class Scope {
  /** The directory and the single files outside of it. */
  readonly paths: readonly string[]
  readonly #directory: string
  readonly #files: ReadonlySet<string>
  readonly #above = new Set<string>()

  constructor(directory: string, files: readonly string[]) {
    this.#directory = directory === '' ? '' : `${directory}/`
    const singles = files.filter((file) => !file.startsWith(this.#directory))
    this.#files = new Set(singles)
    this.paths = [directory, ...singles]
    for (const path of this.paths) {
      for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1))
        this.#above.add(path.slice(0, at))
    }
  }

  /** Also a file where a directory of ours is now: git can't have both. */
  holds(path: string): boolean {
    if (path.startsWith(this.#directory) || this.#files.has(path)) return true
    return path === this.#directory.slice(0, -1) || this.#above.has(path)
  }

  /** Whether a directory (with its slash) lies above something of ours. */
  isBelow(directory: string): boolean {
    return this.#above.has(directory.slice(0, -1))
  }
}

/**
 * A sparse index has one entry for a whole directory; those above our paths are opened one level at a time.
 * Source: https://git-scm.com/docs/gitformat-index#_sparse_directory_entries
 */
async function expandSparse(
  entries: readonly IndexEntry[],
  scope: Scope,
  store: ObjectStore,
): Promise<readonly IndexEntry[]> {
  const isOpened = (entry: IndexEntry): boolean =>
    entry.stat.readUInt32BE(modeAt) === directoryMode && scope.isBelow(entry.path)
  if (!entries.some(isOpened)) return entries
  const opened = await Promise.all(
    entries.map(async (entry) => {
      if (!isOpened(entry)) return [entry]
      const tree = await readTree(store, entry.oid.toString('hex'))
      return tree.map(({ name, mode, oid }) => ({
        path: entry.path + name + (isDirectory({ mode }) ? '/' : ''),
        stat: emptyStat(Number.parseInt(mode, 8)),
        oid: Buffer.from(oid, 'hex'),
        flags: 0,
        extendedFlags: skipWorktree,
      }))
    }),
  )
  return await expandSparse(opened.flat(), scope, store)
}

async function entriesOf(
  wanted: ReadonlyMap<string, string>,
  previous: readonly IndexEntry[],
  request: IndexRequest,
): Promise<readonly IndexEntry[]> {
  const plain = previous.filter((entry) => entry.flags === 0 && entry.extendedFlags === 0)
  const byPath = new Map(plain.map((entry) => [entry.path, entry]))
  const entries: IndexEntry[] = []
  // One iterator for all workers: each takes the next path.
  const left = wanted.entries()
  const work = async (): Promise<void> => {
    for (const [path, oid] of left)
      entries.push(await entryOf(path, oid, byPath.get(path), request))
  }
  await Promise.all(Array.from({ length: 8 }, work))
  return entries
}

async function entryOf(
  path: string,
  oid: string,
  previous: IndexEntry | undefined,
  { workTree, verified }: IndexRequest,
): Promise<IndexEntry> {
  const file = join(workTree, fromByteText(path))
  const before = await ifPresent(lstat(file, { bigint: true }))
  const same =
    previous?.oid.toString('hex') === oid && previous.stat.readUInt32BE(modeAt) === regularMode
  const current = before === undefined ? undefined : statOf(before)
  if (same && (current === undefined || current.equals(previous.stat))) return previous
  // Only a file that has the committed bytes may look unchanged to git, lest an edit of the user's be hidden.
  const isVerified = current !== undefined && verified.get(path)?.equals(current) === true
  const isCommitted = isVerified || (before?.isFile() === true && (await hashFile(file)) === oid)
  if (isCommitted && current !== undefined) verified.set(path, current)
  if (same && !isCommitted) return previous
  const known = isCommitted && current !== undefined ? current : emptyStat(regularMode)
  return { path, stat: known, oid: Buffer.from(oid, 'hex'), flags: 0, extendedFlags: 0 }
}

function statOf(status: BigIntStats): Buffer {
  const second = 1_000_000_000n
  const numbers = [
    status.ctimeNs / second,
    status.ctimeNs % second,
    status.mtimeNs / second,
    status.mtimeNs % second,
    status.dev,
    status.ino,
    BigInt(regularMode),
    status.uid,
    status.gid,
    status.size,
  ]
  const buffer = Buffer.alloc(numbers.length * 4)
  for (const [place, number] of numbers.entries()) {
    buffer.writeUInt32BE(Number(BigInt.asUintN(32, number)), place * 4)
  }
  return buffer
}

/** Makes git compare the content. */
function emptyStat(mode: number): Buffer {
  const buffer = Buffer.alloc(40)
  buffer.writeUInt32BE(mode, modeAt)
  return buffer
}

/**
 * A file that changed in the second in which the index was written may look unchanged; git notices by the time
 * of the index, which the new one loses. Source: https://git-scm.com/docs/racy-git
 */
function distrustRacy(entry: IndexEntry, indexWrittenAt: number): IndexEntry {
  if (entry.stat.readUInt32BE(mtimeAt) < indexWrittenAt) return entry
  const stat = Buffer.from(entry.stat)
  stat.writeUInt32BE(0, sizeAt)
  return { ...entry, stat }
}
