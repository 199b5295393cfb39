import type { DatabaseSync } from 'node:sqlite'
import { readColumns, readTableFacts, type Entry, type TableFacts } from './catalog.ts'
import { foldName } from './sqltext.ts'
import { isVirtual, moduleOf, optionOf } from './virtual-text.ts'

/** The first columns of the inner tables of each module, by the end of their names. */
const firstColumns: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  fts3: {
    content: ['docid'],
    segments: ['blockid', 'block'],
    segdir: ['level', 'idx', 'start_block'],
    docsize: ['docid', 'size'],
    stat: ['id', 'value'],
  },
  fts5: {
    content: ['id'],
    data: ['id', 'block'],
    idx: ['segid', 'term', 'pgno'],
    docsize: ['id', 'sz'],
    config: ['k', 'v'],
  },
  rtree: {
    node: ['nodeno', 'data'],
    parent: ['nodeno', 'parentnode'],
    rowid: ['rowid', 'nodeno'],
  },
}
const kindredModule: Readonly<Record<string, string>> = {
  fts4: 'fts3',
  rtree_i32: 'rtree',
  geopoly: 'rtree',
}

/**
 * Facts about every table and view, by name. SQLite takes `docs_content` for a part of the full-text table `docs` by its
 * name alone, also where that one has no such part and `docs_content` is the user's.
 * Source: https://www.sqlite.org/vtab.html#the_xshadowname_method
 */
export function tableFactsOf(
  connection: DatabaseSync,
  entries: readonly Entry[],
): Map<string, TableFacts> {
  const virtual = new Map(
    entries
      .filter(({ type, sql }) => type === 'table' && isVirtual(sql))
      .map((entry) => [foldName(entry.name), entry]),
  )
  const facts = readTableFacts(connection)
  for (const [name, fact] of facts) {
    if (fact.type !== 'shadow') continue
    const owner = virtual.get(foldName(name.slice(0, name.lastIndexOf('_'))))
    if (owner !== undefined && !isPart(connection, owner, name)) {
      facts.set(name, { ...fact, type: 'table' })
    }
  }
  return facts
}

function isPart(connection: DatabaseSync, owner: Entry, table: string): boolean {
  const part = foldName(table.slice(table.lastIndexOf('_') + 1))
  const module = moduleOf(owner.sql)
  if (part === 'content' && keepsNoText(owner, module)) return false
  if (part === 'docsize' && keepsNoSizes(owner, module)) return false
  const expected = firstColumns[kindredModule[module] ?? module]?.[part] ?? []
  const columns = readColumns(connection, table)
  return expected.every((name, index) => foldName(columns[index]?.name ?? '') === name)
}

function keepsNoText({ sql }: Entry, module: string): boolean {
  return (
    ['fts4', 'fts5'].includes(module) &&
    optionOf(sql, 'content') !== undefined &&
    optionOf(sql, 'contentless_unindexed') === undefined
  )
}

function keepsNoSizes({ sql }: Entry, module: string): boolean {
  return module === 'fts5'
    ? optionOf(sql, 'columnsize') === '0'
    : module === 'fts3' || (module === 'fts4' && optionOf(sql, 'matchinfo') === 'fts3')
}

/** The folded name of each inner table → the virtual table whose part it is, of those virtual tables whose parts are kept. */
export function partsOf(
  entries: readonly Entry[],
  facts: ReadonlyMap<string, TableFacts>,
  owners: readonly { readonly entry: Entry; readonly moduleIsThere: boolean }[],
): Map<string, Entry> {
  const parts = new Map<string, Entry>()
  for (const { entry: owner, moduleIsThere } of owners) {
    const prefix = `${foldName(owner.name)}_`
    for (const { type, name, sql } of entries) {
      if (type !== 'table' || isVirtual(sql) || !foldName(name).startsWith(prefix)) continue
      const isShadow = facts.get(name)?.type === 'shadow'
      const belongs = isShadow
        ? foldName(name.slice(0, name.lastIndexOf('_') + 1)) === prefix
        : // Only its module could tell which tables are its parts.
          !moduleIsThere
      const longer = parts.get(foldName(name))?.name.length ?? 0
      if (belongs && owner.name.length > longer) parts.set(foldName(name), owner)
    }
  }
  return parts
}
