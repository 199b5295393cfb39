import { tableText } from '../config/categories.ts'
import { RowCounter } from '../csv.ts'
import type { Database } from '../engines/engine.ts'
import type { FillMode, Target, Violation } from '../engines/target.ts'
import { ExpectedError } from '../errors.ts'
import type { StoredObject } from '../files/object-file.ts'
import type { DbObject, NotCaptured, ObjectKey, Snapshot, TableName } from '../model.ts'
import { orderByDependencies } from './restore-plan.ts'
import { isTable, keyText } from './selection.ts'

/** A snapshot that can be poured into a database: live, or as files. */
export interface Source {
  readonly product: string
  readonly serverVersion: string
  /** Each key once, in any order; with their counters where those are known. */
  readonly objects: readonly (DbObject & Pick<StoredObject, 'orderBy' | 'masked'>)[]
  /** Whether there are rows for a table. */
  hasRows(table: ObjectKey): boolean
  /** The rows of a table that has some. */
  rows(table: ObjectKey): Promise<SourceRows>
}

export interface SourceRows {
  readonly columns: readonly string[]
  /** CSV text without a header, cut anywhere. */
  readonly text: AsyncIterable<Uint8Array>
}

export interface PourOptions {
  readonly mode: FillMode
  /** Which objects are made or filled; absent: all. */
  readonly include?: (object: ObjectKey) => boolean
  /** No rows and no counters. */
  readonly schemaOnly?: boolean
  /** A row whose key is there already replaces it (mode `rows`). */
  readonly upsert?: boolean
  /** Foreign keys are neither enforced nor checked. */
  readonly skipReferenceCheck?: boolean
  readonly onProgress?: (progress: PourProgress) => void
  /** Aborted: the fill ends at the next block of rows or object. */
  readonly signal?: AbortSignal
}

export interface PourProgress {
  /** What is made or loaded now, for people. */
  readonly what: string
  /** Steps that are done, and all there are: one for each object, and one for each table with rows. */
  readonly done: number
  readonly total: number
  /** Rows of the table that is being loaded. */
  readonly rows?: number
}

export interface PourReport {
  readonly tables: readonly PouredTable[]
  readonly violations: readonly Violation[]
  /** Objects that were broken when they were saved (a view on a table that is gone): the target is without them. */
  readonly broken: readonly NotCaptured[]
}

/** Rows of one table, counted in the source and by the database that was filled. */
export interface PouredTable {
  readonly table: TableName
  readonly rowsInFiles: number
  readonly rowsInTarget: number
}

/** The rows and objects of a live snapshot, or of one in memory, as a source. */
export function sourceOfSnapshot(
  snapshot: Snapshot,
  hasRows: (table: ObjectKey) => boolean = () => true,
): Source {
  const tables = new Map(
    snapshot.schema.objects.filter(isTable).map((table) => [keyText(table), table]),
  )
  return {
    product: snapshot.schema.product,
    serverVersion: snapshot.schema.serverVersion,
    objects: snapshot.schema.objects,
    hasRows: (key) => tables.get(keyText(key))?.hasRows === true && hasRows(key),
    rows: (key) => {
      const table = tables.get(keyText(key))
      if (table === undefined) throw new TypeError(`${key.name} is no table of the snapshot`)
      const columns = table.columns.filter(({ generated }) => !generated).map(({ name }) => name)
      return Promise.resolve({ columns, text: snapshot.rows(table) })
    },
  }
}

/**
 * Pours a source into a database, all or nothing: objects in the order of their dependencies, rows, counters, and
 * what must wait for the rows. In mode `rows` no object is made. Throws ExpectedError `rows-differ` when the database
 * holds another number of rows than it was given.
 */
export async function pour(
  source: Source,
  database: Database,
  options: PourOptions,
): Promise<PourReport> {
  const { mode, include = () => true, skipReferenceCheck = false } = options
  const objects = orderByDependencies(source.objects).filter(include)
  return await database.fill(
    { mode, skipReferenceCheck, sourceVersion: source.serverVersion },
    async (target) => await new Pouring(source, target, objects, options).run(),
  )
}

/** One fill under way. */
class Pouring {
  readonly #source: Source
  readonly #target: Target
  readonly #objects: readonly Source['objects'][number][]
  readonly #tables: readonly Source['objects'][number][]
  readonly #options: PourOptions
  readonly #rowsBefore = new Map<string, number>()
  readonly #broken: NotCaptured[] = []
  #done = 0

  constructor(
    source: Source,
    target: Target,
    objects: readonly Source['objects'][number][],
    options: PourOptions,
  ) {
    this.#source = source
    this.#target = target
    this.#objects = objects
    this.#options = options
    this.#tables =
      options.schemaOnly === true ? [] : objects.filter((object) => source.hasRows(object))
  }

  async run(): Promise<PourReport> {
    const makesObjects = this.#options.mode !== 'rows'
    if (makesObjects) await this.#each((object) => this.#create(object))
    const tables: PouredTable[] = []
    for (const table of this.#tables) tables.push(await this.#load(table))
    if (this.#options.schemaOnly !== true) await this.#setCounters()
    if (makesObjects) await this.#each((object) => this.#target.finish(object))
    const violations =
      this.#options.skipReferenceCheck === true ? [] : await this.#target.violations()
    return { tables: await this.#count(tables), violations, broken: this.#broken }
  }

  /** Runs one step for every object. */
  async #each(work: (object: DbObject) => Promise<void>): Promise<void> {
    for (const object of this.#objects) {
      this.#options.signal?.throwIfAborted()
      await work(object)
      this.#step(`${object.kind} ${tableText(object)}`)
    }
  }

  async #create(object: DbObject): Promise<void> {
    try {
      await this.#target.create(object)
    } catch (error) {
      if (!(error instanceof ExpectedError) || error.code !== 'not-restorable') throw error
      this.#broken.push({
        kind: object.kind,
        name: tableText(object),
        reason: `${error.message} ${error.next}`,
      })
    }
  }

  async #load(table: Source['objects'][number]): Promise<PouredTable> {
    const { columns, text } = await this.#source.rows(table)
    const counter = new RowCounter()
    const before = this.#options.mode === 'rows' ? await this.#target.countRows(table) : 0
    this.#rowsBefore.set(keyText(table), before)
    const upsertKey = this.#options.upsert === true ? { upsertKey: table.orderBy ?? [] } : {}
    const counted = this.#counted(text, counter, tableText(table))
    const loaded = await this.#target.load({ table: nameOf(table), columns, ...upsertKey }, counted)
    if (loaded !== counter.rows) throw rowsDiffer(table, counter.rows, loaded)
    this.#step(tableText(table))
    return { table: nameOf(table), rowsInFiles: counter.rows, rowsInTarget: loaded }
  }

  async *#counted(
    text: AsyncIterable<Uint8Array>,
    counter: RowCounter,
    name: string,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const block of text) {
      this.#options.signal?.throwIfAborted()
      counter.add(block)
      yield block
      this.#tell(name, counter.rows)
    }
  }

  /** Rows that were there keep the counters of their tables: a lower one would give a key twice. */
  async #setCounters(): Promise<void> {
    for (const object of this.#objects) {
      if (object.sqlCounters === undefined) continue
      const users = object.kind === 'table' ? [object] : this.#usersOf(object)
      const wasEmpty = users.every((table) => (this.#rowsBefore.get(keyText(table)) ?? 0) === 0)
      if (this.#options.mode !== 'rows' || wasEmpty) await this.#target.setCounters(object)
    }
  }

  #usersOf(object: ObjectKey): readonly DbObject[] {
    const key = keyText(object)
    return this.#tables.filter((table) => table.dependsOn.some((needed) => keyText(needed) === key))
  }

  /** At the end, since what waited for the rows may have changed them. */
  async #count(tables: readonly PouredTable[]): Promise<readonly PouredTable[]> {
    const counted: PouredTable[] = []
    for (const { table, rowsInFiles } of tables) {
      const rowsInTarget = await this.#target.countRows(table)
      const before = this.#rowsBefore.get(keyText({ kind: 'table', ...table })) ?? 0
      const isUpsert = this.#options.upsert === true
      const isRight = isUpsert
        ? rowsInTarget >= Math.max(before, rowsInFiles) && rowsInTarget <= before + rowsInFiles
        : rowsInTarget === before + rowsInFiles
      if (!isRight) throw rowsDiffer(table, before + rowsInFiles, rowsInTarget)
      counted.push({ table, rowsInFiles, rowsInTarget })
    }
    return counted
  }

  #step(what: string): void {
    this.#done += 1
    this.#tell(what)
  }

  #tell(what: string, rows?: number): void {
    const phases = this.#options.mode === 'rows' ? 0 : 2
    const total = this.#objects.length * phases + this.#tables.length
    this.#options.onProgress?.({
      what,
      done: this.#done,
      total,
      ...(rows === undefined ? {} : { rows }),
    })
  }
}

function nameOf({ schema, name }: TableName): TableName {
  return schema === undefined ? { name } : { schema, name }
}

function rowsDiffer(table: TableName, expected: number, found: number): ExpectedError {
  return new ExpectedError(
    'rows-differ',
    `The table ${tableText(table)} has ${found} rows after the restore, and ${expected} were expected; nothing was kept.`,
    'Look for a trigger or rule of the target that adds or drops rows, then run again.',
  )
}
