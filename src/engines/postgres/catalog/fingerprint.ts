import type { Client } from 'pg'
import { readingError } from '../errors.ts'

/** Catalogs whose entries belong to a relation: the column that names it. */
const perRelation: Readonly<Record<string, string>> = {
  pg_attribute: 'attrelid',
  pg_attrdef: 'adrelid',
  pg_index: 'indrelid',
  pg_trigger: 'tgrelid',
  pg_rewrite: 'ev_class',
  pg_policy: 'polrelid',
  pg_inherits: 'inhrelid',
  pg_statistic_ext: 'stxrelid',
  pg_sequence: 'seqrelid',
}

const others = [
  'pg_extension',
  'pg_proc',
  'pg_enum',
  'pg_range',
  'pg_aggregate',
  'pg_description',
  'pg_default_acl',
]

// Temporary objects come and go without meaning; a user's session may make thousands.
const isLastingSchema = (schema: string): string =>
  `${schema} IN (SELECT n.oid FROM pg_namespace n WHERE n.nspname !~ '^pg_t')`

const hash = (text: string): string => `coalesce(sum(hashtextextended(${text}, 0)::numeric), 0)`

const isLasting = (relation: string): string =>
  `EXISTS (SELECT FROM pg_class c WHERE c.oid = ${relation} AND c.relpersistence <> 't' AND c.relkind <> 't' AND c.oid >= 16384)`

/** One row a catalog: how many entries, and a sum over which transaction wrote each. */
const query = [
  // pg_class itself changes with every VACUUM and TRUNCATE: only what a definition is made of counts.
  `SELECT 'pg_class' AS catalog, count(*) AS entries, ${hash('(c.oid, c.relname, c.relnamespace, c.relowner, c.relkind, c.relacl, c.reloptions, c.relpersistence, c.relreplident, c.relrowsecurity, c.relforcerowsecurity, c.relispartition, c.relpartbound::text, c.relispopulated)::text')} AS content
   FROM pg_class c WHERE c.relpersistence <> 't' AND c.relkind <> 't' AND c.oid >= 16384`,
  `SELECT 'pg_type', count(*), ${hash("t.oid || ':' || t.xmin")} FROM pg_type t
   WHERE t.oid >= 16384 AND ${isLastingSchema('t.typnamespace')}`,
  `SELECT 'pg_constraint', count(*), ${hash("k.oid || ':' || k.xmin")} FROM pg_constraint k WHERE ${isLastingSchema('k.connamespace')}`,
  `SELECT 'pg_namespace', count(*), ${hash("o.oid || ':' || o.xmin")} FROM pg_namespace o WHERE ${isLastingSchema('o.oid')}`,
  ...Object.entries(perRelation).map(
    ([catalog, relation]) =>
      `SELECT '${catalog}', count(*), ${hash(`o.${relation} || ':' || o.xmin || ':' || o.ctid::text`)} FROM ${catalog} o WHERE ${isLasting(`o.${relation}`)}`,
  ),
  ...others.map(
    (catalog) =>
      `SELECT '${catalog}', count(*), ${hash("o.xmin || ':' || o.ctid::text")} FROM ${catalog} o`,
  ),
].join('\nUNION ALL\n')

/** A text that differs when a definition changed; cheap, and blind to temporary tables, VACUUM and ANALYZE. */
export async function catalogFingerprint(client: Client): Promise<string> {
  try {
    const { rows } = await client.query<{ catalog: string; entries: string; content: string }>(
      `SELECT catalog, entries::text, content::text FROM (${query}) q ORDER BY catalog COLLATE "C"`,
    )
    return JSON.stringify(rows)
  } catch (error) {
    throw readingError(error, 'the catalog')
  }
}
