import { grantStatements } from './grants.ts'
import { labelStatements } from './labels.ts'
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
  /** Every new database has it. */
  is_standard: boolean
  /** The role that initdb made. */
  first_superuser: string
}

/** A privilege that every new database has on its schema public. */
const publicPrivilege = (grantee: string, privilege: string): string =>
  `makeaclitem(${grantee}, n.nspowner, '${privilege}', false)`

/**
 * A new database has the schema public with an owner and grants of its own. They count as its standard even when it was
 * dropped and made again, so that its text says all that a new database must be told; pg_dump does the same.
 */
function query(context: CatalogContext): string {
  const items = [
    publicPrivilege('n.nspowner', 'USAGE'),
    publicPrivilege('n.nspowner', 'CREATE'),
    publicPrivilege('0', 'USAGE'),
    ...(context.can.hasDatabaseOwnerRole ? [] : [publicPrivilege('0', 'CREATE')]),
  ]
  return `
  SELECT n.oid, n.nspname::text AS name, quote_ident(n.nspname) AS quoted, ${roleName('n.nspowner')} AS owner,
    CASE WHEN n.nspacl IS NOT NULL THEN ${grantsJson('n.nspacl')}
      WHEN n.nspname = 'public' THEN ${grantsJson("acldefault('n', n.nspowner)")} END AS actual,
    CASE WHEN n.nspname = 'public' THEN ${grantsJson(`ARRAY[${items.join(', ')}]`)}
      ELSE ${grantsJson("acldefault('n', n.nspowner)")} END AS standard,
    n.nspname = 'public' AS is_standard, ${roleName('10')} AS first_superuser
  FROM pg_namespace n
  WHERE ${isUserSchema('n')} AND ${isNoMember('pg_namespace', 'n.oid')}`
}

/** The comment of the schema public in a new database. */
export const publicComment = 'standard public schema'

/** The owner of the schema public in a new database; undefined: the role that initdb made. */
export function publicOwner(context: Pick<CatalogContext, 'can'>): string | undefined {
  return context.can.hasDatabaseOwnerRole ? 'pg_database_owner' : undefined
}

/** The schemas; `public`, which every new database has, only where it differs. */
export async function readSchemas(context: CatalogContext): Promise<Captured[]> {
  const rows = await context.session.query<SchemaRow>('schemas', query(context))
  return rows.map((row) => {
    const entry = address('pg_namespace', row.oid)
    const comment = context.comments.get(`${entry}:0`)
    const privileges = context.defaultPrivileges.get(row.name)
    const hasStandardOwner =
      row.is_standard && row.owner === (publicOwner(context) ?? row.first_superuser)
    const hasStandardComment = row.is_standard && comment === publicComment
    return {
      kind: 'schema' as const,
      name: row.name,
      sql: [
        `CREATE SCHEMA ${row.is_standard ? 'IF NOT EXISTS ' : ''}${row.quoted};`,
        ...(hasStandardOwner ? [] : [`ALTER SCHEMA ${row.quoted} OWNER TO ${row.owner};`]),
        ...(hasStandardComment
          ? labelStatements(context.labels.get(`${entry}:0`) ?? [], `SCHEMA ${row.quoted}`)
          : commentStatements(context, `SCHEMA ${row.quoted}`, entry)),
        ...(row.is_standard && comment === undefined
          ? [`COMMENT ON SCHEMA ${row.quoted} IS NULL;`]
          : []),
        ...grantStatements({ ...row, target: `SCHEMA ${row.quoted}` }),
      ],
      afterRows: privileges?.statements ?? [],
      addresses: [entry, ...(privileges?.addresses ?? [])],
      lateAddresses: privileges?.addresses ?? [],
    }
  })
}
