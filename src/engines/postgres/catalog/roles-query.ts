import type { Capabilities } from '../session.ts'
import { settingEntry } from './setting-clause.ts'

/** One grant of another role to a role. */
export interface Membership {
  /** Quoted. */
  readonly role: string
  readonly role_oid: number
  readonly may_administer: boolean
  /** Null: as the role itself. */
  readonly inherits: boolean | null
  readonly may_set: boolean | null
  /** Quoted; null: the role that initdb made, as whenever a superuser grants. */
  readonly grantor: string | null
  readonly grantor_oid: number | null
}

/** What a role may do with a setting of the server. */
export interface ParameterGrant {
  /** Quoted. */
  readonly parameter: string
  readonly privileges: string
  readonly grantable: boolean
}

/** A role with all that belongs to it. */
export interface RoleRow {
  readonly oid: number
  readonly name: string
  readonly quoted: string
  readonly is_superuser: boolean
  readonly inherits: boolean
  readonly creates_roles: boolean
  readonly creates_databases: boolean
  readonly may_login: boolean
  readonly replicates: boolean
  readonly bypasses_row_security: boolean
  readonly connection_limit: number
  readonly valid_until: string | null
  readonly comment: string | null
  /** Null: it has none, or it may not be read. */
  readonly password: string | null
  /** `name=value`, for all databases. */
  readonly settings: readonly string[]
  readonly memberships: readonly Membership[]
  readonly parameters: readonly ParameterGrant[]
}

const firstSuperuser = 10

const inTemporarySchema = ['pg_class.relnamespace', 'pg_proc.pronamespace', 'pg_type.typnamespace']
  .map((column) => column.split('.'))
  .map(
    ([catalog = '', schema = '']) => `(d.classid = '${catalog}'::regclass AND EXISTS (
      SELECT FROM ${catalog} o JOIN pg_namespace n ON n.oid = o.${schema}
      WHERE o.oid = d.objid AND n.nspname ~ '^pg_(toast_)?temp_'))`,
  )
  .join('\n      OR ')

// An extension and its members belong to whoever creates it anew.
const isOwnerByExtension = `(d.deptype = 'o' AND (d.classid = 'pg_extension'::regclass OR EXISTS (
      SELECT FROM pg_depend m WHERE m.classid = d.classid AND m.objid = d.objid AND m.deptype = 'e')))`

/** SQL: the roles that objects and settings of this database name. */
const named = `
  SELECT d.refobjid FROM pg_shdepend d
  WHERE d.refclassid = 'pg_authid'::regclass AND d.dbid = (SELECT oid FROM this)
    AND NOT ${isOwnerByExtension}
    AND NOT (${inTemporarySchema})
  UNION SELECT d.refobjid FROM pg_shdepend d
  WHERE d.refclassid = 'pg_authid'::regclass AND d.dbid = 0
    AND ((d.classid = 'pg_database'::regclass AND d.objid = (SELECT oid FROM this))
      OR (d.classid = 'pg_subscription'::regclass AND d.objid IN (
        SELECT s.oid FROM pg_subscription s WHERE s.subdbid = (SELECT oid FROM this))))
  UNION SELECT s.setrole FROM pg_db_role_setting s WHERE s.setdatabase = (SELECT oid FROM this) AND s.setrole <> 0`

function memberships(can: Capabilities): string {
  const grantor = `nullif(m.grantor, ${firstSuperuser})`
  const facts = can.hasMembershipOptions
    ? `'inherits', m.inherit_option, 'may_set', m.set_option,
        'grantor', (SELECT quote_ident(g.rolname) FROM pg_roles g WHERE g.oid = ${grantor}), 'grantor_oid', ${grantor}::int8`
    : `'inherits', NULL, 'may_set', NULL, 'grantor', NULL, 'grantor_oid', NULL`
  return `(SELECT coalesce(json_agg(json_build_object('role', quote_ident(p.rolname), 'role_oid', p.oid::int8,
        'may_administer', m.admin_option, ${facts})
        ORDER BY p.rolname COLLATE "C", m.grantor <> ${firstSuperuser}, pg_get_userbyid(m.grantor) COLLATE "C"), '[]')
      FROM pg_auth_members m JOIN pg_roles p ON p.oid = m.roleid WHERE m.member = r.oid)`
}

const parameterName = `(SELECT string_agg(quote_ident(w.word), '.' ORDER BY w.place)
        FROM unnest(string_to_array(q.parname, '.')) WITH ORDINALITY w(word, place))`

function parameters(can: Capabilities): string {
  if (!can.hasParameterPrivileges) return `'[]'::json`
  return `(SELECT coalesce(json_agg(json_build_object('parameter', ${parameterName}, 'privileges', q.privileges, 'grantable', q.grantable)
        ORDER BY q.parname COLLATE "C", q.grantable), '[]')
      FROM (SELECT a.parname, i.is_grantable AS grantable,
          string_agg(DISTINCT i.privilege_type, ', ' ORDER BY i.privilege_type) AS privileges
        FROM pg_parameter_acl a, aclexplode(a.paracl) i WHERE i.grantee = r.oid GROUP BY a.parname, i.is_grantable) q)`
}

/** The query for RoleRow; `mayReadPasswords`: the account sees pg_authid. */
export function rolesQuery(can: Capabilities, mayReadPasswords: boolean): string {
  const needed = can.hasMembershipOptions ? '(m.roleid), (m.grantor)' : '(m.roleid)'
  return `
  WITH RECURSIVE this AS (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()),
  wanted(role) AS (
    SELECT n.role FROM (${named}) n(role)
    UNION SELECT v.role FROM wanted w JOIN pg_auth_members m ON m.member = w.role CROSS JOIN LATERAL (VALUES ${needed}) v(role))
  SELECT r.oid, r.rolname::text AS name, quote_ident(r.rolname) AS quoted, r.rolsuper AS is_superuser, r.rolinherit AS inherits,
    r.rolcreaterole AS creates_roles, r.rolcreatedb AS creates_databases, r.rolcanlogin AS may_login,
    r.rolreplication AS replicates, r.rolbypassrls AS bypasses_row_security, r.rolconnlimit AS connection_limit,
    r.rolvaliduntil::text AS valid_until, shobj_description(r.oid, 'pg_authid') AS comment,
    ${mayReadPasswords ? '(SELECT a.rolpassword FROM pg_authid a WHERE a.oid = r.oid)' : 'NULL::text'} AS password,
    (SELECT coalesce(json_agg(${settingEntry('v')} ORDER BY v COLLATE "C"), '[]')
      FROM pg_db_role_setting s, unnest(s.setconfig) v WHERE s.setdatabase = 0 AND s.setrole = r.oid) AS settings,
    ${memberships(can)} AS memberships,
    ${parameters(can)} AS parameters
  FROM pg_roles r
  WHERE r.oid IN (SELECT role FROM wanted) AND r.oid <> ${firstSuperuser} AND r.rolname !~ '^pg_'
  ORDER BY r.rolname COLLATE "C"`
}
