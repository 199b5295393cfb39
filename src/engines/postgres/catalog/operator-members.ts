import type { Address } from './parts.ts'
import { isNoMember, isUserSchema } from './parts.ts'
import { entryName, functionSignature, operatorName, typeName } from './names.ts'

/** An operator or support function of an operator class or family. */
export interface OperatorMember {
  readonly entry: Address
  readonly is_operator: boolean
  /** The strategy of an operator, the number of a support function. */
  readonly number: number
  readonly left_type: string
  readonly right_type: string
  /** `app.<<`, or `app.compare(integer, integer)`. */
  readonly name: string
  /** The family whose order the operator gives, of one that is FOR ORDER BY. */
  readonly order_family: string | null
  /** Whether CREATE OPERATOR CLASS takes these types when none are written, if they are the class's own. */
  readonly takes_types: boolean
  /** Whether CREATE OPERATOR CLASS makes it; if not, it was added to the class later. */
  readonly made_with_class: boolean
}

/** A catalog of members: the prefix of its columns, and SQL about its alias `a`. */
interface Catalog {
  readonly name: 'pg_amop' | 'pg_amproc'
  readonly prefix: 'amop' | 'amproc'
  readonly columns: string
  /** Whether CREATE OPERATOR CLASS would make one of these a loose member of the family, as it is. */
  readonly isLooseInClass: string
}

const isBuiltIn = (...names: readonly string[]): string =>
  `am.amhandler IN (${names.map((name) => `'pg_catalog.${name}handler'::regproc`).join(', ')})`

const ofExtension = (catalog: string, oid: string): string => `NOT ${isNoMember(catalog, oid)}`

const operators: Catalog = {
  name: 'pg_amop',
  prefix: 'amop',
  columns: `'pg_amop:' || a.oid AS entry, true AS is_operator, a.amopstrategy AS number, ${operatorName('a.amopopr')} AS name,
      ${entryName('pg_opfamily', 'opf', 'a.amopsortfamily')} AS order_family, a.amoplefttype = a.amoprighttype AS takes_types,
      a.amopopr AS made_of, ${ofExtension('pg_operator', 'a.amopopr')} AS of_extension`,
  isLooseInClass: isBuiltIn('gist', 'gin', 'spg'),
}

// From the types of their arguments, trees and hashes take those of the functions that compare and hash.
const functions: Catalog = {
  name: 'pg_amproc',
  prefix: 'amproc',
  columns: `'pg_amproc:' || a.oid AS entry, false AS is_operator, a.amprocnum AS number, ${functionSignature('a.amproc::oid')} AS name,
      NULL AS order_family, a.amproclefttype = a.amprocrighttype AND CASE
        WHEN ${isBuiltIn('gist', 'gin', 'spg', 'brin')} THEN true
        WHEN ${isBuiltIn('bt')} THEN a.amprocnum IN (2, 4) OR (a.amprocnum = 1 AND af.proargtypes[0] = a.amproclefttype AND af.proargtypes[1] = a.amproclefttype)
        WHEN ${isBuiltIn('hash')} THEN a.amprocnum IN (1, 2) AND af.proargtypes[0] = a.amproclefttype
        ELSE false END AS takes_types,
      a.amproc::oid AS made_of, ${ofExtension('pg_proc', 'a.amproc::oid')} AS of_extension`,
  isLooseInClass: `a.amproclefttype = a.amprocrighttype
      AND (${isBuiltIn('gist', 'gin', 'spg')} OR (${isBuiltIn('bt', 'hash')} AND a.amprocnum <> 1))`,
}

const dependsOn = ({ name }: Catalog, owner: string, types: string): string =>
  `pg_depend d WHERE d.classid = '${name}'::regclass AND d.objid = a.oid AND d.refclassid = '${owner}'::regclass AND d.deptype IN (${types})`

/**
 * SQL: the class whose statement makes a loose member of a family. By pg_depend the family alone has it, but whoever
 * wrote it wrote it there. Null: it needs a statement of its own.
 */
function homeClass(catalog: Catalog): string {
  const { prefix } = catalog
  return `(SELECT min(hc.oid) FROM pg_opclass hc JOIN pg_namespace hn ON hn.oid = hc.opcnamespace
      JOIN pg_opfamily hf ON hf.oid = hc.opcfamily JOIN pg_namespace hfn ON hfn.oid = hf.opfnamespace
      WHERE hc.opcfamily = a.${prefix}family AND hc.opcintype = a.${prefix}lefttype AND ${catalog.isLooseInClass}
        AND EXISTS (SELECT FROM ${dependsOn(catalog, 'pg_opfamily', "'a'")})
      HAVING count(*) = 1 AND bool_and(${isUserSchema('hn')} AND ${isNoMember('pg_opclass', 'hc.oid')}
        AND ${isUserSchema('hfn')} AND ${isNoMember('pg_opfamily', 'hf.oid')}))`
}

/** SQL: every member of the families of users and every later member of other ones, with its class or null. */
function members(catalog: Catalog): string {
  const { name, prefix, columns } = catalog
  const source =
    name === 'pg_amproc' ? `${name} a JOIN pg_proc af ON af.oid = a.amproc` : `${name} a`
  return `SELECT a.oid, a.${prefix}family AS family, coalesce(c.class, ${homeClass(catalog)}) AS class,
      ${typeName(`a.${prefix}lefttype`)} AS left_type, ${typeName(`a.${prefix}righttype`)} AS right_type,
      coalesce(c.made_with_class, true) AS made_with_class, ${columns}
    FROM ${source} JOIN pg_opfamily mf ON mf.oid = a.${prefix}family JOIN pg_am am ON am.oid = mf.opfmethod
    LEFT JOIN LATERAL (SELECT d.refobjid AS class, d.deptype = 'i' AS made_with_class
      FROM ${dependsOn(catalog, 'pg_opclass', "'a', 'i'")}) c ON true
    WHERE a.oid >= 16384`
}

/** SQL: WITH entry for `members`, of which each has the class whose file holds it, or none: then the family's does. */
export const membersTable = `members AS MATERIALIZED (
    ${members(operators)}
    UNION ALL
    ${members(functions)}
  )`

/** SQL: members as a JSON array of OperatorMember, given a condition on their alias m; null without any. */
export function membersJson(condition: string): string {
  return `(SELECT json_agg(json_build_object('entry', m.entry, 'is_operator', m.is_operator, 'number', m.number,
        'left_type', m.left_type, 'right_type', m.right_type, 'name', m.name, 'order_family', m.order_family,
        'takes_types', m.takes_types, 'made_with_class', m.made_with_class)
        ORDER BY m.is_operator DESC, m.number, m.left_type COLLATE "C", m.right_type COLLATE "C", m.name COLLATE "C")
      FROM members m WHERE ${condition})`
}

/** A member as one line of a list; types that a class of this type implies are left out. */
export function memberLine(member: OperatorMember, classType?: string): string {
  const isImplied = member.takes_types && member.left_type === classType
  const types = isImplied ? '' : ` (${member.left_type}, ${member.right_type})`
  if (!member.is_operator) return `FUNCTION ${member.number}${types} ${member.name}`
  const purpose = member.order_family === null ? '' : ` FOR ORDER BY ${member.order_family}`
  return `OPERATOR ${member.number} ${member.name}${types}${purpose}`
}

/** The statement that adds members to a family, none without members. */
export function addStatements(
  family: string,
  method: string,
  added: readonly OperatorMember[],
): readonly string[] {
  if (added.length === 0) return []
  const lines = added.map((member) => memberLine(member)).join(',\n  ')
  return [`ALTER OPERATOR FAMILY ${family} USING ${method} ADD\n  ${lines};`]
}
