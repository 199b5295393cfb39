import { changedWhileReading } from '../errors.ts'
import { genericOptions, type GenericOption } from './generic-options.ts'
import { grantsJson, isUserSchema, type CatalogContext, type Grant } from './parts.ts'
import { stableText } from './stable-text.ts'

/** One column of a relation or composite type as the catalog has it. */
export interface ColumnRow {
  readonly relation: number
  readonly number: number
  readonly name: string
  readonly quoted: string
  readonly type: string
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
  readonly type_storage: string
  readonly compression: string
  readonly statistics: number | null
  readonly options: readonly string[] | null
  /** Those of a column of a foreign table. */
  readonly foreign_options: readonly GenericOption[] | null
  readonly actual: readonly Grant[] | null
  readonly not_null_name: string | null
  readonly not_null_quoted: string | null
  /** Another constraint of the schema has the name: the server would choose another one by itself. */
  readonly not_null_shares_name: boolean | null
  readonly not_null_oid: number | null
  readonly not_null_is_local: boolean | null
  readonly not_null_is_valid: boolean | null
  readonly not_null_no_inherit: boolean | null
  /** Not merely inherited. */
  readonly not_null_is_own: boolean | null
  readonly not_null_is_inherited: boolean | null
  /** Those of partitions that hold only for new rows and must be there before the parent's, the deepest first. */
  readonly not_null_of_partitions:
    readonly { readonly table: string; readonly name: string }[] | null
}

// A child made after its parent's NOT VALID constraint has it valid.
const isStricterThanParents = `(nn.convalidated AND (
    SELECT NOT bool_or(pk.convalidated)
    FROM pg_inherits i JOIN pg_constraint pk ON pk.conrelid = i.inhparent AND pk.contype = 'n'
    JOIN pg_attribute pa ON pa.attrelid = pk.conrelid AND pa.attnum = pk.conkey[1] AND pa.attname = a.attname
    WHERE i.inhrelid = a.attrelid) IS TRUE)`

// The parent's constraint would give them its own name.
const partitionsOwnNotNull = `CASE WHEN NOT nn.convalidated AND nn.coninhcount = 0 AND c.relkind = 'p' THEN (
    SELECT json_agg(json_build_object('table', quote_ident(pn.nspname) || '.' || quote_ident(pc.relname), 'name', quote_ident(pk.conname))
      ORDER BY t.level DESC, pn.nspname COLLATE "C", pc.relname COLLATE "C")
    FROM pg_partition_tree(c.oid) t JOIN pg_class pc ON pc.oid = t.relid JOIN pg_namespace pn ON pn.oid = pc.relnamespace
    JOIN pg_attribute pa ON pa.attrelid = pc.oid AND pa.attname = a.attname
    JOIN pg_constraint pk ON pk.conrelid = pc.oid AND pk.contype = 'n' AND pk.conkey[1] = pa.attnum
    WHERE t.level > 0 AND NOT pk.convalidated AND pk.conislocal) END`

function query(context: CatalogContext): string {
  const namedNotNull = context.can.hasNamedNotNull
  return `
  SELECT a.attrelid AS relation, a.attnum AS number, a.attname::text AS name, quote_ident(a.attname) AS quoted,
    format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS is_not_null,
    CASE WHEN a.attcollation <> t.typcollation AND a.attcollation <> 0 THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END AS collation,
    ad.oid IS NOT NULL AS has_expression, pg_get_expr(ad.adbin, ad.adrelid) AS expression, ad.oid AS expression_oid,
    EXISTS (SELECT FROM pg_depend f
      WHERE ((f.classid = 'pg_attrdef'::regclass AND f.objid = ad.oid)
        -- PostgreSQL 14 records the needs of generated columns with the column.
        OR (f.classid = 'pg_class'::regclass AND f.objid = a.attrelid AND f.objsubid = a.attnum AND a.attgenerated <> ''))
      AND f.refclassid = 'pg_proc'::regclass AND f.refobjid >= 16384) AS calls_user_function,
    a.attgenerated::text AS generated, a.attidentity::text AS identity, a.attislocal AS is_local,
    CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END AS storage, t.typstorage::text AS type_storage, a.attcompression::text AS compression,
    nullif(a.attstattarget, -1)::int AS statistics, a.attoptions AS options, ${genericOptions('a.attfdwoptions')} AS foreign_options,
    CASE WHEN a.attacl IS NOT NULL THEN ${grantsJson('a.attacl')} END AS actual,
    ${
      namedNotNull
        ? `nn.conname::text AS not_null_name, quote_ident(nn.conname) AS not_null_quoted, nn.oid AS not_null_oid, nn.conislocal AS not_null_is_local,
           EXISTS (SELECT FROM pg_constraint other WHERE other.connamespace = nn.connamespace AND other.conname = nn.conname AND other.oid <> nn.oid AND other.conislocal AND other.coninhcount = 0) AS not_null_shares_name,
           nn.convalidated AS not_null_is_valid, nn.connoinherit AS not_null_no_inherit,
           nn.conislocal OR ${isStricterThanParents} AS not_null_is_own, nn.coninhcount > 0 AS not_null_is_inherited,
           ${partitionsOwnNotNull} AS not_null_of_partitions`
        : `NULL::bool AS not_null_shares_name, NULL::text AS not_null_name, NULL::text AS not_null_quoted, NULL::oid AS not_null_oid, NULL::bool AS not_null_is_local,
           NULL::bool AS not_null_is_valid, NULL::bool AS not_null_no_inherit, NULL::bool AS not_null_is_own,
           NULL::bool AS not_null_is_inherited, NULL::json AS not_null_of_partitions`
    }
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_collation co ON co.oid = a.attcollation LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
  LEFT JOIN pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
  ${namedNotNull ? `LEFT JOIN pg_constraint nn ON nn.conrelid = a.attrelid AND nn.contype = 'n' AND nn.conkey[1] = a.attnum` : ''}
  WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'c', 'f')
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
  return rows.map((row) =>
    row.expression === null ? row : { ...row, expression: stableText(row.expression) },
  )
}
