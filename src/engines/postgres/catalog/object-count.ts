import type { CatalogSession } from '../session.ts'
import { listObjects } from './census.ts'

/** How many objects users made in the database; what a new one has is not counted. */
export async function countObjects(session: CatalogSession): Promise<number> {
  return (await listObjects(session)).length
}

/** What users made in the database, in words: `table public.users`. */
export async function objectNames(session: CatalogSession): Promise<readonly string[]> {
  return (await listObjects(session)).map(({ kind, name }) => `${kind} ${name}`).sort()
}
