import { changedWhileReading } from '../errors.ts'
import {
  address,
  commentStatements,
  isUserSchema,
  roleName,
  type CatalogContext,
  type RelationPart,
} from './parts.ts'
import { stableText } from './stable-text.ts'

interface PolicyRow {
  oid: number
  relation: number
  table: string
  quoted: string
  is_permissive: boolean
  command: string
  roles: string[]
  has_using: boolean
  using: string | null
  has_check: boolean
  check: string | null
}

const query = `
  SELECT p.oid, p.polrelid AS relation, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
    quote_ident(p.polname) AS quoted, p.polpermissive AS is_permissive, p.polcmd::text AS command,
    (SELECT array_agg(r.name ORDER BY r.name COLLATE "C") FROM (
      SELECT CASE o WHEN 0 THEN 'PUBLIC' ELSE ${roleName('o')} END FROM unnest(p.polroles) o) r(name)) AS roles,
    p.polqual IS NOT NULL AS has_using, pg_get_expr(p.polqual, p.polrelid) AS "using",
    p.polwithcheck IS NOT NULL AS has_check, pg_get_expr(p.polwithcheck, p.polrelid) AS "check"
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${isUserSchema('n')}
  ORDER BY p.polname COLLATE "C"`

const commands: Readonly<Record<string, string>> = {
  r: 'SELECT',
  a: 'INSERT',
  w: 'UPDATE',
  d: 'DELETE',
}

function statement(row: PolicyRow): string {
  if ((row.has_using && row.using === null) || (row.has_check && row.check === null)) {
    throw changedWhileReading(`the policy ${row.quoted}`)
  }
  const command = commands[row.command]
  const isForAll = row.roles.length === 1 && row.roles[0] === 'PUBLIC'
  return (
    [
      `CREATE POLICY ${row.quoted} ON ${row.table}`,
      ...(row.is_permissive ? [] : ['AS RESTRICTIVE']),
      ...(command === undefined ? [] : [`FOR ${command}`]),
      ...(isForAll ? [] : [`TO ${row.roles.join(', ')}`]),
      ...(row.using === null ? [] : [`USING (${stableText(row.using)})`]),
      ...(row.check === null ? [] : [`WITH CHECK (${stableText(row.check)})`]),
    ].join(' ') + ';'
  )
}

/** The row security policies of all tables; they may name any other table and wait for the rows. */
export async function readPolicies(context: CatalogContext): Promise<readonly RelationPart[]> {
  const rows = await context.session.query<PolicyRow>('policies', query)
  return rows.map((row) => ({
    relation: row.relation,
    address: address('pg_policy', row.oid),
    phase: 'afterRows',
    statements: [
      statement(row),
      ...commentStatements(
        context,
        `POLICY ${row.quoted} ON ${row.table}`,
        address('pg_policy', row.oid),
      ),
    ],
  }))
}
