import type { CatalogSession } from '../session.ts'
import { AskedMap, type Asked } from './asked.ts'

/** Every comment of the database by `catalog:oid:column`; those of large objects come with their rows. */
export async function readComments(session: CatalogSession): Promise<Asked<string>> {
  const rows = await session.query<{ key: string; description: string }>(
    'comments',
    `SELECT classoid::regclass::text || ':' || objoid || ':' || objsubid AS key, description
     FROM pg_description
     WHERE (objoid >= 16384 AND classoid <> 'pg_largeobject'::regclass)
       OR (classoid = 'pg_namespace'::regclass AND objoid = to_regnamespace('public')::oid)
     UNION ALL
     SELECT 'pg_database:' || objoid || ':0', description
     FROM pg_shdescription JOIN pg_database d ON d.oid = objoid AND d.datname = current_database()
     WHERE classoid = 'pg_database'::regclass`,
  )
  return new AskedMap(rows.map(({ key, description }) => [key, description]))
}
