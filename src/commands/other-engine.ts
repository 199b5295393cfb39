import { tableText } from '../config/categories.ts'
import { convertRows, type ColumnPair } from '../engines/convert.ts'
import { engineOfProduct } from '../engines/index.ts'
import type { NeutralTexts } from '../engines/neutral.ts'
import { ExpectedError, exitStatus } from '../errors.ts'
import type { DbObject, ObjectKey, Schema, Table, TableName } from '../model.ts'
import { columnsOf } from '../review/columns.ts'
import { matchName } from './match-names.ts'
import type { Source } from './pour.ts'
import { isTable, keyText } from './selection.ts'

/** Rows of one engine for the tables of another. */
export interface ConversionRequest {
  readonly source: Source
  /** Which objects of the source are wanted. */
  readonly selected: (object: ObjectKey) => boolean
  /** The database that is filled, as it is now. */
  readonly target: Schema
  /** Whether a message may hold values of this table of the source. */
  readonly showsValues: (table: TableName) => boolean
}

/** A table of the source and the one that its rows go to. */
interface TablePair {
  readonly from: Source['objects'][number]
  readonly to: Table
}

/**
 * The rows of a source as a source of the target's engine: its objects are the tables of the target that are filled.
 * Throws ExpectedError `tables-differ` or `columns-differ`; reading rows throws `value-does-not-fit`.
 */
export async function convertedSource(request: ConversionRequest): Promise<Source> {
  const { source, selected, target, showsValues } = request
  const from = (await engineOfProduct(source.product)).neutral
  const to = (await engineOfProduct(target.product)).neutral
  const tables = source.objects.filter((object) => selected(object) && source.hasRows(object))
  const pairs = pairTables(tables, target.objects.filter(isTable))
  const byKey = new Map(pairs.map((pair) => [keyText(pair.to), pair]))
  return {
    product: target.product,
    serverVersion: target.serverVersion,
    objects: pairs.map(({ to: table }) => filledTable(table, to)),
    hasRows: (key) => byKey.has(keyText(key)),
    rows: async (key) => {
      const pair = byKey.get(keyText(key))
      if (pair === undefined) throw new TypeError(`there are no rows for ${keyText(key)}`)
      const { columns, text } = await source.rows(pair.from)
      const paired = pairColumns(columns, pair, source.objects, target.objects)
      const conversion = {
        from,
        to,
        columns: paired,
        table: tableText(pair.from),
        showsValues: showsValues(pair.from),
      }
      return { columns: paired.map(({ name }) => name), text: convertRows(text, conversion) }
    },
  }
}

/** Rows alone are loaded: what the table depends on is there, and its counters follow its rows. */
function filledTable(table: Table, texts: NeutralTexts): Source['objects'][number] {
  const { kind, schema, name, sql, orderBy } = table
  const sqlCounters = texts.countersBehindRows(table)
  return {
    ...{ kind, name, sql, orderBy, dependsOn: [] },
    ...(schema === undefined ? {} : { schema }),
    ...(sqlCounters === undefined ? {} : { sqlCounters }),
  }
}

function pairTables(
  tables: readonly Source['objects'][number][],
  candidates: readonly Table[],
): readonly TablePair[] {
  const problems: string[] = []
  const pairs: TablePair[] = []
  for (const from of tables) {
    const [to, ...others] = candidatesFor(from, candidates)
    const other = pairs.find((pair) => pair.to === to)
    if (to === undefined) problems.push(`${tableText(from)}: the target has no such table`)
    else if (others.length > 0) {
      problems.push(`${tableText(from)}: could be ${[to, ...others].map(tableText).join(' or ')}`)
    } else if (other !== undefined) {
      problems.push(`${tableText(from)} and ${tableText(other.from)}: both are ${tableText(to)}`)
    } else pairs.push({ from, to })
  }
  if (problems.length === 0) return pairs
  throw new ExpectedError(
    'tables-differ',
    `The tables of the target are others:\n  ${problems.join('\n  ')}`,
    'Make the tables in the target, or leave some out with --table.',
    { status: exitStatus.usage },
  )
}

/** `public` is where a database with schemas keeps what one without schemas keeps in itself. */
const mainSchema = 'public'

function candidatesFor(from: TableName, candidates: readonly Table[]): readonly Table[] {
  const found = matchName(from.name, candidates, ({ name }) => name)
  const schema = from.schema ?? mainSchema
  const near = found.filter((table) => (table.schema ?? mainSchema) === schema)
  return near.length > 0 ? near : found
}

function pairColumns(
  columns: readonly string[],
  { from, to }: TablePair,
  sourceObjects: readonly DbObject[],
  targetObjects: readonly DbObject[],
): readonly ColumnPair[] {
  const stored = to.columns.filter(({ generated }) => !generated)
  const targets = pairNames(
    columns,
    stored.map(({ name }) => name),
    { from, to },
  )
  const definitions = definitionsOf(from, sourceObjects)
  const ofTarget = columnsOf(to.sql)
  return columns.map((column, index) => {
    const name = targets[index] ?? column
    const type = stored.find((candidate) => candidate.name === name)?.type ?? ''
    return {
      name,
      from: {
        definition: definitions.get(column) ?? unknownType(from, column),
        objects: sourceObjects,
      },
      to: { definition: ofTarget?.get(name) ?? type, objects: targetObjects },
    }
  })
}

function pairNames(
  columns: readonly string[],
  stored: readonly string[],
  { from, to }: TablePair,
): readonly string[] {
  const label = `${tableText(from)} → ${tableText(to)}`
  const matches = columns.map((column) => matchName(column, stored, (name) => name))
  const taken = matches.flatMap((found) => found)
  const problems = [
    ...columns.flatMap((column, index) => {
      const found = matches[index] ?? []
      if (found.length === 0) return [`"${column}" is in the files alone`]
      if (found.length > 1) return [`"${column}" could be "${found.join('" or "')}"`]
      const isShared = taken.filter((name) => name === found[0]).length > 1
      return isShared ? [`"${column}" is "${found.join('')}", and so is another column`] : []
    }),
    ...stored
      .filter((name) => !taken.includes(name))
      .map((name) => `"${name}" is in the target alone`),
  ]
  if (problems.length === 0) return matches.flatMap((found) => found)
  throw new ExpectedError(
    'columns-differ',
    `The tables of the target have other columns:\n  ${problems.map((each) => `${label}: ${each}`).join('\n  ')}`,
    'Bring the target to the columns of the files, or leave the table out with --table.',
    { status: exitStatus.usage },
  )
}

/** Column name → definition; columns that a table inherits stand with the table that it depends on. */
export function definitionsOf(
  table: DbObject,
  objects: readonly DbObject[],
  seen: ReadonlySet<DbObject> = new Set(),
): ReadonlyMap<string, string> {
  const keys = new Set(table.dependsOn.filter(({ kind }) => kind === 'table').map(keyText))
  const parents = /\bINHERITS \(/.test(table.sql)
    ? objects.filter((object) => keys.has(keyText(object)) && !seen.has(object))
    : []
  const inherited = parents.flatMap((parent) => [
    ...definitionsOf(parent, objects, new Set([...seen, table])),
  ])
  return new Map([...inherited, ...(columnsOf(table.sql) ?? [])])
}

function unknownType(table: TableName, column: string): never {
  throw new ExpectedError(
    'unknown-type',
    `The definition of ${tableText(table)} does not say what type the column "${column}" has.`,
    'Take definition and rows from the same snapshot.',
  )
}
