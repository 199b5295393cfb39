import type { DatabaseSync } from 'node:sqlite'
import type { NotCaptured, Table } from '../../model.ts'
import type { ReadRequest } from '../engine.ts'
import {
  query,
  readColumns,
  readUniqueIndexes,
  type ColumnFacts,
  type Entry,
  type TableFacts,
} from './catalog.ts'
import { contentKey, contentTables, tableKey } from './content-tables.ts'
import { hiddenRowidName } from './rowids.ts'
import { whyRowsAreUnreadable, type ReadPlan } from './rows.ts'
import { foldName, statement } from './sqltext.ts'
import { readVirtualTable, virtualRowsNotCaptured } from './virtual.ts'
import { rowidColumn, type VirtualTable } from './virtual-table.ts'
import { definitionOfPart, isVirtual } from './virtual-text.ts'

/** What is known while the tables are put together. */
export interface Sources {
  readonly connection: DatabaseSync
  readonly entries: readonly Entry[]
  readonly wantsRows: ReadRequest['wantsRows']
  readonly facts: ReadonlyMap<string, TableFacts>
  readonly virtual: ReadonlyMap<string, VirtualTable>
  /** Inner tables that are kept, by folded name, with their virtual tables. */
  readonly parts: ReadonlyMap<string, Entry>
  /** Folded names of tables whose rowids are kept. */
  readonly readByRowid: ReadonlySet<string>
  /** Statements of indexes and triggers by the folded name of what they belong to, each list by name. */
  readonly indexes: ReadonlyMap<string, string>
  readonly triggers: ReadonlyMap<string, string>
  /** Statements that set counters, by the name of the table. */
  readonly counters: ReadonlyMap<string, string>
}

/** A table, how its rows are read, and what of it is in no file. */
export interface ReadTable {
  readonly table: Table
  readonly plan: ReadPlan
  readonly missing: readonly NotCaptured[]
  readonly warnings: readonly string[]
}

/** Puts together what belongs to a table. */
export function readTable(sources: Sources, entry: Entry): ReadTable {
  return isVirtual(entry.sql) ? virtualTable(sources, entry) : storedTable(sources, entry)
}

function storedTable(sources: Sources, entry: Entry): ReadTable {
  const { connection, facts, wantsRows } = sources
  const folded = foldName(entry.name)
  const withoutRowid = facts.get(entry.name)?.withoutRowid ?? false
  const own = readColumns(connection, entry.name)
  const needed = withoutRowid ? [] : neededRowid(sources, folded, own)
  // A query has no more columns than a table.
  const rowid = own.length < mostColumns ? needed : []
  const ownKey = keyOf(connection, entry.name, own)
  const key = ownKey.length > 0 ? ownKey : rowid.map(({ name }) => name)
  const nullableKey = own.some(
    ({ name, notNull }) => ownKey.includes(name) && !notNull && !withoutRowid,
  )
  const plan = { virtual: false, keyCanRepeat: key.length === 0 || nullableKey }
  const table: Table = {
    ...definitionOf(sources, entry),
    columns: [...rowid, ...own].map(publicColumn),
    orderBy: key,
    hasRows: true,
  }
  if (!wantsRows({ name: entry.name })) return { table, plan, missing: [], warnings: [] }
  const reason = whyRowsAreUnreadable(connection, table, plan)
  if (reason !== undefined) {
    const missing = [rowsNotCaptured(entry.name, reason)]
    return { table: { ...table, hasRows: false }, plan, missing, warnings: [] }
  }
  const missing = needed.length > rowid.length ? [rowidsNotCaptured(entry.name)] : []
  return { table, plan, missing, warnings: [] }
}

function rowsNotCaptured(name: string, reason: string): NotCaptured {
  return {
    kind: 'rows of a table',
    name,
    reason: `SQLite can't read them here (${reason}): the application brings along what it needs.`,
  }
}

function definitionOf(sources: Sources, entry: Entry) {
  const folded = foldName(entry.name)
  const owner = sources.parts.get(folded)
  const definition = statement(
    owner === undefined ? entry.sql : definitionOfPart(entry.sql, isMadeByModule(sources, owner)),
  )
  const counters = sources.counters.get(entry.name)
  return {
    ...tableKey(entry),
    sql: definition + (sources.indexes.get(folded) ?? ''),
    ...afterRows(sources.triggers.get(folded) ?? ''),
    ...(counters === undefined ? {} : { sqlCounters: counters }),
    dependsOn: owner === undefined ? [] : [tableKey(owner)],
    ...(owner === undefined
      ? {}
      : { holdsRowsOf: [owner, ...contentTables(sources.entries, owner)].map(tableKey) }),
  }
}

function isMadeByModule({ virtual }: Sources, owner: Entry): boolean {
  return virtual.get(owner.name)?.unusable === undefined
}

/** Source: https://www.sqlite.org/limits.html#max_column */
const mostColumns = 2000

function rowidsNotCaptured(name: string): NotCaptured {
  const reason = `Something reads the rowids of its rows, and a table of ${mostColumns} columns leaves no room for them: make one of its columns INTEGER PRIMARY KEY.`
  return { kind: 'rowids', name, reason }
}

/** The rowid as the first column, where something reads it and no column has its value. */
function neededRowid(
  { connection, readByRowid }: Sources,
  table: string,
  columns: readonly ColumnFacts[],
): ColumnFacts[] {
  if (!readByRowid.has(table) || keyIsRowid(connection, table, columns)) return []
  const name = hiddenRowidName(columns)
  return name === undefined ? [] : [{ ...rowidColumn, name }]
}

/**
 * Only a primary key that is the rowid itself has no index; INTEGER PRIMARY KEY DESC has one.
 * Source: https://www.sqlite.org/lang_createtable.html#rowids_and_the_integer_primary_key
 */
function keyIsRowid(
  connection: DatabaseSync,
  table: string,
  columns: readonly ColumnFacts[],
): boolean {
  if (!columns.some(({ keyPosition }) => keyPosition > 0)) return false
  const sql = `SELECT 1 FROM pragma_index_list(?, 'main') WHERE origin = 'pk'`
  return query(connection, sql, table).length === 0
}

function virtualTable(sources: Sources, entry: Entry): ReadTable {
  const { connection, facts, parts } = sources
  const found = sources.virtual.get(entry.name) ?? readVirtualTable(connection, entry, facts)
  const [content] = contentTables(sources.entries, entry)
  const table: Table = {
    ...tableKey(entry),
    sql: found.sql,
    ...afterRows(found.sqlAfterRows),
    dependsOn: contentKey(sources.entries, entry),
    ...(content === undefined ? {} : { partitionOf: tableKey(content) }),
    columns: found.columns.map(publicColumn),
    orderBy: found.orderBy,
    hasRows: found.hasRows,
  }
  const isLost =
    found.unusable !== undefined && ![...parts.values()].some(({ name }) => name === entry.name)
  const missing =
    isLost && sources.wantsRows({ name: entry.name })
      ? [virtualRowsNotCaptured(entry.name, found.unusable)]
      : []
  const from = found.rowsFrom === undefined ? {} : { from: found.rowsFrom }
  const plan = { virtual: true, keyCanRepeat: false, ...from }
  return { table, plan, missing, warnings: found.warning === undefined ? [] : [found.warning] }
}

function afterRows(sql: string): { sqlAfterRows?: string } {
  return sql === '' ? {} : { sqlAfterRows: sql }
}

function publicColumn({ name, type, generated }: ColumnFacts) {
  return { name, type, generated }
}

/** The primary key, else the smallest unique index whose columns are all NOT NULL and stored, else nothing. */
function keyOf(
  connection: DatabaseSync,
  table: string,
  columns: readonly ColumnFacts[],
): readonly string[] {
  const primary = columns
    .filter(({ keyPosition }) => keyPosition > 0)
    .sort((left, right) => left.keyPosition - right.keyPosition)
    .map(({ name }) => name)
  if (primary.length > 0) return primary
  const usable = new Set(
    columns.filter(({ notNull, generated }) => notNull && !generated).map(({ name }) => name),
  )
  return (
    readUniqueIndexes(connection, table).find((names) => names.every((name) => usable.has(name))) ??
    []
  )
}
