import { mysql } from '../../../src/engines/mysql/index.ts'
import type { ConnectionRequest } from '../../../src/engines/connection.ts'
import type { FillMode, LoadRequest, Target, Violation } from '../../../src/engines/target.ts'
import type { DbObject, Table } from '../../../src/model.ts'
import { inOrder, type Poured } from './round-trip.ts'

/** What a fill found at its end. */
export interface Filled {
  /** Rows that were loaded, and rows that the server counted, by table. */
  readonly rows: ReadonlyMap<string, { readonly loaded: number; readonly counted: number }>
  readonly violations: readonly Violation[]
}

/** Is called after each step; what it throws makes the fill fail. */
export type AfterStep = (step: string) => Promise<void> | void

/** Fills a database with what was read from another, in the steps of a restore. */
export async function fillWith(
  request: ConnectionRequest,
  mode: FillMode,
  poured: Poured,
  afterStep: AfterStep = () => undefined,
): Promise<Filled> {
  await using database = await mysql.open(request)
  return await database.fill({ mode }, (target) => fillTarget(target, mode, poured, afterStep))
}

/** The steps of a restore within `fill`. */
export async function fillTarget(
  target: Target,
  mode: FillMode,
  poured: Poured,
  afterStep: AfterStep,
): Promise<Filled> {
  const objects = inOrder(poured.schema.objects)
  if (mode !== 'rows') {
    for (const object of objects) {
      await target.create(object)
      await afterStep(`create ${object.kind} ${object.name}`)
    }
  }
  const rows = new Map<string, { loaded: number; counted: number }>()
  for (const table of objects.filter(isTable)) {
    const csv = poured.rows.get(table.name)
    if (csv === undefined) continue
    const loaded = await target.load(loadRequest(table), inPieces(csv))
    await afterStep(`load ${table.name}`)
    rows.set(table.name, { loaded, counted: await target.countRows(table) })
  }
  for (const object of objects) await target.setCounters(object)
  if (mode !== 'rows') for (const object of objects) await target.finish(object)
  await afterStep('finish')
  return { rows, violations: await target.violations() }
}

/** A request for all columns that stand in a snapshot's rows. */
export function loadRequest(table: Table): LoadRequest {
  const columns = table.columns.filter(({ generated }) => !generated).map(({ name }) => name)
  return { table: { name: table.name }, columns }
}

/** Text as bytes cut where no character or row ends. */
// eslint-disable-next-line @typescript-eslint/require-await -- the loader wants an asynchronous source
export async function* inPieces(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let start = 0; start < bytes.length; start += 65_521) {
    yield bytes.subarray(start, start + 65_521)
  }
}

function isTable(object: DbObject): object is Table {
  return object.kind === 'table'
}
