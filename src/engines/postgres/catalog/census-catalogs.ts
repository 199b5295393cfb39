import type { CatalogSession } from '../session.ts'

/** A system catalog whose entries are objects of users, or parts of such objects. */
export interface KnownCatalog {
  readonly name: string
  /** What to read where not everybody may read the catalog itself; the alias is `o` as well. */
  readonly from?: string
  /** The column with the number of the entry; `oid` in nearly all. */
  readonly oid?: string
  /** The column with the schema of the entry: those of temporary schemas are nobody's. */
  readonly schema?: string
  /** The column with the relation of the entry: those of temporary relations are nobody's. */
  readonly relation?: string
  /** Users choose the numbers of its entries. */
  readonly hasAnyNumber?: true
  /** SQL: which entries count. */
  readonly condition?: string
  /** As pg_depend names its entries, where it is not by the catalog's name. */
  readonly dependsAs?: string
  /** Its entries are parts of other objects and are not counted apart. */
  readonly isPart?: true
}

/** The catalogs with entries of one database: https://www.postgresql.org/docs/current/catalogs.html */
const knownCatalogs: readonly KnownCatalog[] = [
  { name: 'pg_am' },
  { name: 'pg_amop', isPart: true },
  { name: 'pg_amproc', isPart: true },
  { name: 'pg_attrdef', relation: 'adrelid', isPart: true },
  { name: 'pg_cast' },
  {
    name: 'pg_class',
    schema: 'relnamespace',
    // The tables that keep long values, and their indexes, come and go with the tables that they serve.
    condition: `NOT (o.relkind IN ('t', 'i') AND o.relnamespace = 'pg_toast'::regnamespace)`,
  },
  { name: 'pg_collation', schema: 'collnamespace' },
  {
    name: 'pg_constraint',
    schema: 'connamespace',
    // What is only inherited is made by the parent's constraint of the same name.
    condition: `(o.conislocal OR o.coninhcount = 0)`,
    isPart: true,
  },
  { name: 'pg_conversion', schema: 'connamespace' },
  { name: 'pg_default_acl', isPart: true },
  { name: 'pg_event_trigger' },
  { name: 'pg_extension' },
  { name: 'pg_foreign_data_wrapper' },
  { name: 'pg_foreign_server' },
  { name: 'pg_language' },
  { name: 'pg_largeobject_metadata', dependsAs: 'pg_largeobject', hasAnyNumber: true },
  {
    name: 'pg_namespace',
    schema: 'oid',
    // A public schema that was dropped and made again is no more an object than the first one.
    condition: `o.nspname <> 'public'`,
  },
  { name: 'pg_opclass', schema: 'opcnamespace' },
  { name: 'pg_operator', schema: 'oprnamespace' },
  { name: 'pg_opfamily', schema: 'opfnamespace' },
  { name: 'pg_policy', relation: 'polrelid', isPart: true },
  { name: 'pg_proc', schema: 'pronamespace' },
  { name: 'pg_publication' },
  { name: 'pg_publication_namespace', isPart: true },
  { name: 'pg_publication_rel', relation: 'prrelid', isPart: true },
  { name: 'pg_rewrite', relation: 'ev_class', isPart: true },
  { name: 'pg_statistic_ext', schema: 'stxnamespace', relation: 'stxrelid', isPart: true },
  {
    name: 'pg_subscription',
    condition: `o.subdbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())`,
  },
  { name: 'pg_transform' },
  {
    name: 'pg_trigger',
    relation: 'tgrelid',
    // The server makes those of a foreign key itself.
    condition: 'NOT o.tgisinternal',
    isPart: true,
  },
  { name: 'pg_ts_config', schema: 'cfgnamespace' },
  { name: 'pg_ts_dict', schema: 'dictnamespace' },
  { name: 'pg_ts_parser', schema: 'prsnamespace' },
  { name: 'pg_ts_template', schema: 'tmplnamespace' },
  { name: 'pg_type', schema: 'typnamespace' },
  { name: 'pg_user_mapping', from: 'pg_user_mappings', oid: 'umid' },
]

/** Catalogs with numbers or privileges that hold nothing of their own in this database. */
const elsewhere: Readonly<Record<string, string>> = {
  pg_attribute: 'the columns of pg_class',
  pg_auth_members: 'of the whole server: with the roles',
  pg_authid: 'of the whole server: with the roles',
  pg_database: 'the database itself',
  pg_enum: 'the labels of pg_type',
  pg_init_privs: 'what initdb and extensions granted',
  pg_parameter_acl: 'of the whole server: who may set what',
  pg_tablespace: 'of the whole server: places on its disks',
}

/** What the server has in its catalogs, and this census does not know. */
export interface StrangeCatalog {
  readonly name: string
  readonly has_oid: boolean
  readonly may_read: boolean
}

interface ListedCatalog extends StrangeCatalog {
  readonly quoted: string
}

/** The known catalogs that this server has, and those with numbers or privileges that are not known. */
export async function listCatalogs(session: CatalogSession): Promise<{
  readonly known: readonly KnownCatalog[]
  readonly strange: readonly ListedCatalog[]
}> {
  const listed = await session.query<ListedCatalog>(
    'the list of catalogs',
    `SELECT c.relname::text AS name, c.oid::regclass::text AS quoted, a.has_oid, has_table_privilege(c.oid, 'SELECT') AS may_read
     FROM pg_class c CROSS JOIN LATERAL (
       SELECT bool_or(a.attname = 'oid' AND a.atttypid = 'oid'::regtype) AS has_oid, bool_or(a.atttypid = 'aclitem[]'::regtype) AS has_acl
       FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0) a
     WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind IN ('r', 'p') AND (a.has_oid OR a.has_acl)
     ORDER BY c.relname COLLATE "C"`,
  )
  const there = new Set(listed.map(({ name }) => name))
  const names = new Set(knownCatalogs.map(({ name }) => name))
  return {
    known: knownCatalogs.filter(({ name }) => there.has(name)),
    strange: listed.filter(({ name }) => !names.has(name) && !Object.hasOwn(elsewhere, name)),
  }
}

const temporarySchemas = `(SELECT n.oid FROM pg_namespace n WHERE n.nspname ~ '^pg_(toast_)?temp_')`

/** SQL: what sessions made for themselves. */
export const temporary = {
  schemas: temporarySchemas,
  relations: `(SELECT c.oid FROM pg_class c WHERE c.relpersistence = 't')`,
  types: `(SELECT t.oid FROM pg_type t WHERE t.typnamespace IN ${temporarySchemas})`,
  routines: `(SELECT p.oid FROM pg_proc p WHERE p.pronamespace IN ${temporarySchemas})`,
} as const

/** SQL: FROM and WHERE of the entries of a catalog that users made and that last; the alias is `o`. */
export function usersEntries(catalog: KnownCatalog): string {
  const { schema, relation, condition } = catalog
  const conditions = [
    ...(catalog.hasAnyNumber === true ? ['true'] : [`o.${catalog.oid ?? 'oid'} >= 16384`]),
    ...(schema === undefined ? [] : [`o.${schema} NOT IN ${temporary.schemas}`]),
    ...(relation === undefined ? [] : [`o.${relation} NOT IN ${temporary.relations}`]),
    ...(condition === undefined ? [] : [condition]),
  ]
  return `${catalog.from ?? catalog.name} o WHERE ${conditions.join(' AND ')}`
}

/** SQL: the query that lists the entries of a catalog as `catalog` and `numbers`, separated by blanks. */
export function entriesQuery(catalog: KnownCatalog): string {
  return `SELECT '${catalog.dependsAs ?? catalog.name}' AS catalog, string_agg(o.${catalog.oid ?? 'oid'}::text, ' ') AS numbers FROM ${usersEntries(catalog)}`
}
