import { literal } from '../quote.ts'
import type { ColumnRow } from './columns.ts'
import { grantStatements } from './grants.ts'
import { collationName, entryName, functionName } from './names.ts'
import {
  address,
  commentStatements,
  grantsJson,
  isNoMember,
  isUserSchema,
  roleName,
  type Captured,
  type CatalogContext,
  type Grant,
} from './parts.ts'
import { readTypeFunctions, type FunctionsOfType } from './type-functions.ts'

interface TypeRow {
  oid: number
  schema: string
  name: string
  quoted: string
  owner: string
  /** `e` enum, `c` composite, `r` range. */
  kind: string
  relation: number
  array_type: number
  multirange: number | null
  multirange_quoted: string | null
  multirange_array: number | null
  labels: string[] | null
  range_options: string[] | null
  actual: Grant[] | null
  standard: Grant[]
  /** Of the multirange; versions that let nobody grant on it have no such grants. */
  multirange_owner: string
  multirange_actual: Grant[] | null
  multirange_standard: Grant[]
}

const rangeOptions = `array_remove(ARRAY[
    'SUBTYPE = ' || format_type(r.rngsubtype, NULL),
    CASE WHEN NOT (SELECT oc.opcdefault FROM pg_opclass oc WHERE oc.oid = r.rngsubopc)
      THEN 'SUBTYPE_OPCLASS = ' || ${entryName('pg_opclass', 'opc', 'r.rngsubopc')} END,
    CASE WHEN r.rngcollation <> (SELECT st.typcollation FROM pg_type st WHERE st.oid = r.rngsubtype)
      THEN 'COLLATION = ' || ${collationName('r.rngcollation')} END,
    'CANONICAL = ' || ${functionName('r.rngcanonical')},
    'SUBTYPE_DIFF = ' || ${functionName('r.rngsubdiff')},
    'MULTIRANGE_TYPE_NAME = ' || quote_ident(mn.nspname) || '.' || quote_ident(mt.typname)
  ], NULL)`

const query = `
  SELECT t.oid, n.nspname::text AS schema, t.typname::text AS name,
    quote_ident(n.nspname) || '.' || quote_ident(t.typname) AS quoted, ${roleName('t.typowner')} AS owner,
    t.typtype::text AS kind, t.typrelid AS relation, t.typarray AS array_type, mt.oid AS multirange,
    quote_ident(mn.nspname) || '.' || quote_ident(mt.typname) AS multirange_quoted, mt.typarray AS multirange_array,
    (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels,
    CASE t.typtype WHEN 'r' THEN ${rangeOptions} END AS range_options,
    CASE WHEN t.typacl IS NOT NULL THEN ${grantsJson('t.typacl')} END AS actual,
    CASE WHEN mt.typacl IS NOT NULL THEN ${grantsJson('mt.typacl')} END AS multirange_actual,
    ${roleName('mt.typowner')} AS multirange_owner, ${grantsJson("acldefault('T', mt.typowner)")} AS multirange_standard,
    ${grantsJson("acldefault('T', t.typowner)")} AS standard
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_range r ON r.rngtypid = t.oid LEFT JOIN pg_class c ON c.oid = t.typrelid
  LEFT JOIN pg_type mt ON mt.oid = r.rngmultitypid LEFT JOIN pg_namespace mn ON mn.oid = mt.typnamespace
  WHERE (t.typtype IN ('e', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))
    AND ${isUserSchema('n')} AND ${isNoMember('pg_type', 't.oid')}
  ORDER BY n.nspname COLLATE "C", t.typname COLLATE "C"`

function createStatement(row: TypeRow, columns: readonly ColumnRow[]): string {
  const list = (lines: readonly string[]): string =>
    lines.length === 0 ? '()' : `(\n  ${lines.join(',\n  ')}\n)`
  if (row.kind === 'e')
    return `CREATE TYPE ${row.quoted} AS ENUM ${list((row.labels ?? []).map(literal))};`
  if (row.kind === 'r')
    return `CREATE TYPE ${row.quoted} AS RANGE ${list(row.range_options ?? [])};`
  const attributes = columns.map(
    ({ quoted, type, collation }) =>
      `${quoted} ${type}${collation === null ? '' : ` COLLATE ${collation}`}`,
  )
  return `CREATE TYPE ${row.quoted} AS ${list(attributes)};`
}

/** The type after its shell and the functions that need the shell, if there are any. */
function createStatements(
  row: TypeRow,
  columns: readonly ColumnRow[],
  functions: FunctionsOfType | undefined,
): string[] {
  const waiting = functions?.statements ?? []
  return [
    ...(waiting.length === 0 ? [] : [`CREATE TYPE ${row.quoted};`, ...waiting]),
    createStatement(row, columns),
  ]
}

function multirangeStatements(context: CatalogContext, row: TypeRow): string[] {
  if (row.multirange === null || row.multirange_quoted === null) return []
  const target = `TYPE ${row.multirange_quoted}`
  return [
    ...commentStatements(context, target, address('pg_type', row.multirange)),
    ...commentStatements(context, `${target}[]`, address('pg_type', row.multirange_array ?? 0)),
    ...grantStatements({
      target,
      owner: row.multirange_owner,
      actual: row.multirange_actual,
      standard: row.multirange_standard,
    }),
  ]
}

function statements(
  context: CatalogContext,
  row: TypeRow,
  columns: readonly ColumnRow[],
  functions: FunctionsOfType | undefined,
): string[] {
  const target = `TYPE ${row.quoted}`
  return [
    ...createStatements(row, columns, functions),
    `ALTER ${target} OWNER TO ${row.owner};`,
    ...commentStatements(context, target, address('pg_type', row.oid)),
    ...columns.flatMap((column) =>
      commentStatements(
        context,
        `COLUMN ${row.quoted}.${column.quoted}`,
        address('pg_class', row.relation),
        column.number,
      ),
    ),
    ...commentStatements(context, `${target}[]`, address('pg_type', row.array_type)),
    ...grantStatements({ ...row, target }),
    ...multirangeStatements(context, row),
    ...(functions?.annotations ?? []),
  ]
}

function addressesOf(row: TypeRow, functions: FunctionsOfType | undefined): Captured['addresses'] {
  const types = [row.oid, row.array_type, row.multirange ?? 0, row.multirange_array ?? 0]
  return [
    ...types.filter((oid) => oid !== 0).map((oid) => address('pg_type', oid)),
    ...(row.relation === 0 ? [] : [address('pg_class', row.relation)]),
    ...(functions?.addresses ?? []),
  ]
}

/** The enums, composite types and ranges; https://www.postgresql.org/docs/current/sql-createtype.html */
export async function readTypes(
  context: CatalogContext,
  columnsOf: ReadonlyMap<number, readonly ColumnRow[]>,
): Promise<readonly Captured[]> {
  const functionsOf = await readTypeFunctions(context, 'ranges')
  const rows = await context.session.query<TypeRow>('types', query)
  return rows.map((row) => {
    const functions = functionsOf.get(row.oid)
    return {
      kind: 'type',
      schema: row.schema,
      name: row.name,
      sql: statements(context, row, columnsOf.get(row.relation) ?? [], functions),
      addresses: addressesOf(row, functions),
    }
  })
}
