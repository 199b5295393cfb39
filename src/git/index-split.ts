import { byIndexOrder } from './index-entry.ts'
import type { IndexEntry } from './index-entry.ts'

/**
 * The whole of a split index: the shared entries without those deleted, with those replaced, and the new ones.
 * @param bitmaps Two EWAH bitmaps over the shared entries: deleted, replaced.
 * Source: https://git-scm.com/docs/gitformat-index#_split_index
 */
export function mergeSplitIndex(
  shared: readonly IndexEntry[],
  own: readonly IndexEntry[],
  bitmaps: Buffer,
): readonly IndexEntry[] {
  const [deleted, next] = bitmaps.length === 0 ? [new Set<number>(), 0] : readBitmap(bitmaps, 0)
  const [replaced] = bitmaps.length === 0 ? [new Set<number>()] : readBitmap(bitmaps, next)
  // Replacements have no name, so they come first, in the order of what they replace.
  const replacements = own.filter((entry) => entry.path === '').values()
  const entries = shared.flatMap((entry, position) => {
    const replacement = replaced.has(position) ? replacements.next().value : undefined
    if (deleted.has(position)) return []
    return [replacement === undefined ? entry : { ...replacement, path: entry.path }]
  })
  const added = own.filter((entry) => entry.path !== '')
  const key = ({ path, flags }: IndexEntry): string => `${flags & 0x3000} ${path}`
  const addedKeys = new Set(added.map(key))
  return [...entries.filter((entry) => !addedKeys.has(key(entry))), ...added].sort(byIndexOrder)
}

/** Source: https://git-scm.com/docs/bitmap-format#_appendix_a_serialization_format_for_an_ewah_bitmap */
function readBitmap(bytes: Buffer, start: number): readonly [bits: Set<number>, next: number] {
  const bits = new Set<number>()
  const words = bytes.readUInt32BE(start + 4)
  const word = (number: number): bigint => bytes.readBigUInt64BE(start + 8 + number * 8)
  let position = 0
  for (let at = 0; at < words;) {
    const marker = word(at++)
    const running = Number((marker >> 1n) & 0xffff_ffffn) * 64
    if (marker & 1n) for (let bit = 0; bit < running; bit += 1) bits.add(position + bit)
    position += running
    for (let literals = Number(marker >> 33n); literals > 0; literals -= 1, position += 64) {
      const literal = word(at++)
      for (let bit = 0; bit < 64; bit += 1)
        if ((literal >> BigInt(bit)) & 1n) bits.add(position + bit)
    }
  }
  return [bits, start + 8 + words * 8 + 4]
}
