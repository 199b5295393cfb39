import { changedWhileReading } from '../errors.ts'
import { literal } from '../quote.ts'
import {
  address,
  commentStatements,
  isNoMember,
  roleName,
  type Captured,
  type CatalogContext,
  type Reading,
} from './parts.ts'

/** A table of a publication. */
interface PublishedTable {
  oid: number
  quoted: string
  columns: string[] | null
  has_filter: boolean
  filter: string | null
}

/** A schema of a publication. */
interface PublishedSchema {
  oid: number
  quoted: string
}

interface PublicationRow {
  oid: number
  name: string
  quoted: string
  owner: string
  has_all_tables: boolean
  inserts: boolean
  updates: boolean
  deletes: boolean
  truncates: boolean
  by_root: boolean
  /** `n` none, `s` stored; null: the server does not know generated columns here. */
  generated: string | null
  tables: PublishedTable[] | null
  schemas: PublishedSchema[] | null
}

const columnsQuery = `(SELECT json_agg(quote_ident(a.attname) ORDER BY k.place) FROM unnest(r.prattrs) WITH ORDINALITY k(number, place)
          JOIN pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = k.number)`

const schemasQuery = `(SELECT json_agg(json_build_object('oid', pn.oid::int8, 'quoted', quote_ident(n.nspname)) ORDER BY n.nspname COLLATE "C")
      FROM pg_publication_namespace pn JOIN pg_namespace n ON n.oid = pn.pnnspid WHERE pn.pnpubid = p.oid)`

function query(context: CatalogContext): string {
  const { hasPublicationParts } = context.can
  const filter = hasPublicationParts
    ? `'columns', ${columnsQuery}, 'has_filter', r.prqual IS NOT NULL, 'filter', pg_get_expr(r.prqual, r.prrelid)`
    : `'columns', NULL, 'has_filter', false, 'filter', NULL`
  return `
  SELECT p.oid, p.pubname::text AS name, quote_ident(p.pubname) AS quoted, ${roleName('p.pubowner')} AS owner,
    p.puballtables AS has_all_tables, p.pubinsert AS inserts, p.pubupdate AS updates, p.pubdelete AS deletes,
    p.pubtruncate AS truncates, p.pubviaroot AS by_root, to_jsonb(p) ->> 'pubgencols' AS generated,
    (SELECT json_agg(json_build_object('oid', r.oid::int8, 'quoted', quote_ident(n.nspname) || '.' || quote_ident(c.relname), ${filter})
        ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C")
      FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE r.prpubid = p.oid) AS tables,
    ${hasPublicationParts ? schemasQuery : 'NULL::json'} AS schemas
  FROM pg_publication p
  WHERE ${isNoMember('pg_publication', 'p.oid')}
  ORDER BY p.pubname COLLATE "C"`
}

/** Only what differs from a new publication's. */
function parameters(row: PublicationRow): string[] {
  const published = [
    ...(row.inserts ? ['insert'] : []),
    ...(row.updates ? ['update'] : []),
    ...(row.deletes ? ['delete'] : []),
    ...(row.truncates ? ['truncate'] : []),
  ]
  return [
    ...(published.length === 4 ? [] : [`publish = ${literal(published.join(', '))}`]),
    ...(row.by_root ? ['publish_via_partition_root = true'] : []),
    ...(row.generated === 's' ? ['publish_generated_columns = stored'] : []),
  ]
}

function createStatement(row: PublicationRow): string {
  const all = row.has_all_tables ? ' FOR ALL TABLES' : ''
  const list = parameters(row)
  const clause = list.length === 0 ? '' : ` WITH (\n  ${list.join(',\n  ')}\n)`
  return `CREATE PUBLICATION ${row.quoted}${all}${clause};`
}

function addTable(row: PublicationRow, table: PublishedTable): string {
  if (table.has_filter && table.filter === null)
    throw changedWhileReading(`the publication ${row.quoted}`)
  const columns = table.columns === null ? '' : ` (${table.columns.join(', ')})`
  const filter = table.filter === null ? '' : ` WHERE (${table.filter})`
  return `ALTER PUBLICATION ${row.quoted} ADD TABLE ONLY ${table.quoted}${columns}${filter};`
}

function publicationFrom(context: CatalogContext, row: PublicationRow): Captured {
  const entry = address('pg_publication', row.oid)
  const tables = row.tables ?? []
  const schemas = row.schemas ?? []
  const lateAddresses = [
    ...tables.map(({ oid }) => address('pg_publication_rel', oid)),
    ...schemas.map(({ oid }) => address('pg_publication_namespace', oid)),
  ]
  return {
    kind: 'publication',
    name: row.name,
    sql: [
      createStatement(row),
      `ALTER PUBLICATION ${row.quoted} OWNER TO ${row.owner};`,
      ...commentStatements(context, `PUBLICATION ${row.quoted}`, entry),
    ],
    // One line a table, and none at the head of the file for what it depends on.
    afterRows: [
      ...schemas.map(
        ({ quoted }) => `ALTER PUBLICATION ${row.quoted} ADD TABLES IN SCHEMA ${quoted};`,
      ),
      ...tables.map((table) => addTable(row, table)),
    ],
    addresses: [entry, ...lateAddresses],
    lateAddresses,
  }
}

/** The publications. https://www.postgresql.org/docs/current/sql-createpublication.html */
export async function readPublications(context: CatalogContext): Promise<Reading> {
  const rows = await context.session.query<PublicationRow>('publications', query(context))
  return { objects: rows.map((row) => publicationFrom(context, row)) }
}
