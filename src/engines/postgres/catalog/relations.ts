import {
  grantsJson,
  isNoMember,
  isUserSchema,
  roleName,
  type CatalogContext,
  type Grant,
} from './parts.ts'

/** A parent of an inheriting table or partition. */
export interface Parent {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly quoted: string
}

/** A table, view or materialized view as pg_class has it. */
export interface RelationRow {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly quoted: string
  /** Without its schema. */
  readonly quoted_name: string
  readonly owner: string
  /** `r` table, `p` partitioned table, `v` view, `m` materialized view, `f` foreign table. */
  readonly kind: string
  readonly is_unlogged: boolean
  readonly is_partition: boolean
  readonly is_populated: boolean
  readonly options: readonly string[] | null
  readonly toast_options: readonly string[] | null
  /** Only where it is not heap; a partitioned table has one when it was named. */
  readonly access_method: string | null
  readonly tablespace: string | null
  /** `d` default, `n` nothing, `f` full, `i` index. */
  readonly replica_identity: string
  readonly has_row_security: boolean
  readonly forces_row_security: boolean
  readonly partition_key: string | null
  readonly partition_bound: string | null
  readonly parents: readonly Parent[] | null
  /** The composite type of a typed table. */
  readonly of_type: string | null
  readonly definition: string | null
  /** The number of the rule that makes it a view. */
  readonly view_rule: number | null
  readonly actual: readonly Grant[] | null
  readonly standard: readonly Grant[]
}

const query = `
  SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name,
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS quoted, quote_ident(c.relname) AS quoted_name, ${roleName('c.relowner')} AS owner,
    c.relkind::text AS kind, c.relpersistence = 'u' AS is_unlogged, c.relispartition AS is_partition,
    c.relispopulated AS is_populated, c.reloptions AS options, tc.reloptions AS toast_options,
    CASE WHEN am.amname <> 'heap' OR c.relkind = 'p' THEN quote_ident(am.amname) END AS access_method, quote_ident(ts.spcname) AS tablespace,
    CASE WHEN c.relkind <> 'f' THEN c.relreplident::text ELSE 'd' END AS replica_identity, c.relrowsecurity AS has_row_security, c.relforcerowsecurity AS forces_row_security,
    CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END AS partition_key,
    CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END AS partition_bound,
    (SELECT json_agg(json_build_object('oid', pc.oid::int8, 'schema', pn.nspname, 'name', pc.relname,
        'quoted', quote_ident(pn.nspname) || '.' || quote_ident(pc.relname)) ORDER BY i.inhseqno)
      FROM pg_inherits i JOIN pg_class pc ON pc.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = pc.relnamespace
      WHERE i.inhrelid = c.oid) AS parents,
    CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS of_type,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS definition,
    (SELECT w.oid FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.ev_type = '1' AND c.relkind = 'v') AS view_rule,
    CASE WHEN c.relacl IS NOT NULL THEN ${grantsJson('c.relacl')} END AS actual,
    ${grantsJson("acldefault('r', c.relowner)")} AS standard
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_class tc ON tc.oid = c.reltoastrelid LEFT JOIN pg_am am ON am.oid = c.relam
  LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
    AND ${isUserSchema('n')} AND ${isNoMember('pg_class', 'c.oid')}
  ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`

/** All tables, views and materialized views. */
export async function readRelations(context: CatalogContext): Promise<readonly RelationRow[]> {
  return await context.session.query<RelationRow>('tables and views', query)
}
