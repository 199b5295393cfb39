import type { ColumnRow } from './columns.ts'
import { addOptions, optionsInLine, splitOptions, type SplitOptions } from './generic-options.ts'
import { grantStatements } from './grants.ts'
import {
  address,
  commentStatements,
  optionList,
  type Address,
  type CatalogContext,
} from './parts.ts'
import { secrecyOfOption } from '../../secrets.ts'
import type { OwnedSequence } from './sequences.ts'

/** The table that a column belongs to, as far as its text depends on it. */
export interface ColumnOwner {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly quoted: string
  readonly owner: string
  /** False for a table that inherits: columns that are not its own come from its parents. */
  readonly writesAllColumns: boolean
  /** The columns of the tables that it inherits from; none for a partition. */
  readonly inherited: readonly ColumnRow[]
}

/** The columns of parents that a column is one with. */
function parentsOf(column: ColumnRow, table: ColumnOwner): readonly ColumnRow[] {
  return table.inherited.filter(({ name }) => name === column.name)
}

/** Without a word a child has the default of its parent. */
function lacksParentsDefault(column: ColumnRow, table: ColumnOwner): boolean {
  return (
    column.expression === null &&
    parentsOf(column, table).some(
      ({ expression, generated }) => expression !== null && generated === '',
    )
  )
}

/** ` GENERATED … AS IDENTITY (…)` of a column with a sequence of its own. */
export function identityClause(
  column: ColumnRow,
  table: ColumnOwner,
  sequence: OwnedSequence | undefined,
): string {
  // Partitions share the identity of their parent and have no sequence of their own.
  if (sequence === undefined) return ''
  const kind = column.identity === 'a' ? 'ALWAYS' : 'BY DEFAULT'
  const isStandardName =
    sequence.schema === table.schema && sequence.name === `${table.name}_${column.name}_seq`
  const options = [
    ...(isStandardName ? [] : [`SEQUENCE NAME ${sequence.quoted}`]),
    // A sequence of another type than its column gets it, and the rest, by a statement of its own.
    ...(sequence.type === column.type ? sequence.options : []),
  ]
  return ` GENERATED ${kind} AS IDENTITY${options.length === 0 ? '' : ` (${options.join(' ')})`}`
}

function valueClause(
  column: ColumnRow,
  table: ColumnOwner,
  sequence: OwnedSequence | undefined,
  isDeferred: boolean,
): string {
  if (column.identity !== '') return identityClause(column, table, sequence)
  if (isDeferred) return ''
  if (column.expression === null) return lacksParentsDefault(column, table) ? ' DEFAULT NULL' : ''
  if (column.generated === '') return ` DEFAULT ${column.expression}`
  return ` GENERATED ALWAYS AS (${column.expression})${column.generated === 's' ? ' STORED' : ''}`
}

/** NOT NULL as a column constraint; a name that is not the standard one for the table is written. */
export function notNullClause(column: ColumnRow, table?: ColumnOwner): string {
  if (!column.is_not_null || column.not_null_is_valid === false) return ''
  const isParents = table?.writesAllColumns === false && column.not_null_is_own === false
  if (isParents) return ''
  const isStandard =
    table !== undefined &&
    column.not_null_shares_name !== true &&
    column.not_null_name === `${table.name}_${column.name}_not_null`
  const name =
    column.not_null_quoted === null || isStandard ? '' : ` CONSTRAINT ${column.not_null_quoted}`
  return `${name} NOT NULL${column.not_null_no_inherit === true ? ' NO INHERIT' : ''}`
}

/** A named NOT NULL that a child has on a column of its parent is a table constraint. */
export function inheritedNotNullLine(column: ColumnRow, table: ColumnOwner): string | undefined {
  if (table.writesAllColumns || column.is_local) return undefined
  if (
    column.not_null_quoted === null ||
    column.not_null_is_own !== true ||
    column.not_null_is_valid === false
  )
    return undefined
  const name = column.not_null_quoted
  return `CONSTRAINT ${name} NOT NULL ${column.quoted}${column.not_null_no_inherit === true ? ' NO INHERIT' : ''}`
}

/** The line of a column in CREATE TABLE; undefined: it comes from a parent. */
export function columnLine(
  column: ColumnRow,
  table: ColumnOwner,
  sequence: OwnedSequence | undefined,
  isDeferred: boolean,
): string | undefined {
  if (!table.writesAllColumns && !column.is_local) return undefined
  const collation = column.collation === null ? '' : ` COLLATE ${column.collation}`
  const options = optionsInLine(foreignOptions(column).shared)
  return (
    `${column.quoted} ${column.type}${options}${collation}` +
    valueClause(column, table, sequence, isDeferred) +
    notNullClause(column, table)
  )
}

const storageNames: Readonly<Record<string, string>> = {
  p: 'PLAIN',
  e: 'EXTERNAL',
  x: 'EXTENDED',
  m: 'MAIN',
}
const compressionNames: Readonly<Record<string, string>> = { p: 'pglz', l: 'lz4' }

function inheritedChanges(
  column: ColumnRow,
  table: ColumnOwner,
  alter: string,
  isDeferred: boolean,
): string[] {
  if (table.writesAllColumns || column.is_local) return []
  const isNotNull = column.is_not_null && column.not_null_name === null
  return [
    ...addOptions(
      `ALTER FOREIGN TABLE ONLY ${table.quoted} ALTER COLUMN ${column.quoted}`,
      foreignOptions(column).shared,
    ),
    ...(column.expression !== null && column.generated === '' && !isDeferred
      ? [`${alter} SET DEFAULT ${column.expression};`]
      : []),
    ...(lacksParentsDefault(column, table) ? [`${alter} DROP DEFAULT;`] : []),
    ...(isNotNull ? [`${alter} SET NOT NULL;`] : []),
  ]
}

/** The options of a column of a foreign table. */
export function foreignOptions(column: ColumnRow): SplitOptions {
  return splitOptions(column.foreign_options, secrecyOfOption)
}

/** The storage and compression that a column would not have by itself; a child has those of its parents. */
function storageStatements(column: ColumnRow, table: ColumnOwner, alter: string): string[] {
  const parents = parentsOf(column, table)
  const storage =
    column.storage ??
    (parents.some((parent) => parent.storage !== null) ? column.type_storage : undefined)
  const compression =
    compressionNames[column.compression] ??
    (parents.some((parent) => parent.compression !== '') ? 'default' : undefined)
  return [
    ...(storage === undefined ? [] : [`${alter} SET STORAGE ${storageNames[storage] ?? storage};`]),
    ...(compression === undefined ? [] : [`${alter} SET COMPRESSION ${compression};`]),
  ]
}

/** What ALTER TABLE must add to a column after CREATE TABLE. */
export function columnStatements(
  column: ColumnRow,
  table: ColumnOwner,
  isDeferred = false,
): string[] {
  const alter = `ALTER TABLE ONLY ${table.quoted} ALTER COLUMN ${column.quoted}`
  const options = optionList(column.options)
  return [
    ...inheritedChanges(column, table, alter, isDeferred),
    ...storageStatements(column, table, alter),
    ...(column.statistics === null ? [] : [`${alter} SET STATISTICS ${column.statistics};`]),
    ...(options === '' ? [] : [`${alter} SET (${options});`]),
  ]
}

/** Whether the NOT NULL of a partition holds only for new rows and was there when the partition was attached. */
export function isAttachedWithIt(column: ColumnRow): boolean {
  return (
    column.not_null_is_valid === false &&
    column.not_null_is_inherited === true &&
    column.not_null_is_local === false
  )
}

/** NOT NULL constraints that hold only for new rows; they wait for the rows. */
export function notValidNotNull(column: ColumnRow, table: ColumnOwner): string[] {
  if (column.not_null_is_valid !== false || column.not_null_quoted === null) return []
  // A partition's is there before it is attached, or before its parent's.
  const isParents = table.writesAllColumns
    ? column.not_null_is_inherited === true && !isAttachedWithIt(column)
    : column.not_null_is_local === false
  if (isParents) return []
  const own = { table: table.quoted, name: column.not_null_quoted }
  return [...(column.not_null_of_partitions ?? []), own].map(
    ({ table: quoted, name }) =>
      `ALTER TABLE ${quoted} ADD CONSTRAINT ${name} NOT NULL ${column.quoted} NOT VALID;`,
  )
}

/** Comments of columns and of their NOT NULL constraints. */
export function columnComments(
  context: CatalogContext,
  column: ColumnRow,
  table: ColumnOwner,
): readonly string[] {
  return [
    ...commentStatements(
      context,
      `COLUMN ${table.quoted}.${column.quoted}`,
      address('pg_class', table.oid),
      column.number,
    ),
    ...(column.not_null_is_valid === false ? [] : notNullComments(context, column, table)),
  ]
}

/** Comments of a NOT NULL constraint. */
export function notNullComments(
  context: CatalogContext,
  column: ColumnRow,
  table: ColumnOwner,
): readonly string[] {
  if (column.not_null_oid === null || column.not_null_quoted === null) return []
  return commentStatements(
    context,
    `CONSTRAINT ${column.not_null_quoted} ON ${table.quoted}`,
    address('pg_constraint', column.not_null_oid),
  )
}

/** The catalog entries that columns bring: their defaults and NOT NULL constraints. */
export function columnAddresses(columns: readonly ColumnRow[]): Address[] {
  return columns.flatMap(({ expression_oid, not_null_oid }) => [
    ...(expression_oid === null ? [] : [address('pg_attrdef', expression_oid)]),
    ...(not_null_oid === null ? [] : [address('pg_constraint', not_null_oid)]),
  ])
}

/** Grants on one column. */
export function columnGrants(column: ColumnRow, table: ColumnOwner): string[] {
  return grantStatements({
    target: `TABLE ${table.quoted}`,
    owner: table.owner,
    actual: column.actual,
    standard: [],
    suffix: ` (${column.quoted})`,
  })
}

/** A default as a statement of its own, for the view or table that can't have it from the start. */
export function defaultStatement(column: ColumnRow, quotedRelation: string): string[] {
  if (column.expression === null || column.generated !== '') return []
  return [
    `ALTER TABLE ONLY ${quotedRelation} ALTER COLUMN ${column.quoted} SET DEFAULT ${column.expression};`,
  ]
}
