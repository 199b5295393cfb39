import type { DatabaseSync } from 'node:sqlite'
import type { Column, NotCaptured } from '../../model.ts'
import { textFromBytes, type TextEncoding } from './cells.ts'
import { isOneStatement } from './sqltext.ts'

/** One line of sqlite_schema that a user made. */
export interface Entry {
  readonly type: 'table' | 'index' | 'view' | 'trigger'
  readonly name: string
  /** The table or view it belongs to, in the case in which the user wrote it. */
  readonly tableName: string
  readonly sql: string
}

/** What SQLite says about a table beside its text. Source: https://www.sqlite.org/pragma.html#pragma_table_list */
export interface TableFacts {
  readonly type: 'table' | 'view' | 'shadow' | 'virtual'
  readonly withoutRowid: boolean
}

export interface ColumnFacts extends Column {
  readonly notNull: boolean
  /** Position in the primary key from 1 on, 0 outside it. */
  readonly keyPosition: number
  /** Hidden column of a virtual table. */
  readonly hidden: boolean
}

/** Runs a query and gives its rows as records. */
export function query(
  connection: DatabaseSync,
  sql: string,
  ...parameters: string[]
): Record<string, unknown>[] {
  return connection.prepare(sql).all(...parameters)
}

/** The encoding of all text in the file. */
export function encodingOf(connection: DatabaseSync): TextEncoding {
  const encoding = query(connection, 'PRAGMA encoding')[0]?.['encoding']
  if (encoding !== 'UTF-8' && encoding !== 'UTF-16le' && encoding !== 'UTF-16be') {
    throw new TypeError(`unknown encoding ${String(encoding)}`)
  }
  return encoding
}

/**
 * The lines of sqlite_schema by type and name; SQLite's own tables and automatic indexes are left out,
 * lines that are not text in the database's encoding, or more than a definition, come as not captured.
 */
export function readEntries(
  connection: DatabaseSync,
  encoding: TextEncoding,
): { entries: Entry[]; notCaptured: NotCaptured[] } {
  const entries: Entry[] = []
  const notCaptured: NotCaptured[] = []
  const rows = query(
    connection,
    `SELECT type, name, tbl_name, CAST(name AS BLOB) AS name_bytes, CAST(sql AS BLOB) AS sql_bytes
       FROM sqlite_schema
      WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`,
  )
  for (const row of rows) {
    const type = String(row['type'])
    const name = String(row['name'])
    const exactName = textFromBytes(row['name_bytes'] as Uint8Array, encoding)
    const sql = textFromBytes(row['sql_bytes'] as Uint8Array, encoding)
    if (!isEntryType(type)) {
      notCaptured.push({ kind: type, name, reason: 'This version knows no such kind of object.' })
    } else if (typeof sql !== 'string' || typeof exactName !== 'string') {
      notCaptured.push({ kind: type, name, reason: `Its definition is not valid ${encoding}.` })
    } else if (type !== 'trigger' && !isOneStatement(sql)) {
      notCaptured.push({ kind: type, name, reason: 'Its text holds more than one statement.' })
    } else {
      entries.push({ type, name, tableName: String(row['tbl_name']), sql })
    }
  }
  return { entries: entries.sort(byName), notCaptured: notCaptured.sort(byName) }
}

function isEntryType(type: string): type is Entry['type'] {
  return type === 'table' || type === 'index' || type === 'view' || type === 'trigger'
}

/** Orders by name, compared by UTF-16 code units on every machine. */
export function byName(left: { readonly name: string }, right: { readonly name: string }): number {
  return left.name < right.name ? -1 : left.name > right.name ? 1 : 0
}

/** Facts about every table and view, by name. */
export function readTableFacts(connection: DatabaseSync): Map<string, TableFacts> {
  const facts = new Map<string, TableFacts>()
  for (const row of query(connection, 'PRAGMA main.table_list')) {
    facts.set(String(row['name']), {
      type: row['type'] as TableFacts['type'],
      withoutRowid: row['wr'] === 1,
    })
  }
  return facts
}

/**
 * The columns of a table in table order, hidden ones included.
 * Throws SQLite's error where the module of a virtual table is missing.
 * Source of `hidden`: https://www.sqlite.org/pragma.html#pragma_table_xinfo
 */
export function readColumns(connection: DatabaseSync, table: string): ColumnFacts[] {
  return query(
    connection,
    `SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?, 'main') ORDER BY cid`,
    table,
  ).map((row) => ({
    name: String(row['name']),
    type: String(row['type']),
    generated: row['hidden'] === 2 || row['hidden'] === 3,
    notNull: row['notnull'] === 1,
    keyPosition: Number(row['pk']),
    hidden: row['hidden'] === 1,
  }))
}

/** The columns of each unique index over whole columns of all rows; smallest first, then by the columns' names. */
export function readUniqueIndexes(connection: DatabaseSync, table: string): string[][] {
  const indexes = query(
    connection,
    `SELECT name FROM pragma_index_list(?, 'main') WHERE "unique" = 1 AND partial = 0 AND origin <> 'pk'`,
    table,
  )
  const columns: string[][] = []
  for (const index of indexes) {
    const parts = query(
      connection,
      `SELECT cid, name FROM pragma_index_xinfo(?, 'main') WHERE key = 1 ORDER BY seqno`,
      String(index['name']),
    )
    if (parts.every((part) => Number(part['cid']) >= 0)) {
      columns.push(parts.map((part) => String(part['name'])))
    }
  }
  return columns.sort(
    (left, right) =>
      left.length - right.length || byName({ name: left.join('\0') }, { name: right.join('\0') }),
  )
}
