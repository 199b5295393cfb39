import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { readFacts } from '../files/database-file.ts'
import { databaseFiles, keyOf, pathOf } from '../files/layout.ts'
import { objectTexts } from '../files/object-texts.ts'
import type { StagedTree } from '../files/stage.ts'
import type { Repository, TreeFile } from '../git/repository.ts'
import type { ObjectKey } from '../model.ts'
import { changeOf, type Change } from '../review/changes.ts'
import { countedBytes, type RowsFile } from '../review/rows.ts'
import { keyText } from './selection.ts'

/** The two sides of a comparison: what is committed, and what is staged. */
export interface Sides {
  readonly repository: Repository
  readonly committed: ReadonlyMap<string, TreeFile>
  readonly staged: StagedTree
  /** Path → blob of the staged files. */
  readonly files: ReadonlyMap<string, string>
}

/** Paths whose content differs between the two sides, sorted. */
export function differingPaths({
  files,
  committed,
}: Pick<Sides, 'files' | 'committed'>): readonly string[] {
  const paths = new Set([...files.keys(), ...committed.keys()])
  return [...paths].filter((path) => files.get(path) !== committed.get(path)?.oid).sort()
}

/** What differs, object by object, in the order of their paths. */
export async function reviewChanges(sides: Sides, database: string): Promise<readonly Change[]> {
  const paths = differingPaths(sides)
  const changes: (Change | undefined)[] = []
  if (paths.includes(databaseFiles.facts)) changes.push(await serverChange(sides, database))
  if (paths.includes(databaseFiles.objects)) changes.push(...(await databaseChanges(sides)))
  const keys = paths.flatMap((path) => keyOf(path)?.key ?? [])
  for (const key of new Map(keys.map((each) => [keyText(each), each])).values()) {
    changes.push(await objectChange(key, sides))
  }
  return changes.filter((change) => change !== undefined)
}

/** A new server version is told with both numbers: its renderings may differ where nothing else does. */
async function serverChange(sides: Sides, database: string): Promise<Change | undefined> {
  const { before, after } = await textsAt(databaseFiles.facts, sides)
  if (before === undefined) return undefined
  const [old, current] = [before, after].map(serverOf)
  const text =
    old === undefined || current === undefined || old === current
      ? 'versions changed'
      : `server ${old} is now ${current}`
  return { kind: 'database', name: database, what: 'changed', text }
}

function serverOf(facts: string | undefined): string | undefined {
  if (facts === undefined) return undefined
  try {
    const { product, serverVersion } = readFacts(facts)
    // Without the distribution's own words: 15.18 (Debian 15.18-0+deb12u1).
    return `${product} ${serverVersion.replace(/ \(.*\)$/, '')}`
  } catch {
    // The committed file was changed by hand; it is about to be mended.
    return undefined
  }
}

/** The objects of `database.sql`, each compared with its counterpart. */
async function databaseChanges(sides: Sides): Promise<readonly (Change | undefined)[]> {
  const { before, after } = await textsAt(databaseFiles.objects, sides)
  const [old, current] = [before, after].map((text) => {
    const objects = text === undefined ? [] : objectTexts(databaseFiles.objects, text)
    return new Map(objects.map((object) => [keyText(object.key), object]))
  })
  const keys = new Map([...(old ?? []), ...(current ?? [])])
  return await Promise.all(
    [...keys].map(([text, { key }]) =>
      changeOf({ key, sql: pair(old?.get(text)?.text, current?.get(text)?.text) }),
    ),
  )
}

async function objectChange(key: ObjectKey, sides: Sides): Promise<Change | undefined> {
  const sql = await textsAt(pathOf(key), sides)
  const text = sql.after ?? sql.before
  const [object] = text === undefined ? [] : objectTexts(pathOf(key), text)
  return await changeOf({
    key,
    sql,
    ...(key.kind === 'table' ? { rows: await rowsAt(pathOf(key, 'rows'), sides) } : {}),
    keyColumns: object?.orderBy ?? [],
    countersDiffer: differs(pathOf(key, 'counters'), sides),
    partitionsDiffer: differs(pathOf(key, 'partitions'), sides),
  })
}

function differs(path: string, { files, committed }: Sides): boolean {
  return files.get(path) !== committed.get(path)?.oid
}

function pair<T>(before: T | undefined, after: T | undefined): { before?: T; after?: T } {
  return {
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  }
}

async function textsAt(path: string, sides: Sides): Promise<{ before?: string; after?: string }> {
  const file = sides.staged.files.get(path)
  const blob = await committedBytes(path, sides)
  return pair(
    blob === undefined ? undefined : Buffer.from(blob).toString('utf8'),
    file === undefined ? undefined : await readFile(file.file, 'utf8'),
  )
}

async function rowsAt(
  path: string,
  sides: Sides,
): Promise<{ before?: RowsFile; after?: RowsFile }> {
  if (!differs(path, sides)) return {}
  const file = sides.staged.files.get(path)
  // Rows of a large file are not counted: what is committed needs no place in memory.
  const isLarge = file !== undefined && file.bytes > countedBytes
  return pair(
    isLarge ? unreadRows(path, sides) : await committedRows(path, sides),
    file === undefined ? undefined : { bytes: file.bytes, read: () => createReadStream(file.file) },
  )
}

async function committedRows(path: string, sides: Sides): Promise<RowsFile | undefined> {
  const blob = await committedBytes(path, sides)
  if (blob === undefined) return undefined
  return { bytes: blob.length, read: () => once(Promise.resolve(blob)) }
}

function unreadRows(path: string, { repository, committed }: Sides): RowsFile | undefined {
  const blob = committed.get(path)
  if (blob === undefined) return undefined
  return { bytes: 0, read: () => once(repository.readBlob(blob.oid)) }
}

async function* once(bytes: Promise<Uint8Array>): AsyncIterable<Uint8Array> {
  yield await bytes
}

async function committedBytes(
  path: string,
  { repository, committed }: Sides,
): Promise<Uint8Array | undefined> {
  const blob = committed.get(path)
  if (blob === undefined) return undefined
  return await repository.readBlob(blob.oid)
}
