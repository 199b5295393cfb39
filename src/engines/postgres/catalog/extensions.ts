import { address, commentStatements, type Captured, type CatalogContext } from './parts.ts'

interface ExtensionRow {
  oid: number
  name: string
  quoted: string
  schema: string
  quoted_schema: string
  version: string
  own_comment: string | null
  makes_schema: boolean
}

/** The extensions without their members and versions, and their versions by name. */
export async function readExtensions(
  context: CatalogContext,
): Promise<{ readonly objects: Captured[]; readonly versions: Readonly<Record<string, string>> }> {
  const rows = await context.session.query<ExtensionRow>(
    'extensions',
    `SELECT e.oid, e.extname::text AS name, quote_ident(e.extname) AS quoted, n.nspname::text AS schema,
       quote_ident(n.nspname) AS quoted_schema, e.extversion AS version,
       (SELECT a.comment FROM pg_available_extensions a WHERE a.name = e.extname) AS own_comment,
       EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid
         AND d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e') AS makes_schema
     FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
     WHERE e.extname <> 'plpgsql' OR e.oid >= 16384
     ORDER BY e.extname COLLATE "C"`,
  )
  const objects = rows.map((row): Captured => {
    const entry = address('pg_extension', row.oid)
    const where = row.makes_schema ? '' : ` WITH SCHEMA ${row.quoted_schema}`
    // CREATE EXTENSION sets the comment of its control file, which changes with its version.
    const hasComment = context.comments.has(`${entry}:0`)
    const isOwn = (context.comments.get(`${entry}:0`) ?? null) === row.own_comment
    return {
      kind: 'extension',
      name: row.name,
      sql: [
        `CREATE EXTENSION IF NOT EXISTS ${row.quoted}${where};`,
        ...(isOwn ? [] : commentStatements(context, `EXTENSION ${row.quoted}`, entry)),
        ...(isOwn || hasComment ? [] : [`COMMENT ON EXTENSION ${row.quoted} IS NULL;`]),
        ...(context.outside.get(row.name) ?? []),
      ],
      addresses: [entry],
    }
  })
  return { objects, versions: Object.fromEntries(rows.map(({ name, version }) => [name, version])) }
}
