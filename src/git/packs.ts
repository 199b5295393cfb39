import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import { isFileError } from './failures.ts'

/** An object of git. */
export interface GitObject {
  readonly type: ObjectType
  readonly bytes: Buffer
}

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag'

const typeNames: Readonly<Record<number, ObjectType>> = {
  1: 'commit',
  2: 'tree',
  3: 'blob',
  4: 'tag',
}
const [offsetDelta, referenceDelta] = [6, 7]

/**
 * Reads single objects out of a pack without loading it, whatever its size.
 * Source: https://git-scm.com/docs/gitformat-pack (index version 2)
 */
export class Pack {
  readonly #path: string
  #fanout: Buffer | undefined

  /** @param path The `.pack` file; its `.idx` stands beside it. */
  constructor(path: string) {
    this.#path = path
  }

  /** The position of an object in the pack; undefined when it is not in it, or git has removed the pack meanwhile. */
  find(oid: string): number | undefined {
    try {
      return this.#search(oid)
    } catch (error) {
      if (isFileError(error, 'ENOENT')) return undefined
      throw error
    }
  }

  #search(oid: string): number | undefined {
    return withFile(this.#path.replace(/pack$/, 'idx'), (file) => {
      this.#fanout ??= readFanout(file, this.#path)
      const first = Number.parseInt(oid.slice(0, 2), 16)
      const from = first === 0 ? 0 : this.#fanout.readUInt32BE((first - 1) * 4)
      const to = this.#fanout.readUInt32BE(first * 4)
      const count = this.#fanout.readUInt32BE(255 * 4)
      const oids = readAt(file, 1032 + from * 20, (to - from) * 20)
      const place = search(oids, Buffer.from(oid, 'hex'))
      if (place === undefined) return undefined
      const offset = readAt(file, 1032 + count * 24 + (from + place) * 4, 4).readUInt32BE()
      if (offset < 0x8000_0000) return offset
      const large = readAt(file, 1032 + count * 28 + (offset - 0x8000_0000) * 8, 8)
      return Number(large.readBigUInt64BE())
    })
  }

  /** The object at a position; `base` finds an object that a delta names and that may lie in another pack. */
  read(offset: number, base: (oid: string) => GitObject): GitObject {
    return withFile(this.#path, (file) => readPacked(file, offset, base))
  }
}

function readPacked(file: number, start: number, base: (oid: string) => GitObject): GitObject {
  const deltas: Buffer[] = []
  for (let offset = start; ;) {
    const entry = readEntry(file, offset)
    if (entry.kind === offsetDelta) {
      deltas.push(entry.bytes)
      offset -= entry.back
      continue
    }
    if (entry.kind === referenceDelta) deltas.push(entry.bytes)
    const type = typeNames[entry.kind]
    const object = type === undefined ? base(entry.base) : { type, bytes: entry.bytes }
    return { type: object.type, bytes: deltas.reduceRight(applyDelta, object.bytes) }
  }
}

function readEntry(file: number, offset: number) {
  const head = readAt(file, offset, 64)
  let at = 0
  let byte = head.readUInt8(at++)
  const kind = (byte >> 4) & 7
  let [size, scale] = [byte & 15, 16]
  while (byte & 0x80) {
    byte = head.readUInt8(at++)
    size += (byte & 0x7f) * scale
    scale *= 128
  }
  let [back, base] = [0, '']
  if (kind === offsetDelta) {
    byte = head.readUInt8(at++)
    back = byte & 0x7f
    while (byte & 0x80) {
      byte = head.readUInt8(at++)
      back = (back + 1) * 128 + (byte & 0x7f)
    }
  } else if (kind === referenceDelta) {
    base = head.toString('hex', at, at + 20)
    at += 20
  } else if (typeNames[kind] === undefined) {
    throw new Error(`unknown kind ${kind} of object in a pack at ${offset}`)
  }
  // The compressed length is not recorded; zlib never needs more than this for `size` bytes.
  const compressed = readAt(file, offset + at, size + (size >> 10) + 64)
  const bytes = inflateSync(compressed)
  if (bytes.length !== size) throw new Error(`an object in a pack at ${offset} has the wrong size`)
  return { kind, bytes, back, base }
}

/** Source: https://git-scm.com/docs/gitformat-pack#_deltified_representation */
function applyDelta(source: Buffer, delta: Buffer): Buffer {
  let at = 0
  const readSize = (): number => {
    let [size, scale, byte] = [0, 1, 0x80]
    while (byte & 0x80) {
      byte = delta.readUInt8(at++)
      size += (byte & 0x7f) * scale
      scale *= 128
    }
    return size
  }
  const readBits = (mask: number, count: number): number => {
    let value = 0
    for (let bit = 0; bit < count; bit += 1)
      if (mask & (1 << bit)) value += delta.readUInt8(at++) * 256 ** bit
    return value
  }
  if (readSize() !== source.length) throw new Error('a delta in a pack does not fit its base')
  const target = Buffer.alloc(readSize())
  let filled = 0
  while (at < delta.length) {
    const command = delta.readUInt8(at++)
    if (command & 0x80) {
      const from = readBits(command, 4)
      const length = readBits(command >> 4, 3) || 0x10000
      filled += source.copy(target, filled, from, from + length)
    } else {
      filled += delta.copy(target, filled, at, at + command)
      at += command
    }
  }
  if (filled !== target.length) throw new Error('a delta in a pack is incomplete')
  return target
}

function readFanout(file: number, path: string): Buffer {
  const head = readAt(file, 0, 1032)
  if (head.toString('hex', 0, 8) === 'ff744f6300000002') return head.subarray(8)
  throw new Error(`the index of ${path} is not of version 2`)
}

function search(oids: Buffer, wanted: Buffer): number | undefined {
  let [low, high] = [0, oids.length / 20]
  while (low < high) {
    const middle = (low + high) >> 1
    const order = oids.compare(wanted, 0, 20, middle * 20, middle * 20 + 20)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle
  }
  return undefined
}

function withFile<T>(path: string, use: (file: number) => T): T {
  const file = openSync(path, 'r')
  try {
    return use(file)
  } finally {
    closeSync(file)
  }
}

/** Up to `length` bytes; fewer at the end of the file. */
function readAt(file: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(Math.max(0, Math.min(length, fstatSync(file).size - position)))
  let filled = 0
  while (filled < buffer.length) {
    const count = readSync(file, buffer, filled, buffer.length - filled, position + filled)
    if (count === 0) break
    filled += count
  }
  return buffer.subarray(0, filled)
}
