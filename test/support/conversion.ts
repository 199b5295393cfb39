import { convertedSource } from '../../src/commands/other-engine.ts'
import { pour, sourceOfSnapshot, type PourReport } from '../../src/commands/pour.ts'
import { engineFor } from '../../src/engines/index.ts'
import type { ObjectKey, TableName } from '../../src/model.ts'
import type { TestDatabase } from './subjects/subject.ts'

/** What is taken over, and how. */
export interface TakeOverOptions {
  readonly tables?: (table: ObjectKey) => boolean
  readonly showsValues?: (table: TableName) => boolean
  readonly upsert?: boolean
}

/** Loads the rows of one database into the tables of another, as a restore of rows alone does. */
export async function takeOverRows(
  from: Pick<TestDatabase, 'request'>,
  into: Pick<TestDatabase, 'request'>,
  { tables = () => true, showsValues = () => true, upsert = false }: TakeOverOptions = {},
): Promise<PourReport> {
  await using source = await (await engineFor(from.request.url)).open(from.request)
  await using target = await (await engineFor(into.request.url)).open(into.request)
  const schema = await target.read({ wantsRows: () => false }, (found) =>
    Promise.resolve(found.schema),
  )
  return await source.read({ wantsRows: () => true }, async (snapshot) => {
    const converted = await convertedSource({
      source: sourceOfSnapshot(snapshot),
      selected: (object) => object.kind === 'table' && tables(object),
      target: schema,
      showsValues,
    })
    return await pour(converted, target, { mode: 'rows', upsert })
  })
}
