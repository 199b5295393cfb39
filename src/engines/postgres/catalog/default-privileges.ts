import { compareText } from '../quote.ts'
import { grantStatements } from './grants.ts'
import {
  address,
  grantsJson,
  roleName,
  type CatalogContext,
  type DefaultPrivileges,
  type Grant,
} from './parts.ts'

interface DefaultRow {
  oid: number
  role: string
  schema: string | null
  quoted_schema: string | null
  kind: string
  actual: Grant[]
  standard: Grant[]
}

const plurals: Readonly<Record<string, string>> = {
  r: 'TABLES',
  S: 'SEQUENCES',
  f: 'FUNCTIONS',
  T: 'TYPES',
  n: 'SCHEMAS',
  L: 'LARGE OBJECTS',
}

async function defaultRows(
  context: Pick<CatalogContext, 'session'>,
): Promise<readonly DefaultRow[]> {
  return await context.session.query<DefaultRow>(
    'default privileges',
    `SELECT d.oid, ${roleName('d.defaclrole')} AS role, n.nspname::text AS schema, quote_ident(n.nspname) AS quoted_schema,
       d.defaclobjtype::text AS kind, ${grantsJson('d.defaclacl')} AS actual,
       CASE WHEN d.defaclnamespace = 0
         THEN ${grantsJson(`acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END::"char", d.defaclrole)`)}
         ELSE '[]' END AS standard
     FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace`,
  )
}

function statementsOf(row: DefaultRow): string[] {
  const scope = row.quoted_schema === null ? '' : ` IN SCHEMA ${row.quoted_schema}`
  const prefix = `ALTER DEFAULT PRIVILEGES FOR ROLE ${row.role}${scope} `
  const lines = grantStatements({
    target: plurals[row.kind] ?? row.kind,
    owner: row.role,
    actual: row.actual,
    standard: row.standard,
  })
  return lines.map((line) => prefix + line)
}

/** The default privileges by the schema they are limited to; null: those of the whole database. */
export async function readDefaultPrivileges(
  context: Pick<CatalogContext, 'session'>,
): Promise<CatalogContext['defaultPrivileges']> {
  const found = new Map<string | null, DefaultPrivileges>()
  for (const row of await defaultRows(context)) {
    const { statements = [], addresses = [] } = found.get(row.schema) ?? {}
    found.set(row.schema, {
      statements: [...statements, ...statementsOf(row)].sort(compareText),
      addresses: [...addresses, address('pg_default_acl', row.oid)],
    })
  }
  return found
}

/** The statements that take back all default privileges of the whole database. */
export async function undoDefaultPrivileges(
  context: Pick<CatalogContext, 'session'>,
): Promise<readonly string[]> {
  return (await defaultRows(context)).flatMap((row) =>
    statementsOf({ ...row, actual: row.standard, standard: row.actual }),
  )
}
