import {
  categoryError,
  compileCategories,
  tableText,
  type CategoryEntry,
  type CategoryProblem,
} from '../config/categories.ts'
import type { DatabaseConfig } from '../config/config.ts'
import type { DbObject } from '../model.ts'
import { completeCategories, isTable, keyText, type ObjectCategories } from './selection.ts'

/** The lists of the configuration held against the objects of a database. */
export interface Categorised {
  readonly categories: ObjectCategories
  /** What the lists say that does not fit this database. */
  readonly problems: readonly CategoryProblem[]
  /** Tables with rows that stand in no list, sorted. */
  readonly unclassified: readonly string[]
}

/** The category of every table and sequence; throws ExpectedError `category-overlap` for contradicting lists. */
export function categorise(
  objects: readonly DbObject[],
  entries: readonly CategoryEntry[],
): Categorised {
  const matcher = compileCategories(entries)
  const named = objects.filter((object) =>
    isTable(object) ? object.holdsRowsOf === undefined : object.kind === 'sequence',
  )
  const { errors, warnings } = matcher.resolve(named)
  if (errors.length > 0) throw categoryError(errors)
  const categories = completeCategories(objects, (object) => matcher.categorise(object).category)
  const unclassified = objects
    .filter(isTable)
    .filter((table) => table.hasRows && categories.get(keyText(table)) === 'unclassified')
    .map(tableText)
    .sort()
  return { categories, problems: warnings, unclassified }
}

/**
 * The places of entries that none of their databases has a table for, given the places that each database misses:
 * in lists that several databases share, an entry is no mistake while one of them has the table.
 */
export function unknownEntries(
  missing: readonly string[],
  databases: readonly DatabaseConfig[],
): ReadonlySet<string> {
  const misses = Map.groupBy(missing, (where) => where)
  const users = (where: string) =>
    databases.filter(({ categories, masks = [] }) =>
      [...categories, ...masks].some((entry) => entry.where === where),
    )
  const unknown = [...misses].filter(([where, { length }]) => length === users(where).length)
  return new Set(unknown.map(([where]) => where))
}
