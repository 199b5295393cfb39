import { createReadStream, type Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { tableText } from '../config/categories.ts'
import { databaseDirectory, databaseFiles, keyOf, pathOf } from '../files/layout.ts'
import { objectTexts } from '../files/object-texts.ts'
import { walk } from '../files/walk.ts'
import { kindWords, type ObjectKind } from '../model.ts'
import type { Change } from '../review/changes.ts'
import { countRows, countedBytes } from '../review/rows.ts'
import { isShrunken, type Counts } from '../review/shrink.ts'
import type { Comparison } from './compare-staged.ts'
import { counted } from './render.ts'
import type { Held } from './report.ts'
import type { DatabaseRun } from './snapshot-run.ts'
import type { StagedDatabase } from './stage-database.ts'

/**
 * What is gone since the last snapshot and was hardly meant to go: rows of global and local tables, most objects, an
 * object that can't be seen any more. Empty when the guard is off, or `--accept-shrink` names all of it.
 */
export async function shrinkages(
  comparison: Comparison,
  staged: StagedDatabase,
  run: DatabaseRun,
): Promise<readonly Held[]> {
  const { acceptShrink = [] } = run.options
  if (run.database.shrinkGuard === undefined || acceptShrink === 'everything') return []
  const found = [
    ...(await lostObjects(comparison, run)),
    ...hiddenObjects(comparison, staged),
    ...(await lostRows(comparison, run)),
    ...(await privateLosses(comparison, staged, run)),
  ]
  return found.filter(({ name }) => !acceptShrink.includes(name))
}

/** What would be gone from the private directory, which keeps no history. */
export async function privateLosses(
  comparison: Comparison,
  staged: StagedDatabase,
  run: DatabaseRun,
): Promise<readonly Held[]> {
  return [
    ...(await lostPrivateRows(comparison, staged, run)),
    ...(await lostSecrets(comparison, staged, run)),
  ]
}

/** Without limits only what is lost as a whole counts. */
function limitsOf({ database }: DatabaseRun) {
  return database.shrinkGuard ?? { rowsPercent: 100, objectsPercent: 100 }
}

function lossText({ before, after }: Counts, thing: string): string {
  const all = counted(before, thing)
  return after === 0
    ? `all of its ${all}`
    : `${(before - after).toLocaleString('en-US')} of its ${all}`
}

async function lostObjects(comparison: Comparison, run: DatabaseRun): Promise<readonly Held[]> {
  const { repository, committed, changes } = comparison
  const before = committed.get(databaseFiles.objects)
  const texts =
    before === undefined
      ? []
      : objectTexts(
          databaseFiles.objects,
          Buffer.from(await repository.readBlob(before.oid)).toString('utf8'),
        )
  const definitions = [...committed.keys()].filter((path) => keyOf(path)?.part === 'sql')
  // The database itself is always there.
  const total = definitions.length + texts.filter(({ key }) => key.kind !== 'database').length
  const removed = changes.filter(({ what, kind }) => what === 'removed' && kind !== 'database')
  const counts = { before: total, after: total - removed.length }
  const { name } = run.database
  if (!isShrunken(counts, 'objects', limitsOf(run))) return []
  return [{ name, message: `The database ${name} lost ${lossText(counts, 'object')}.` }]
}

/** Kinds that servers call otherwise. */
const kinds: Readonly<Record<string, ObjectKind>> = { account: 'role', server: 'foreign_server' }

/** What was captured and is now only named: the account lost a privilege, or the server a feature. */
function hiddenObjects({ changes }: Comparison, { notCaptured }: StagedDatabase): readonly Held[] {
  const removed = changes.filter(({ what }) => what === 'removed')
  return removed.flatMap((change) => {
    const object = tableText(change)
    // `shop.*` of a kind: there may be such objects that the account can't see.
    const hidden = notCaptured.find(
      ({ kind, name }) =>
        name === object || (name.endsWith('*') && (kinds[kind] ?? kind) === change.kind),
    )
    const what = `${kindWords(change.kind)} ${object}`
    return hidden === undefined
      ? []
      : [
          {
            name: object,
            message: `The ${what} was in the last snapshot and can't be captured any more: ${hidden.reason}`,
          },
        ]
  })
}

async function lostRows(comparison: Comparison, run: DatabaseRun): Promise<readonly Held[]> {
  const held: Held[] = []
  for (const change of comparison.changes) {
    const counts = await rowCounts(change, comparison, run)
    if (counts !== undefined) held.push(...tooFewRows(tableText(change), counts, run))
  }
  return held
}

function tooFewRows(name: string, counts: Counts, run: DatabaseRun): readonly Held[] {
  if (!isShrunken(counts, 'rows', limitsOf(run))) return []
  return [{ name, message: `The table ${name} lost ${lossText(counts, 'row')}.` }]
}

/** Undefined where no rows can have been lost: a new table, one that is gone, one whose rows are no longer wanted. */
async function rowCounts(
  change: Change,
  { staged, committed, repository, subtree }: Comparison,
  run: DatabaseRun,
): Promise<Counts | undefined> {
  if (change.kind !== 'table' || change.what !== 'changed' || change.rows === undefined)
    return undefined
  const path = pathOf(change, 'rows')
  const [blob, after] = [committed.get(path), staged.rowCounts.get(path)]
  if (blob === undefined || after === undefined) return undefined
  if (change.rows !== 'uncounted')
    return { before: after + change.rows.removed - change.rows.added, after }
  const bytes = staged.files.get(path)?.bytes ?? 0
  if (bytes <= countedBytes || !repository.writesWorkTree) {
    const content = await repository.readBlob(blob.oid)
    return { before: await countRows({ bytes: content.length, read: () => once(content) }), after }
  }
  // Too large to be read for this: as many rows as its size says.
  const placed = join(run.config.backupDirectory, subtree, path)
  return { before: Math.round((after * (await sizeOf(placed))) / bytes), after }
}

/** Rows of local tables have no history: a run that emptied their file would have destroyed them. */
async function lostPrivateRows(
  { staged }: Comparison,
  { local }: StagedDatabase,
  run: DatabaseRun,
): Promise<readonly Held[]> {
  if (local === undefined) return []
  const directory = join(local.topDirectory, databaseDirectory(run.config.host, run.database.name))
  const held: Held[] = []
  for (const [path, { size: bytes }] of await placedIn(directory)) {
    const owner = keyOf(path)
    // Rows that the backup directory has from now on are not lost.
    if (owner?.part !== 'rows' || staged.rowCounts.has(path)) continue
    if (bytes === local.files.get(path)?.bytes) continue
    const placed = join(directory, path)
    const before = await countRows({ bytes, read: () => createReadStream(placed) })
    const after = local.rowCounts.get(path) ?? 0
    held.push(...tooFewRows(tableText(owner.key), { before, after }, run))
  }
  return held
}

/** Hashes and passwords that the account may not read any more would take the only copies with them. */
async function lostSecrets(
  { files }: Comparison,
  { local }: StagedDatabase,
  run: DatabaseRun,
): Promise<readonly Held[]> {
  if (local === undefined) return []
  const directory = join(local.topDirectory, databaseDirectory(run.config.host, run.database.name))
  return [...(await placedIn(directory)).keys()].flatMap((path) => {
    const owner = keyOf(path)
    const isLost =
      owner?.part === 'secrets' && files.has(pathOf(owner.key)) && !local.files.has(path)
    if (!isLost) return []
    const name = tableText(owner.key)
    const what = `${kindWords(owner.key.kind)} ${name}`
    return [{ name, message: `The passwords of the ${what} were kept and can't be read any more.` }]
  })
}

async function placedIn(directory: string): Promise<ReadonlyMap<string, Stats>> {
  return (await sizeOf(directory)) === 0 ? new Map() : await walk(directory)
}

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}
