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

interface RuleRow {
  oid: number
  relation: number
  table: string
  quoted: string
  definition: string | null
  state: string
}

/** The rules of all tables and views except those that make a view a view; they wait for the rows. */
export async function readRules(context: CatalogContext): Promise<readonly RelationPart[]> {
  const rows = await context.session.query<RuleRow>(
    'rules',
    `SELECT r.oid, r.ev_class AS relation, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
       quote_ident(r.rulename) AS quoted, pg_get_ruledef(r.oid) AS definition, r.ev_enabled::text AS state
     FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE r.ev_type <> '1' AND c.relpersistence <> 't' AND ${isUserSchema('n')} AND ${isNoMember('pg_class', 'c.oid')}
     ORDER BY r.rulename COLLATE "C"`,
  )
  return rows.map((row) => {
    if (row.definition === null) throw changedWhileReading(`the rule ${row.quoted}`)
    const state = row.state === 'O' ? undefined : stateWords[row.state]
    return {
      relation: row.relation,
      address: address('pg_rewrite', row.oid),
      phase: 'afterRows',
      statements: [
        stableText(row.definition),
        ...(state === undefined ? [] : [`ALTER TABLE ${row.table} ${state} RULE ${row.quoted};`]),
        ...commentStatements(
          context,
          `RULE ${row.quoted} ON ${row.table}`,
          address('pg_rewrite', row.oid),
        ),
      ],
    }
  })
}
