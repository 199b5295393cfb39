import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, readFile, readdir, stat, utimes } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { constants, createDeflate, deflate, inflate } from 'node:zlib'
import { ExpectedError } from '../errors.ts'
import { makeDirectory, putFile, removeLeftovers, syncDirectory } from './durable.ts'
import type { Sharing } from './durable.ts'
import { ifPresent, isFileError } from './failures.ts'
import { Pack } from './packs.ts'
import type { GitObject, ObjectType } from './packs.ts'

const inflateBytes = promisify(inflate)
const deflateBytes = promisify<Buffer, { level: number }, Buffer>(deflate)
// As git does for loose objects (core.looseCompression).
const level = constants.Z_BEST_SPEED
const streamedFromBytes = 4 * 1024 * 1024

/** The name that git gives to an object: the SHA-1 of its header and bytes, in hex. */
export function objectId(type: ObjectType, bytes: Uint8Array): string {
  return createHash('sha1').update(`${type} ${bytes.length}\0`).update(bytes).digest('hex')
}

/** The objects of a repository: reads loose and packed ones and those of alternates, writes loose ones. */
export class ObjectStore {
  readonly #directory: string
  readonly #sharing: Sharing
  readonly #touched = new Set<string>()
  #sources: readonly { directory: string; packs: readonly Pack[] }[] | undefined

  constructor(directory: string, sharing: Sharing) {
    this.#directory = directory
    this.#sharing = sharing
  }

  /** Reads an object and checks its hash; throws ExpectedError `object-missing` or `object-damaged`. */
  async read(oid: string): Promise<GitObject> {
    const object = (await this.#lookUp(oid)) ?? (await this.#lookUpAgain(oid))
    if (object === undefined) {
      throw new ExpectedError(
        'object-missing',
        `The repository lacks the object ${oid} (a partial or damaged clone).`,
        'Fetch it (git cat-file -p with the object fetches it in a partial clone; git fsck names what is damaged), then run again.',
      )
    }
    if (objectId(object.type, object.bytes) !== oid) throw damaged(oid)
    return object
  }

  /** Whether the repository has an object; an empty file, as power loss leaves them, is none. */
  async has(oid: string): Promise<boolean> {
    for (const source of await this.#load()) {
      const path = loosePath(source.directory, oid)
      const status = await ifPresent(stat(path))
      if (status !== undefined && status.size > 0) {
        // As git does, so that a `git gc` under way does not prune what is about to be used.
        await utimes(path, new Date(), new Date()).catch(() => undefined)
        return true
      }
    }
    return (await this.#findPacked(oid)) !== undefined
  }

  /** Writes an object unless it is there; it is on the disk afterwards, its directory entry after `sync`. */
  async write(type: ObjectType, bytes: Uint8Array): Promise<string> {
    const oid = objectId(type, bytes)
    if (await this.has(oid)) return oid
    const content = Buffer.concat([Buffer.from(`${type} ${bytes.length}\0`), bytes])
    const compressed = await deflateBytes(content, { level })
    await this.#put(oid, async (write) => {
      await write(compressed)
    })
    return oid
  }

  /** Writes a file's bytes as a blob unless it is there, without holding a large one in memory. */
  async writeFile(path: string): Promise<string> {
    const { size } = await stat(path)
    if (size <= streamedFromBytes) return await this.write('blob', await readFile(path))
    const oid = await hashFile(path)
    if (await this.has(oid)) return oid
    const hash = createHash('sha1')
    await this.#put(oid, async (write) => {
      const source = Readable.from(blobContent(path, size, hash))
      await pipeline(source, createDeflate({ level }), async (blocks: AsyncIterable<Buffer>) => {
        for await (const block of blocks) await write(block)
      })
      if (hash.digest('hex') !== oid) throw changedMeanwhile(path)
    })
    return oid
  }

  /** Flushes the directory entries of everything written since the last call. */
  async sync(): Promise<void> {
    const directories = [...this.#touched]
    this.#touched.clear()
    for (const directory of directories) await syncDirectory(directory)
  }

  /** Removes temporary objects that killed runs of ours left. */
  async removeLeftovers(): Promise<void> {
    await removeLeftovers(this.#directory)
  }

  async #put(oid: string, write: (put: (bytes: Buffer) => Promise<void>) => Promise<void>) {
    const path = loosePath(this.#directory, oid)
    await makeDirectory(dirname(path), this.#sharing)
    const place = { temporaryDirectory: this.#directory, sharing: this.#sharing }
    await putFile(path, 0o444, place, async (file) => {
      await write(async (bytes) => {
        await file.writeFile(bytes)
      })
    })
    this.#touched.add(dirname(path))
  }

  async #lookUp(oid: string): Promise<GitObject | undefined> {
    for (const { directory } of await this.#load()) {
      const file = await ifPresent(readFile(loosePath(directory, oid)))
      if (file !== undefined && file.length > 0) return await parseLoose(oid, file)
    }
    const found = await this.#findPacked(oid)
    if (found === undefined) return undefined
    // A base outside its pack: rare, and read by the same way.
    try {
      return found.pack.read(found.offset, (base) => this.#readPackedNow(base))
    } catch (error) {
      if (isFileError(error, 'ENOENT')) return undefined
      if (error instanceof ExpectedError) throw error
      throw damaged(oid, error)
    }
  }

  /** git may have packed the object since the packs were listed. */
  async #lookUpAgain(oid: string): Promise<GitObject | undefined> {
    this.#sources = undefined
    return await this.#lookUp(oid)
  }

  #readPackedNow(oid: string): GitObject {
    for (const { packs } of this.#sources ?? []) {
      for (const pack of packs) {
        const offset = pack.find(oid)
        if (offset !== undefined) return pack.read(offset, (base) => this.#readPackedNow(base))
      }
    }
    throw damaged(oid)
  }

  async #findPacked(oid: string): Promise<{ pack: Pack; offset: number } | undefined> {
    for (const { packs } of await this.#load()) {
      for (const pack of packs) {
        const offset = pack.find(oid)
        if (offset !== undefined) return { pack, offset }
      }
    }
    return undefined
  }

  async #load() {
    if (this.#sources === undefined) {
      const directories = await withAlternates(this.#directory, new Set())
      this.#sources = await Promise.all(
        directories.map(async (directory) => ({ directory, packs: await listPacks(directory) })),
      )
    }
    return this.#sources
  }
}

function loosePath(directory: string, oid: string): string {
  return join(directory, oid.slice(0, 2), oid.slice(2))
}

async function parseLoose(oid: string, file: Buffer): Promise<GitObject> {
  try {
    const content = await inflateBytes(file)
    const end = content.indexOf(0)
    const [, type] = /^(commit|tree|blob|tag) \d+$/.exec(content.toString('latin1', 0, end)) ?? []
    if (type === undefined) throw new Error('no header of an object')
    return { type: type as ObjectType, bytes: content.subarray(end + 1) }
  } catch (error) {
    throw damaged(oid, error)
  }
}

async function listPacks(objectsDirectory: string): Promise<readonly Pack[]> {
  const directory = join(objectsDirectory, 'pack')
  const names = (await ifPresent(readdir(directory))) ?? []
  return names
    .filter((name) => name.endsWith('.idx') && names.includes(name.replace(/idx$/, 'pack')))
    .map((name) => new Pack(join(directory, name.replace(/idx$/, 'pack'))))
}

async function withAlternates(directory: string, seen: Set<string>): Promise<readonly string[]> {
  if (seen.has(directory) || (await ifPresent(access(directory).then(() => true))) === undefined)
    return []
  seen.add(directory)
  const text = (await ifPresent(readFile(join(directory, 'info/alternates'), 'utf8'))) ?? ''
  const found = [directory]
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    found.push(...(await withAlternates(resolve(directory, line), seen)))
  }
  return found
}

/** The name of a file's bytes as a blob, read in blocks. */
export async function hashFile(path: string): Promise<string> {
  const { size } = await stat(path)
  if (size <= streamedFromBytes) return objectId('blob', await readFile(path))
  const hash = createHash('sha1')
  const blocks = blobContent(path, size, hash)
  while ((await blocks.next()).done !== true);
  return hash.digest('hex')
}

async function* blobContent(path: string, size: number, hash: ReturnType<typeof createHash>) {
  const header = Buffer.from(`blob ${size}\0`)
  hash.update(header)
  yield header
  let left = size
  for await (const block of createReadStream(path, {
    highWaterMark: 1 << 20,
  }) as AsyncIterable<Buffer>) {
    left -= block.length
    hash.update(block)
    yield block
  }
  if (left !== 0) throw changedMeanwhile(path)
}

function changedMeanwhile(path: string): ExpectedError {
  return new ExpectedError(
    'file-changed-while-reading',
    `${path} changed while it was stored.`,
    'Let nothing else write to the backup directory, then run again.',
  )
}

function damaged(oid: string, cause?: unknown): ExpectedError {
  return new ExpectedError(
    'object-damaged',
    `The object ${oid} of the repository is damaged.`,
    'Run git fsck; restore the object from another clone, then run again.',
    { cause },
  )
}
