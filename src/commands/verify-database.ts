import { basename, dirname } from 'node:path'
import { tableText } from '../config/categories.ts'
import type { Config, DatabaseConfig } from '../config/config.ts'
import type { Database } from '../engines/engine.ts'
import { engineFor } from '../engines/index.ts'
import { pathOf } from '../files/layout.ts'
import { stageTree } from '../files/stage.ts'
import type { TableMask } from '../files/mask-rows.ts'
import type { ObjectKey, Snapshot, Table } from '../model.ts'
import { compareDumps } from './compare-dumps.ts'
import { compareFiles, type FileDifference } from './compare-files.ts'
import type { CommandContext } from './context.ts'
import { requestOf } from './open-database.ts'
import { pour, type PourReport } from './pour.ts'
import { makeScratch, makeScratchDirectory, type ScratchDatabase } from './scratch.ts'
import { keyText, type Selection } from './selection.ts'
import { openSource, type FileSource, type SourcePart } from './source.ts'
import type { VerifyOptions, VerifyResult } from './verify-report.ts'

/** What the round trip of one snapshot found. */
type Found = Pick<VerifyResult, 'objects' | 'rows' | 'differences' | 'notes'>

/** Files → scratch database → files again: what is not the same. */
export async function verifyDatabase(
  config: Config,
  database: DatabaseConfig,
  options: VerifyOptions,
  context: CommandContext,
): Promise<Found> {
  const { at } = options
  await using source = await openSource(
    config,
    database,
    // The private directory knows one point in time, the last one.
    at === undefined ? { withoutLocal: false } : { withoutLocal: true, at },
    context.environment,
  )
  const { objects, product } = source
  const request = { config, database, product, objects }
  await using scratch = await makeScratch(request, context)
  await using copy = await scratch.open()
  const poured = await pourInto(copy, source, database, context)
  const found = [
    ...(await roundTrip(copy, source, { config, database, context })),
    ...orphans(poured),
  ]
  const judged = options.vendor ? await askWitness(source, database, scratch, context) : []
  return {
    objects: objects.length,
    rows: poured.tables.reduce((sum, table) => sum + table.rowsInTarget, 0),
    differences: [...found, ...(judged ?? [])],
    notes: [
      ...source.warnings.map(({ message }) => message),
      ...(judged === undefined ? [noWitness] : []),
    ],
  }
}

const noWitness = "The database's own dump program is not installed; its dumps were not compared."

async function askWitness(
  source: FileSource,
  database: DatabaseConfig,
  scratch: ScratchDatabase,
  context: CommandContext,
): Promise<readonly FileDifference[] | undefined> {
  const originalRequest = await requestOf(database, context)
  const engine = await engineFor(originalRequest.url)
  await using original = await engine.open(originalRequest)
  const copyRequest = scratch.server.requestFor(scratch.name)
  const { categories, texts } = database
  return await compareDumps(source, {
    engine,
    original,
    originalRequest,
    copyRequest,
    categories,
    texts,
  })
}

async function pourInto(
  copy: Database,
  source: FileSource,
  { name, verify }: DatabaseConfig,
  { progress, signal }: CommandContext,
): Promise<PourReport> {
  const steps = 100
  progress.start(name, steps)
  return await pour(source, copy, {
    mode: 'empty',
    skipReferenceCheck: !verify.checkReferences,
    signal,
    onProgress: ({ what, done, total }) => {
      progress.show(Math.round((done / Math.max(1, total)) * steps), what)
    },
  })
}

/** Rows that a foreign key does not allow, as differences: the database that was saved has them, too. */
function orphans({ violations }: PourReport): readonly FileDifference[] {
  return violations.map(({ table, constraint, rows }) => ({
    path: tableText(table),
    what: 'orphans',
    text: `${rows === 1 ? '1 row has' : `${rows} rows have`} no parent by ${constraint}, as in the original.\n`,
  }))
}

interface RoundTrip {
  readonly config: Config
  readonly database: DatabaseConfig
  readonly context: CommandContext
}

/** Takes a snapshot of the copy, in the same parts as the source, and compares the files. */
async function roundTrip(
  copy: Database,
  { parts }: FileSource,
  { config, database, context }: RoundTrip,
): Promise<readonly FileDifference[]> {
  const { progress, signal } = context
  const wanted = new Set(
    parts.flatMap(({ snapshot }) =>
      snapshot.objects.filter((object) => snapshot.hasRows(object)).map(keyText),
    ),
  )
  const wantsRows = (table: Omit<ObjectKey, 'kind'>) =>
    wanted.has(keyText({ ...table, kind: 'table' }))
  progress.start('compare', parts.length)
  const older = partitionsOfPrivateRows(parts)
  return await copy.read({ wantsRows, texts: database.texts }, async (snapshot) => {
    const differences: FileDifference[] = []
    for (const [index, part] of parts.entries()) {
      signal.throwIfAborted()
      progress.show(index, basename(part.directory))
      const found = await comparePart(snapshot, part, config)
      differences.push(
        ...found.filter(
          ({ path, what }) => part.isPrivate || what !== 'changed' || !older.has(path),
        ),
      )
    }
    return differences
  })
}

/** Paths of shared files that may be of an earlier moment than the private rows: alone they are no reason for a commit. */
function partitionsOfPrivateRows(parts: readonly SourcePart[]): ReadonlySet<string> {
  const rows = parts.flatMap(({ snapshot, isPrivate }) =>
    isPrivate ? snapshot.objects.filter((object) => snapshot.hasRows(object)) : [],
  )
  return new Set(rows.map((table) => pathOf(table, 'partitions')))
}

async function comparePart(
  snapshot: Snapshot,
  part: SourcePart,
  config: Config,
): Promise<readonly FileDifference[]> {
  await using directory = await makeScratchDirectory(config)
  const staged = await stageTree(snapshot, {
    topDirectory: directory.path,
    privateMode: part.isPrivate,
    ...selectionOf(part),
    masksOf: (table) => maskOf(table, part),
  })
  const place = { top: dirname(part.directory), database: basename(part.directory) }
  return await compareFiles(place, staged)
}

/** What the files say of their masks; the rows that were restored from them hold the masks already. */
function maskOf(table: Table, { snapshot }: SourcePart): TableMask | undefined {
  const columns = snapshot.objects.find((object) => keyText(object) === keyText(table))?.masked
  return columns && { columns, cells: new Map() }
}

/** What the files hold; of the structure everything, so that an object that should not be there is seen. */
function selectionOf({ snapshot, isPrivate }: SourcePart): Selection {
  const objects = new Map(snapshot.objects.map((object) => [keyText(object), object]))
  return {
    include: (object) => !isPrivate || objects.has(keyText(object)),
    rowsOf: (table) => snapshot.hasRows(table),
    countersOf: (object) => objects.get(keyText(object))?.sqlCounters !== undefined,
    secretsOf: (object) => objects.get(keyText(object))?.sqlSecrets !== undefined,
  }
}
