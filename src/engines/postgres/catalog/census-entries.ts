import type { CatalogSession } from '../session.ts'
import { entriesQuery, type KnownCatalog } from './census-catalogs.ts'
import type { Address } from './parts.ts'

/** Everything that users made, as the catalogs have it. */
export interface Entries {
  readonly all: readonly Address[]
  /** What an entry is a part or a member of. */
  readonly parents: ReadonlyMap<Address, readonly Address[]>
}

/**
 * Parts (`i`), partitions of indexes and triggers (`P`), members of extensions (`e`), and what belongs to such a member:
 * its indexes, constraints, triggers. Whether the extension made these itself can't be seen after pg_upgrade, and pg_dump
 * leaves them out as well; policies it keeps.
 */
const parentsQuery = `
  SELECT d.classid::regclass::text || ':' || d.objid AS entry, d.refclassid::regclass::text || ':' || d.refobjid AS parent
  FROM pg_depend d WHERE d.objid >= 16384 AND d.deptype IN ('i', 'P', 'e')
  UNION ALL
  SELECT d.classid::regclass::text || ':' || d.objid, 'pg_extension:' || m.refobjid
  FROM pg_depend m JOIN pg_depend d ON d.refclassid = m.classid AND d.refobjid = m.objid
  WHERE m.deptype = 'e' AND m.refclassid = 'pg_extension'::regclass AND d.deptype = 'a' AND d.classid <> 'pg_policy'::regclass`

/** Reads all entries and what they belong to, by two queries. */
export async function readEntries(
  session: CatalogSession,
  catalogs: readonly KnownCatalog[],
): Promise<Entries> {
  const listed = await session.query<{ catalog: string; numbers: string | null }>(
    'the census',
    catalogs.map(entriesQuery).join('\nUNION ALL\n'),
  )
  const links = await session.query<{ entry: string; parent: string }>('the census', parentsQuery)
  const parents = new Map<Address, Address[]>()
  for (const { entry, parent } of links) {
    const list = parents.get(entry)
    if (list === undefined) parents.set(entry, [parent])
    else list.push(parent)
  }
  const all = listed.flatMap(({ catalog, numbers }) =>
    (numbers ?? '').split(' ').flatMap((number) => (number === '' ? [] : `${catalog}:${number}`)),
  )
  return { all, parents }
}
