import type { CatalogSession } from '../session.ts'
import {
  changeOptions,
  genericOptions,
  optionsClause,
  splitOptions,
  type GenericOption,
} from './generic-options.ts'
import { address, roleName, type Address, type CatalogContext, type Refused } from './parts.ts'
import { secrecyOfMappingOption } from './secrets.ts'

interface MappingRow {
  oid: number
  server: number
  server_name: string
  server_quoted: string
  /** `PUBLIC`, or the quoted name of a role. */
  role: string
  is_visible: boolean
  options: GenericOption[] | null
}

/** A user mapping as the file of its server has it. */
export interface UserMapping {
  readonly server: number
  readonly address: Address
  readonly statements: readonly string[]
  readonly secrets: readonly string[]
}

/** What was read of the user mappings: those that can be written, and those that can't. */
export interface UserMappings {
  readonly mappings: readonly UserMapping[]
  readonly refused: readonly Refused[]
}

async function mayReadAll(session: CatalogSession): Promise<boolean> {
  const [row] = await session.query<{ may_read: boolean }>(
    'the user mappings',
    `SELECT has_table_privilege('pg_catalog.pg_user_mapping', 'SELECT') AS may_read`,
  )
  return row?.may_read === true
}

/**
 * The view shows no options where the account may not see them, and none where there are none: the condition that it
 * applies is asked again. https://www.postgresql.org/docs/current/view-pg-user-mappings.html
 */
const visible = `(u.umuser <> 0 AND pg_get_userbyid(u.umuser) = current_user
      AND (pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE')))
    OR (u.umuser = 0 AND pg_has_role(s.srvowner, 'USAGE'))`

function query(readsAll: boolean): string {
  const [oid, server, catalog] = readsAll
    ? ['oid', 'umserver', 'pg_user_mapping']
    : ['umid', 'srvid', 'pg_user_mappings']
  return `
  SELECT u.${oid} AS oid, s.oid AS server, s.srvname::text AS server_name, quote_ident(s.srvname) AS server_quoted,
    CASE u.umuser WHEN 0 THEN 'PUBLIC' ELSE ${roleName('u.umuser')} END AS role,
    ${readsAll ? 'true' : visible} AS is_visible, ${genericOptions('u.umoptions')} AS options
  FROM ${catalog} u JOIN pg_foreign_server s ON s.oid = u.${server}
  ORDER BY s.srvname COLLATE "C", u.umuser <> 0, pg_get_userbyid(u.umuser) COLLATE "C"`
}

function mappingFrom(row: MappingRow): UserMapping {
  const target = `USER MAPPING FOR ${row.role} SERVER ${row.server_quoted}`
  const { shared, secret } = splitOptions(row.options, secrecyOfMappingOption)
  return {
    server: row.server,
    address: address('pg_user_mapping', row.oid),
    statements: [`${[`CREATE ${target}`, ...optionsClause(shared)].join('\n  ')};`],
    secrets: changeOptions(`ALTER ${target}`, secret),
  }
}

/** The user mappings; one whose options may not be read is refused, since it might hold some. */
export async function readUserMappings({ session }: CatalogContext): Promise<UserMappings> {
  const rows = await session.query<MappingRow>(
    'the user mappings',
    query(await mayReadAll(session)),
  )
  const hidden = rows.filter(({ is_visible }) => !is_visible)
  return {
    mappings: rows.filter(({ is_visible }) => is_visible).map(mappingFrom),
    refused: hidden.map((row) => ({
      kind: 'user mapping',
      name: `${row.server_name} for ${row.role}`,
      reason:
        'The account may not read its options. Grant pg_read_all_data to it, or read as a superuser.',
      address: address('pg_user_mapping', row.oid),
    })),
  }
}
