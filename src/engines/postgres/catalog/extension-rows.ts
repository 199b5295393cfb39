import { literal } from '../quote.ts'
import { address, type Address, type Captured, type CatalogContext, type Reading } from './parts.ts'

/** A table or sequence whose content an extension has marked as the user's. */
interface ConfigurationRow {
  oid: number
  schema: string
  name: string
  quoted: string
  kind: string
  extension: string
  extension_oid: number
  /** `WHERE …`, or empty: all rows are the user's. */
  condition: string
  may_read: boolean
  columns: { name: string; type: string; generated: boolean }[]
  key: string[]
  /** The other tables that its foreign keys refer to. */
  referenced: number[]
}

const query = `
  SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS quoted,
    c.relkind::text AS kind, e.extname::text AS extension, e.oid AS extension_oid, coalesce(e.extcondition[u.position], '') AS condition,
    has_schema_privilege(n.oid, 'USAGE')
      AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT') ELSE has_table_privilege(c.oid, 'SELECT') END AS may_read,
    (SELECT coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'generated', a.attgenerated <> '')
        ORDER BY a.attnum), '[]') FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
    (SELECT coalesce(json_agg(a.attname ORDER BY k.place), '[]') FROM pg_constraint p, unnest(p.conkey) WITH ORDINALITY k(number, place)
      JOIN pg_attribute a ON a.attnum = k.number WHERE p.conrelid = c.oid AND p.contype = 'p' AND a.attrelid = c.oid) AS key,
    (SELECT coalesce(json_agg(DISTINCT f.confrelid::int8), '[]') FROM pg_constraint f
      WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid <> c.oid) AS referenced
  FROM pg_extension e, unnest(e.extconfig) WITH ORDINALITY u(oid, position)
  JOIN pg_class c ON c.oid = u.oid AND c.relkind IN ('r', 'S') JOIN pg_namespace n ON n.oid = c.relnamespace
  ORDER BY e.extname COLLATE "C", n.nspname COLLATE "C", c.relname COLLATE "C"`

const what = 'configuration tables of extensions'

async function queryEach<Row extends { oid: number }>(
  context: CatalogContext,
  questions: readonly string[],
): Promise<ReadonlyMap<number, Row>> {
  if (questions.length === 0) return new Map()
  const rows = await context.session.query<Row>(what, questions.join('\nUNION ALL\n'))
  return new Map(rows.map((row) => [row.oid, row]))
}

/** What depends on the table depends on the extension; this stands for its rows. */
function rowsOf(table: number): Address {
  return `rows of ${address('pg_class', table)}`
}

function captured(row: ConfigurationRow): Omit<Captured, 'kind'> {
  return {
    schema: row.schema,
    name: row.name,
    sql: [`-- The extension ${row.extension} makes it; only what was added to it is kept.`],
    addresses: [rowsOf(row.oid)],
    needs: [address('pg_extension', row.extension_oid), ...row.referenced.map(rowsOf)],
  }
}

function tableFrom(row: ConfigurationRow): Captured {
  const { columns, key, quoted, condition } = row
  return {
    ...captured(row),
    kind: 'table',
    rowsFrom: `ONLY ${quoted} ${condition}`.trimEnd(),
    table: { columns, orderBy: key, hasRows: true },
  }
}

function sequenceFrom(
  row: ConfigurationRow,
  position: { value: string; called: boolean },
): Captured {
  const { value, called } = position
  return {
    ...captured(row),
    kind: 'sequence',
    counters: [`SELECT pg_catalog.setval(${literal(row.quoted)}, ${value}, ${String(called)});`],
  }
}

async function readTables(
  context: CatalogContext,
  tables: readonly ConfigurationRow[],
): Promise<readonly Captured[]> {
  const filled = await queryEach(
    context,
    tables.map(
      ({ oid, quoted, condition }) =>
        `SELECT ${oid}::oid AS oid WHERE EXISTS (SELECT FROM ONLY ${quoted} ${condition})`,
    ),
  )
  return tables.filter(({ oid }) => filled.has(oid)).map(tableFrom)
}

async function readSequences(
  context: CatalogContext,
  sequences: readonly ConfigurationRow[],
): Promise<readonly Captured[]> {
  const positions = await queryEach<{ oid: number; value: string; called: boolean }>(
    context,
    sequences.map(
      ({ oid, quoted }) =>
        `SELECT ${oid}::oid AS oid, s.last_value::text AS value, s.is_called AS called FROM ${quoted} s
         WHERE s.is_called OR s.last_value <> (SELECT q.seqstart FROM pg_sequence q WHERE q.seqrelid = ${oid})`,
    ),
  )
  return sequences.flatMap((row) => {
    const position = positions.get(row.oid)
    return position === undefined ? [] : [sequenceFrom(row, position)]
  })
}

/**
 * The rows of users in tables of extensions, and the positions of their sequences, where there are any.
 * https://www.postgresql.org/docs/current/extend-extensions.html#EXTEND-EXTENSIONS-CONFIG-TABLES
 */
export async function readExtensionRows(context: CatalogContext): Promise<Reading> {
  const rows = await context.session.query<ConfigurationRow>(what, query)
  const readable = rows.filter(({ may_read }) => may_read)
  return {
    objects: [
      ...(await readTables(
        context,
        readable.filter(({ kind }) => kind === 'r'),
      )),
      ...(await readSequences(
        context,
        readable.filter(({ kind }) => kind === 'S'),
      )),
    ],
    refused: rows
      .filter(({ may_read }) => !may_read)
      .map(({ oid, quoted, kind, extension }) => ({
        kind: kind === 'S' ? 'position of a sequence of an extension' : 'rows of an extension',
        name: quoted,
        reason: `Whether something was added to it since the extension ${extension} made it can't be seen; grant SELECT on it.`,
        address: rowsOf(oid),
      })),
  }
}
