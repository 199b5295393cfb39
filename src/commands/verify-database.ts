import { basename, dirname } from 'node:path'
import { tableText } from '../config/categories.ts'
import type { Config, DatabaseConfig } from '../config/config.ts'
import type { Database } from '../engines/engine.ts'
import { engineFor } from '../engines/index.ts'
import { stageTree } from '../files/stage.ts'
import type { ObjectKey, Snapshot } from '../model.ts'
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
  const found = [...(await roundTrip(copy, source, config, context)), ...orphans(poured)]
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
  const { categories } = database
  return await compareDumps(source, {
    engine,
    original,
    originalRequest,
    copyRequest,
    categories,
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

/** Rows that a foreign key does not allow, as differences. */
function orphans({ violations }: PourReport): readonly FileDifference[] {
  return violations.map(({ table, constraint, rows }) => ({
    path: tableText(table),
    what: 'changed',
    text: `${rows} rows have no parent by ${constraint}.\n`,
  }))
}

/** Takes a snapshot of the copy, in the same parts as the source, and compares the files. */
async function roundTrip(
  copy: Database,
  { parts }: FileSource,
  config: Config,
  { progress, signal }: CommandContext,
): Promise<readonly FileDifference[]> {
  const wanted = new Set(
    parts.flatMap(({ snapshot }) =>
      snapshot.objects.filter((object) => snapshot.hasRows(object)).map(keyText),
    ),
  )
  const wantsRows = (table: Omit<ObjectKey, 'kind'>) =>
    wanted.has(keyText({ ...table, kind: 'table' }))
  progress.start('compare', parts.length)
  return await copy.read({ wantsRows }, async (snapshot) => {
    const differences: FileDifference[] = []
    for (const [index, part] of parts.entries()) {
      signal.throwIfAborted()
      progress.show(index, basename(part.directory))
      differences.push(...(await comparePart(snapshot, part, config)))
    }
    return differences
  })
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
  })
  const place = { top: dirname(part.directory), database: basename(part.directory) }
  return await compareFiles(place, staged)
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
