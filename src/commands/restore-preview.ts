import { tableText } from '../config/categories.ts'
import { engineFor, engineOfProduct } from '../engines/index.ts'
import type { DatabaseServer, FillMode } from '../engines/target.ts'
import { RowCounter } from '../csv.ts'
import { ExpectedError, exitStatus } from '../errors.ts'
import type { ObjectKey, ObjectKind, Schema, Table } from '../model.ts'
import type { CommandContext } from './context.ts'
import { interruptible } from './interrupt.ts'
import type { Source } from './pour.ts'
import type { Warning } from './report.ts'
import { orderByDependencies } from './restore-plan.ts'
import type { RestoreTarget } from './restore-target.ts'
import { isTable } from './selection.ts'
import type { FileSource } from './source.ts'

/** What a restore will do, known before it changes anything. */
export interface RestorePlan {
  /** `<host>/<database>` and, when it is one, the commit. */
  readonly source: string
  readonly commit?: string
  readonly product: string
  /** The URL of the target without its password. */
  readonly target: string
  readonly targetName: string
  readonly mode: FillMode
  /** Objects of a user in the target; absent: there is no such database, it is made. */
  readonly objectsInTarget?: number
  /** What the target loses: kind and name of every object. */
  readonly dropped: readonly string[]
  /** Whether the target is a configured database, of which a snapshot is taken first. */
  readonly snapshotFirst: boolean
  readonly objects: readonly { readonly kind: ObjectKind; readonly count: number }[]
  /** Tables whose rows are loaded. */
  readonly tables: readonly { readonly table: string; readonly rows: number }[]
  /** Tables that come without rows. */
  readonly withoutRows: readonly string[]
  readonly warnings: readonly Warning[]
}

/** What a plan is made from. */
export interface PlanRequest {
  readonly source: FileSource
  readonly target: RestoreTarget
  readonly server: DatabaseServer
  readonly options: {
    readonly replace: boolean
    readonly schemaOnly: boolean
    readonly dataOnly: boolean
    readonly upsert: boolean
    readonly owner?: string
  }
  readonly selected: (object: ObjectKey) => boolean
  readonly context: CommandContext
}

/**
 * Reads every file of the source and looks at the target, changing nothing. Throws ExpectedError for the first file
 * that is not whole, and `target-not-empty`, `other-product`, `columns-differ`, `no-key`, `unknown-database`.
 */
export async function planRestore(request: PlanRequest): Promise<RestorePlan> {
  const { source, target, server, options, selected, context } = request
  const objectsInTarget = await interruptible(server.objectCount(server.database), context.signal)
  refuseTarget(server.database, objectsInTarget, options)
  if ((await engineOfProduct(source.product)) !== (await engineFor(target.request.url))) {
    throw otherProduct(source.product)
  }
  const isEmpty = objectsInTarget === undefined || objectsInTarget === 0
  const standing = isEmpty ? undefined : await schemaOf(request)
  if (standing !== undefined && !options.dataOnly) refuseProduct(source.product, standing.product)
  const objects = orderByDependencies(source.objects).filter(selected)
  const tables = options.schemaOnly ? [] : objects.filter((object) => source.hasRows(object))
  const counted = await countRows(source, tables, context)
  if (options.dataOnly) refuseRows(counted, standing, options.upsert ? tables : [])
  const mode = options.dataOnly ? 'rows' : isEmpty ? 'empty' : 'replace'
  return {
    source: source.name,
    ...(source.revision === undefined ? {} : { commit: source.revision.commit }),
    product: source.product,
    target: target.request.url,
    targetName: server.database,
    mode,
    ...(objectsInTarget === undefined ? {} : { objectsInTarget }),
    dropped: mode === 'replace' ? namesOf(standing?.objects ?? []) : [],
    snapshotFirst: target.backedUpAs !== undefined && objectsInTarget !== undefined,
    objects: options.dataOnly ? [] : countKinds(objects),
    tables: counted.map(({ table, rows }) => ({ table: tableText(table), rows })),
    withoutRows: objects
      .filter((object) => object.kind === 'table' && !tables.includes(object))
      .map(tableText)
      .sort(),
    warnings: source.warnings,
  }
}

interface CountedTable {
  readonly table: ObjectKey
  readonly columns: readonly string[]
  readonly rows: number
}

/** Reads every row strictly, before anything is changed. */
async function countRows(
  source: Source,
  tables: readonly ObjectKey[],
  { signal, progress }: CommandContext,
): Promise<readonly CountedTable[]> {
  const counted: CountedTable[] = []
  progress.start('reading the files', tables.length)
  try {
    for (const table of tables) {
      const { columns, text } = await source.rows(table)
      const counter = new RowCounter()
      for await (const block of text) {
        signal.throwIfAborted()
        counter.add(block)
      }
      counted.push({ table, columns, rows: counter.rows })
      progress.show(counted.length, tableText(table))
    }
  } finally {
    progress.stop()
  }
  return counted
}

async function schemaOf({ target, server, context }: PlanRequest): Promise<Schema> {
  const engine = await engineFor(target.request.url)
  const opening = engine.open(server.requestFor(server.database))
  await using database = await interruptible(opening, context.signal)
  const reading = database.read({ wantsRows: () => false }, ({ schema }) => Promise.resolve(schema))
  return await interruptible(reading, context.signal)
}

function refuseTarget(
  name: string,
  objects: number | undefined,
  { replace, dataOnly, owner }: PlanRequest['options'],
): void {
  if (objects !== undefined && owner !== undefined) {
    throw new ExpectedError(
      'bad-usage',
      `The database "${name}" exists, and --owner is for one that is made.`,
      'Leave --owner out.',
      { status: exitStatus.usage },
    )
  }
  if (dataOnly && objects === undefined) {
    throw new ExpectedError(
      'unknown-database',
      `There is no database "${name}", and --data-only needs its tables.`,
      'Leave --data-only out to make it, or correct the URL.',
    )
  }
  if (dataOnly || replace || (objects ?? 0) === 0) return
  throw new ExpectedError(
    'target-not-empty',
    `The database "${name}" is not empty: it holds ${objects ?? 0} objects.`,
    `Name another target, or replace it: --replace --confirm ${name}`,
    { status: exitStatus.usage },
  )
}

/** Definitions are of one product; throws ExpectedError `other-product`. */
export function refuseProduct(product: string, found: string): void {
  if (product !== found) throw otherProduct(product)
}

function otherProduct(product: string): ExpectedError {
  return new ExpectedError(
    'other-product',
    `The files are of ${product}, and the target is not.`,
    `Restore into a database of ${product}; its rows alone go anywhere with --data-only.`,
    { status: exitStatus.usage },
  )
}

function refuseRows(
  tables: readonly CountedTable[],
  standing: Schema | undefined,
  upserted: Source['objects'],
): void {
  refuseColumns(tables, standing)
  refuseWithoutKey(upserted)
}

function refuseColumns(tables: readonly CountedTable[], standing: Schema | undefined): void {
  const known = new Map<string, Table>(
    (standing?.objects ?? []).filter(isTable).map((table) => [tableText(table), table]),
  )
  const differences = tables.flatMap(({ table, columns }) => {
    const found = known.get(tableText(table))
    if (found === undefined) return [`${tableText(table)}: the target has no such table`]
    const there = found.columns.filter(({ generated }) => !generated).map(({ name }) => name)
    const onlyHere = columns.filter((column) => !there.includes(column))
    const onlyThere = there.filter((column) => !columns.includes(column))
    return [
      ...onlyHere.map((column) => `${tableText(table)}: "${column}" is in the files alone`),
      ...onlyThere.map((column) => `${tableText(table)}: "${column}" is in the target alone`),
    ]
  })
  if (differences.length === 0) return
  throw new ExpectedError(
    'columns-differ',
    `The tables of the target have other columns:\n  ${differences.join('\n  ')}`,
    'Bring the target to the schema of the files, or leave tables out with --table.',
  )
}

function refuseWithoutKey(tables: readonly Source['objects'][number][]): void {
  const without = tables.filter(({ orderBy = [] }) => orderBy.length === 0).map(tableText)
  if (without.length === 0) return
  throw new ExpectedError(
    'no-key',
    `--upsert needs a key, and these tables have none: ${without.join(', ')}.`,
    'Leave them out with --table, or load them without --upsert.',
    { status: exitStatus.usage },
  )
}

function namesOf(objects: readonly ObjectKey[]): readonly string[] {
  return objects
    .filter(({ kind }) => kind !== 'database')
    .map((object) => `${object.kind} ${tableText(object)}`)
    .sort()
}

function countKinds(objects: readonly ObjectKey[]): RestorePlan['objects'] {
  const kinds = Map.groupBy(objects, ({ kind }) => kind)
  return [...kinds].map(([kind, same]) => ({ kind, count: same.length }))
}
