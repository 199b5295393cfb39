import { hash } from 'node:crypto'
import { RowCounter, decodeTable } from '../csv.ts'
import type { CsvTable, Row } from '../csv.ts'

/** Two versions of a table's rows → how many were added, removed and changed. */

export interface RowChanges {
  readonly added: number
  readonly removed: number
  readonly changed: number
}

/** One version of a table's CSV file, header first. */
export interface RowsFile {
  /** At least so many; exact where it decides whether rows are counted. */
  readonly bytes: number
  read(): AsyncIterable<Uint8Array>
}

/** Above this size of both versions together rows are not counted: each takes some 150 bytes of memory. */
export const countedBytes = 64 << 20
/** Characters of base64: 96 bits. */
const hashLength = 16

/**
 * Counts rows that differ in the columns that both versions have; a row is the same row when its key is. Without a
 * key (or when a version lacks a column of it) rows are added or removed, never changed. `uncounted`: too large.
 */
export async function compareRows(
  before: RowsFile,
  after: RowsFile,
  keyColumns: readonly string[],
  limitBytes = countedBytes,
): Promise<RowChanges | 'uncounted'> {
  if (before.bytes + after.bytes > limitBytes) return 'uncounted'
  const old = await decodeTable(before.read(), 'the rows before')
  const current = await decodeTable(after.read(), 'the rows after')
  const common = old.columns.filter((name) => current.columns.includes(name))
  const hasKey = keyColumns.length > 0 && keyColumns.every((name) => common.includes(name))
  const key = hasKey ? keyColumns : common
  const waiting = new Map<string, string>()
  for await (const [keyHash, rowHash] of hashes(old, key, common)) {
    waiting.set(keyHash, (waiting.get(keyHash) ?? '') + rowHash)
  }
  const unmatched = new Map<string, number>()
  for await (const [keyHash, rowHash] of hashes(current, key, common)) {
    if (!takeMatch(waiting, keyHash, rowHash)) {
      unmatched.set(keyHash, (unmatched.get(keyHash) ?? 0) + 1)
    }
  }
  return summary(waiting, unmatched)
}

/** How many rows a file holds below its header. */
export async function countRows(file: RowsFile): Promise<number> {
  const counter = new RowCounter()
  for await (const piece of file.read()) counter.add(piece)
  return Math.max(0, counter.rows - 1)
}

/** The hashes of each row's key and of its values. */
async function* hashes(
  table: CsvTable,
  key: readonly string[],
  columns: readonly string[],
): AsyncIterable<readonly [string, string]> {
  const placesOf = (names: readonly string[]) => names.map((name) => table.columns.indexOf(name))
  const keyPlaces = placesOf(key)
  const places = placesOf(columns)
  for await (const rows of table.rows) {
    for (const row of rows) yield [hashOf(row, keyPlaces), hashOf(row, places)]
  }
}

function hashOf(row: Row, places: readonly number[]): string {
  const values = JSON.stringify(places.map((place) => row[place]))
  return hash('sha256', values, 'base64url').slice(0, hashLength)
}

/** Takes one row of the old version that is wholly the same; rows without a unique key can share one. */
function takeMatch(waiting: Map<string, string>, keyHash: string, rowHash: string): boolean {
  const rowHashes = waiting.get(keyHash) ?? ''
  for (let start = 0; start < rowHashes.length; start += hashLength) {
    if (!rowHashes.startsWith(rowHash, start)) continue
    const rest = rowHashes.slice(0, start) + rowHashes.slice(start + hashLength)
    if (rest === '') waiting.delete(keyHash)
    else waiting.set(keyHash, rest)
    return true
  }
  return false
}

function summary(waiting: Map<string, string>, unmatched: Map<string, number>): RowChanges {
  let [added, removed, changed] = [0, 0, 0]
  for (const [keyHash, count] of unmatched) {
    const old = (waiting.get(keyHash)?.length ?? 0) / hashLength
    const same = Math.min(old, count)
    changed += same
    added += count - same
    removed -= same
  }
  for (const rowHashes of waiting.values()) removed += rowHashes.length / hashLength
  return { added, removed, changed }
}
