import { readDefaultPrivileges } from './default-privileges.ts'
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

interface SchemaRow {
  oid: number
  name: string
  quoted: string
  owner: string
  actual: Grant[] | null
  standard: Grant[]
  is_built_in: boolean
  /** The role that initdb made. */
  first_superuser: string
}

// A new database has the schema public with an owner and grants of its own: pg_init_privs remembers them.
const query = `
  SELECT n.oid, n.nspname::text AS name, quote_ident(n.nspname) AS quoted, ${roleName('n.nspowner')} AS owner,
    CASE WHEN n.nspacl IS NOT NULL THEN ${grantsJson('n.nspacl')} END AS actual,
    ${grantsJson("coalesce((SELECT i.initprivs FROM pg_init_privs i WHERE i.classoid = 'pg_namespace'::regclass AND i.objoid = n.oid), acldefault('n', n.nspowner))")} AS standard,
    n.oid < 16384 AS is_built_in, ${roleName('10')} AS first_superuser
  FROM pg_namespace n
  WHERE ${isUserSchema('n')} AND ${isNoMember('pg_namespace', 'n.oid')}`

const publicComment = 'standard public schema'

/** The schemas; `public`, which every new database has, only where it differs. */
export async function readSchemas(context: CatalogContext): Promise<Captured[]> {
  const rows = await context.session.query<SchemaRow>('schemas', query)
  const defaults = await readDefaultPrivileges(context)
  return rows.map((row) => {
    const entry = address('pg_namespace', row.oid)
    const standardOwner = context.can.hasDatabaseOwnerRole
      ? 'pg_database_owner'
      : row.first_superuser
    const comment = context.comments.get(`${entry}:0`)
    const hasStandardComment = row.is_built_in && comment === publicComment
    return {
      kind: 'schema' as const,
      name: row.name,
      sql: [
        `CREATE SCHEMA ${row.is_built_in ? 'IF NOT EXISTS ' : ''}${row.quoted};`,
        ...(row.is_built_in && row.owner === standardOwner
          ? []
          : [`ALTER SCHEMA ${row.quoted} OWNER TO ${row.owner};`]),
        ...(hasStandardComment ? [] : commentStatements(context, `SCHEMA ${row.quoted}`, entry)),
        ...(row.is_built_in && comment === undefined
          ? [`COMMENT ON SCHEMA ${row.quoted} IS NULL;`]
          : []),
        ...grantStatements({ ...row, target: `SCHEMA ${row.quoted}` }),
      ],
      afterRows: defaults.get(row.name) ?? [],
      counters: [],
      addresses: [entry],
      lateAddresses: [],
    }
  })
}
