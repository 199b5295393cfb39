import { compileCategories } from '../config/categories.ts'
import type { DatabaseConfig } from '../config/config.ts'
import { engineFor, engineOfProduct } from '../engines/index.ts'
import type { DatabaseServer } from '../engines/target.ts'
import type { ObjectKey } from '../model.ts'
import type { CommandContext } from './context.ts'
import { interruptible } from './interrupt.ts'
import { convertedSource } from './other-engine.ts'
import type { FileSource } from './source.ts'

/** Files and the database that they are restored to. */
export interface TakeOverRequest {
  readonly files: FileSource
  readonly selected: (object: ObjectKey) => boolean
  readonly database: DatabaseConfig
  readonly targetUrl: string
  readonly server: DatabaseServer
  readonly dataOnly: boolean
}

/** What is restored: a source, and which of its objects. */
export interface TakenOver {
  readonly source: FileSource
  readonly selected: (object: ObjectKey) => boolean
}

/** The files as they are; with rows alone for another engine, those rows for the tables of the target. */
export async function takeOver(
  { files, selected, database, targetUrl, server, dataOnly }: TakeOverRequest,
  { signal }: CommandContext,
): Promise<TakenOver> {
  const engine = await engineFor(targetUrl)
  if (!dataOnly || engine === (await engineOfProduct(files.product))) {
    return { source: files, selected }
  }
  const opening = engine.open(server.requestFor(server.database))
  await using open = await interruptible(opening, signal)
  const reading = open.read({ wantsRows: () => false }, ({ schema }) => Promise.resolve(schema))
  const target = await interruptible(reading, signal)
  const matcher = compileCategories(database.categories)
  const source = await convertedSource({
    source: files,
    selected,
    target,
    showsValues: (table) => matcher.categorise(table).category === 'global',
  })
  return { source: { ...files, ...source }, selected: () => true }
}
