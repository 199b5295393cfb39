import { postgres } from '../../../src/engines/postgres/index.ts'
import type { FillRequest, LoadRequest, Target } from '../../../src/engines/target.ts'
import type { DbObject, Table } from '../../../src/model.ts'
import { vendorDump } from '../../support/databases.ts'
import type { Server } from '../../support/servers.ts'
import {
  differingLines,
  dumpLines,
  heldSnapshot,
  inOrder,
  isTable,
  keyText,
  snapshotDifferences,
  type HeldSnapshot,
} from './round-trip.ts'

/** Bytes as a stream of blocks of a size that cuts rows and characters anywhere. */
export async function* blocks(bytes: Uint8Array, size = 10_007): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) {
    yield await Promise.resolve(bytes.subarray(start, start + size))
  }
}

export function storedColumns(table: Table): readonly string[] {
  return table.columns.filter(({ generated }) => !generated).map(({ name }) => name)
}

/** Objects as a restore wants them: those of the database first, then by dependencies. */
export function restoreOrder(snapshot: HeldSnapshot): readonly DbObject[] {
  const objects = inOrder(snapshot.schema.objects)
  return [
    ...objects.filter(({ kind }) => kind === 'database'),
    ...objects.filter(({ kind }) => kind !== 'database' && kind !== 'event_trigger'),
    ...objects.filter(({ kind }) => kind === 'event_trigger'),
  ]
}

/** Loads the rows of every table of the snapshot; returns how many were loaded. */
export async function loadAll(
  target: Target,
  snapshot: HeldSnapshot,
  options: Pick<LoadRequest, 'upsertKey'> = {},
): Promise<number> {
  let loaded = 0
  for (const table of restoreOrder(snapshot).filter(isTable)) {
    const csv = snapshot.rows.get(keyText(table))
    if (csv === undefined || csv.length === 0) continue
    const request = { table, columns: storedColumns(table), ...options }
    const rows = await target.load(request, blocks(csv))
    if ((await target.countRows(table)) !== rows) throw new Error(`rows of ${table.name}`)
    loaded += rows
  }
  return loaded
}

/** Pours a whole snapshot, as the command does. */
export async function pourInto(target: Target, snapshot: HeldSnapshot): Promise<void> {
  const objects = restoreOrder(snapshot)
  for (const object of objects) await target.create(object)
  await loadAll(target, snapshot)
  for (const object of objects) await target.setCounters(object)
  for (const object of objects) await target.finish(object)
}

/** Fills a database with a whole snapshot. */
export async function restore(
  snapshot: HeldSnapshot,
  url: string,
  request: FillRequest = { mode: 'empty' },
): Promise<void> {
  await using database = await postgres.open({ url, environment: {} })
  await database.fill(request, (target) => pourInto(target, snapshot))
}

/** Makes a database of this name with the encoding, locale and owner of the snapshot. */
export async function createLike(
  snapshot: HeldSnapshot,
  server: Server,
  database: string,
): Promise<void> {
  const settings = snapshot.schema.objects.find(({ kind }) => kind === 'database')
  await using opened = await postgres.openServer({ url: server.url(database), environment: {} })
  await opened.create(database, settings === undefined ? {} : { settings })
}

/** What pg_dump sees differently in two databases, their names apart. */
export function dumpDifferences(server: Server, before: string, after: string): readonly string[] {
  const dump = (database: string): readonly string[] =>
    dumpLines(vendorDump(server, database, ['--create']).replaceAll(database, 'database'))
  const lines = dump(before)
  if (lines.length < 5) throw new Error(`the dump of ${before} is empty`)
  return differingLines(lines, dump(after))
}

/** What is different in a copy, in the eyes of pg_dump and in ours; the text of the first snapshot included. */
export async function differences(
  server: Server,
  original: HeldSnapshot,
  source: string,
  copy: string,
): Promise<readonly string[]> {
  return [
    ...dumpDifferences(server, source, copy),
    ...snapshotDifferences(original, await heldSnapshot(server.url(copy))),
  ]
}
