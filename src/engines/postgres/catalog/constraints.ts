import { changedWhileReading } from '../errors.ts'
import {
  address,
  commentStatements,
  isNoMember,
  isUserSchema,
  type Address,
  type CatalogContext,
} from './parts.ts'

interface ConstraintRow {
  oid: number
  relation: number
  table: string
  quoted_schema: string
  table_is_partition: boolean
  quoted: string
  kind: string
  definition: string | null
  is_valid: boolean
  is_local: boolean
  has_parent: boolean
  index: number
  uses_user_function: boolean
  /** The indexes of partitions that are part of a key that not every partition has; null: every one has it. */
  attached: string[] | null
  /** It is inherited and holds for all rows here, while a parent's holds for new rows only. */
  is_stricter_than_parents: boolean
}

/** A constraint of a table, with where its text belongs. */
export interface Constraint {
  readonly relation: number
  readonly address: Address
  readonly index: number
  /** `line`: in CREATE TABLE; `statement`: after the rows; `inherited`: only its comment is written. */
  readonly place: 'line' | 'statement' | 'inherited'
  readonly text: string
  /** True for a key that not every partition has: it is added when they are all there, and before what names its index. */
  readonly isIncomplete: boolean
  /** True when it must be checked with the names that its functions may use without a schema. */
  readonly needsOwnPath: boolean
  readonly comments: readonly string[]
}

const query = `
  SELECT k.oid, k.conrelid AS relation, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
    quote_ident(n.nspname) AS quoted_schema, c.relispartition AS table_is_partition, quote_ident(k.conname) AS quoted, k.contype::text AS kind,
    pg_get_constraintdef(k.oid) AS definition, k.convalidated AS is_valid, k.conislocal AS is_local,
    k.conparentid <> 0 AS has_parent, k.conindid AS index,
    EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_constraint'::regclass AND d.objid = k.oid
      AND d.refclassid = 'pg_proc'::regclass AND d.refobjid >= 16384) AS uses_user_function,
    CASE WHEN c.relkind = 'p' AND k.contype IN ('p', 'u') AND EXISTS (SELECT FROM pg_index i WHERE i.indexrelid = k.conindid AND NOT i.indisvalid)
      THEN (SELECT coalesce(array_agg(quote_ident(pn.nspname) || '.' || quote_ident(pc.relname)
          ORDER BY pn.nspname COLLATE "C", pc.relname COLLATE "C"), '{}')
        FROM pg_inherits h JOIN pg_class pc ON pc.oid = h.inhrelid JOIN pg_namespace pn ON pn.oid = pc.relnamespace
        WHERE h.inhparent = k.conindid) END AS attached,
    k.contype = 'c' AND k.convalidated AND NOT k.conislocal AND EXISTS (
      SELECT FROM pg_inherits h JOIN pg_constraint pk ON pk.conrelid = h.inhparent AND pk.conname = k.conname AND pk.contype = 'c'
      WHERE h.inhrelid = k.conrelid AND NOT pk.convalidated) AS is_stricter_than_parents
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE k.contype IN ('p', 'u', 'x', 'c', 'f') AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
    AND ${isUserSchema('n')} AND ${isNoMember('pg_class', 'c.oid')}
  ORDER BY position(k.contype IN 'puxcf'), k.conname COLLATE "C"`

/**
 * A constraint waits for the rows when it names other tables, holds for new rows only, or calls a user's function
 * (which may read other tables, or name things without their schema).
 */
function placeOf(row: ConstraintRow): Constraint['place'] {
  if (row.attached !== null || row.is_stricter_than_parents) return 'statement'
  if (row.kind === 'f') return row.has_parent ? 'inherited' : 'statement'
  // A partition must have the parent's constraints before it can be attached.
  if (row.kind === 'c' && !row.is_local && !row.table_is_partition) return 'inherited'
  if (row.kind === 'c' && row.table_is_partition && !row.is_local)
    return row.is_valid && !row.uses_user_function ? 'line' : 'inherited'
  return row.is_valid && !(row.kind === 'c' && row.uses_user_function) ? 'line' : 'statement'
}

/** The statement for a constraint that is not part of CREATE TABLE. */
function statement(row: ConstraintRow, text: string): string {
  // The parent's brings it along, for new rows only.
  if (row.is_stricter_than_parents)
    return `ALTER TABLE ${row.table} VALIDATE CONSTRAINT ${row.quoted};`
  if (row.attached === null) return `ALTER TABLE ${row.table} ADD ${text};`
  const index = `${row.quoted_schema}.${row.quoted}`
  const attached = row.attached.map((child) => `ALTER INDEX ${index} ATTACH PARTITION ${child};`)
  return [`ALTER TABLE ONLY ${row.table} ADD ${text};`, ...attached].join('\n')
}

/** Primary keys, unique, exclusion and check constraints and foreign keys of all tables. */
export async function readConstraints(context: CatalogContext): Promise<readonly Constraint[]> {
  const rows = await context.session.query<ConstraintRow>('constraints', query)
  return rows.map((row) => {
    if (row.definition === null) throw changedWhileReading(`the constraint ${row.quoted}`)
    const entry = address('pg_constraint', row.oid)
    const text = `CONSTRAINT ${row.quoted} ${row.definition}`
    const place = placeOf(row)
    return {
      relation: row.relation,
      address: entry,
      index: row.index,
      place,
      text: place === 'statement' ? statement(row, text) : text,
      isIncomplete: row.attached !== null,
      needsOwnPath: row.uses_user_function,
      comments: commentStatements(context, `CONSTRAINT ${row.quoted} ON ${row.table}`, entry),
    }
  })
}
