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
  table_is_partition: boolean
  quoted: string
  kind: string
  definition: string | null
  is_valid: boolean
  is_local: boolean
  has_parent: boolean
  index: number
  uses_user_function: boolean
}

/** A constraint of a table, with where its text belongs. */
export interface Constraint {
  readonly relation: number
  readonly address: Address
  readonly index: number
  /** `line`: in CREATE TABLE; `statement`: after the rows; `inherited`: only its comment is written. */
  readonly place: 'line' | 'statement' | 'inherited'
  readonly text: string
  /** True when it must be checked with the names that its functions may use without a schema. */
  readonly needsOwnPath: boolean
  readonly comments: readonly string[]
}

const query = `
  SELECT k.oid, k.conrelid AS relation, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
    c.relispartition AS table_is_partition, quote_ident(k.conname) AS quoted, k.contype::text AS kind,
    pg_get_constraintdef(k.oid) AS definition, k.convalidated AS is_valid, k.conislocal AS is_local,
    k.conparentid <> 0 AS has_parent, k.conindid AS index,
    EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_constraint'::regclass AND d.objid = k.oid
      AND d.refclassid = 'pg_proc'::regclass AND d.refobjid >= 16384) AS uses_user_function
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE k.contype IN ('p', 'u', 'x', 'c', 'f') AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
    AND ${isUserSchema('n')} AND ${isNoMember('pg_class', 'c.oid')}
  ORDER BY position(k.contype IN 'puxcf'), k.conname COLLATE "C"`

/**
 * A constraint waits for the rows when it names other tables, holds for new rows only, or calls a user's function
 * (which may read other tables, or name things without their schema).
 */
function placeOf(row: ConstraintRow): Constraint['place'] {
  if (row.kind === 'f') return row.has_parent ? 'inherited' : 'statement'
  // A partition must have the parent's constraints before it can be attached.
  if (row.kind === 'c' && !row.is_local && !row.table_is_partition) return 'inherited'
  if (row.kind === 'c' && row.table_is_partition && !row.is_local)
    return row.is_valid && !row.uses_user_function ? 'line' : 'inherited'
  return row.is_valid && !(row.kind === 'c' && row.uses_user_function) ? 'line' : 'statement'
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
      text: place === 'statement' ? `ALTER TABLE ${row.table} ADD ${text};` : text,
      needsOwnPath: row.uses_user_function,
      comments: commentStatements(context, `CONSTRAINT ${row.quoted} ON ${row.table}`, entry),
    }
  })
}
