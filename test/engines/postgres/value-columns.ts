import type { Client } from 'pg'
import { edges, sinceVersion, withoutInput } from './value-edges.ts'
import type { Cells, Compared } from './values.ts'

/** One of the server's own types that a column can have. */
export interface OwnType {
  /** `int4`: as pg_type calls it. */
  readonly name: string
  /** As a definition writes it. */
  readonly sql: string
  /** What stands between the elements of its arrays. */
  readonly delimiter: string
  readonly hasBinary: boolean
  readonly hasInput: boolean
  readonly hasArrays: boolean
}

/** Asks the server for all its own types that columns can have, but arrays and the rows of its catalogs. */
export async function ownTypes(client: Client): Promise<readonly OwnType[]> {
  const { rows } = await client.query<OwnType>(
    `SELECT t.typname::text AS name, pg_catalog.format_type(t.oid, -1) AS sql, t.typdelim::text AS delimiter,
       t.typsend <> 0 AND t.typname !~ '^reg' AS "hasBinary", NOT t.typname = ANY ($1::text[]) AS "hasInput",
       t.typarray <> 0 AS "hasArrays"
     FROM pg_catalog.pg_type t
     WHERE t.oid < 16384 AND t.typtype NOT IN ('p', 'c') AND t.typisdefined AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)
     ORDER BY t.typname COLLATE "C"`,
    [withoutInput],
  )
  return rows
}

/** The hardest values of a type on a server of this major version; throws where nobody thought of the type. */
export function edgesOf({ name, hasInput }: OwnType, major: number): readonly string[] {
  if (!hasInput) return []
  const known = edges[name]
  if (known === undefined) throw new Error(`there are no values for the type ${name}`)
  const newer = Object.entries(sinceVersion).flatMap(([since, more]) =>
    Number(since) <= major ? (more[name] ?? []) : [],
  )
  return [...known, ...newer]
}

function quotedElement(value: string | null): string {
  return value === null ? 'NULL' : `"${value.replace(/["\\]/g, '\\$&')}"`
}

/** An array as text. https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
export function arrayOf(values: readonly (string | null)[], delimiter: string): string {
  return `{${values.map(quotedElement).join(delimiter)}}`
}

/** Arrays of the values: empty, of all, with NULL, of several dimensions, with bounds of their own. */
export function arraysOf(values: readonly string[], { delimiter }: OwnType): readonly string[] {
  const small = values.filter(({ length }) => length < 1000)
  const [first = null, second = null] = small
  const pair = arrayOf([first, null], delimiter)
  const other = arrayOf([null, second], delimiter)
  return [
    '{}',
    '{NULL}',
    arrayOf([...small, null], delimiter),
    `{${pair}${delimiter}${other}}`,
    `{{${pair}}${delimiter}{${other}}}`,
    `[-5:-4]=${pair}`,
    `[2147483645:2147483646]=${pair}`,
    `[0:0][7:8]={${other}}`,
  ]
}

/** Columns to lists of their values → rows with a number first; shorter lists are filled up with NULL, and the last row has nothing else. */
export function rowsFrom(columns: readonly (readonly (string | null)[])[]): readonly Cells[] {
  const count = Math.max(...columns.map(({ length }) => length)) + 1
  return Array.from({ length: count }, (_, row) => [
    `${row}`,
    ...columns.map((values) => values[row] ?? null),
  ])
}

/** Tables `scalars` and `arrays` with a column of each type, named as the type. */
export function tablesOf(types: readonly OwnType[]): string {
  const arrays = types.filter(({ hasArrays }) => hasArrays)
  return `CREATE TABLE scalars (id integer PRIMARY KEY, ${types.map(({ name, sql }) => `"${name}" ${sql}`).join(', ')});
    CREATE TABLE arrays (id integer PRIMARY KEY, ${arrays.map(({ name, sql }) => `"${name}" ${sql}[]`).join(', ')});`
}

/** The columns of `tablesOf` as what is compared of them. */
export function comparedColumns(types: readonly OwnType[]): readonly Compared[] {
  return types.map(({ name, hasBinary }) => ({ sql: `"${name}"`, hasBinary }))
}
