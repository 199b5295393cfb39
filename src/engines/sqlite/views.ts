import type { DatabaseSync } from 'node:sqlite'
import type { DbObject, ObjectKey } from '../../model.ts'
import type { Entry } from './catalog.ts'
import { foldName, quoteName, statement, tableNames } from './sqltext.ts'

/** The views with their INSTEAD OF triggers, and a warning for each view that can't be queried. */
export function readViews(
  connection: DatabaseSync,
  entries: readonly Entry[],
  triggers: ReadonlyMap<string, string>,
): { views: DbObject[]; warnings: string[] } {
  const warnings: string[] = []
  const dependencies = viewDependencies(entries)
  const views = entries
    .filter(({ type }) => type === 'view')
    .map((entry): DbObject => {
      const broken = whyBroken(connection, entry.name)
      if (broken !== undefined) {
        warnings.push(`The view ${quoteName(entry.name)} can't be queried: ${broken}.`)
      }
      const trigger = triggers.get(foldName(entry.name))
      return {
        kind: 'view',
        name: entry.name,
        sql: statement(entry.sql),
        ...(trigger === undefined ? {} : { sqlAfterRows: trigger }),
        dependsOn: dependencies.get(entry.name) ?? [],
      }
    })
  return { views, warnings }
}

/** A function or collation that is missing here may be one that the application brings along. */
function whyBroken(connection: DatabaseSync, view: string): string | undefined {
  try {
    connection.prepare(`SELECT * FROM main.${quoteName(view)}`)
    return undefined
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    return /no such (?:function|collation sequence|module)/.test(message) ? undefined : message
  }
}

/**
 * The tables and views that each view names. SQLite makes views in any order, so an edge that would close a circle
 * (views of views that are broken, a name that is another thing there) is left out.
 */
function viewDependencies(entries: readonly Entry[]): Map<string, ObjectKey[]> {
  const objects = new Map<string, Entry>()
  for (const entry of entries) {
    if (entry.type === 'table' || entry.type === 'view') objects.set(foldName(entry.name), entry)
  }
  const dependencies = new Map<string, ObjectKey[]>()
  const open = new Set<string>()
  const visit = (view: Entry): void => {
    open.add(view.name)
    const keys: ObjectKey[] = []
    for (const name of [...tableNames(view.sql)].sort()) {
      const used = objects.get(name)
      if (used === undefined || open.has(used.name)) continue
      if (used.type === 'view' && !dependencies.has(used.name)) visit(used)
      keys.push({ kind: used.type === 'view' ? 'view' : 'table', name: used.name })
    }
    open.delete(view.name)
    dependencies.set(view.name, keys)
  }
  for (const entry of entries) {
    if (entry.type === 'view' && !dependencies.has(entry.name)) visit(entry)
  }
  return dependencies
}
