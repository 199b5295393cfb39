import { compileCategories, tableText } from '../config/categories.ts'
import type { Database } from '../engines/engine.ts'
import { stageTree, type StagedTree, type StageOptions } from '../files/stage.ts'
import {
  kindWords,
  type Category,
  type DbObject,
  type NotCaptured,
  type Snapshot,
  type Table,
  type TableName,
} from '../model.ts'
import { categorise } from './categorise.ts'
import { sharedMasks } from './shared-masks.ts'
import { readUnchanged, type SnapshotUse } from './read-unchanged.ts'
import {
  dataSelection,
  isTable,
  sharedSelection,
  type ObjectCategories,
  type Selection,
} from './selection.ts'
import type { Warning } from './report.ts'
import type { DatabaseRun } from './snapshot-run.ts'

/** All files of one database's snapshot, complete and not yet in place. */
export interface StagedDatabase extends AsyncDisposable {
  readonly shared: StagedTree
  /** The rows of local tables; absent when there is no directory for them or no such table. */
  readonly local?: StagedTree
  readonly ephemeral?: StagedTree
  readonly rows: { readonly global: number; readonly local: number; readonly ephemeral: number }
  readonly unclassified: readonly string[]
  readonly notCaptured: readonly NotCaptured[]
  /** Where the snapshot stands in the server's own count of changes. */
  readonly pointInTime?: string
  readonly warnings: readonly Warning[]
}

/** Reads a database at one point in time into staged files; starts over when it changed meanwhile. */
export async function stageDatabase(database: Database, run: DatabaseRun): Promise<StagedDatabase> {
  const categories = compileCategories(run.database.categories)
  const wantsRows = (table: TableName, partitionOf: readonly TableName[] = []) => {
    const own = [table, ...partitionOf].map((each) => categories.categorise(each).category)
    const category = own.find((each) => each !== 'unclassified')
    return category !== undefined && wantedCategories(run).includes(category)
  }
  const { texts } = run.database
  const use: SnapshotUse<StagedDatabase> = {
    make: (snapshot) => stage(snapshot, run),
    discard: async (staged) => {
      await staged[Symbol.asyncDispose]()
    },
  }
  return await readUnchanged(database, { wantsRows, texts }, use, run.context.signal)
}

function wantedCategories({ destinations, options }: DatabaseRun): readonly Category[] {
  return [
    'global',
    ...(destinations.privateDirectory === undefined || options.dryRun ? [] : ['local' as const]),
    ...(destinations.ephemeralDirectory === undefined ? [] : ['ephemeral' as const]),
  ]
}

async function stage(snapshot: Snapshot, run: DatabaseRun): Promise<StagedDatabase> {
  const { objects, notCaptured, warnings } = snapshot.schema
  const { categories, problems, unclassified } = categorise(objects, run.database.categories)
  const masks = await sharedMasks(snapshot.schema, categories, run)
  await using staged = new StagedTrees(snapshot, run)
  const { destinations } = run
  const shared = await staged.add(
    destinations.stagingDirectory,
    { ...sharedSelection(categories), masksOf: masks.masksOf },
    false,
  )
  const local = await staged.addData(destinations.privateDirectory, categories, 'local')
  const ephemeral = await staged.addData(destinations.ephemeralDirectory, categories, 'ephemeral')
  return {
    shared,
    ...(local === undefined ? {} : { local }),
    ...(ephemeral === undefined ? {} : { ephemeral }),
    rows: { global: rowCount(shared), local: rowCount(local), ephemeral: rowCount(ephemeral) },
    unclassified,
    notCaptured,
    ...(snapshot.pointInTime === undefined ? {} : { pointInTime: snapshot.pointInTime }),
    warnings: [
      ...problems,
      ...masks.problems,
      ...warnings.map((message) => ({ code: 'database', message })),
      ...(destinations.privateDirectory === undefined ? lostSecrets(objects) : []),
    ],
    ...staged.release(),
  }
}

function lostSecrets(objects: readonly DbObject[]): readonly Warning[] {
  const names = objects
    .filter(({ sqlSecrets }) => sqlSecrets !== undefined)
    .map((object) => `${kindWords(object.kind)} ${tableText(object)}`)
  if (names.length === 0) return []
  return [
    {
      code: 'secrets-not-kept',
      message: `The passwords of these objects are not backed up, since user_data_backup_dir is not configured: ${names.join(', ')}.`,
    },
  ]
}

/** The trees of one snapshot, discarded together unless they are released. */
class StagedTrees implements AsyncDisposable {
  readonly #resources = new AsyncDisposableStack()
  readonly #snapshot: Snapshot
  readonly #run: DatabaseRun

  constructor(snapshot: Snapshot, run: DatabaseRun) {
    this.#snapshot = snapshot
    this.#run = run
  }

  async add(
    topDirectory: string,
    selection: Selection & Pick<StageOptions, 'masksOf'>,
    privateMode: boolean,
  ): Promise<StagedTree> {
    const { progress } = this.#run.context
    const tables = this.#snapshot.schema.objects.filter(isTable).filter(selection.rowsOf)
    progress.start(this.#run.database.name, tables.length)
    const { schema } = this.#snapshot
    const rows = (table: Table) =>
      untilStopped(this.#snapshot.rows(table), this.#run.context.signal)
    const snapshot = { schema, rows }
    const tree = await stageTree(snapshot, {
      topDirectory,
      privateMode,
      ...selection,
      onProgress: ({ table, rows }) => {
        progress.show(
          tables.indexOf(table),
          `${tableText(table)} ${rows.toLocaleString('en-US')} rows`,
        )
      },
    })
    this.#resources.defer(async () => {
      await tree.discard()
    })
    return tree
  }

  async addData(
    topDirectory: string | undefined,
    categories: ObjectCategories,
    category: Category,
  ): Promise<StagedTree | undefined> {
    if (topDirectory === undefined) return undefined
    const selection = dataSelection(this.#snapshot.schema.objects, categories, category)
    return await this.add(topDirectory, selection, true)
  }

  release(): AsyncDisposable {
    const resources = this.#resources.move()
    return {
      [Symbol.asyncDispose]: async () => {
        await resources.disposeAsync()
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync()
  }
}

/** Ends with the signal's reason at the next block: a read that nobody wants any more keeps no lock. */
async function* untilStopped(
  rows: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const block of rows) {
    signal.throwIfAborted()
    yield block
  }
}

function rowCount(tree: StagedTree | undefined): number {
  return [...(tree?.rowCounts.values() ?? [])].reduce((sum, rows) => sum + rows, 0)
}
