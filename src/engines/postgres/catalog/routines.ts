import { changedWhileReading } from '../errors.ts'
import { literal } from '../quote.ts'
import {
  aggregateStatement,
  aggregateColumns,
  aggregateJoin,
  type AggregateFacts,
} from './aggregates.ts'
import { grantStatements } from './grants.ts'
import {
  address,
  commentStatements,
  grantsJson,
  isNoMember,
  isUserSchema,
  roleName,
  type Address,
  type Captured,
  type CatalogContext,
  type Grant,
} from './parts.ts'
import { stableText } from './stable-text.ts'
import { functionsOfTypes } from './type-circles.ts'

/** One routine as the catalog has it. */
export interface RoutineRow extends AggregateFacts {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly quoted: string
  readonly owner: string
  /** `f` function, `p` procedure, `a` aggregate, `w` window function. */
  readonly kind: string
  readonly signature: string
  readonly identity_arguments: string
  readonly definition: string | null
  readonly cost: number
  readonly rows: number
  /** The transforms that it names, which pg_depend knows only for the types of its arguments. */
  readonly transforms: readonly Address[] | null
  /** A body that the server keeps parsed: `BEGIN ATOMIC …` or `RETURN …`. */
  readonly parsed_body: string | null
  /** What the types of its arguments and results are. */
  readonly signature_needs: readonly Address[] | null
  readonly actual: Grant[] | null
  readonly standard: Grant[]
}

const signatureNeeds = `(SELECT json_agg(DISTINCT CASE WHEN st.typrelid <> 0 THEN 'pg_class:' || st.typrelid ELSE 'pg_type:' || st.oid END)
      FROM unnest(p.proargtypes::oid[] || coalesce(p.proallargtypes, '{}') || p.prorettype) used(type) JOIN pg_type ut ON ut.oid = used.type
        JOIN pg_type st ON st.oid = CASE WHEN ut.typcategory = 'A' AND ut.typelem <> 0 THEN ut.typelem ELSE ut.oid END
      WHERE st.oid >= 16384)`

/** SQL: the columns of RoutineRow. */
export const routineColumns = `p.oid, n.nspname::text AS schema, p.proname::text AS name,
    quote_ident(n.nspname) || '.' || quote_ident(p.proname) AS quoted, ${roleName('p.proowner')} AS owner,
    p.prokind::text AS kind, oidvectortypes(p.proargtypes) AS signature,
    pg_get_function_identity_arguments(p.oid) AS identity_arguments,
    CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END AS definition, p.procost AS cost, p.prorows AS rows,
    ${aggregateColumns},
    (SELECT array_agg('pg_transform:' || tr.oid ORDER BY tr.oid) FROM pg_transform tr
      WHERE tr.trflang = p.prolang AND tr.trftype = ANY (p.protrftypes)) AS transforms,
    pg_get_function_sqlbody(p.oid) AS parsed_body, CASE WHEN p.prosqlbody IS NOT NULL THEN ${signatureNeeds} END AS signature_needs,
    CASE WHEN p.proacl IS NOT NULL THEN ${grantsJson('p.proacl')} END AS actual,
    ${grantsJson("acldefault('f', p.proowner)")} AS standard`

/** SQL: the tables that routineColumns reads. */
export const routineTables = `pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace ${aggregateJoin}`

/** SQL: the order of routines. */
export const routineOrder = `n.nspname COLLATE "C", p.proname COLLATE "C", oidvectortypes(p.proargtypes) COLLATE "C"`

const query = `
  SELECT ${routineColumns}
  FROM ${routineTables}
  WHERE ${isUserSchema('n')} AND ${isNoMember('pg_proc', 'p.oid')}
    AND NOT EXISTS (SELECT FROM (${functionsOfTypes}) o WHERE o.function = p.oid)
  ORDER BY ${routineOrder}`

function createStatement(row: RoutineRow): string {
  if (row.kind === 'a') return aggregateStatement(row.quoted, row.identity_arguments, row)
  if (row.definition === null) throw changedWhileReading(`the function ${row.quoted}`)
  const definition = row.definition.replace(/\n$/, '')
  return `${row.parsed_body === null ? definition : stableText(definition)};`
}

const words: Readonly<Record<string, string>> = { p: 'PROCEDURE', a: 'AGGREGATE' }

function namedAs(row: RoutineRow): string {
  const takesRows = row.kind === 'a' && row.identity_arguments === ''
  const word = words[row.kind] ?? 'FUNCTION'
  return `${word} ${row.quoted}(${takesRows ? '*' : row.identity_arguments})`
}

// pg_get_functiondef() prints six digits of these numbers.
function exactNumbers(row: RoutineRow, named: string): string[] {
  const lost = [
    { word: 'COST', value: row.cost },
    { word: 'ROWS', value: row.rows },
  ].filter(({ value }) => Math.fround(Number(value.toPrecision(6))) !== Math.fround(value))
  if (row.kind === 'a' || lost.length === 0) return []
  return [`ALTER ${named} ${lost.map(({ word, value }) => `${word} ${value}`).join(' ')};`]
}

/** The comment and the grants of a routine. */
export function routineAnnotations(context: CatalogContext, row: RoutineRow): readonly string[] {
  // GRANT has no word for aggregates, and takes no ORDER BY among their arguments.
  const word = row.kind === 'p' ? 'PROCEDURE' : 'FUNCTION'
  const takes = row.kind === 'a' ? row.signature : row.identity_arguments
  // DEPENDS ON EXTENSION does not take the word AGGREGATE.
  const altered = row.kind === 'a' ? `ROUTINE ${row.quoted}(${takes})` : namedAs(row)
  return [
    ...commentStatements(context, namedAs(row), address('pg_proc', row.oid), 0, altered),
    ...grantStatements({ ...row, target: `${word} ${row.quoted}(${takes})` }),
  ]
}

/** All statements that make a routine. */
export function routineStatements(context: CatalogContext, row: RoutineRow): readonly string[] {
  const named = namedAs(row)
  return [
    createStatement(row),
    ...exactNumbers(row, named),
    `ALTER ${named} OWNER TO ${row.owner};`,
    ...routineAnnotations(context, row),
  ]
}

/** The body as text, which the server does not look into when it makes the function, and which says the same. */
function unparsedBody(body: string): string {
  const atomic = /^BEGIN ATOMIC\n?([^]*)END$/.exec(body)?.[1]
  return `AS ${literal(atomic ?? body.replace(/^RETURN/, 'SELECT'))}`
}

/** In a circle, a function is made with its body as text first. */
function inCircle(context: CatalogContext, row: RoutineRow): Pick<Captured, 'inCircle'> {
  const { definition, parsed_body: body } = row
  if (body === null || definition?.trimEnd().endsWith(body) !== true) return {}
  const head = definition.trimEnd().slice(0, -body.length)
  const first = { ...row, definition: head + unparsedBody(body) }
  return {
    inCircle: {
      sql: routineStatements(context, first),
      afterRows: [createStatement(row)],
      lateAddresses: [address('pg_proc', row.oid)],
      needs: [...(row.signature_needs ?? []), ...(row.transforms ?? [])],
    },
  }
}

/** Functions, procedures and aggregates; an aggregate shares its names with functions and is of kind `function`. */
export async function readRoutines(context: CatalogContext): Promise<readonly Captured[]> {
  const rows = await context.session.query<RoutineRow>('functions', query)
  return rows.map((row) => ({
    kind: row.kind === 'p' ? ('procedure' as const) : ('function' as const),
    schema: row.schema,
    name: row.name,
    signature: row.signature,
    sql: routineStatements(context, row),
    addresses: [address('pg_proc', row.oid)],
    needs: row.transforms ?? [],
    ...inCircle(context, row),
  }))
}
