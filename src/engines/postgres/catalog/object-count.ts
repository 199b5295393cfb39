import type { CatalogSession } from '../session.ts'
import { readCensus } from './census.ts'
import { isNoMember, isUserSchema } from './parts.ts'

const inUserSchema = (catalog: string, namespace: string): string =>
  `SELECT 1 FROM ${catalog} o JOIN pg_namespace n ON n.oid = o.${namespace}
   WHERE o.oid >= 16384 AND ${isUserSchema('n')} AND ${isNoMember(catalog, 'o.oid')}`

const query = [
  // What a column, a row type or a range brings along is not counted apart.
  `${inUserSchema('pg_class', 'relnamespace')} AND o.relpersistence <> 't' AND o.relkind IN ('r', 'p', 'v', 'm', 'S')
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = o.oid AND d.deptype = 'i' AND o.relkind = 'S')`,
  `${inUserSchema('pg_type', 'typnamespace')} AND (o.typtype IN ('e', 'd', 'r')
     OR (o.typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = o.typrelid AND c.relkind = 'c')))`,
  `${inUserSchema('pg_proc', 'pronamespace')}
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = o.oid AND d.deptype = 'i')`,
  `SELECT 1 FROM pg_namespace n WHERE n.nspname <> 'public' AND ${isUserSchema('n')} AND ${isNoMember('pg_namespace', 'n.oid')}`,
  `SELECT 1 FROM pg_extension e WHERE e.oid >= 16384`,
].join('\nUNION ALL\n')

/** How many objects users made in the database; what a new one has is not counted. */
export async function countObjects(session: CatalogSession): Promise<number> {
  const [counted] = await session.query<{ count: string }>(
    'the list of objects',
    `SELECT count(*)::text AS count FROM (${query}) objects`,
  )
  return Number(counted?.count ?? 0) + (await rareObjects(session)).length
}

/** The names of objects of the kinds that no file holds, for a database that is emptied. */
export async function rareObjects(session: CatalogSession): Promise<readonly string[]> {
  const found = await readCensus({ session })
  return found
    .filter(({ kind }) => !/^(changed privileges|owner|comment)/.test(kind))
    .map(({ kind, name }) => `${kind} ${name}`)
}
