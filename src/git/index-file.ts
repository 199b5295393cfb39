import { createHash } from 'node:crypto'
import { readVariable, writeVariable } from './index-entry.ts'
import type { Extension, IndexEntry } from './index-entry.ts'
import { mergeSplitIndex } from './index-split.ts'

/**
 * git's index (staging area) as a file, versions 2, 3 and 4. Entries that are not touched keep their bytes.
 * isomorphic-git's index would lose versions, flags and extensions, and is written once a path.
 * Source: https://git-scm.com/docs/gitformat-index
 */
export interface IndexFile {
  readonly version: number
  /** In git's order: by path as bytes, then by stage. */
  readonly entries: readonly IndexEntry[]
  readonly extensions: readonly Extension[]
}

const [statBytes, oidBytes] = [40, 20]
const extendedFlag = 0x4000
const nameLengthMask = 0x0fff

/** A file that this program can't read as an index; git would not either, save for newer formats. */
export class UnreadableIndexError extends Error {}

/** The empty index of a repository that has none. */
export const emptyIndex: IndexFile = { version: 2, entries: [], extensions: [] }

/**
 * Parses an index. `readShared` gives the bytes of `sharedindex.<hash>` when the index is split; the result is
 * then the whole. Throws UnreadableIndexError.
 */
export async function parseIndex(
  bytes: Buffer,
  readShared: (hash: string) => Promise<Buffer>,
): Promise<IndexFile> {
  const own = parseOne(bytes)
  const link = own.extensions.find((extension) => extension.name === 'link')
  if (link === undefined) return own
  const hash = link.data.toString('hex', 0, oidBytes)
  const shared = /^0+$/.test(hash) ? emptyIndex : parseOne(await readShared(hash))
  return {
    ...own,
    entries: mergeSplitIndex(shared.entries, own.entries, link.data.subarray(oidBytes)),
    extensions: own.extensions.filter((extension) => extension !== link),
  }
}

function parseOne(bytes: Buffer): IndexFile {
  const version = bytes.length < 32 ? 0 : bytes.readUInt32BE(4)
  if (bytes.toString('latin1', 0, 4) !== 'DIRC' || version < 2 || version > 4) {
    throw new UnreadableIndexError('the index has an unknown format')
  }
  const end = bytes.length - oidBytes
  const sum = createHash('sha1').update(bytes.subarray(0, end)).digest()
  const written = bytes.subarray(end)
  // All zeros: written under index.skipHash.
  if (!written.equals(sum) && written.some((byte) => byte !== 0)) {
    throw new UnreadableIndexError('the index is damaged')
  }
  const entries: IndexEntry[] = []
  let at = 12
  for (let left = bytes.readUInt32BE(8); left > 0; left -= 1) {
    const [entry, next] = parseEntry(bytes, at, version, entries.at(-1)?.path ?? '')
    entries.push(entry)
    at = next
  }
  return { version, entries, extensions: parseExtensions(bytes.subarray(at, end)) }
}

function parseEntry(
  bytes: Buffer,
  start: number,
  version: number,
  previousPath: string,
): readonly [IndexEntry, next: number] {
  const flags = bytes.readUInt16BE(start + statBytes + oidBytes)
  const isExtended = (flags & extendedFlag) !== 0
  let at = start + statBytes + oidBytes + 2
  const extendedFlags = isExtended ? bytes.readUInt16BE(at) : 0
  if (isExtended) at += 2
  let kept = ''
  if (version === 4) {
    const [strip, next] = readVariable(bytes, at)
    kept = previousPath.slice(0, previousPath.length - strip)
    at = next
  }
  const end = bytes.indexOf(0, at)
  const entry = {
    path: kept + bytes.toString('latin1', at, end),
    stat: bytes.subarray(start, start + statBytes),
    oid: bytes.subarray(start + statBytes, start + statBytes + oidBytes),
    flags: flags & ~nameLengthMask & ~extendedFlag,
    extendedFlags,
  }
  // Before version 4 an entry is filled up with 1 to 8 zeros to a multiple of eight bytes.
  return [entry, version === 4 ? end + 1 : start + (((end - start + 8) >> 3) << 3)]
}

function parseExtensions(bytes: Buffer): readonly Extension[] {
  const extensions: Extension[] = []
  for (let at = 0; at + 8 <= bytes.length;) {
    const length = bytes.readUInt32BE(at + 4)
    extensions.push({
      name: bytes.toString('latin1', at, at + 4),
      data: bytes.subarray(at + 8, at + 8 + length),
    })
    at += 8 + length
  }
  return extensions
}

/** The bytes of an index; versions 2 and 3 by whether an entry needs 3, version 4 stays. */
export function serializeIndex(index: IndexFile): Buffer {
  const isExtended = index.entries.some((entry) => entry.extendedFlags !== 0)
  const version = index.version === 4 ? 4 : isExtended ? 3 : 2
  const header = Buffer.from('DIRC\0\0\0\0\0\0\0\0', 'latin1')
  header.writeUInt32BE(version, 4)
  header.writeUInt32BE(index.entries.length, 8)
  const blocks: Buffer[] = [header]
  let previousPath = ''
  for (const entry of index.entries) {
    blocks.push(entry.stat, entry.oid, serializeName(entry, version, previousPath))
    previousPath = entry.path
  }
  for (const { name, data } of index.extensions) {
    const head = Buffer.from(`${name}\0\0\0\0`, 'latin1')
    head.writeUInt32BE(data.length, 4)
    blocks.push(head, data)
  }
  const content = Buffer.concat(blocks)
  return Buffer.concat([content, createHash('sha1').update(content).digest()])
}

function serializeName(entry: IndexEntry, version: number, previousPath: string): Buffer {
  const isExtended = entry.extendedFlags !== 0
  const head = Buffer.alloc(isExtended ? 4 : 2)
  const length = Math.min(entry.path.length, nameLengthMask)
  head.writeUInt16BE(entry.flags | (isExtended ? extendedFlag : 0) | length, 0)
  if (isExtended) head.writeUInt16BE(entry.extendedFlags, 2)
  if (version !== 4) {
    const used = statBytes + oidBytes + head.length + entry.path.length
    return Buffer.concat([head, Buffer.from(entry.path, 'latin1'), Buffer.alloc(8 - (used % 8))])
  }
  let shared = 0
  while (shared < previousPath.length && previousPath[shared] === entry.path[shared]) shared += 1
  const strip = writeVariable(previousPath.length - shared)
  return Buffer.concat([head, strip, Buffer.from(`${entry.path.slice(shared)}\0`, 'latin1')])
}
