import { changedWhileReading } from '../errors.ts'
import { foreignOptions } from './column-text.ts'
import type { ForeignTable } from './foreign-table-facts.ts'
import { changeOptions, optionsClause, splitOptions } from './generic-options.ts'
import type { Captured, CatalogContext } from './parts.ts'
import type { RelationParts } from './relation-parts.ts'
import type { RelationRow } from './relations.ts'
import { secrecyOfOption } from '../../secrets.ts'
import { addressesOf, elementLines, partsOf, type TableParts } from './table-parts.ts'
import { statements, statementsAfterRows } from './tables.ts'

function createStatement(parts: TableParts, facts: ForeignTable): string {
  const { row } = parts
  const lines = elementLines(parts)
  const inherits = row.is_partition ? [] : (row.parents ?? [])
  const body = lines.length === 0 ? '' : `\n  ${lines.join(',\n  ')}\n`
  const clauses = [
    ...(inherits.length === 0
      ? []
      : [`INHERITS (${inherits.map(({ quoted }) => quoted).join(', ')})`]),
    `SERVER ${facts.server}`,
    ...optionsClause(splitOptions(facts.options, secrecyOfOption).shared, ''),
  ]
  return `${[`CREATE FOREIGN TABLE ${row.quoted} (${body})`, ...clauses].join('\n')};`
}

function secrets({ row, columns }: TableParts, facts: ForeignTable): string[] {
  const alter = `ALTER FOREIGN TABLE ONLY ${row.quoted}`
  return [
    ...changeOptions(alter, splitOptions(facts.options, secrecyOfOption).secret),
    ...columns.flatMap((column) =>
      changeOptions(`${alter} ALTER COLUMN ${column.quoted}`, foreignOptions(column).secret),
    ),
  ]
}

/** A foreign table and all that belongs to it; its rows are another server's. */
export function foreignTableFrom(
  context: CatalogContext,
  row: RelationRow,
  allParts: RelationParts,
): Captured {
  const parts = partsOf(row, allParts)
  const facts = allParts.foreign.get(row.oid)
  if (facts === undefined) throw changedWhileReading(`the foreign table ${row.quoted}`)
  return {
    kind: 'foreign_table',
    schema: row.schema,
    name: row.name,
    sql: statements(context, parts, createStatement(parts, facts), 'FOREIGN TABLE'),
    afterRows: statementsAfterRows(context, parts),
    counters: parts.sequences
      .filter(({ isIdentity }) => isIdentity)
      .flatMap(({ counters }) => counters),
    secrets: secrets(parts, facts),
    ...addressesOf(parts),
  }
}
