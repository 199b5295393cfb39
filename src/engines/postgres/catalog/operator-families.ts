import {
  addStatements,
  membersJson,
  membersTable,
  type OperatorMember,
} from './operator-members.ts'
import {
  address,
  commentStatements,
  isNoMember,
  isUserSchema,
  roleName,
  type CatalogContext,
  type Reading,
} from './parts.ts'

interface OperatorFamilyRow {
  oid: number
  schema: string
  name: string
  quoted: string
  owner: string
  method: string
  quoted_method: string
  is_own: boolean
  members: OperatorMember[] | null
}

const isOwn = `(${isUserSchema('n')} AND ${isNoMember('pg_opfamily', 'f.oid')})`

// Of a family of the server or of an extension only what a user added is read: what did not come with it.
const query = `
  WITH ${membersTable}
  SELECT * FROM (
    SELECT f.oid, n.nspname::text AS schema, f.opfname::text AS name, quote_ident(n.nspname) || '.' || quote_ident(f.opfname) AS quoted,
      ${roleName('f.opfowner')} AS owner, a.amname::text AS method, quote_ident(a.amname) AS quoted_method, ${isOwn} AS is_own,
      ${membersJson(`m.family = f.oid AND m.class IS NULL AND (${isOwn} OR (NOT m.of_extension AND (f.oid < 16384 OR m.made_of >= 16384)))`)} AS members
    FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am a ON a.oid = f.opfmethod
  ) families
  WHERE is_own OR members IS NOT NULL
  ORDER BY schema COLLATE "C", name COLLATE "C", method COLLATE "C"`

/** The operator families with the members that belong to no class; https://www.postgresql.org/docs/current/sql-createopfamily.html */
export async function readOperatorFamilies(context: CatalogContext): Promise<Reading> {
  const rows = await context.session.query<OperatorFamilyRow>('operator families', query)
  return {
    objects: rows.map((row) => {
      const entry = address('pg_opfamily', row.oid)
      const loose = row.members ?? []
      const target = `OPERATOR FAMILY ${row.quoted} USING ${row.quoted_method}`
      const added = addStatements(row.quoted, row.quoted_method, loose)
      return {
        kind: 'operator_family',
        schema: row.schema,
        name: row.name,
        signature: row.method,
        sql: row.is_own
          ? [
              `CREATE ${target};`,
              ...added,
              `ALTER ${target} OWNER TO ${row.owner};`,
              ...commentStatements(context, target, entry),
            ]
          : added,
        addresses: [...(row.is_own ? [entry] : []), ...loose.map((member) => member.entry)],
      }
    }),
  }
}
