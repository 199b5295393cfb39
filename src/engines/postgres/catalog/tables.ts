import { changedWhileReading } from '../errors.ts'
import { compareText } from '../quote.ts'
import {
  columnComments,
  columnGrants,
  columnLine,
  inheritedNotNullLine,
  columnStatements,
  defaultStatement,
  notValidNotNull,
  type ColumnOwner,
  type ColumnRow,
} from './columns.ts'
import type { Constraint } from './constraints.ts'
import { grantStatements } from './grants.ts'
import type { Index } from './indexes.ts'
import {
  address,
  commentStatements,
  optionList,
  type Captured,
  type CatalogContext,
  type RelationPart,
} from './parts.ts'
import type { RelationParts } from './relation-parts.ts'
import type { RelationRow } from './relations.ts'
import type { OwnedSequence } from './sequences.ts'

/** All that one table's file is made of. */
interface TableParts {
  readonly row: RelationRow
  readonly owner: ColumnOwner
  readonly columns: readonly ColumnRow[]
  readonly constraints: readonly Constraint[]
  readonly indexes: readonly Index[]
  readonly sequences: readonly OwnedSequence[]
  readonly late: readonly RelationPart[]
  readonly isDeferred: (column: ColumnRow) => boolean
}

function partsOf(row: RelationRow, parts: RelationParts): TableParts {
  const of = <Part>(groups: ReadonlyMap<number, readonly Part[]>): readonly Part[] =>
    groups.get(row.oid) ?? []
  return {
    row,
    owner: { ...row, writesAllColumns: row.is_partition || (row.parents ?? []).length === 0 },
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

function elementLines(parts: TableParts): string[] {
  const identityOf = (column: ColumnRow): OwnedSequence | undefined =>
    parts.sequences.find(
      (sequence) => sequence.isIdentity && sequence.columnNumber === column.number,
    )
  const columns = parts.columns.flatMap((column) => {
    const line = columnLine(column, parts.owner, identityOf(column), parts.isDeferred(column))
    if (line === undefined) return []
    return parts.row.of_type === null ? [line] : typedColumnLine(column, line)
  })
  return [
    ...columns,
    ...parts.columns.flatMap((column) => inheritedNotNullLine(column, parts.owner) ?? []),
    ...parts.constraints.filter(({ place }) => place === 'line').map(({ text }) => text),
  ]
}

function createStatement(parts: TableParts): string {
  const { row } = parts
  const lines = elementLines(parts)
  const options = [optionList(row.options), optionList(row.toast_options, 'toast.')].filter(
    (list) => list !== '',
  )
  const inherits = row.is_partition ? [] : (row.parents ?? [])
  const body = lines.length === 0 ? '' : `\n  ${lines.join(',\n  ')}\n`
  const elements =
    row.of_type === null ? ` (${body})` : ` OF ${row.of_type}${body === '' ? '' : ` (${body})`}`
  const clauses = [
    ...(inherits.length === 0
      ? []
      : [`INHERITS (${inherits.map(({ quoted }) => quoted).join(', ')})`]),
    ...(row.partition_key === null ? [] : [`PARTITION BY ${row.partition_key}`]),
    ...(row.access_method === null ? [] : [`USING ${row.access_method}`]),
    ...(options.length === 0 ? [] : [`WITH (${options.join(', ')})`]),
    ...(row.tablespace === null ? [] : [`TABLESPACE ${row.tablespace}`]),
  ]
  const create = `CREATE ${row.is_unlogged ? 'UNLOGGED ' : ''}TABLE ${row.quoted}${elements}`
  return `${[create, ...clauses].join('\n')};`
}

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

function sequenceStatements(parts: TableParts): string[] {
  return parts.sequences.flatMap((sequence) => [
    ...(sequence.isIdentity &&
    sequence.isUnlogged !== undefined &&
    sequence.isUnlogged !== parts.row.is_unlogged
      ? [`ALTER SEQUENCE ${sequence.quoted} SET ${sequence.isUnlogged ? 'UNLOGGED' : 'LOGGED'};`]
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

function statements(context: CatalogContext, parts: TableParts): string[] {
  const { row, owner, columns, constraints, indexes } = parts
  // The server looks into the functions of generated columns when it creates the table.
  const computes = columns.some(
    ({ generated, calls_user_function }) => generated !== '' && calls_user_function,
  )
  return [
    ...(computes ? withOwnPath([createStatement(parts)]) : [createStatement(parts)]),
    ...columns.flatMap((column) => columnStatements(column, owner)),
    `ALTER TABLE ${row.quoted} OWNER TO ${row.owner};`,
    ...sequenceStatements(parts),
    ...indexes.filter(({ phase }) => phase === 'sql').flatMap((index) => index.statements),
    ...attachStatements(row),
    ...replicaIdentity(row),
    ...commentStatements(context, `TABLE ${row.quoted}`, address('pg_class', row.oid)),
    ...columns.flatMap((column) => columnComments(context, column, owner)),
    ...constraints.filter(({ place }) => place === 'line').flatMap(({ comments }) => comments),
    ...grantStatements({ ...row, target: `TABLE ${row.quoted}` }),
    ...columns.flatMap((column) => columnGrants(column, owner)),
  ]
}

function statementsAfterRows(parts: TableParts): string[] {
  const { row, constraints, indexes, columns, late } = parts
  const waiting = constraints.filter(({ place }) => place !== 'line')
  const textOf = (constraint: Constraint): string[] =>
    constraint.place === 'statement' ? [constraint.text] : []
  return [
    ...columns.filter(parts.isDeferred).flatMap((column) => defaultStatement(column, row.quoted)),
    ...columns.flatMap((column) => notValidNotNull(column, parts.owner)),
    ...waiting.filter(({ isIncomplete }) => isIncomplete).flatMap(textOf),
    ...withOwnPath([
      ...waiting.filter(({ needsOwnPath }) => needsOwnPath).flatMap(textOf),
      ...indexes.filter(({ phase }) => phase === 'afterRows').flatMap((index) => index.statements),
    ]),
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

function addressesOf(parts: TableParts): Pick<Captured, 'addresses' | 'lateAddresses'> {
  const { row, columns, constraints, indexes, sequences, late } = parts
  const waiting = constraints
    .filter(({ place }) => place !== 'line')
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
    ...columns.flatMap((column) =>
      column.expression_oid === null ? [] : [address('pg_attrdef', column.expression_oid)],
    ),
    ...constraints.map((constraint) => constraint.address),
    ...indexes.map((index) => index.address),
    ...late.map((part) => part.address),
    ...sequences
      .filter(({ isIdentity }) => isIdentity)
      .map(({ sequence }) => address('pg_class', sequence)),
  ]
  return { addresses, lateAddresses }
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
    sql: statements(context, parts),
    afterRows: statementsAfterRows(parts),
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
