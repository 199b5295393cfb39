import {
  address,
  commentStatements,
  isNoMember,
  isUserSchema,
  roleName,
  type Address,
  type Captured,
  type CatalogContext,
  type Reading,
} from './parts.ts'
import { functionName, operandTypes, operatorReference, typeName } from './names.ts'

interface OperatorRow {
  oid: number
  schema: string
  name: string
  quoted: string
  owner: string
  signature: string
  left_type: string | null
  right_type: string
  function: string | null
  commutator: number
  negator: number
  commutator_name: string | null
  negator_name: string | null
  restrict_function: string | null
  join_function: string | null
  can_hash: boolean
  can_merge: boolean
  /** Whether an operand is of a type that values of tables can't have. */
  takes_pseudo_type: boolean
}

const query = `
  SELECT o.oid, n.nspname::text AS schema, o.oprname::text AS name,
    quote_ident(n.nspname) || '.' || o.oprname AS quoted, ${roleName('o.oprowner')} AS owner,
    ${operandTypes('o')} AS signature, ${typeName('o.oprleft')} AS left_type, ${typeName('o.oprright')} AS right_type,
    ${functionName('o.oprcode')} AS "function", o.oprcom AS commutator, o.oprnegate AS negator,
    ${operatorReference('o.oprcom')} AS commutator_name, ${operatorReference('o.oprnegate')} AS negator_name,
    ${functionName('o.oprrest')} AS restrict_function, ${functionName('o.oprjoin')} AS join_function,
    o.oprcanhash AS can_hash, o.oprcanmerge AS can_merge,
    EXISTS (SELECT FROM pg_type t WHERE t.oid IN (o.oprleft, o.oprright) AND t.typtype = 'p') AS takes_pseudo_type
  FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
  WHERE ${isUserSchema('n')} AND ${isNoMember('pg_operator', 'o.oid')}
  ORDER BY n.nspname COLLATE "C", o.oprname COLLATE "C", ${operandTypes('o')} COLLATE "C"`

type Names = ReadonlyMap<number, OperatorRow>

const identity = (row: OperatorRow): string => `OPERATOR ${row.quoted} (${row.signature})`

function ownerAndComment(context: CatalogContext, row: OperatorRow): readonly string[] {
  return [
    `ALTER ${identity(row)} OWNER TO ${row.owner};`,
    ...commentStatements(context, identity(row), address('pg_operator', row.oid)),
  ]
}

function createStatement(row: OperatorRow): string {
  const values: readonly (readonly [string, string | null])[] = [
    ['FUNCTION', row.function],
    ['LEFTARG', row.left_type],
    ['RIGHTARG', row.right_type],
    ['COMMUTATOR', row.commutator_name],
    ['NEGATOR', row.negator_name],
    ['RESTRICT', row.restrict_function],
    ['JOIN', row.join_function],
  ]
  const lines = [
    ...values.flatMap(([option, value]) => (value === null ? [] : [`${option} = ${value}`])),
    ...(row.can_hash ? ['HASHES'] : []),
    ...(row.can_merge ? ['MERGES'] : []),
  ]
  return `CREATE OPERATOR ${row.quoted} (\n  ${lines.join(',\n  ')}\n);`
}

/**
 * No statement makes a shell by itself: it comes into being as the negator of another operator, which then goes.
 */
function shellStatements(row: OperatorRow): readonly string[] {
  const operands = row.left_type === null ? row.right_type : row.signature
  const left = row.left_type === null ? '' : `LEFTARG = ${row.left_type}, `
  // SQL takes no cstring; others need no more than any user may do.
  const body = row.takes_pseudo_type
    ? "LANGUAGE internal AS 'booleq'"
    : "LANGUAGE sql AS 'SELECT true'"
  return [
    '-- Named as a commutator or negator once, and never defined.',
    `CREATE FUNCTION pg_temp.shell(${operands}) RETURNS boolean ${body};`,
    `CREATE OPERATOR pg_temp.<> (FUNCTION = pg_temp.shell, ${left}RIGHTARG = ${row.right_type}, NEGATOR = OPERATOR(${row.quoted}));`,
    `DROP OPERATOR pg_temp.<> (${row.signature});`,
    `DROP FUNCTION pg_temp.shell(${operands});`,
  ]
}

const isShell = (row: OperatorRow): boolean => row.function === null

/** The shells that come into being with this operator and no other one named before it. */
function shellsOf(row: OperatorRow, byOid: Names, makers: ReadonlyMap<number, number>) {
  return [...new Set([row.commutator, row.negator])]
    .flatMap((oid) => byOid.get(oid) ?? [])
    .filter((other) => isShell(other) && makers.get(other.oid) === row.oid)
}

/** Which operator's statement makes each shell: the first that names it. */
function shellMakers(rows: readonly OperatorRow[]): ReadonlyMap<number, number> {
  const makers = new Map<number, number>()
  for (const { oid, commutator, negator } of rows.filter((row) => !isShell(row))) {
    for (const other of [commutator, negator]) {
      if (other !== 0 && !makers.has(other)) makers.set(other, oid)
    }
  }
  return makers
}

/**
 * What must exist before an operator whose links are not all mutual. To name one that exists already either fails or
 * makes it name back: so those that are named without naming back come after, and before those that they do name.
 */
function orderOfLinks(rows: readonly OperatorRow[], byOid: Names): ReadonlyMap<number, Address[]> {
  const needs = new Map<number, Address[]>()
  const need = (oid: number, other: number): void => {
    if (oid !== other) needs.set(oid, [...(needs.get(oid) ?? []), address('pg_operator', other)])
  }
  const links = ['commutator', 'negator'] as const
  for (const row of rows.filter((one) => !isShell(one))) {
    for (const link of links) {
      const named = byOid.get(row[link])
      if (named === undefined || named[link] === row.oid) continue
      need(named.oid, row.oid)
      const partner = byOid.get(named[link])
      if (partner?.[link] === named.oid) need(partner.oid, named.oid)
    }
  }
  return needs
}

/** The operators; https://www.postgresql.org/docs/current/sql-createoperator.html */
export async function readOperators(context: CatalogContext): Promise<Reading> {
  const rows = await context.session.query<OperatorRow>('operators', query)
  const byOid = new Map(rows.map((row) => [row.oid, row]))
  const makers = shellMakers(rows)
  const needs = orderOfLinks(rows, byOid)
  const objects = rows
    .filter((row) => !isShell(row) || !makers.has(row.oid))
    .map((row): Captured => {
      const shells = shellsOf(row, byOid, makers)
      return {
        kind: 'operator',
        schema: row.schema,
        name: row.name,
        signature: row.signature,
        sql: [
          ...(isShell(row) ? shellStatements(row) : [createStatement(row)]),
          ...ownerAndComment(context, row),
          ...shells.flatMap((shell) => ownerAndComment(context, shell)),
        ],
        addresses: [row, ...shells].map(({ oid }) => address('pg_operator', oid)),
        needs: needs.get(row.oid) ?? [],
      }
    })
  return { objects }
}
