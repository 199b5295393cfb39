import { isNoMember, isUserSchema, type CatalogContext, type Reading } from './parts.ts'

/** Input functions that refuse every text: of statistics, of expressions, and of entries of indexes. */
const refusing = [
  'pg_node_tree_in',
  'pg_ndistinct_in',
  'pg_dependencies_in',
  'pg_mcv_list_in',
  'brin_bloom_summary_in',
  'brin_minmax_multi_summary_in',
  'gtsvectorin',
  'gbtreekey_in',
  'gtrgm_in',
  'ltree_gist_in',
  'ghstore_in',
  '_intbig_in',
]

const query = `
  SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident(a.attname) AS quoted, format_type(t.oid, NULL) AS type
  FROM pg_proc p JOIN pg_type t ON t.typinput = p.oid JOIN pg_attribute a ON a.atttypid IN (t.oid, nullif(t.typarray, 0))
    JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE p.proname IN (${refusing.map((name) => `'${name}'`).join(', ')}) AND c.relkind = 'r' AND c.relpersistence <> 't'
    AND a.attnum > 0 AND NOT a.attisdropped AND ${isUserSchema('n')} AND ${isNoMember('pg_class', 'c.oid')}
  ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", a.attnum`

/** Columns whose values the server prints and takes from nobody: copies of catalogs can hold them. */
export async function readValuesWithoutInput({ session }: CatalogContext): Promise<Reading> {
  const rows = await session.query<{ quoted: string; type: string }>('columns', query)
  return {
    objects: [],
    warnings: rows.map(
      ({ quoted, type }) =>
        `No server takes values of the type ${type}: rows of the column ${quoted} that are not NULL can't be restored.`,
    ),
  }
}
