import { changedWhileReading } from '../errors.ts'
import {
  address,
  commentStatements,
  isNoMember,
  isUserSchema,
  stateWords,
  type CatalogContext,
  type RelationPart,
} from './parts.ts'
import { stableText } from './stable-text.ts'

interface TriggerRow {
  oid: number
  relation: number
  table: string
  quoted: string
  definition: string | null
  state: string
  is_clone: boolean
  parent_state: string | null
  /** The name that a clone gets: that of the topmost trigger. */
  first_name: string
}

// Clones on partitions are made with the parent's trigger; only a state of their own is written.
const query = `
  SELECT t.oid, t.tgrelid AS relation, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
    quote_ident(t.tgname) AS quoted, pg_get_triggerdef(t.oid) AS definition, t.tgenabled::text AS state,
    t.tgparentid <> 0 AS is_clone, pt.tgenabled::text AS parent_state,
    (WITH RECURSIVE up(name, parent) AS (
       SELECT t.tgname, t.tgparentid UNION ALL SELECT a.tgname, a.tgparentid FROM up JOIN pg_trigger a ON a.oid = up.parent)
     SELECT quote_ident(up.name) FROM up WHERE up.parent = 0) AS first_name
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_trigger pt ON pt.oid = t.tgparentid
  WHERE (NOT t.tgisinternal OR t.tgparentid <> 0) AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.oid = t.tgconstraint AND k.contype = 'f')
    AND c.relkind IN ('r', 'p', 'v', 'f') AND c.relpersistence <> 't'
    AND ${isUserSchema('n')} AND ${isNoMember('pg_class', 'c.oid')} AND ${isNoMember('pg_trigger', 't.oid')}
  ORDER BY t.tgname COLLATE "C"`

function statementsOf(context: CatalogContext, row: TriggerRow): readonly string[] {
  if (row.definition === null) throw changedWhileReading(`the trigger ${row.quoted}`)
  const state = `ALTER TABLE ${row.table} ${stateWords[row.state] ?? row.state} TRIGGER ${row.is_clone ? row.first_name : row.quoted};`
  const comments = commentStatements(
    context,
    `TRIGGER ${row.quoted} ON ${row.table}`,
    address('pg_trigger', row.oid),
  )
  if (row.is_clone) {
    const renamed =
      row.first_name === row.quoted
        ? []
        : [`ALTER TRIGGER ${row.first_name} ON ${row.table} RENAME TO ${row.quoted};`]
    return [...(row.state === row.parent_state ? [] : [state]), ...renamed, ...comments]
  }
  return [`${stableText(row.definition)};`, ...(row.state === 'O' ? [] : [state]), ...comments]
}

/** The triggers of all tables and views; they wait for the rows. */
export async function readTriggers(context: CatalogContext): Promise<readonly RelationPart[]> {
  const rows = await context.session.query<TriggerRow>('triggers', query)
  return rows.map((row) => ({
    relation: row.relation,
    address: address('pg_trigger', row.oid),
    phase: 'afterRows',
    statements: statementsOf(context, row),
  }))
}
