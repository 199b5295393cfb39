import type { DatabaseSync } from 'node:sqlite'
import type { DbObject, NotCaptured, Schema } from '../../model.ts'
import type { ReadRequest } from '../engine.ts'
import { withoutBroken } from './broken-schema.ts'
import { encodingOf, query, readEntries, type Entry } from './catalog.ts'
import type { TextEncoding } from './cells.ts'
import { census } from './census.ts'
import type { Reading } from './connect.ts'
import { countersOf, lostCounters } from './counters.ts'
import { databaseObject } from './header.ts'
import { needsOfApplication } from './needs.ts'
import { partsOf, tableFactsOf } from './parts.ts'
import { tablesReadByRowid } from './rowids.ts'
import type { ReadPlan } from './rows.ts'
import { foldName, statement } from './sqltext.ts'
import { readTable, type ReadTable, type Sources } from './tables.ts'
import { readViews } from './views.ts'
import { readVirtualTable } from './virtual.ts'
import type { VirtualTable } from './virtual-table.ts'
import { isVirtual } from './virtual-text.ts'

/** A schema and how its tables are read. */
export interface ReadSchema {
  readonly schema: Schema
  readonly encoding: TextEncoding
  /** By the name of the table. */
  readonly plans: ReadonlyMap<string, ReadPlan>
}

/** Reads every object of the file, inside a transaction. */
export function readSchema(reading: Reading, wantsRows: ReadRequest['wantsRows']): ReadSchema {
  const { connection } = reading
  const encoding = encodingOf(connection)
  const read = readEntries(connection, encoding)
  const { whole: entries, broken } = withoutBroken(connection, read.entries)
  const sources = sourcesOf(connection, entries, wantsRows)
  const isInner = ({ name }: Entry) =>
    sources.facts.get(name)?.type === 'shadow' && !sources.parts.has(foldName(name))
  const stored = entries.filter(({ type }) => type === 'table')
  const tables = stored.filter((entry) => !isInner(entry)).map((entry) => readTable(sources, entry))
  const { views, warnings } = readViews(connection, entries, sources.triggers)
  const objects: DbObject[] = [
    databaseObject(reading, encoding),
    ...tables.map(({ table }) => table),
    ...views,
  ]
  const innerTables = new Set(stored.filter(isInner).map(({ name }) => foldName(name)))
  const schema: Schema = {
    product: 'SQLite',
    serverVersion: String(query(connection, 'SELECT sqlite_version() AS version')[0]?.['version']),
    versions: {},
    objects,
    notCaptured: counted(connection, objects, innerTables, [
      ...read.notCaptured,
      ...broken,
      ...tables.flatMap(({ missing }) => missing),
      ...withoutOwner(entries, objects),
    ]),
    warnings: [
      ...warnings,
      ...tables.flatMap((table) => table.warnings),
      ...needsOfApplication(entries),
      ...lostCounters(connection, objects),
    ],
  }
  return { schema, encoding, plans: plansOf(tables) }
}

function sourcesOf(
  connection: DatabaseSync,
  entries: readonly Entry[],
  wantsRows: ReadRequest['wantsRows'],
): Sources {
  const facts = tableFactsOf(connection, entries)
  const virtual = new Map<string, VirtualTable>()
  const owners: { entry: Entry; moduleIsThere: boolean }[] = []
  for (const entry of entries.filter(({ type, sql }) => type === 'table' && isVirtual(sql))) {
    const table = readVirtualTable(connection, entry, facts)
    virtual.set(entry.name, table)
    if (table.keepsParts) owners.push({ entry, moduleIsThere: table.unusable === undefined })
  }
  return {
    connection,
    entries,
    wantsRows,
    facts,
    virtual,
    parts: partsOf(entries, facts, owners),
    readByRowid: tablesReadByRowid(connection, entries),
    indexes: statementsOf(entries, 'index'),
    triggers: statementsOf(entries, 'trigger'),
    counters: countersOf(connection, entries),
  }
}

function counted(
  connection: DatabaseSync,
  objects: readonly DbObject[],
  innerTables: ReadonlySet<string>,
  notCaptured: readonly NotCaptured[],
): NotCaptured[] {
  return [...notCaptured, ...census(connection, { objects, innerTables, notCaptured })]
}

function plansOf(tables: readonly ReadTable[]): Map<string, ReadPlan> {
  return new Map(tables.map(({ table, plan }) => [table.name, plan]))
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
