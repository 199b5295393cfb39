import { RowCounter } from '../csv.ts'
import type { ScriptRequest, ScriptWriter } from '../engines/script.ts'
import type { ObjectKey } from '../model.ts'
import { tableText } from '../config/categories.ts'
import { engineOfProduct } from '../engines/index.ts'
import type { CommandContext } from './context.ts'
import type { Source } from './pour.ts'
import { orderByDependencies, selectObjects } from './restore-plan.ts'

/** What goes into a script. */
export interface ScriptOptions {
  readonly content: ScriptRequest['content']
  /** Names, `schema.table`, or patterns of tables, with all that they depend on; absent: everything. */
  readonly tables?: readonly string[]
}

/** What a script holds, filled while it is written. */
export interface ScriptCounts {
  objects: number
  tables: number
  rows: number
}

/** A snapshot as one SQL script, in pieces; memory does not grow with its tables. */
export async function* writeScript(
  source: Source,
  options: ScriptOptions,
  counts: ScriptCounts,
  { progress, signal }: Pick<CommandContext, 'progress' | 'signal'>,
): AsyncGenerator<string | Uint8Array, void, undefined> {
  const { content } = options
  const { writer, objects } = await plan(source, options)
  const tables = content === 'schema' ? [] : objects.filter((object) => source.hasRows(object))
  counts.objects = content === 'rows' ? 0 : objects.length
  progress.start('export', tables.length)
  yield writer.begin()
  if (content !== 'rows') for (const object of objects) yield writer.create(object)
  for (const table of tables) {
    progress.show(counts.tables, tableText(table))
    const { columns, text } = await source.rows(table)
    const counter = new RowCounter()
    const counted = countedRows(text, counter, signal)
    yield* writer.rows({ table, columns }, counted)
    counts.tables += 1
    counts.rows += counter.rows
  }
  if (content !== 'schema') for (const object of objects) yield writer.counters(object)
  if (content !== 'rows') for (const object of objects) yield writer.finish(object)
  yield writer.end()
  progress.stop()
}

interface Plan {
  readonly writer: ScriptWriter
  /** In an order in which each one can be made; without the database itself, which the writer has. */
  readonly objects: readonly Source['objects'][number][]
}

async function plan(source: Source, { content, tables }: ScriptOptions): Promise<Plan> {
  const engine = await engineOfProduct(source.product)
  const include = selectObjects(source.objects, {
    ...(tables === undefined ? {} : { tables }),
    withDependencies: content !== 'rows',
  })
  const isDatabase = ({ kind }: ObjectKey) => kind === 'database'
  const settings = source.objects.find(isDatabase)
  const writer = engine.script({ content, ...(settings === undefined ? {} : { settings }) })
  const objects = orderByDependencies(source.objects).filter(include)
  return { writer, objects: objects.filter((object) => !isDatabase(object)) }
}

async function* countedRows(
  text: AsyncIterable<Uint8Array>,
  counter: RowCounter,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const block of text) {
    signal.throwIfAborted()
    counter.add(block)
    yield block
  }
}
