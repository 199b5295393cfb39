import { literal } from '../quote.ts'
import type { ColumnRow } from './columns.ts'
import { grantStatements } from './grants.ts'
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
  labels: string[] | null
  range_options: string[] | null
  /** A range whose canonical function takes the range itself can't be made by one statement. */
  has_canonical: boolean
  actual: Grant[] | null
  standard: Grant[]
}

const qualifiedFunction = (
  oid: string,
): string => `(SELECT quote_ident(fn.nspname) || '.' || quote_ident(f.proname)
  FROM pg_proc f JOIN pg_namespace fn ON fn.oid = f.pronamespace WHERE f.oid = ${oid})`

const rangeOptions = `array_remove(ARRAY[
    'SUBTYPE = ' || format_type(r.rngsubtype, NULL),
    (SELECT 'SUBTYPE_OPCLASS = ' || quote_ident(ocn.nspname) || '.' || quote_ident(oc.opcname) FROM pg_opclass oc
      JOIN pg_namespace ocn ON ocn.oid = oc.opcnamespace WHERE oc.oid = r.rngsubopc AND NOT oc.opcdefault),
    (SELECT 'COLLATION = ' || quote_ident(cn.nspname) || '.' || quote_ident(co.collname) FROM pg_collation co
      JOIN pg_namespace cn ON cn.oid = co.collnamespace JOIN pg_type st ON st.oid = r.rngsubtype
      WHERE co.oid = r.rngcollation AND co.oid <> st.typcollation),
    CASE WHEN r.rngsubdiff <> 0 THEN 'SUBTYPE_DIFF = ' || ${qualifiedFunction('r.rngsubdiff')} END,
    (SELECT 'MULTIRANGE_TYPE_NAME = ' || quote_ident(mn.nspname) || '.' || quote_ident(mt.typname)
      FROM pg_type mt JOIN pg_namespace mn ON mn.oid = mt.typnamespace WHERE mt.oid = r.rngmultitypid)
  ], NULL)`

const query = `
  SELECT t.oid, n.nspname::text AS schema, t.typname::text AS name,
    quote_ident(n.nspname) || '.' || quote_ident(t.typname) AS quoted, ${roleName('t.typowner')} AS owner,
    t.typtype::text AS kind, t.typrelid AS relation, t.typarray AS array_type, r.rngmultitypid AS multirange,
    (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels,
    CASE t.typtype WHEN 'r' THEN ${rangeOptions} END AS range_options,
    coalesce(r.rngcanonical, 0) <> 0 AS has_canonical,
    CASE WHEN t.typacl IS NOT NULL THEN ${grantsJson('t.typacl')} END AS actual,
    ${grantsJson("acldefault('T', t.typowner)")} AS standard
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_range r ON r.rngtypid = t.oid LEFT JOIN pg_class c ON c.oid = t.typrelid
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

/** The enums, composite types and ranges, and the names of ranges that can't be written yet. */
export async function readTypes(
  context: CatalogContext,
  columnsOf: ReadonlyMap<number, readonly ColumnRow[]>,
): Promise<{ readonly objects: readonly Captured[]; readonly uncaptured: readonly string[] }> {
  const rows = await context.session.query<TypeRow>('types', query)
  const objects = rows
    .filter((row) => !row.has_canonical)
    .map((row): Captured => {
      const entry = address('pg_type', row.oid)
      const columns = columnsOf.get(row.relation) ?? []
      return {
        kind: 'type',
        schema: row.schema,
        name: row.name,
        sql: [
          createStatement(row, columns),
          `ALTER TYPE ${row.quoted} OWNER TO ${row.owner};`,
          ...commentStatements(context, `TYPE ${row.quoted}`, entry),
          ...columns.flatMap((column) =>
            commentStatements(
              context,
              `COLUMN ${row.quoted}.${column.quoted}`,
              address('pg_class', row.relation),
              column.number,
            ),
          ),
          ...grantStatements({ ...row, target: `TYPE ${row.quoted}` }),
        ],
        afterRows: [],
        counters: [],
        addresses: [
          entry,
          address('pg_class', row.relation),
          ...(row.multirange === null ? [] : [address('pg_type', row.multirange)]),
        ],
        lateAddresses: [],
      }
    })
  return { objects, uncaptured: rows.filter((row) => row.has_canonical).map((row) => row.quoted) }
}
