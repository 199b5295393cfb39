import type { TableName } from '../../model.ts'
import type { Violation } from '../target.ts'
import { literal, qualifiedIdentifier } from './quote.ts'
import type { CatalogSession } from './session.ts'
import type { ForeignKeyStatement } from './statements.ts'

interface KeyColumn {
  readonly child: string
  readonly parent: string
  /** `OPERATOR(pg_catalog.=)`, parent on the left. */
  readonly equals: string
}

/** A foreign key as the catalog has it; names are quoted where SQL needs it. */
export interface ForeignKey {
  readonly schema: string
  readonly table: string
  readonly constraint: string
  readonly quoted: string
  readonly quoted_constraint: string
  readonly parent: string
  readonly child_only: string
  readonly parent_only: string
  readonly matches_full: boolean
  readonly has_period: boolean
  readonly is_deferrable: boolean
  readonly is_deferred: boolean
  readonly columns: readonly KeyColumn[]
}

// Names of columns, not their numbers: a scratch copy of a table numbers them anew.
const query = (condition: string): string => `
  SELECT n.nspname::text AS schema, c.relname::text AS "table", k.conname::text AS constraint,
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS quoted, quote_ident(k.conname) AS quoted_constraint,
    quote_ident(pn.nspname) || '.' || quote_ident(p.relname) AS parent,
    CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END AS child_only, CASE p.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END AS parent_only,
    k.confmatchtype = 'f' AS matches_full, coalesce(to_jsonb(k) ->> 'conperiod', 'false')::boolean AS has_period,
    k.condeferrable AS is_deferrable, k.condeferred AS is_deferred,
    (SELECT json_agg(json_build_object('child', quote_ident(ca.attname), 'parent', quote_ident(pa.attname),
        'equals', 'OPERATOR(' || quote_ident(opn.nspname) || '.' || op.oprname || ')') ORDER BY u.position)
      FROM unnest(k.conkey, k.confkey, k.conpfeqop) WITH ORDINALITY u(child, parent, operator, position)
      JOIN pg_attribute ca ON ca.attrelid = k.conrelid AND ca.attnum = u.child
      JOIN pg_attribute pa ON pa.attrelid = k.confrelid AND pa.attnum = u.parent
      JOIN pg_operator op ON op.oid = u.operator JOIN pg_namespace opn ON opn.oid = op.oprnamespace) AS columns
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
  WHERE k.contype = 'f' AND k.conparentid = 0 AND ${condition}
  ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", k.conname COLLATE "C"`

/** The valid and enforced foreign keys from or to some tables, those of their partitioned parents included. */
export async function foreignKeysOf(
  session: CatalogSession,
  tables: readonly TableName[],
): Promise<readonly ForeignKey[]> {
  if (tables.length === 0) return []
  const list = tables
    .map((table) => `${literal(qualifiedIdentifier(table))}::regclass::oid`)
    .join(', ')
  return await session.query<ForeignKey>(
    'the foreign keys',
    `WITH loaded AS (SELECT DISTINCT a.relid::oid AS oid FROM unnest(ARRAY[${list}]) t(oid),
       LATERAL (SELECT t.oid AS relid UNION SELECT relid FROM pg_partition_ancestors(t.oid)) a)
     ${query(`k.convalidated AND coalesce(to_jsonb(k) ->> 'conenforced', 'true')::boolean
       AND (k.conrelid IN (SELECT oid FROM loaded) OR k.confrelid IN (SELECT oid FROM loaded))`)}`,
  )
}

function isOrphan(key: ForeignKey): string {
  const all = (columns: readonly string[]): string => columns.join(' AND ')
  const equalities = key.columns.map(
    ({ child, parent, equals }) => `p.${parent} ${equals} c.${child}`,
  )
  if (!key.has_period) {
    return `NOT EXISTS (SELECT FROM ${key.parent_only}${key.parent} p WHERE ${all(equalities)})`
  }
  // The last column is a range that the parents' ranges must cover together.
  const period = key.columns.at(-1)
  return `NOT coalesce(c.${period?.child ?? ''} <@ (SELECT pg_catalog.range_agg(p.${period?.parent ?? ''})
    FROM ${key.parent_only}${key.parent} p WHERE ${all(equalities.slice(0, -1))}), false)`
}

/** A query for the number of rows that a foreign key does not allow. */
function countQuery(key: ForeignKey): string {
  const present = key.columns.map(({ child }) => `c.${child} IS NOT NULL`)
  const absent = key.columns.map(({ child }) => `c.${child} IS NULL`)
  const condition = `(${present.join(' AND ')}) AND ${isOrphan(key)}`
  const partly = `(${present.join(' OR ')}) AND (${absent.join(' OR ')})`
  return `SELECT count(*)::text AS count FROM ${key.child_only}${key.quoted} c
    WHERE ${key.matches_full ? `(${condition}) OR (${partly})` : condition}`
}

/** Counts the rows that each key does not allow; keys without any are left out. */
export async function countViolations(
  session: CatalogSession,
  keys: readonly ForeignKey[],
): Promise<readonly Violation[]> {
  const violations: Violation[] = []
  for (const key of keys) {
    const { schema, table: name, constraint } = key
    const what = `the foreign key ${constraint} of ${schema}.${name}`
    const [found] = await session.query<{ count: string }>(what, countQuery(key))
    const rows = Number(found?.count ?? 0)
    if (rows > 0) violations.push({ table: { schema, name }, constraint, rows })
  }
  return violations
}

/**
 * Counts the rows that a foreign key does not allow which therefore can't be added: the server itself reads the
 * statement, on an empty table with the same columns that is taken back.
 */
export async function countViolationsOf(
  session: CatalogSession,
  statement: ForeignKeyStatement,
): Promise<readonly Violation[]> {
  const what = `the foreign key ${statement.constraint}`
  const scratch = `${/^(?:"(?:[^"]|"")+"|[^".]+)/.exec(statement.table)?.[0] ?? ''}.schema_backup_scratch`
  await session.query(what, 'SAVEPOINT schema_backup_scratch')
  await session.query(
    what,
    `CREATE TABLE ${scratch} (LIKE ${statement.table}); ALTER TABLE ${scratch} ADD ${statement.definition};`,
  )
  const found = await session.query<ForeignKey>(
    what,
    query(`k.conrelid = ${literal(scratch)}::regclass`),
  )
  await session.query(what, 'ROLLBACK TO SAVEPOINT schema_backup_scratch')
  const [table] = await session.query<Pick<ForeignKey, 'schema' | 'table' | 'child_only'>>(
    what,
    `SELECT n.nspname::text AS schema, c.relname::text AS "table", CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END AS child_only
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ${literal(statement.table)}::regclass`,
  )
  if (table === undefined) return []
  return await countViolations(
    session,
    found.map((key) => ({ ...key, ...table, quoted: statement.table })),
  )
}
