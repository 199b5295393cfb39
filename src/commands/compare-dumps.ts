import { compileCategories, type CategoryEntry } from '../config/categories.ts'
import type { ConnectionRequest } from '../engines/connection.ts'
import type { Database, Engine } from '../engines/engine.ts'
import type { DumpRequest } from '../engines/vendor-dump.ts'
import type { TableName, TextPolicies } from '../model.ts'
import { patchOfTexts, type FileDifference } from './compare-files.ts'
import type { Source } from './pour.ts'
import { keyText } from './selection.ts'

/** The two databases that a witness judges. */
export interface DumpSides {
  readonly engine: Engine
  /** The live database, and how it is reached. */
  readonly original: Database
  readonly originalRequest: ConnectionRequest
  /** How the database is reached that was filled from the snapshot. */
  readonly copyRequest: ConnectionRequest
  /** The lists of the live database: its `ignore` tables are in no snapshot. */
  readonly categories: readonly CategoryEntry[]
  /** How the snapshot's definitions were written. */
  readonly texts: TextPolicies
}

/** What the vendor's own dumps of both databases differ in, or undefined where its program is not installed. */
export async function compareDumps(
  source: Source,
  { engine, original, originalRequest, copyRequest, categories, texts }: DumpSides,
): Promise<readonly FileDifference[] | undefined> {
  const tables = source.objects.filter(({ kind }) => kind === 'table')
  const known = new Set(tables.map(keyText))
  const matcher = compileCategories(categories)
  const request: DumpRequest = {
    texts,
    // Masked rows are others than those of the live database.
    rowsOf: tables.filter((table) => source.hasRows(table) && table.masked === undefined),
    without: (await original.sizes())
      .map(nameOf)
      .filter((table) => !known.has(keyText({ kind: 'table', ...table })))
      .filter((table) => matcher.categorise(table).category === 'ignore'),
  }
  const before = await engine.vendorDump(originalRequest, request)
  const after = await engine.vendorDump(copyRequest, { ...request, without: [] })
  if (before === undefined || after === undefined) return undefined
  const differences: FileDifference[] = []
  if (before.schema !== after.schema) {
    const text = patchOfTexts('schema', before.schema, after.schema, ['live', 'restored'])
    differences.push({ path: `${before.program}: schema`, what: 'changed', text })
  }
  for (const table of new Set([...before.rows.keys(), ...after.rows.keys()])) {
    const [one, other] = [before.rows.get(table), after.rows.get(table)]
    if (one === other) continue
    const text = `live: ${one ?? 'no rows'}\nrestored: ${other ?? 'no rows'}\n`
    differences.push({ path: `${before.program}: rows of ${table}`, what: 'changed', text })
  }
  return differences
}

function nameOf({ schema, name }: TableName): TableName {
  return schema === undefined ? { name } : { schema, name }
}
