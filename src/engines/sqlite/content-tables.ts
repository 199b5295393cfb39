import type { ObjectKey } from '../../model.ts'
import type { Entry } from './catalog.ts'
import { foldName, tableNames } from './sqltext.ts'
import { contentOf, isVirtual, moduleOf } from './virtual-text.ts'

/** The key of a table, virtual or not. */
export function tableKey({ name }: Entry): ObjectKey & { readonly kind: 'table' } {
  return { kind: 'table', name }
}

/** A full-text table without columns of its own takes those of the table or view whose text it indexes. */
export function contentKey(entries: readonly Entry[], { name, sql }: Entry): ObjectKey[] {
  const content = contentEntry(entries, sql)
  if (content === undefined) return []
  if (content.type === 'view') {
    const isNeeded = moduleOf(sql) === 'fts4' && !tableNames(content.sql).has(foldName(name))
    return isNeeded ? [{ kind: 'view', name: content.name }] : []
  }
  return isVirtual(content.sql) ? [] : [tableKey(content)]
}

/** The tables whose words a full-text table over another table or view holds; of a view all that it names, at any depth. */
export function contentTables(entries: readonly Entry[], { sql }: Entry): Entry[] {
  const found = new Set<Entry>()
  const waiting = [contentEntry(entries, sql)]
  while (waiting.length > 0) {
    const entry = waiting.pop()
    if (entry === undefined || found.has(entry)) continue
    found.add(entry)
    if (entry.type !== 'view') continue
    for (const name of tableNames(entry.sql)) waiting.push(tableOrView(entries, name))
  }
  return [...found].filter(({ type, sql: text }) => type === 'table' && !isVirtual(text))
}

function contentEntry(entries: readonly Entry[], sql: string): Entry | undefined {
  const name = contentOf(sql)
  return name === undefined || name === '' ? undefined : tableOrView(entries, name)
}

function tableOrView(entries: readonly Entry[], name: string): Entry | undefined {
  const folded = foldName(name)
  return entries.find(
    (entry) => (entry.type === 'table' || entry.type === 'view') && foldName(entry.name) === folded,
  )
}
