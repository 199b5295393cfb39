import type { Client } from 'pg'
import { readingError } from '../errors.ts'
import { catalogSession } from '../session.ts'
import { listCatalogs, usersEntries, type KnownCatalog } from './census-catalogs.ts'

/** Catalogs whose entries have no number, by the column that names the relation that they belong to. */
const perRelation: Readonly<Record<string, string>> = {
  pg_attribute: 'attrelid',
  pg_index: 'indrelid',
  pg_inherits: 'inhrelid',
  pg_sequence: 'seqrelid',
  pg_foreign_table: 'ftrelid',
  pg_partitioned_table: 'partrelid',
}

/** Catalogs whose entries belong to other things. */
const others = [
  'pg_aggregate',
  'pg_db_role_setting',
  'pg_description',
  'pg_enum',
  'pg_init_privs',
  'pg_range',
  'pg_seclabel',
  'pg_shdescription',
  'pg_shseclabel',
  'pg_ts_config_map',
]

/** SQL: what a definition is made of, where the catalog may not be read whole or changes without meaning. */
const parts: Readonly<Record<string, string>> = {
  // It changes with every VACUUM and TRUNCATE.
  pg_class: `o.oid, o.relname, o.relnamespace, o.relowner, o.relkind, o.relacl, o.reloptions, o.relpersistence, o.relreplident,
    o.relrowsecurity, o.relforcerowsecurity, o.relispartition, o.relpartbound::text, o.relispopulated, o.reltablespace, o.relam`,
  pg_subscription: `o.oid, o.subname, o.subowner, o.subenabled, o.subslotname, o.subsynccommit, o.subpublications,
    o.subbinary, o.substream::text`,
  pg_user_mapping: `o.umid, o.srvid, o.umuser, o.umoptions`,
}

const sum = (text: string): string => `coalesce(sum(hashtextextended(${text}, 0)::numeric), 0)`

const isLasting = (relation: string): string =>
  `EXISTS (SELECT FROM pg_class c WHERE c.oid = ${relation} AND c.relpersistence <> 't' AND c.relkind <> 't' AND c.oid >= 16384)`

const ofCatalog = (catalog: KnownCatalog): string => {
  const part = parts[catalog.name]
  const content = part === undefined ? `o.oid || ':' || o.xmin` : `(${part})::text`
  return `SELECT '${catalog.name}' AS catalog, count(*) AS entries, ${sum(content)} AS content FROM ${usersEntries(catalog)}`
}

/** One row a catalog: how many entries, and a sum over which transaction wrote each. */
async function query(client: Client): Promise<string> {
  // Nothing here asks for the version.
  const { known } = await listCatalogs(catalogSession(client, 0))
  return [
    // Large objects are rows: they come and go as rows do.
    ...known.filter(({ name }) => name !== 'pg_largeobject_metadata').map(ofCatalog),
    `SELECT 'public', count(*), ${sum("o.oid || ':' || o.xmin")} FROM pg_namespace o WHERE o.nspname = 'public'`,
    // Names of roles are looked up in the catalog as it is now.
    `SELECT 'pg_roles', count(*), ${sum('(o.oid, o.rolname)::text')} FROM pg_roles o`,
    `SELECT 'pg_database', count(*), ${sum('(o.datname, o.datdba, o.datacl)::text')} FROM pg_database o WHERE o.datname = current_database()`,
    ...Object.entries(perRelation).map(
      ([catalog, relation]) =>
        `SELECT '${catalog}', count(*), ${sum(`o.${relation} || ':' || o.xmin || ':' || o.ctid::text`)} FROM ${catalog} o WHERE ${isLasting(`o.${relation}`)}`,
    ),
    ...others.map(
      (catalog) =>
        `SELECT '${catalog}', count(*), ${sum("o.xmin || ':' || o.ctid::text")} FROM ${catalog} o`,
    ),
  ].join('\nUNION ALL\n')
}

/** A text that differs when a definition changed; cheap, and blind to temporary tables, VACUUM and ANALYZE. */
export async function catalogFingerprint(client: Client): Promise<string> {
  try {
    const { rows } = await client.query<{ catalog: string; entries: string; content: string }>(
      `SELECT catalog, entries::text, content::text FROM (${await query(client)}) q ORDER BY catalog COLLATE "C"`,
    )
    return JSON.stringify(rows)
  } catch (error) {
    throw readingError(error, 'the catalog')
  }
}
