import {
  columnAddresses,
  columnLine,
  inheritedNotNullLine,
  type ColumnOwner,
} from './column-text.ts'
import type { ColumnRow } from './columns.ts'
import type { Constraint } from './constraints.ts'
import type { Index } from './indexes.ts'
import type { Capabilities } from '../session.ts'
import { address, type Captured, type RelationPart } from './parts.ts'
import type { RelationParts } from './relation-parts.ts'
import type { RelationRow } from './relations.ts'
import type { OwnedSequence } from './sequences.ts'

/** All that one table's file is made of. */
export interface TableParts {
  readonly can: Capabilities
  readonly row: RelationRow
  readonly owner: ColumnOwner
  readonly columns: readonly ColumnRow[]
  readonly constraints: readonly Constraint[]
  readonly indexes: readonly Index[]
  readonly sequences: readonly OwnedSequence[]
  readonly late: readonly RelationPart[]
  readonly isDeferred: (column: ColumnRow) => boolean
}

/** What belongs to one table. */
export function partsOf(row: RelationRow, parts: RelationParts): TableParts {
  const of = <Part>(groups: ReadonlyMap<number, readonly Part[]>): readonly Part[] =>
    groups.get(row.oid) ?? []
  const parents = row.is_partition ? [] : (row.parents ?? [])
  return {
    can: parts.can,
    row,
    owner: {
      ...row,
      writesAllColumns: parents.length === 0,
      inherited: parents.flatMap(({ oid }) => parts.columns.get(oid) ?? []),
    },
    columns: of(parts.columns),
    constraints: of(parts.constraints),
    indexes: of(parts.indexes),
    sequences: of(parts.sequences),
    late: [
      ...of(parts.statistics),
      ...of(parts.triggers),
      ...of(parts.rules),
      ...of(parts.policies),
    ],
    isDeferred: (column) =>
      column.expression_oid !== null && parts.deferredDefaults.has(column.expression_oid),
  }
}

/** A typed table takes its columns from the type; only what is added to them is written. */
function typedColumnLine(column: ColumnRow, line: string): string[] {
  const rest = line.slice(`${column.quoted} ${column.type}`.length).replace(/^ COLLATE \S+/, '')
  return rest === '' ? [] : [`${column.quoted} WITH OPTIONS${rest}`]
}

/** The line of a column in CREATE TABLE; none where it comes from a parent. */
export function lineOf(column: ColumnRow, parts: TableParts): string[] {
  const identity = parts.sequences.find(
    (sequence) => sequence.isIdentity && sequence.columnNumber === column.number,
  )
  const line = columnLine(column, parts.owner, identity, parts.isDeferred(column))
  if (line === undefined) return []
  return parts.row.of_type === null ? [line] : typedColumnLine(column, line)
}

/** The lines of CREATE TABLE that are no columns. */
export function constraintLines(parts: TableParts): string[] {
  return [
    ...parts.columns.flatMap((column) => inheritedNotNullLine(column, parts.owner) ?? []),
    ...parts.constraints.filter(({ place }) => place === 'line').map(({ text }) => text),
  ]
}

/** The lines of CREATE TABLE: columns and constraints. */
export function elementLines(parts: TableParts): string[] {
  return [...parts.columns.flatMap((column) => lineOf(column, parts)), ...constraintLines(parts)]
}

/** The catalog entries that a table and its parts are. */
export function addressesOf(parts: TableParts): Pick<Captured, 'addresses' | 'lateAddresses'> {
  const { row, columns, constraints, indexes, sequences, late } = parts
  const waiting = constraints
    .filter(({ place }) => place !== 'line' && place !== 'added')
    .map((constraint) => constraint.address)
  const lateAddresses = [
    ...waiting,
    ...late.map((part) => part.address),
    ...indexes.filter(({ phase }) => phase === 'afterRows').map((index) => index.address),
    ...columns
      .filter(parts.isDeferred)
      .map((column) => address('pg_attrdef', column.expression_oid ?? 0)),
  ]
  const addresses = [
    address('pg_class', row.oid),
    ...columnAddresses(columns),
    ...constraints.map((constraint) => constraint.address),
    ...indexes.map((index) => index.address),
    ...late.map((part) => part.address),
    ...sequences
      .filter(({ isIdentity }) => isIdentity)
      .map(({ sequence }) => address('pg_class', sequence)),
  ]
  return { addresses, lateAddresses }
}
