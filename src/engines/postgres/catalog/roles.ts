import { literal } from '../quote.ts'
import { labelStatements, type Label } from './labels.ts'
import { address, type Captured, type CatalogContext, type Reading } from './parts.ts'
import { rolesQuery, type Membership, type ParameterGrant, type RoleRow } from './roles-query.ts'
import { isSecretSetting, settingClause } from './setting-clause.ts'

function options(row: RoleRow): string[] {
  return [
    ...(row.is_superuser ? ['SUPERUSER'] : []),
    ...(row.creates_databases ? ['CREATEDB'] : []),
    ...(row.creates_roles ? ['CREATEROLE'] : []),
    ...(row.inherits ? [] : ['NOINHERIT']),
    ...(row.may_login ? ['LOGIN'] : []),
    ...(row.replicates ? ['REPLICATION'] : []),
    ...(row.bypasses_row_security ? ['BYPASSRLS'] : []),
    ...(row.connection_limit === -1 ? [] : [`CONNECTION LIMIT ${row.connection_limit}`]),
    ...(row.valid_until === null ? [] : [`VALID UNTIL ${literal(row.valid_until)}`]),
  ]
}

/** Before version 16 a membership has no options but ADMIN, and its grantor means nothing. */
function membershipStatement(row: RoleRow, membership: Membership): string {
  const words = [
    ...(membership.may_administer ? ['ADMIN OPTION'] : []),
    ...((membership.inherits ?? row.inherits) === row.inherits
      ? []
      : [`INHERIT ${row.inherits ? 'FALSE' : 'TRUE'}`]),
    ...(membership.may_set === false ? ['SET FALSE'] : []),
  ]
  const by = membership.grantor === null ? '' : ` GRANTED BY ${membership.grantor}`
  const how = words.length === 0 ? '' : ` WITH ${words.join(', ')}`
  return `GRANT ${membership.role} TO ${row.quoted}${how}${by};`
}

function parameterStatement(row: RoleRow, grant: ParameterGrant): string {
  const option = grant.grantable ? ' WITH GRANT OPTION' : ''
  return `GRANT ${grant.privileges} ON PARAMETER ${grant.parameter} TO ${row.quoted}${option};`
}

function captured(row: RoleRow, labels: readonly Label[]): Captured {
  const target = `ROLE ${row.quoted}`
  const setting = (entry: string): string => `ALTER ${target} ${settingClause(entry)};`
  return {
    kind: 'role',
    name: row.name,
    sql: [
      `${[`CREATE ${target}`, ...options(row)].join('\n  ')};`,
      ...row.settings.filter((entry) => !isSecretSetting(entry)).map(setting),
      ...(row.comment === null ? [] : [`COMMENT ON ${target} IS ${literal(row.comment)};`]),
      ...labelStatements(labels, target),
      ...row.memberships.map((membership) => membershipStatement(row, membership)),
      ...row.parameters.map((grant) => parameterStatement(row, grant)),
    ],
    secrets: [
      ...(row.password === null ? [] : [`ALTER ${target} PASSWORD ${literal(row.password)};`]),
      ...row.settings.filter(isSecretSetting).map(setting),
    ],
    addresses: [address('pg_authid', row.oid)],
    needs: row.memberships.flatMap(({ role_oid: role, grantor_oid: grantor }) =>
      [role, ...(grantor === null ? [] : [grantor])].map((oid) => address('pg_authid', oid)),
    ),
  }
}

function unreadablePasswords(rows: readonly RoleRow[]): readonly string[] {
  const names = rows.filter(({ may_login }) => may_login).map(({ name }) => name)
  return names.length === 0
    ? []
    : [
        `The password hashes of roles may not be read (${names.join(', ')}): a restore makes these roles without passwords.`,
      ]
}

async function mayReadPasswords(context: CatalogContext): Promise<boolean> {
  const [answer] = await context.session.query<{ may: boolean }>(
    'the privileges of the user',
    `SELECT has_column_privilege('pg_catalog.pg_authid', 'oid', 'SELECT')
       AND has_column_privilege('pg_catalog.pg_authid', 'rolpassword', 'SELECT') AS may`,
  )
  return answer?.may === true
}

/**
 * The roles that own, may do or are told something in this database, and those that they are members of. Roles belong to
 * the whole server: predefined ones and the one that initdb made are everywhere and are never written.
 */
export async function readRoles(context: CatalogContext): Promise<Reading> {
  const mayRead = await mayReadPasswords(context)
  const rows = await context.session.query<RoleRow>('roles', rolesQuery(context.can, mayRead))
  return {
    objects: rows.map((row) =>
      captured(row, context.labels.get(`${address('pg_authid', row.oid)}:0`) ?? []),
    ),
    warnings: mayRead ? [] : unreadablePasswords(rows),
  }
}
