import type { NotCaptured, ObjectKey } from '../../../model.ts'
import type { Capabilities, CatalogSession } from '../session.ts'
import { compareText, literal } from '../quote.ts'
import type { Asked } from './asked.ts'
import { labelStatements, type Attachments } from './labels.ts'

/** An entry of a system catalog, as pg_depend names it: `pg_class:16401`. */
export type Address = string

/** Where statements stand in an object's file. */
export type Phase = 'sql' | 'afterRows'

/** One object as a catalog file read it; dependencies are added later from pg_depend. */
export interface Captured extends ObjectKey {
  readonly sql: readonly string[]
  readonly afterRows?: readonly string[]
  readonly counters?: readonly string[]
  /** Statements that set passwords and the like, run after `sql`; never in a shared file. */
  readonly secrets?: readonly string[]
  /** Catalog entries that are this object; what depends on them depends on it. */
  readonly addresses: readonly Address[]
  /** The subset of `addresses` whose own needs must be met only after the rows. */
  readonly lateAddresses?: readonly Address[]
  /** Entries that must exist before this object and that pg_depend does not name. */
  readonly needs?: readonly Address[]
  readonly table?: TableFacts
  /** SQL behind FROM that gives the rows of a table, where that is not just the table itself. */
  readonly rowsFrom?: string
  /** How it is written when it needs itself by way of others: with less at first, and the whole after the rows. */
  readonly inCircle?: Pick<Captured, 'sql' | 'afterRows' | 'lateAddresses' | 'needs'>
}

/** An entry that can't be written, and why. */
export interface Refused extends NotCaptured {
  readonly address: Address
}

/** What a catalog file found. */
export interface Reading {
  readonly objects: readonly Captured[]
  readonly refused?: readonly Refused[]
  readonly warnings?: readonly string[]
}

/** What makes a captured object a table of the model. */
export interface TableFacts {
  readonly columns: readonly {
    readonly name: string
    readonly type: string
    readonly generated: boolean
  }[]
  readonly orderBy: readonly string[]
  readonly hasRows: boolean
  readonly partitionOf?: ObjectKey
}

/** What every catalog file may use: the session and what was read before. */
export interface CatalogContext extends Attachments {
  readonly session: CatalogSession
  readonly can: Capabilities
  /** Comments by address and column number (0: the object itself). */
  readonly comments: Asked<string>
  /** Default privileges by the schema they are limited to; null: those of the whole database. */
  readonly defaultPrivileges: ReadonlyMap<string | null, DefaultPrivileges>
  /** Labels and privileges of objects that extensions made, by the extension's name; null: of objects of the server. */
  readonly outside: ReadonlyMap<string | null, readonly string[]>
}

/** ALTER DEFAULT PRIVILEGES statements, sorted, and the entries that they are. */
export interface DefaultPrivileges {
  readonly statements: readonly string[]
  readonly addresses: readonly Address[]
}

/** An entry of an ACL, from aclexplode(). */
export interface Grant {
  readonly grantor: string
  readonly grantee: string
  readonly privilege: string
  readonly grantable: boolean
}

/** A part of a relation that its own catalog file reads: an index, a trigger. */
export interface RelationPart {
  readonly relation: number
  readonly address: Address
  readonly phase: Phase
  readonly statements: readonly string[]
}

/** SQL: true for schemas of users, given the alias of pg_namespace. */
export function isUserSchema(alias: string): string {
  return `(${alias}.nspname !~ '^pg_' AND ${alias}.nspname <> 'information_schema')`
}

/** SQL: true when an entry belongs to no extension. */
export function isNoMember(catalog: string, oid: string): string {
  return `NOT EXISTS (SELECT FROM pg_depend m WHERE m.classid = '${catalog}'::regclass AND m.objid = ${oid} AND m.deptype = 'e')`
}

/** SQL: the quoted name of a role. */
export function roleName(oid: string): string {
  return `quote_ident(pg_get_userbyid(${oid}))`
}

/** SQL: an ACL as JSON array of Grant; null stays null. */
export function grantsJson(acl: string): string {
  return `(SELECT coalesce(json_agg(json_build_object('grantor', ${roleName('item.grantor')},
      'grantee', CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE ${roleName('item.grantee')} END,
      'privilege', item.privilege_type, 'grantable', item.is_grantable)), '[]')
    FROM aclexplode(${acl}) item WHERE ${acl} IS NOT NULL)`
}

/** The address of a catalog entry. */
export function address(catalog: string, oid: number): Address {
  return `${catalog}:${oid}`
}

/**
 * What is attached to an entry or one of its columns: its comment, security labels, and extensions that it is dropped
 * with. `altered` is what this last statement calls it, where that is not what the others do.
 */
export function commentStatements(
  context: CatalogContext,
  target: string,
  entry: Address,
  column = 0,
  altered = target,
): readonly string[] {
  const key = `${entry}:${column}`
  const text = context.comments.get(key)
  return [
    ...(text === undefined ? [] : [`COMMENT ON ${target} IS ${literal(text)};`]),
    ...labelStatements(context.labels.get(key) ?? [], target),
    ...(context.extensions.get(key) ?? []).map(
      (extension) => `ALTER ${altered} DEPENDS ON EXTENSION ${extension};`,
    ),
  ]
}

/** `name=value` options of a catalog array, sorted, as SQL: `fillfactor=70, user_catalog_table=true`. */
export function optionList(options: readonly string[] | null, prefix = ''): string {
  return [...(options ?? [])]
    .sort(compareText)
    .map((option) => {
      const equals = option.indexOf('=')
      const value = option.slice(equals + 1)
      return `${prefix}${option.slice(0, equals)}=${/^([a-z_]+|\d+(\.\d+)?|-\d+)$/.test(value) ? value : literal(value)}`
    })
    .join(', ')
}

/** What ALTER calls the sessions in which a trigger or rule runs, as the catalogs have them; `O` is usual. */
export const stateWords: Readonly<Record<string, string>> = {
  O: 'ENABLE',
  D: 'DISABLE',
  R: 'ENABLE REPLICA',
  A: 'ENABLE ALWAYS',
}

/** Groups parts by the relation that they belong to, in the order given. */
export function byRelation<Part extends { readonly relation: number }>(
  parts: readonly Part[],
): ReadonlyMap<number, readonly Part[]> {
  const groups = new Map<number, Part[]>()
  for (const part of parts) {
    const group = groups.get(part.relation)
    if (group === undefined) groups.set(part.relation, [part])
    else group.push(part)
  }
  return groups
}
