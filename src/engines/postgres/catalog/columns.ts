import { changedWhileReading } from '../errors.ts'
import type { OwnedSequence } from './sequences.ts'
import { grantStatements } from './grants.ts'
import {
  address,
  commentStatements,
  grantsJson,
  isUserSchema,
  optionList,
  type CatalogContext,
  type Grant,
} from './parts.ts'

/** One column of a relation or composite type as the catalog has it. */
export interface ColumnRow {
  readonly relation: number
  readonly number: number
  readonly name: string
  readonly quoted: string
  readonly type: string
  readonly type_oid: number
  readonly is_not_null: boolean
  /** Only where it differs from the type's own. */
  readonly collation: string | null
  readonly has_expression: boolean
  readonly expression: string | null
  readonly expression_oid: number | null
  readonly calls_user_function: boolean
  /** '' no, `s` stored, `v` virtual. */
  readonly generated: string
  /** '' no, `a` always, `d` by default. */
  readonly identity: string
  readonly is_local: boolean
  /** Only where it differs from the type's own. */
  readonly storage: string | null
  readonly compression: string
  readonly statistics: number | null
  readonly options: readonly string[] | null
  readonly actual: readonly Grant[] | null
  readonly not_null_name: string | null
  readonly not_null_quoted: string | null
  readonly not_null_oid: number | null
  readonly not_null_is_local: boolean | null
  readonly not_null_is_valid: boolean | null
  readonly not_null_no_inherit: boolean | null
  /** Not merely inherited. */
  readonly not_null_is_own: boolean | null
}

// A child made after its parent's NOT VALID constraint has it valid.
const isStricterThanParents = `(nn.convalidated AND EXISTS (
    SELECT FROM pg_inherits i JOIN pg_constraint pk ON pk.conrelid = i.inhparent AND pk.contype = 'n' AND NOT pk.convalidated
    JOIN pg_attribute pa ON pa.attrelid = pk.conrelid AND pa.attnum = pk.conkey[1] AND pa.attname = a.attname
    WHERE i.inhrelid = a.attrelid))`

function query(context: CatalogContext): string {
  const namedNotNull = context.can.hasNamedNotNull
  return `
  SELECT a.attrelid AS relation, a.attnum AS number, a.attname::text AS name, quote_ident(a.attname) AS quoted,
    format_type(a.atttypid, a.atttypmod) AS type, a.atttypid AS type_oid, a.attnotnull AS is_not_null,
    CASE WHEN a.attcollation <> t.typcollation AND a.attcollation <> 0 THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END AS collation,
    ad.oid IS NOT NULL AS has_expression, pg_get_expr(ad.adbin, ad.adrelid) AS expression, ad.oid AS expression_oid,
    EXISTS (SELECT FROM pg_depend f
      WHERE ((f.classid = 'pg_attrdef'::regclass AND f.objid = ad.oid)
        -- PostgreSQL 14 records the needs of generated columns with the column.
        OR (f.classid = 'pg_class'::regclass AND f.objid = a.attrelid AND f.objsubid = a.attnum AND a.attgenerated <> ''))
      AND f.refclassid = 'pg_proc'::regclass AND f.refobjid >= 16384) AS calls_user_function,
    a.attgenerated::text AS generated, a.attidentity::text AS identity, a.attislocal AS is_local,
    CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END AS storage, a.attcompression::text AS compression,
    nullif(a.attstattarget, -1)::int AS statistics, a.attoptions AS options,
    CASE WHEN a.attacl IS NOT NULL THEN ${grantsJson('a.attacl')} END AS actual,
    ${
      namedNotNull
        ? `nn.conname::text AS not_null_name, quote_ident(nn.conname) AS not_null_quoted, nn.oid AS not_null_oid, nn.conislocal AS not_null_is_local,
           nn.convalidated AS not_null_is_valid, nn.connoinherit AS not_null_no_inherit,
           nn.conislocal OR ${isStricterThanParents} AS not_null_is_own`
        : `NULL::text AS not_null_name, NULL::text AS not_null_quoted, NULL::oid AS not_null_oid, NULL::bool AS not_null_is_local,
           NULL::bool AS not_null_is_valid, NULL::bool AS not_null_no_inherit, NULL::bool AS not_null_is_own`
    }
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_collation co ON co.oid = a.attcollation LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
  LEFT JOIN pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
  ${namedNotNull ? `LEFT JOIN pg_constraint nn ON nn.conrelid = a.attrelid AND nn.contype = 'n' AND nn.conkey[1] = a.attnum` : ''}
  WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'c')
    AND c.relpersistence <> 't' AND ${isUserSchema('n')}
  ORDER BY a.attrelid, a.attnum`
}

/** The columns of all relations and composite types, in order. */
export async function readColumns(context: CatalogContext): Promise<readonly ColumnRow[]> {
  const rows = await context.session.query<ColumnRow>('columns', query(context))
  for (const row of rows) {
    if (row.has_expression && row.expression === null)
      throw changedWhileReading(`the default of ${row.name}`)
  }
  return rows
}

/** The table that a column belongs to, as far as its text depends on it. */
export interface ColumnOwner {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly quoted: string
  readonly owner: string
  /** False for a table that inherits: columns that are not its own come from its parents. */
  readonly writesAllColumns: boolean
}

function identityClause(
  column: ColumnRow,
  table: ColumnOwner,
  sequence: OwnedSequence | undefined,
): string {
  // Partitions share the identity of their parent and have no sequence of their own.
  if (sequence === undefined) return ''
  const kind = column.identity === 'a' ? 'ALWAYS' : 'BY DEFAULT'
  const isStandardName =
    sequence.schema === table.schema && sequence.name === `${table.name}_${column.name}_seq`
  const options = [
    ...(isStandardName ? [] : [`SEQUENCE NAME ${sequence.quoted}`]),
    ...sequence.options,
  ]
  return ` GENERATED ${kind} AS IDENTITY${options.length === 0 ? '' : ` (${options.join(' ')})`}`
}

function valueClause(
  column: ColumnRow,
  table: ColumnOwner,
  sequence: OwnedSequence | undefined,
  isDeferred: boolean,
): string {
  if (column.identity !== '') return identityClause(column, table, sequence)
  if (column.expression === null || isDeferred) return ''
  if (column.generated === '') return ` DEFAULT ${column.expression}`
  return ` GENERATED ALWAYS AS (${column.expression})${column.generated === 's' ? ' STORED' : ''}`
}

/** NOT NULL as a column constraint; a name that is not the standard one is written. */
function notNullClause(column: ColumnRow, table: ColumnOwner): string {
  if (!column.is_not_null || column.not_null_is_valid === false) return ''
  const isStandard = column.not_null_name === `${table.name}_${column.name}_not_null`
  const name =
    column.not_null_quoted === null || isStandard ? '' : ` CONSTRAINT ${column.not_null_quoted}`
  return `${name} NOT NULL${column.not_null_no_inherit === true ? ' NO INHERIT' : ''}`
}

/** A named NOT NULL that a child has on a column of its parent is a table constraint. */
export function inheritedNotNullLine(column: ColumnRow, table: ColumnOwner): string | undefined {
  if (table.writesAllColumns || column.is_local) return undefined
  if (
    column.not_null_quoted === null ||
    column.not_null_is_own !== true ||
    column.not_null_is_valid === false
  )
    return undefined
  const name = column.not_null_quoted
  return `CONSTRAINT ${name} NOT NULL ${column.quoted}${column.not_null_no_inherit === true ? ' NO INHERIT' : ''}`
}

/** The line of a column in CREATE TABLE; undefined: it comes from a parent. */
export function columnLine(
  column: ColumnRow,
  table: ColumnOwner,
  sequence: OwnedSequence | undefined,
  isDeferred: boolean,
): string | undefined {
  if (!table.writesAllColumns && !column.is_local) return undefined
  const collation = column.collation === null ? '' : ` COLLATE ${column.collation}`
  return (
    `${column.quoted} ${column.type}${collation}` +
    valueClause(column, table, sequence, isDeferred) +
    notNullClause(column, table)
  )
}

const storageNames: Readonly<Record<string, string>> = {
  p: 'PLAIN',
  e: 'EXTERNAL',
  x: 'EXTENDED',
  m: 'MAIN',
}
const compressionNames: Readonly<Record<string, string>> = { p: 'pglz', l: 'lz4' }

function inheritedChanges(column: ColumnRow, table: ColumnOwner, alter: string): string[] {
  if (table.writesAllColumns || column.is_local) return []
  const isNotNull = column.is_not_null && column.not_null_name === null
  return [
    ...(column.expression !== null && column.generated === ''
      ? [`${alter} SET DEFAULT ${column.expression};`]
      : []),
    ...(isNotNull ? [`${alter} SET NOT NULL;`] : []),
  ]
}

/** What ALTER TABLE must add to a column after CREATE TABLE. */
export function columnStatements(column: ColumnRow, table: ColumnOwner): string[] {
  const alter = `ALTER TABLE ONLY ${table.quoted} ALTER COLUMN ${column.quoted}`
  const options = optionList(column.options)
  return [
    ...inheritedChanges(column, table, alter),
    ...(column.storage === null
      ? []
      : [`${alter} SET STORAGE ${storageNames[column.storage] ?? column.storage};`]),
    ...(column.compression === ''
      ? []
      : [
          `${alter} SET COMPRESSION ${compressionNames[column.compression] ?? column.compression};`,
        ]),
    ...(column.statistics === null ? [] : [`${alter} SET STATISTICS ${column.statistics};`]),
    ...(options === '' ? [] : [`${alter} SET (${options});`]),
  ]
}

/** NOT NULL constraints that hold only for new rows; they wait for the rows. */
export function notValidNotNull(column: ColumnRow, table: ColumnOwner): string[] {
  if (column.not_null_is_valid !== false || column.not_null_quoted === null) return []
  if (!table.writesAllColumns && column.not_null_is_local === false) return []
  const name = column.not_null_quoted
  return [`ALTER TABLE ${table.quoted} ADD CONSTRAINT ${name} NOT NULL ${column.quoted} NOT VALID;`]
}

/** Comments of columns and of their NOT NULL constraints. */
export function columnComments(
  context: CatalogContext,
  column: ColumnRow,
  table: ColumnOwner,
): readonly string[] {
  return [
    ...commentStatements(
      context,
      `COLUMN ${table.quoted}.${column.quoted}`,
      address('pg_class', table.oid),
      column.number,
    ),
    ...(column.not_null_oid === null || column.not_null_quoted === null
      ? []
      : commentStatements(
          context,
          `CONSTRAINT ${column.not_null_quoted} ON ${table.quoted}`,
          address('pg_constraint', column.not_null_oid),
        )),
  ]
}

/** Grants on one column. */
export function columnGrants(column: ColumnRow, table: ColumnOwner): string[] {
  return grantStatements({
    target: `TABLE ${table.quoted}`,
    owner: table.owner,
    actual: column.actual,
    standard: [],
    suffix: ` (${column.quoted})`,
  })
}

/** A default as a statement of its own, for the view or table that can't have it from the start. */
export function defaultStatement(column: ColumnRow, quotedRelation: string): string[] {
  if (column.expression === null || column.generated !== '') return []
  return [
    `ALTER TABLE ONLY ${quotedRelation} ALTER COLUMN ${column.quoted} SET DEFAULT ${column.expression};`,
  ]
}
