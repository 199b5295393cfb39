import type { Column } from '../../../model.ts'

/** A unique index. */
export interface Index {
  readonly name: string
  readonly columns: readonly string[]
  /** Whether whole columns without NULLs make it up. */
  readonly exact: boolean
}

/**
 * The columns that rows are ordered by: the primary key, else the unique key without NULLs that has the fewest
 * columns (the first ones, among equals: never by its name, which means nothing); none: no key tells rows apart.
 */
export function chooseKey(
  columns: readonly Column[],
  indexes: readonly Index[],
): readonly string[] {
  const position = new Map(
    columns.filter((column) => !column.generated).map((column, index) => [column.name, index]),
  )
  const usable = indexes.filter(
    (index) => index.exact && index.columns.every((name) => position.has(name)),
  )
  const primary = usable.find((index) => index.name === 'PRIMARY')
  if (primary !== undefined) return primary.columns
  const places = (index: Index) => index.columns.map((name) => position.get(name) ?? 0)
  const [best] = usable.toSorted((a, b) => compareLists(places(a), places(b)))
  return best?.columns ?? []
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return a.length - b.length
  const different = a.findIndex((value, index) => value !== b[index])
  return different < 0 ? 0 : (a[different] ?? 0) - (b[different] ?? 0)
}
