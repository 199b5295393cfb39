import { readTextSearchConfigurations } from './text-search-configurations.ts'
import { readTextSearchDictionaries } from './text-search-dictionaries.ts'
import type { CatalogContext, Reading } from './parts.ts'
import { readTextSearchPrograms } from './text-search-programs.ts'

/** The parsers, templates, dictionaries and configurations of text search. */
export async function readTextSearch(context: CatalogContext): Promise<Reading> {
  const programs = await readTextSearchPrograms(context)
  const dictionaries = await readTextSearchDictionaries(context)
  const { objects, ...rest } = await readTextSearchConfigurations(context)
  return { objects: [...programs, ...dictionaries, ...objects], ...rest }
}
