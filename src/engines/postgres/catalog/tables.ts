import { changedWhileReading } from '../errors.ts'
import { compareText } from '../quote.ts'
import {
  columnComments,
  columnGrants,
  columnStatements,
  defaultStatement,
  isAttachedWithIt,
  notNullComments,
  notValidNotNull,
  identityClause,
} from './column-text.ts'
import type { Constraint } from './constraints.ts'
import { createStatement } from './create-table.ts'
import { grantStatements } from './grants.ts'
import type { Index } from './indexes.ts'
import { address, commentStatements, type Captured, type CatalogContext } from './parts.ts'
import type { RelationParts } from './relation-parts.ts'
import type { RelationRow } from './relations.ts'
import { addressesOf, partsOf, type TableParts } from './table-parts.ts'

function attachStatements(row: RelationRow): string[] {
  if (!row.is_partition) return []
  const parent = row.parents?.[0]
  if (parent === undefined || row.partition_bound === null)
    throw changedWhileReading(`the partition ${row.quoted}`)
  return [
    `ALTER TABLE ONLY ${parent.quoted} ATTACH PARTITION ${row.quoted} ${row.partition_bound};`,
  ]
}

function replicaIdentity(row: RelationRow): string[] {
  const words: Readonly<Record<string, string>> = { n: 'NOTHING', f: 'FULL' }
  const word = words[row.replica_identity]
  return word === undefined ? [] : [`ALTER TABLE ONLY ${row.quoted} REPLICA IDENTITY ${word};`]
}

/** Identities that a child gave to columns of its parents, which its CREATE TABLE does not write. */
function inheritedIdentities({ columns, owner, sequences }: TableParts): string[] {
  if (owner.writesAllColumns) return []
  return columns
    .filter(({ is_local, identity }) => !is_local && identity !== '')
    .flatMap((column) => {
      const sequence = sequences.find(({ columnNumber }) => columnNumber === column.number)
      const clause = identityClause(column, owner, sequence)
      return clause === ''
        ? []
        : [`ALTER TABLE ONLY ${owner.quoted} ALTER COLUMN ${column.quoted} ADD${clause};`]
    })
}

function sequenceStatements(parts: TableParts): string[] {
  const typeOf = (number: number): string | undefined =>
    parts.columns.find((column) => column.number === number)?.type
  return parts.sequences.flatMap((sequence) => [
    ...(sequence.isIdentity &&
    sequence.isUnlogged !== undefined &&
    sequence.isUnlogged !== parts.row.is_unlogged
      ? [`ALTER SEQUENCE ${sequence.quoted} SET ${sequence.isUnlogged ? 'UNLOGGED' : 'LOGGED'};`]
      : []),
    ...(sequence.isIdentity && sequence.type !== typeOf(sequence.columnNumber)
      ? [sequence.retyped]
      : []),
    ...(sequence.isIdentity
      ? sequence.tail
      : [`ALTER SEQUENCE ${sequence.quoted} OWNED BY ${parts.row.quoted}.${sequence.column};`]),
  ])
}

/** Functions that find things by the search path run with the path that sessions of this database have. */
function withOwnPath(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['RESET search_path;', ...lines, "SET search_path = '';"]
}

/** All that is made before the rows: the table by `create`, and what belongs to it; `word` is what COMMENT calls the table. */
export function statements(
  context: CatalogContext,
  parts: TableParts,
  create: string,
  word: string,
): string[] {
  const { row, owner, columns, constraints, indexes } = parts
  // The server looks into the functions of generated columns when it creates the table.
  const computes = columns.some(
    ({ generated, calls_user_function }) => generated !== '' && calls_user_function,
  )
  return [
    ...(computes ? withOwnPath([create]) : [create]),
    ...constraints.filter(({ place }) => place === 'added').map(({ text }) => text),
    ...columns.flatMap((column) => columnStatements(column, owner, parts.isDeferred(column))),
    `ALTER TABLE ${row.quoted} OWNER TO ${row.owner};`,
    ...inheritedIdentities(parts),
    ...sequenceStatements(parts),
    ...indexes.filter(({ phase }) => phase === 'sql').flatMap((index) => index.statements),
    ...(columns.some(isAttachedWithIt) ? [] : attachStatements(row)),
    ...replicaIdentity(row),
    ...commentStatements(context, `${word} ${row.quoted}`, address('pg_class', row.oid)),
    ...columns.flatMap((column) => columnComments(context, column, owner)),
    ...constraints.filter(isEarly).flatMap(({ comments }) => comments),
    ...grantStatements({ ...row, target: `TABLE ${row.quoted}` }),
    ...columns.flatMap((column) => columnGrants(column, owner)),
  ]
}

function isEarly({ place }: Constraint): boolean {
  return place === 'line' || place === 'added'
}

/** All that waits for the rows. */
export function statementsAfterRows(context: CatalogContext, parts: TableParts): string[] {
  const { row, owner, constraints, indexes, columns, late } = parts
  const waiting = constraints.filter((constraint) => !isEarly(constraint))
  const textOf = (constraint: Constraint): string[] =>
    constraint.place === 'statement' ? [constraint.text] : []
  return [
    ...columns.filter(parts.isDeferred).flatMap((column) => defaultStatement(column, row.quoted)),
    ...columns.flatMap((column) => notValidNotNull(column, owner)),
    ...(columns.some(isAttachedWithIt) ? attachStatements(row) : []),
    ...columns
      .filter(({ not_null_is_valid }) => not_null_is_valid === false)
      .flatMap((column) => notNullComments(context, column, owner)),
    ...waiting.flatMap(({ renamed }) => renamed),
    ...waiting.filter(({ isIncomplete }) => isIncomplete).flatMap(textOf),
    ...withOwnPath([
      ...waiting.filter(({ needsOwnPath }) => needsOwnPath).flatMap(textOf),
      ...indexes.filter(({ phase }) => phase === 'afterRows').flatMap((index) => index.statements),
    ]),
    ...indexes.flatMap(({ attaching }) => attaching),
    ...waiting
      .filter(({ needsOwnPath, isIncomplete }) => !needsOwnPath && !isIncomplete)
      .flatMap(textOf),
    ...waiting.flatMap(({ comments }) => comments),
    ...late.flatMap((part) => part.statements),
    ...(row.has_row_security ? [`ALTER TABLE ${row.quoted} ENABLE ROW LEVEL SECURITY;`] : []),
    ...(row.forces_row_security
      ? [`ALTER TABLE ONLY ${row.quoted} FORCE ROW LEVEL SECURITY;`]
      : []),
  ]
}

/** The key to order by: the primary key, else the best unique one, chosen by its columns so that names don't matter. */
function orderBy(indexes: readonly Index[]): readonly string[] {
  const primary = indexes.find(({ isPrimary, key }) => isPrimary && key !== null)
  if (primary?.key) return primary.key
  const keys = indexes.flatMap(({ key }) => (key === null ? [] : [key]))
  const rank = (key: readonly string[]): string =>
    `${String(key.length).padStart(3, '0')}${JSON.stringify(key)}`
  return [...keys].sort((left, right) => compareText(rank(left), rank(right)))[0] ?? []
}

/** A table and all that belongs to it. */
export function tableFrom(
  context: CatalogContext,
  row: RelationRow,
  allParts: RelationParts,
): Captured {
  const parts = partsOf(row, allParts)
  const parent = row.is_partition ? row.parents?.[0] : undefined
  return {
    kind: 'table',
    schema: row.schema,
    name: row.name,
    sql: statements(context, parts, createStatement(context, parts), 'TABLE'),
    afterRows: statementsAfterRows(context, parts),
    counters: parts.sequences
      .filter(({ isIdentity }) => isIdentity)
      .flatMap(({ counters }) => counters),
    ...addressesOf(parts),
    table: {
      columns: parts.columns.map(({ name, type, generated }) => ({
        name,
        type,
        generated: generated !== '',
      })),
      orderBy: orderBy(parts.indexes),
      hasRows: row.kind === 'r',
      ...(parent === undefined
        ? {}
        : { partitionOf: { kind: 'table', schema: parent.schema, name: parent.name } }),
    },
  }
}
