import { changedWhileReading } from '../errors.ts'
import { attachingOrder } from './attached-indexes.ts'
import {
  address,
  commentStatements,
  isNoMember,
  isUserSchema,
  optionList,
  type CatalogContext,
  type RelationPart,
} from './parts.ts'
import { stableText } from './stable-text.ts'

interface IndexRow {
  oid: number
  relation: number
  quoted: string
  quoted_name: string
  table: string
  definition: string | null
  is_valid: boolean
  is_partitioned: boolean
  is_constraint: boolean
  is_clustered: boolean
  is_replica_identity: boolean
  options: string[] | null
  tablespace: string | null
  statistics: { number: number; target: number }[] | null
  uses_user_function: boolean
  /** Names of the key columns when rows can be ordered by them: unique, complete, not null. */
  key: string[] | null
  is_primary: boolean
  /** The index of the partitioned table that this one is attached to. */
  parent: string | null
  /** That one is made only when all partitions are there, so that they can't be attached together. */
  parent_is_late: boolean
  /** It is made with its parent when the partition is attached. */
  comes_with_parent: boolean
}

const usesUserFunction = (index: string): string => `EXISTS (
      SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = ${index}
        AND d.refclassid = 'pg_proc'::regclass AND d.refobjid >= 16384)`

/** A NOT NULL that is not validated says nothing about the rows that were there before. */
const mayHoldNulls = `EXISTS (
          SELECT FROM pg_constraint v WHERE v.conrelid = a.attrelid AND v.contype = 'n' AND NOT v.convalidated AND a.attnum = ANY (v.conkey))`

function query(context: CatalogContext): string {
  const temporal = context.can.hasTemporalKeys ? 'k.conperiod' : 'false'
  return `
  SELECT i.indexrelid AS oid, i.indrelid AS relation, quote_ident(n.nspname) || '.' || quote_ident(ic.relname) AS quoted,
    quote_ident(ic.relname) AS quoted_name, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
    pg_get_indexdef(i.indexrelid) AS definition, i.indisvalid AS is_valid,
    ic.relkind = 'I' AS is_partitioned, k.oid IS NOT NULL AS is_constraint,
    i.indisclustered AS is_clustered, i.indisreplident AS is_replica_identity, ic.reloptions AS options,
    quote_ident(ts.spcname) AS tablespace,
    (SELECT json_agg(json_build_object('number', a.attnum, 'target', a.attstattarget) ORDER BY a.attnum)
      FROM pg_attribute a WHERE a.attrelid = ic.oid AND a.attstattarget >= 0) AS statistics,
    ${usesUserFunction('ic.oid')} AS uses_user_function,
    CASE WHEN i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND (i.indimmediate OR i.indisprimary)
      THEN (SELECT CASE WHEN bool_and(a.attnotnull AND a.attgenerated = '' AND NOT ${mayHoldNulls}) THEN array_agg(a.attname::text ORDER BY o.position) END
        FROM unnest(i.indkey::int2[]) WITH ORDINALITY o(number, position)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = o.number
        WHERE o.position <= i.indnkeyatts) END AS key,
    i.indisprimary AS is_primary,
    quote_ident(pn.nspname) || '.' || quote_ident(pc.relname) AS parent,
    h.inhparent IS NOT NULL AND (NOT pi.indisvalid OR ${usesUserFunction('pc.oid')}) AS parent_is_late,
    k.conparentid <> 0 AND (k.contype = 'x' OR ${temporal}) AS comes_with_parent
  FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_tablespace ts ON ts.oid = ic.reltablespace
  LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
  LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid LEFT JOIN pg_index pi ON pi.indexrelid = h.inhparent
  LEFT JOIN pg_class pc ON pc.oid = h.inhparent LEFT JOIN pg_namespace pn ON pn.oid = pc.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND ${isUserSchema('n')} AND ${isNoMember('pg_class', 'c.oid')}
  ORDER BY ${attachingOrder('ic.oid')}, ic.relname COLLATE "C"`
}

/** An index of a table or materialized view. */
export interface Index extends RelationPart {
  /** Names of the key columns when rows can be ordered by them. */
  readonly key: readonly string[] | null
  readonly isPrimary: boolean
  /** What makes it part of its parent's index, where that does not happen by itself; waits for the rows. */
  readonly attaching: readonly string[]
  /** Set when the index is left out because it is not valid. */
  readonly warning?: string
}

/** The server prints storage parameters in the order of their creation, each value quoted: sort them. */
function sortedOptions(definition: string, options: readonly string[] | null): string {
  if (options === null || options.length < 2) return definition
  const printed = (list: readonly string[]): string =>
    `WITH (${list.map((option) => option.replace(/^([^=]*)=(.*)$/, (_, name: string, value: string) => `${name}=${/^[a-z_]+$/.test(value) ? value : `'${value}'`}`)).join(', ')})`
  return definition.replace(printed(options), () => printed([...options].sort()))
}

function createStatement(row: IndexRow): string[] {
  if (row.is_constraint) {
    const options = optionList(row.options)
    return options === '' ? [] : [`ALTER INDEX ${row.quoted} SET (${options});`]
  }
  if (row.definition === null) throw changedWhileReading(`the index ${row.quoted}`)
  const definition = sortedOptions(stableText(row.definition), row.options)
  if (!row.is_partitioned || isLate(row)) return [`${definition};`]
  // Partitions that are attached later bring their own index along.
  const only = `INDEX ${row.quoted_name} ON ONLY `
  return [`${definition.replace(only, () => `INDEX ${row.quoted_name} ON `)};`]
}

function statementsOf(context: CatalogContext, row: IndexRow): readonly string[] {
  return [
    ...createStatement(row),
    ...(row.tablespace === null
      ? []
      : [`ALTER INDEX ${row.quoted} SET TABLESPACE ${row.tablespace};`]),
    ...(row.statistics ?? []).map(
      ({ number, target }) =>
        `ALTER INDEX ${row.quoted} ALTER COLUMN ${number} SET STATISTICS ${target};`,
    ),
    ...(row.is_clustered ? [`ALTER TABLE ${row.table} CLUSTER ON ${row.quoted_name};`] : []),
    ...(row.is_replica_identity
      ? [`ALTER TABLE ONLY ${row.table} REPLICA IDENTITY USING INDEX ${row.quoted_name};`]
      : []),
    ...commentStatements(context, `INDEX ${row.quoted}`, address('pg_class', row.oid)),
  ]
}

/** Building an index calls its functions, which may need any other object; one that some partitions lack must come after all of them. */
function isLate(row: IndexRow): boolean {
  return row.uses_user_function || (row.is_partitioned && !row.is_valid) || row.comes_with_parent
}

/** All indexes, those of constraints too (for what the constraint's text does not say). */
export async function readIndexes(context: CatalogContext): Promise<readonly Index[]> {
  const rows = await context.session.query<IndexRow>('indexes', query(context))
  return rows.map((row) => {
    const base = {
      relation: row.relation,
      address: address('pg_class', row.oid),
      phase: isLate(row) ? ('afterRows' as const) : ('sql' as const),
      key: row.key,
      isPrimary: row.is_primary,
      attaching:
        row.parent !== null && row.parent_is_late && !row.comes_with_parent
          ? [`ALTER INDEX ${row.parent} ATTACH PARTITION ${row.quoted};`]
          : [],
    }
    if (row.is_valid || row.is_partitioned)
      return { ...base, statements: statementsOf(context, row) }
    const definition = row.definition ?? ''
    return {
      ...base,
      statements: [
        `-- not valid on the server, so not created: ${definition.replaceAll(/[\n\r]/g, ' ')}`,
      ],
      warning: `The index ${row.quoted} is not valid: a concurrent build of it failed. Rebuild or drop it.`,
    }
  })
}
