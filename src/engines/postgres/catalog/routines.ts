import { changedWhileReading } from '../errors.ts'
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
  type Captured,
  type CatalogContext,
  type Grant,
} from './parts.ts'

interface RoutineRow extends AggregateFacts {
  oid: number
  schema: string
  name: string
  quoted: string
  owner: string
  /** `f` function, `p` procedure, `a` aggregate, `w` window function. */
  kind: string
  signature: string
  identity_arguments: string
  definition: string | null
  extensions: string[] | null
  actual: Grant[] | null
  standard: Grant[]
}

const query = `
  SELECT p.oid, n.nspname::text AS schema, p.proname::text AS name,
    quote_ident(n.nspname) || '.' || quote_ident(p.proname) AS quoted, ${roleName('p.proowner')} AS owner,
    p.prokind::text AS kind, oidvectortypes(p.proargtypes) AS signature,
    pg_get_function_identity_arguments(p.oid) AS identity_arguments,
    CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END AS definition, ${aggregateColumns},
    (SELECT array_agg(quote_ident(e.extname) ORDER BY e.extname COLLATE "C") FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'x') AS extensions,
    CASE WHEN p.proacl IS NOT NULL THEN ${grantsJson('p.proacl')} END AS actual,
    ${grantsJson("acldefault('f', p.proowner)")} AS standard
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace ${aggregateJoin}
  WHERE ${isUserSchema('n')} AND ${isNoMember('pg_proc', 'p.oid')}
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
  ORDER BY n.nspname COLLATE "C", p.proname COLLATE "C", oidvectortypes(p.proargtypes) COLLATE "C"`

function createStatement(row: RoutineRow): string {
  if (row.kind === 'a') return aggregateStatement(row.quoted, row.identity_arguments, row)
  if (row.definition === null) throw changedWhileReading(`the function ${row.quoted}`)
  return `${row.definition.replace(/\n$/, '')};`
}

const words: Readonly<Record<string, string>> = { p: 'PROCEDURE', a: 'AGGREGATE' }

/** Functions, procedures and aggregates; an aggregate shares its names with functions and is of kind `function`. */
export async function readRoutines(context: CatalogContext): Promise<readonly Captured[]> {
  const rows = await context.session.query<RoutineRow>('functions', query)
  return rows.map((row) => {
    const entry = address('pg_proc', row.oid)
    const word = words[row.kind] ?? 'FUNCTION'
    const takesRows = row.kind === 'a' && row.identity_arguments === ''
    const named = `${row.quoted}(${takesRows ? '*' : row.identity_arguments})`
    // GRANT has no word for aggregates.
    const granted = `${row.kind === 'p' ? 'PROCEDURE' : 'FUNCTION'} ${row.quoted}(${row.identity_arguments})`
    return {
      kind: row.kind === 'p' ? ('procedure' as const) : ('function' as const),
      schema: row.schema,
      name: row.name,
      signature: row.signature,
      sql: [
        createStatement(row),
        `ALTER ${word} ${named} OWNER TO ${row.owner};`,
        ...(row.extensions ?? []).map(
          (extension) => `ALTER ${word} ${named} DEPENDS ON EXTENSION ${extension};`,
        ),
        ...commentStatements(context, `${word} ${named}`, entry),
        ...grantStatements({ ...row, target: granted }),
      ],
      afterRows: [],
      counters: [],
      addresses: [entry],
      lateAddresses: [],
    }
  })
}
