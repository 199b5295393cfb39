/** One path in git's index. */
export interface IndexEntry {
  /** The path's bytes, one character each (latin1). */
  readonly path: string
  /** Ten 32-bit numbers: ctime and mtime (seconds, nanoseconds), dev, ino, mode, uid, gid, size. */
  readonly stat: Buffer
  readonly oid: Buffer
  /** Assume-valid and the stage of a conflict; without the length of the name. */
  readonly flags: number
  /** Skip-worktree and intent-to-add. */
  readonly extendedFlags: number
}

/** A named part after the entries of an index. */
export interface Extension {
  readonly name: string
  readonly data: Buffer
}

/** The variable-width number that offsets in packs use too: each continuation adds one. */
export function readVariable(bytes: Buffer, start: number): readonly [value: number, next: number] {
  let at = start
  let byte = bytes.readUInt8(at++)
  let value = byte & 0x7f
  while (byte & 0x80) {
    byte = bytes.readUInt8(at++)
    value = (value + 1) * 128 + (byte & 0x7f)
  }
  return [value, at]
}

/** The reverse of `readVariable`. */
export function writeVariable(value: number): Buffer {
  const bytes = [value & 0x7f]
  for (let rest = value >> 7; rest > 0; rest >>= 7) {
    rest -= 1
    bytes.unshift(0x80 | (rest & 0x7f))
  }
  return Buffer.from(bytes)
}

/** The order of entries: paths as bytes, then stages. */
export function byIndexOrder(one: IndexEntry, other: IndexEntry): number {
  if (one.path !== other.path) return one.path < other.path ? -1 : 1
  return (one.flags & 0x3000) - (other.flags & 0x3000)
}
