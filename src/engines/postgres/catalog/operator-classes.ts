import {
  addStatements,
  memberLine,
  membersJson,
  membersTable,
  type OperatorMember,
} from './operator-members.ts'
import { typeName } from './names.ts'
import {
  address,
  commentStatements,
  isNoMember,
  isUserSchema,
  roleName,
  type CatalogContext,
  type Reading,
} from './parts.ts'

interface OperatorClassRow {
  oid: number
  schema: string
  name: string
  quoted: string
  owner: string
  method: string
  quoted_method: string
  family: string
  is_default: boolean
  type: string
  storage: string | null
  members: OperatorMember[] | null
}

const query = `
  WITH ${membersTable}
  SELECT c.oid, n.nspname::text AS schema, c.opcname::text AS name, quote_ident(n.nspname) || '.' || quote_ident(c.opcname) AS quoted,
    ${roleName('c.opcowner')} AS owner, a.amname::text AS method, quote_ident(a.amname) AS quoted_method,
    quote_ident(fn.nspname) || '.' || quote_ident(f.opfname) AS family, c.opcdefault AS is_default,
    ${typeName('c.opcintype')} AS type, ${typeName('c.opckeytype')} AS storage, ${membersJson('m.class = c.oid')} AS members
  FROM pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace JOIN pg_am a ON a.oid = c.opcmethod
  JOIN pg_opfamily f ON f.oid = c.opcfamily JOIN pg_namespace fn ON fn.oid = f.opfnamespace
  WHERE ${isUserSchema('n')} AND ${isNoMember('pg_opclass', 'c.oid')}
  ORDER BY n.nspname COLLATE "C", c.opcname COLLATE "C", a.amname COLLATE "C"`

function createStatement(row: OperatorClassRow): string {
  const lines = (row.members ?? [])
    .filter((member) => member.made_with_class)
    .map((member) => memberLine(member, row.type))
  // A list must not be empty, and to store the type itself is to say nothing.
  const storage = row.storage ?? (lines.length === 0 ? row.type : null)
  const all = storage === null ? lines : [...lines, `STORAGE ${storage}`]
  const isDefault = row.is_default ? 'DEFAULT ' : ''
  // A family of the class's own name is the one that is meant when none is named.
  const family = row.family === row.quoted ? '' : ` FAMILY ${row.family}`
  return `CREATE OPERATOR CLASS ${row.quoted}\n  ${isDefault}FOR TYPE ${row.type} USING ${row.quoted_method}${family} AS\n  ${all.join(',\n  ')};`
}

/** The operator classes; https://www.postgresql.org/docs/current/sql-createopclass.html */
export async function readOperatorClasses(context: CatalogContext): Promise<Reading> {
  const rows = await context.session.query<OperatorClassRow>('operator classes', query)
  return {
    objects: rows.map((row) => {
      const entry = address('pg_opclass', row.oid)
      const members = row.members ?? []
      const target = `OPERATOR CLASS ${row.quoted} USING ${row.quoted_method}`
      const added = members.filter((member) => !member.made_with_class)
      return {
        kind: 'operator_class',
        schema: row.schema,
        name: row.name,
        signature: row.method,
        sql: [
          createStatement(row),
          ...addStatements(row.family, row.quoted_method, added),
          `ALTER ${target} OWNER TO ${row.owner};`,
          ...commentStatements(context, target, entry),
        ],
        addresses: [entry, ...members.map((member) => member.entry)],
      }
    }),
  }
}
