import { changedWhileReading } from '../errors.ts'
import { attachingOrder } from './attached-indexes.ts'
import {
  address,
  commentStatements,
  isNoMember,
  isUserSchema,
  type Address,
  type CatalogContext,
} from './parts.ts'
import { stableText } from './stable-text.ts'

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
  uses_user_function: boolean
  /** A primary key on a column whose NOT NULL is the parents': made with the table, it would give the table one of its own. */
  has_inherited_not_null: boolean
  /** A key of a partitioned table that not every partition has. */
  is_incomplete: boolean
  /** The server compares it with no index of a partition: attaching makes it anew. */
  comes_with_parent: boolean
  /** Where it is attached to a foreign key of another table: the name of the topmost one, which it had at first. */
  first_name: string | null
  /** It is inherited and holds for all rows here, while a parent's holds for new rows only. */
  is_stricter_than_parents: boolean
}

/** A constraint of a table, with where its text belongs. */
export interface Constraint {
  readonly relation: number
  readonly address: Address
  /** `line`: in CREATE TABLE; `added`: right after it; `statement`: after the rows; `inherited`: only its comment is written. */
  readonly place: 'line' | 'added' | 'statement' | 'inherited'
  readonly text: string
  /** True for an inherited check that the parents have from the start: a table can't become their child without it. */
  readonly isParentsFirst: boolean
  /** True for a key that not every partition has: it is added when they are all there, and before what names its index. */
  readonly isIncomplete: boolean
  /** True when it must be checked with the names that its functions may use without a schema. */
  readonly needsOwnPath: boolean
  /** Gives a foreign key that comes with its parent's the name that it has here. */
  readonly renamed: readonly string[]
  readonly comments: readonly string[]
}

// A key is merged with one that says the same in one CREATE TABLE, and a partition's keys are attached in the order of
// their creation: so the order follows that of the parent's, and the primary key closes the list, so that a line more is one line.
function query(context: CatalogContext): string {
  const enforced = (alias: string): string =>
    context.can.hasUnenforcedConstraints ? `${alias}.conenforced` : 'true'
  const temporal = context.can.hasTemporalKeys ? 'k.conperiod' : 'false'
  return `
  SELECT k.oid, k.conrelid AS relation, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
    c.relispartition AS table_is_partition, quote_ident(k.conname) AS quoted, k.contype::text AS kind,
    pg_get_constraintdef(k.oid) AS definition, k.convalidated OR NOT ${enforced('k')} AS is_valid, k.conislocal AS is_local,
    k.conparentid <> 0 AS has_parent,
    k.contype = 'p' AND NOT c.relispartition AND EXISTS (SELECT FROM pg_constraint nn WHERE nn.conrelid = k.conrelid
      AND nn.contype = 'n' AND NOT nn.conislocal AND nn.conkey[1] = ANY (k.conkey)) AS has_inherited_not_null,
    EXISTS (SELECT FROM pg_depend d
      WHERE ((d.classid = 'pg_constraint'::regclass AND d.objid = k.oid)
          OR (k.contype = 'x' AND d.classid = 'pg_class'::regclass AND d.objid = k.conindid))
      AND d.refclassid = 'pg_proc'::regclass AND d.refobjid >= 16384) AS uses_user_function,
    c.relkind = 'p' AND k.contype IN ('p', 'u', 'x') AND EXISTS (
      SELECT FROM pg_index i WHERE i.indexrelid = k.conindid AND NOT i.indisvalid) AS is_incomplete,
    k.conparentid <> 0 AND (k.contype = 'x' OR (k.contype IN ('p', 'u') AND ${temporal})) AS comes_with_parent,
    CASE WHEN k.contype = 'f' AND k.conparentid <> 0 THEN (
      WITH RECURSIVE up(name, relation, parent) AS (
        SELECT k.conname, k.conrelid, k.conparentid
        UNION ALL SELECT a.conname, a.conrelid, a.conparentid FROM up JOIN pg_constraint a ON a.oid = up.parent)
      SELECT quote_ident(up.name) FROM up WHERE up.parent = 0 AND up.relation <> k.conrelid
        AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conrelid = k.conrelid AND o.conname = up.name AND o.contype <> 'f')) END AS first_name,
    k.contype = 'c' AND k.convalidated AND NOT k.conislocal AND EXISTS (
      SELECT FROM pg_inherits h JOIN pg_constraint pk ON pk.conrelid = h.inhparent AND pk.conname = k.conname AND pk.contype = 'c'
      WHERE h.inhrelid = k.conrelid AND NOT pk.convalidated AND ${enforced('pk')}) AS is_stricter_than_parents
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE k.contype IN ('p', 'u', 'x', 'c', 'f') AND c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
    AND ${isUserSchema('n')} AND ${isNoMember('pg_class', 'c.oid')}
  ORDER BY position(k.contype IN 'cuxpf'),
    CASE WHEN k.contype IN ('p', 'u') THEN ${attachingOrder('k.conindid')} END, k.conname COLLATE "C"`
}

/**
 * A constraint waits for the rows when it names other tables, holds for new rows only, or calls a user's function
 * (which may read other tables, or name things without their schema).
 */
function placeOf(row: ConstraintRow): Constraint['place'] {
  if (row.is_incomplete || row.is_stricter_than_parents) return 'statement'
  if (row.comes_with_parent) return 'inherited'
  if (row.kind === 'f') return row.has_parent ? 'inherited' : 'statement'
  // A partition must have the parent's constraints before it can be attached.
  if (row.kind === 'c' && !row.is_local && !row.table_is_partition) return 'inherited'
  if (row.kind === 'c' && row.table_is_partition && !row.is_local)
    return row.is_valid && !row.uses_user_function ? 'line' : 'inherited'
  return row.is_valid && !('cx'.includes(row.kind) && row.uses_user_function) ? 'line' : 'statement'
}

/** The statement for a constraint that is not part of CREATE TABLE. */
function statement(row: ConstraintRow, text: string): string {
  // The parent's brings it along, for new rows only.
  if (row.is_stricter_than_parents)
    return `ALTER TABLE ${row.table} VALIDATE CONSTRAINT ${row.quoted};`
  return `ALTER TABLE ${row.is_incomplete ? 'ONLY ' : ''}${row.table} ADD ${text};`
}

/** What one CREATE TABLE merges into one index, except for the names. */
function keyText(row: ConstraintRow): string {
  return `${row.relation} ${(row.definition ?? '').replace(/^PRIMARY KEY/, 'UNIQUE')}`
}

/** The keys that would be merged with an earlier one of the same CREATE TABLE; the primary key counts as the first. */
function mergedKeys(rows: readonly ConstraintRow[]): ReadonlySet<number> {
  const keys = rows.filter((row) => 'pux'.includes(row.kind) && placeOf(row) === 'line')
  const seen = new Set<string>()
  const merged = new Set<number>()
  for (const row of [...keys].sort((left, right) => primaryFirst(left) - primaryFirst(right))) {
    if (seen.has(keyText(row))) merged.add(row.oid)
    seen.add(keyText(row))
  }
  return merged
}

function primaryFirst({ kind }: ConstraintRow): number {
  return kind === 'p' ? 0 : 1
}

function constraintFrom(
  context: CatalogContext,
  row: ConstraintRow,
  isMerged: boolean,
): Constraint {
  if (row.definition === null) throw changedWhileReading(`the constraint ${row.quoted}`)
  const entry = address('pg_constraint', row.oid)
  const text = `CONSTRAINT ${row.quoted} ${stableText(row.definition)}`
  const place = isMerged || row.has_inherited_not_null ? 'added' : placeOf(row)
  const renamed =
    row.first_name === null || row.first_name === row.quoted
      ? []
      : [`ALTER TABLE ${row.table} RENAME CONSTRAINT ${row.first_name} TO ${row.quoted};`]
  return {
    relation: row.relation,
    address: entry,
    place,
    text: place === 'line' || place === 'inherited' ? text : statement(row, text),
    isParentsFirst:
      row.kind === 'c' && place === 'inherited' && row.is_valid && !row.uses_user_function,
    isIncomplete: row.is_incomplete,
    needsOwnPath: row.uses_user_function,
    renamed,
    comments: commentStatements(context, `CONSTRAINT ${row.quoted} ON ${row.table}`, entry),
  }
}

/** Primary keys, unique, exclusion and check constraints and foreign keys of all tables. */
export async function readConstraints(context: CatalogContext): Promise<readonly Constraint[]> {
  const rows = await context.session.query<ConstraintRow>('constraints', query(context))
  const merged = mergedKeys(rows)
  return rows.map((row) => constraintFrom(context, row, merged.has(row.oid)))
}
