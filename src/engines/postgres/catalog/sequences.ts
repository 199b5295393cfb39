import { qualifiedIdentifier, literal } from '../quote.ts'
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

interface SequenceRow {
  oid: number
  schema: string
  name: string
  quoted: string
  owner: string
  is_unlogged: boolean
  may_read: boolean
  actual: Grant[] | null
  standard: Grant[]
  type: string
  start: string
  increment: string
  smallest: string
  largest: string
  cache: string
  cycles: boolean
  /** How a column owns it: `a` serial, `i` identity. */
  ownership: string | null
  table: number | null
  column_number: number | null
  column: string | null
}

const query = `
  SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name,
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS quoted, ${roleName('c.relowner')} AS owner,
    c.relpersistence = 'u' AS is_unlogged, has_sequence_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
      -- A standby has no position of a sequence that is unlogged.
      AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery()) AS may_read,
    CASE WHEN c.relacl IS NOT NULL THEN ${grantsJson('c.relacl')} END AS actual,
    ${grantsJson("acldefault('s', c.relowner)")} AS standard,
    format_type(s.seqtypid, NULL) AS type, s.seqstart::text AS start, s.seqincrement::text AS increment,
    s.seqmin::text AS smallest, s.seqmax::text AS largest, s.seqcache::text AS cache, s.seqcycle AS cycles,
    d.deptype::text AS ownership, d.refobjid AS "table", d.refobjsubid AS column_number, quote_ident(a.attname) AS column
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid
  LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
    AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
  LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND ${isUserSchema('n')} AND ${isNoMember('pg_class', 'c.oid')}
  ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`

/** A sequence that a column owns, for the table's file. */
export interface OwnedSequence {
  readonly table: number
  readonly columnNumber: number
  readonly column: string
  readonly isIdentity: boolean
  readonly sequence: number
  readonly quoted: string
  readonly schema: string
  readonly name: string
  readonly type: string
  /** Options for GENERATED … AS IDENTITY without the name; those that are standard are left out. */
  readonly options: readonly string[]
  /** ALTER SEQUENCE with all of them, for a sequence that has not the type of its column. */
  readonly retyped: string
  /** Undefined where a sequence is as its table is. */
  readonly isUnlogged: boolean | undefined
  readonly counters: readonly string[]
  readonly tail: readonly string[]
}

const limits: Readonly<Record<string, readonly [smallest: string, largest: string]>> = {
  smallint: ['-32768', '32767'],
  integer: ['-2147483648', '2147483647'],
  bigint: ['-9223372036854775808', '9223372036854775807'],
}

/** The options that differ from what CREATE SEQUENCE would choose. */
function options(row: SequenceRow): string[] {
  const [smallest = '', largest = ''] = limits[row.type] ?? []
  const isDescending = row.increment.startsWith('-')
  const standardSmallest = isDescending ? smallest : '1'
  const standardLargest = isDescending ? '-1' : largest
  const standardStart = isDescending ? row.largest : row.smallest
  return [
    ...(row.start === standardStart ? [] : [`START WITH ${row.start}`]),
    ...(row.increment === '1' ? [] : [`INCREMENT BY ${row.increment}`]),
    ...(row.smallest === standardSmallest ? [] : [`MINVALUE ${row.smallest}`]),
    ...(row.largest === standardLargest ? [] : [`MAXVALUE ${row.largest}`]),
    ...(row.cache === '1' ? [] : [`CACHE ${row.cache}`]),
    ...(row.cycles ? ['CYCLE'] : []),
  ]
}

/** The type and every option of a sequence that was made as another. */
function retyped(row: SequenceRow): string {
  const limit = [`MINVALUE ${row.smallest}`, `MAXVALUE ${row.largest}`, `START WITH ${row.start}`]
  const rest = [
    `INCREMENT BY ${row.increment}`,
    `CACHE ${row.cache}`,
    row.cycles ? 'CYCLE' : 'NO CYCLE',
  ]
  return `ALTER SEQUENCE ${row.quoted} AS ${row.type} ${[...limit, ...rest].join(' ')} RESTART;`
}

interface Position {
  oid: number
  last_value: string
  is_called: boolean
}

/** The positions of all readable sequences in one query (in blocks, for the parser's sake). */
async function readPositions(
  context: CatalogContext,
  rows: readonly SequenceRow[],
): Promise<Map<number, Position>> {
  const readable = rows.filter((row) => row.may_read)
  const positions: Position[] = []
  const blockLength = 500
  for (let start = 0; start < readable.length; start += blockLength) {
    const selects = readable
      .slice(start, start + blockLength)
      .map(
        (row) =>
          `SELECT ${row.oid}::oid AS oid, last_value::text, is_called FROM ${qualifiedIdentifier(row)}`,
      )
    positions.push(
      ...(await context.session.query<Position>('sequence positions', selects.join(' UNION ALL '))),
    )
  }
  return new Map(positions.map((position) => [position.oid, position]))
}

function tailOf(context: CatalogContext, row: SequenceRow): string[] {
  return [
    ...commentStatements(context, `SEQUENCE ${row.quoted}`, address('pg_class', row.oid)),
    ...grantStatements({ ...row, target: `SEQUENCE ${row.quoted}` }),
  ]
}

function captured(
  context: CatalogContext,
  row: SequenceRow,
  counters: readonly string[],
): Captured {
  const type = row.type === 'bigint' ? '' : ` AS ${row.type}`
  const create = `CREATE ${row.is_unlogged ? 'UNLOGGED ' : ''}SEQUENCE ${row.quoted}${type}`
  return {
    kind: 'sequence',
    schema: row.schema,
    name: row.name,
    sql: [
      `${[create, ...options(row)].join('\n  ')};`,
      `ALTER SEQUENCE ${row.quoted} OWNER TO ${row.owner};`,
      ...tailOf(context, row),
    ],
    counters,
    addresses: [address('pg_class', row.oid)],
  }
}

function owned(
  context: CatalogContext,
  row: SequenceRow,
  counters: readonly string[],
): OwnedSequence[] {
  if (row.table === null || row.column_number === null || row.column === null) return []
  return [
    {
      table: row.table,
      columnNumber: row.column_number,
      column: row.column,
      isIdentity: row.ownership === 'i',
      sequence: row.oid,
      quoted: row.quoted,
      schema: row.schema,
      name: row.name,
      type: row.type,
      options: options(row),
      retyped: retyped(row),
      isUnlogged: context.can.hasUnloggedSequences ? row.is_unlogged : undefined,
      counters,
      tail: row.ownership === 'i' ? tailOf(context, row) : [],
    },
  ]
}

/** The sequences that are objects of their own, those that columns own, and the names of those that can't be read. */
export async function readSequences(context: CatalogContext): Promise<{
  readonly objects: readonly Captured[]
  readonly owned: readonly OwnedSequence[]
  readonly unreadable: readonly string[]
}> {
  const rows = await context.session.query<SequenceRow>('sequences', query)
  const positions = await readPositions(context, rows)
  const countersOf = (row: SequenceRow): string[] => {
    const position = positions.get(row.oid)
    if (position === undefined) return []
    return [
      `SELECT pg_catalog.setval(${literal(row.quoted)}, ${position.last_value}, ${String(position.is_called)});`,
    ]
  }
  return {
    objects: rows
      .filter((row) => row.ownership !== 'i')
      .map((row) => captured(context, row, countersOf(row))),
    owned: rows.flatMap((row) => owned(context, row, countersOf(row))),
    unreadable: rows.filter((row) => !row.may_read).map((row) => row.quoted),
  }
}
