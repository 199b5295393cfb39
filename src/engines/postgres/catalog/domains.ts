import { changedWhileReading } from '../errors.ts'
import { grantStatements } from './grants.ts'
import {
  address,
  commentStatements,
  grantsJson,
  isNoMember,
  isUserSchema,
  roleName,
  type Captured,
  type CatalogContext,
  type Grant,
} from './parts.ts'
import { stableText } from './stable-text.ts'

interface DomainConstraint {
  oid: number
  name: string
  quoted: string
  kind: string
  is_valid: boolean
  definition: string | null
}

interface DomainRow {
  oid: number
  schema: string
  name: string
  quoted: string
  owner: string
  base: string
  collation: string | null
  is_not_null: boolean
  has_default: boolean
  default: string | null
  constraints: DomainConstraint[] | null
  actual: Grant[] | null
  standard: Grant[]
}

// The stored text of a default is what was typed under some search path; the expression is the truth.
const query = `
  SELECT t.oid, n.nspname::text AS schema, t.typname::text AS name,
    quote_ident(n.nspname) || '.' || quote_ident(t.typname) AS quoted, ${roleName('t.typowner')} AS owner,
    format_type(t.typbasetype, t.typtypmod) AS base,
    CASE WHEN t.typcollation <> b.typcollation AND t.typcollation <> 0 THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END AS collation,
    t.typnotnull AS is_not_null, t.typdefaultbin IS NOT NULL AS has_default,
    CASE WHEN t.typdefaultbin IS NOT NULL THEN pg_get_expr(t.typdefaultbin, 0)
      -- A domain has the default of its type unless it says otherwise.
      WHEN t.typdefault IS NULL THEN CASE WHEN b.typdefault IS NOT NULL THEN 'NULL' END
      WHEN t.typdefault IS DISTINCT FROM b.typdefault THEN quote_literal(t.typdefault) END AS "default",
    (SELECT json_agg(json_build_object('oid', k.oid::int8, 'name', k.conname, 'quoted', quote_ident(k.conname), 'kind', k.contype,
        'is_valid', k.convalidated, 'definition', pg_get_constraintdef(k.oid)) ORDER BY k.conname COLLATE "C")
      FROM pg_constraint k WHERE k.contypid = t.oid) AS constraints,
    CASE WHEN t.typacl IS NOT NULL THEN ${grantsJson('t.typacl')} END AS actual,
    ${grantsJson("acldefault('T', t.typowner)")} AS standard
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_type b ON b.oid = t.typbasetype
  LEFT JOIN pg_collation co ON co.oid = t.typcollation LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
  WHERE t.typtype = 'd' AND ${isUserSchema('n')} AND ${isNoMember('pg_type', 't.oid')}
  ORDER BY n.nspname COLLATE "C", t.typname COLLATE "C"`

function notNull(row: DomainRow, constraints: readonly DomainConstraint[]): string[] {
  if (!row.is_not_null) return []
  const named = constraints.find(({ kind }) => kind === 'n')
  const isStandard = named === undefined || named.name === `${row.name}_not_null`
  return [isStandard ? 'NOT NULL' : `CONSTRAINT ${named.quoted} NOT NULL`]
}

function checkText(check: DomainConstraint): string {
  return `CONSTRAINT ${check.quoted} ${stableText(check.definition ?? '')}`
}

function createStatement(row: DomainRow, checks: readonly DomainConstraint[]): string {
  const clauses = [
    ...(row.collation === null ? [] : [`COLLATE ${row.collation}`]),
    ...(row.default === null ? [] : [`DEFAULT ${row.default}`]),
    ...notNull(row, row.constraints ?? []),
    ...checks.map(checkText),
  ]
  return `${[`CREATE DOMAIN ${row.quoted} AS ${row.base}`, ...clauses].join('\n  ')};`
}

function constraintComments(
  context: CatalogContext,
  row: DomainRow,
  constraints: readonly DomainConstraint[],
): readonly string[] {
  return constraints.flatMap(({ oid, quoted }) =>
    commentStatements(
      context,
      `CONSTRAINT ${quoted} ON DOMAIN ${row.quoted}`,
      address('pg_constraint', oid),
    ),
  )
}

function addStatements(row: DomainRow, checks: readonly DomainConstraint[]): string[] {
  return checks.map((check) => `ALTER DOMAIN ${row.quoted} ADD ${checkText(check)};`)
}

/** The statements for a domain with some of its checks; the others are added later. */
function statements(
  context: CatalogContext,
  row: DomainRow,
  checks: readonly DomainConstraint[],
): readonly string[] {
  const others = (row.constraints ?? []).filter(({ kind }) => kind !== 'c')
  return [
    createStatement(row, checks),
    `ALTER DOMAIN ${row.quoted} OWNER TO ${row.owner};`,
    ...commentStatements(context, `DOMAIN ${row.quoted}`, address('pg_type', row.oid)),
    ...constraintComments(context, row, [...checks, ...others]),
    ...grantStatements({ ...row, target: `TYPE ${row.quoted}` }),
  ]
}

function domainFrom(context: CatalogContext, row: DomainRow): Captured {
  const constraints = row.constraints ?? []
  if (
    (row.has_default && row.default === null) ||
    constraints.some(({ definition }) => definition === null)
  ) {
    throw changedWhileReading(`the domain ${row.quoted}`)
  }
  const checks = constraints.filter(({ kind }) => kind === 'c')
  // What holds for new values only must not meet the old ones.
  const valid = checks.filter(({ is_valid }) => is_valid)
  const later = (
    added: readonly DomainConstraint[],
  ): Pick<Captured, 'afterRows' | 'lateAddresses'> => ({
    afterRows: [...addStatements(row, added), ...constraintComments(context, row, added)],
    lateAddresses: added.map(({ oid }) => address('pg_constraint', oid)),
  })
  return {
    kind: 'domain',
    schema: row.schema,
    name: row.name,
    sql: statements(context, row, valid),
    ...later(checks.filter((check) => !valid.includes(check))),
    addresses: [
      address('pg_type', row.oid),
      ...constraints.map(({ oid }) => address('pg_constraint', oid)),
    ],
    // A check may call a function that takes the domain.
    inCircle: { sql: statements(context, row, []), ...later(checks) },
  }
}

/** The domains with all their constraints. */
export async function readDomains(context: CatalogContext): Promise<readonly Captured[]> {
  const rows = await context.session.query<DomainRow>('domains', query)
  return rows.map((row) => domainFrom(context, row))
}
