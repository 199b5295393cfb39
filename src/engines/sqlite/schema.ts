import type { DatabaseSync } from 'node:sqlite'
import type { DbObject, NotCaptured, ObjectKey, Schema, Table } from '../../model.ts'
import type { ReadRequest } from '../engine.ts'
import {
  encodingOf,
  query,
  readColumns,
  readEntries,
  readUniqueIndexes,
  type ColumnFacts,
  type Entry,
  type TableFacts,
} from './catalog.ts'
import type { TextEncoding } from './cells.ts'
import { databaseObject } from './header.ts'
import type { ReadPlan } from './rows.ts'
import { foldName, quoteText, statement, tokens } from './sqltext.ts'
import { readViews } from './views.ts'
import { isVirtual, readVirtualTable, tableFactsOf, virtualRowsNotCaptured } from './virtual.ts'

/** A schema and how its tables are read. */
export interface ReadSchema {
  readonly schema: Schema
  readonly encoding: TextEncoding
  /** By the name of the table. */
  readonly plans: ReadonlyMap<string, ReadPlan>
}

/** What is known while the objects are put together. */
interface Sources {
  readonly connection: DatabaseSync
  readonly wantsRows: ReadRequest['wantsRows']
  readonly facts: ReadonlyMap<string, TableFacts>
  /** Statements of indexes and triggers by the folded name of what they belong to, each list by name. */
  readonly indexes: ReadonlyMap<string, string>
  readonly triggers: ReadonlyMap<string, string>
}

/** Reads every object of the file, inside a transaction. */
export function readSchema(
  connection: DatabaseSync,
  wantsRows: ReadRequest['wantsRows'],
): ReadSchema {
  const encoding = encodingOf(connection)
  const { entries, notCaptured } = readEntries(connection, encoding)
  const sources: Sources = {
    connection,
    wantsRows,
    facts: tableFactsOf(connection, entries),
    indexes: statementsOf(entries, 'index'),
    triggers: statementsOf(entries, 'trigger'),
  }
  const tables = entries
    .filter(({ type, name }) => type === 'table' && sources.facts.get(name)?.type !== 'shadow')
    .map((entry) => readTable(sources, entry))
  const { views, warnings } = readViews(connection, entries, sources.triggers)
  const objects: DbObject[] = [
    databaseObject(connection, encoding),
    ...tables.map(({ table }) => table),
    ...views,
  ]
  const schema: Schema = {
    product: 'SQLite',
    serverVersion: String(query(connection, 'SELECT sqlite_version() AS version')[0]?.['version']),
    versions: {},
    objects,
    notCaptured: [
      ...notCaptured,
      ...tables.flatMap(({ missing }) => missing),
      ...withoutOwner(entries, objects),
    ],
    warnings,
  }
  return { schema, encoding, plans: new Map(tables.map(({ table, plan }) => [table.name, plan])) }
}

function statementsOf(entries: readonly Entry[], type: Entry['type']): Map<string, string> {
  const statements = new Map<string, string>()
  for (const entry of entries.filter((candidate) => candidate.type === type)) {
    const owner = foldName(entry.tableName)
    statements.set(owner, (statements.get(owner) ?? '') + statement(entry.sql))
  }
  return statements
}

/** Indexes and triggers on a table that is in no file, such as an inner part of a virtual table. */
function withoutOwner(entries: readonly Entry[], objects: readonly DbObject[]): NotCaptured[] {
  const owners = new Set(objects.map(({ name }) => foldName(name)))
  return entries
    .filter(({ type, tableName }) => !isOwner(type) && !owners.has(foldName(tableName)))
    .map(({ type, name, tableName }) => ({
      kind: type,
      name,
      reason: `It belongs to "${tableName}", which is in no file.`,
    }))
}

function isOwner(type: Entry['type']): boolean {
  return type === 'table' || type === 'view'
}

interface ReadTable {
  readonly table: Table
  readonly plan: ReadPlan
  readonly missing: readonly NotCaptured[]
}

function readTable(sources: Sources, entry: Entry): ReadTable {
  return sources.facts.get(entry.name)?.type === 'virtual' || isVirtual(entry.sql)
    ? virtualTable(sources, entry)
    : storedTable(sources, entry)
}

function storedTable(sources: Sources, entry: Entry): ReadTable {
  const columns = readColumns(sources.connection, entry.name)
  const withoutRowid = sources.facts.get(entry.name)?.withoutRowid ?? false
  const key = keyOf(sources.connection, entry.name, columns)
  const nullableKey = columns.some(
    ({ name, notNull }) => key.includes(name) && !notNull && !withoutRowid,
  )
  const counters = countersOf(sources.connection, entry)
  const table: Table = {
    ...tableKey(entry),
    kind: 'table',
    sql: statement(entry.sql) + (sources.indexes.get(foldName(entry.name)) ?? ''),
    ...afterRows(sources.triggers.get(foldName(entry.name)) ?? ''),
    ...(counters === '' ? {} : { sqlCounters: counters }),
    dependsOn: [],
    columns: columns.map(publicColumn),
    orderBy: key,
    hasRows: true,
  }
  return {
    table,
    plan: { virtual: false, keyCanRepeat: key.length === 0 || nullableKey },
    missing: [],
  }
}

function virtualTable(sources: Sources, entry: Entry): ReadTable {
  const found = readVirtualTable(sources.connection, entry, sources.facts)
  const table: Table = {
    ...tableKey(entry),
    kind: 'table',
    sql: statement(entry.sql),
    ...afterRows(found.sqlAfterRows),
    dependsOn: [],
    columns: found.columns.map(publicColumn),
    orderBy: found.orderBy,
    hasRows: found.hasRows,
  }
  const missing =
    found.notCaptured !== undefined && sources.wantsRows({ name: entry.name })
      ? [virtualRowsNotCaptured(entry.name, found.notCaptured)]
      : []
  return { table, plan: { virtual: true, keyCanRepeat: false }, missing }
}

function tableKey({ name }: Entry): ObjectKey {
  return { kind: 'table', name }
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

/** The state of an AUTOINCREMENT table's counter, also that there is none. Source: https://www.sqlite.org/autoinc.html */
function countersOf(connection: DatabaseSync, entry: Entry): string {
  const counts = tokens(entry.sql).some(
    ({ kind, text }) => kind === 'word' && /^autoincrement$/i.test(text),
  )
  if (!counts) return ''
  const name = quoteText(entry.name)
  const rows = query(
    connection,
    'SELECT quote(seq) AS seq FROM sqlite_sequence WHERE name = ? ORDER BY seq',
    entry.name,
  )
  return [
    `DELETE FROM sqlite_sequence WHERE name = ${name};\n`,
    ...rows.map(
      ({ seq }) => `INSERT INTO sqlite_sequence(name, seq) VALUES(${name}, ${String(seq)});\n`,
    ),
  ].join('')
}
