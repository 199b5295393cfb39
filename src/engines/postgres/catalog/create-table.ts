import type { ColumnRow } from './columns.ts'
import { notNullClause } from './column-text.ts'
import { optionList, type CatalogContext } from './parts.ts'
import type { RelationRow } from './relations.ts'
import { stableText } from './stable-text.ts'
import { constraintLines, elementLines, lineOf, type TableParts } from './table-parts.ts'

function body(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n  ${lines.join(',\n  ')}\n`
}

/** CREATE TABLE with these lines and parents. */
function createWith(
  { row }: TableParts,
  lines: readonly string[],
  parents: readonly string[],
): string {
  const options = [optionList(row.options), optionList(row.toast_options, 'toast.')].filter(
    (list) => list !== '',
  )
  const inside = body(lines)
  const elements =
    row.of_type === null
      ? ` (${inside})`
      : ` OF ${row.of_type}${inside === '' ? '' : ` (${inside})`}`
  const clauses = [
    ...(parents.length === 0 ? [] : [`INHERITS (${parents.join(', ')})`]),
    ...(row.partition_key === null ? [] : [`PARTITION BY ${stableText(row.partition_key)}`]),
    ...(row.access_method === null ? [] : [`USING ${row.access_method}`]),
    ...(options.length === 0 ? [] : [`WITH (${options.join(', ')})`]),
    ...(row.tablespace === null ? [] : [`TABLESPACE ${row.tablespace}`]),
  ]
  const create = `CREATE ${row.is_unlogged ? 'UNLOGGED ' : ''}TABLE ${row.quoted}${elements}`
  return `${[create, ...clauses].join('\n')};`
}

/** Whether CREATE TABLE … INHERITS would put the columns into another order than the table has. */
function hasOwnOrder({ owner, columns }: TableParts): boolean {
  const names = (list: readonly ColumnRow[]): readonly string[] => list.map(({ name }) => name)
  const inherited = names(owner.inherited).filter((name) => names(columns).includes(name))
  const local = names(columns.filter(({ is_local }) => is_local))
  const made = [...new Set([...inherited, ...local])]
  return made.some((name, position) => name !== columns[position]?.name)
}

/** Whether CREATE TABLE … INHERITS would refuse parents that say different things of one column. */
function hasConflictingParents({ owner, columns }: TableParts): boolean {
  return columns.some(({ name, is_local }) => {
    const parents = owner.inherited.filter((column) => column.name === name)
    const expressions = is_local ? [] : parents.flatMap(({ expression }) => expression ?? [])
    const storages = parents.map(({ storage, compression }) => `${storage ?? ''} ${compression}`)
    return new Set(expressions).size > 1 || new Set(storages).size > 1
  })
}

/** Whether the table computes a column itself that its parents have too, which CREATE TABLE … INHERITS refuses before 16. */
function computesInheritedColumn({ can, owner, columns }: TableParts): boolean {
  if (can.hasOwnGeneration) return false
  return columns.some(
    ({ name, is_local, generated }) =>
      is_local && generated !== '' && owner.inherited.some((column) => column.name === name),
  )
}

/** A name for the table that lends its columns, at most 63 bytes long. */
function lenderOf(row: RelationRow): string {
  const suffix = ' columns'
  let name = row.name
  while (Buffer.byteLength(name + suffix) > 63) name = name.replace(/.$/su, '')
  const schema = row.quoted.slice(0, row.quoted.length - row.quoted_name.length)
  return `${schema}"${name.replaceAll('"', '""')}${suffix}"`
}

/** An inherited column as the lender has it: what the child's statements set later is left out. */
function lentLine(column: ColumnRow): string {
  const collation = column.collation === null ? '' : ` COLLATE ${column.collation}`
  const isStored = column.generated === 's'
  const generated =
    column.generated === ''
      ? ''
      : ` GENERATED ALWAYS AS (${column.expression ?? ''})${isStored ? ' STORED' : ''}`
  const isOwn = column.not_null_is_own ?? column.is_local
  const notNull = isOwn ? '' : notNullClause(column)
  return `${column.quoted} ${column.type}${collation}${generated}${notNull}`
}

/**
 * A table whose columns stand in another order than its parents' (they got some later), or whose parents disagree:
 * a table that lends the inherited columns stands in for the parents until every column is in its place.
 */
function createInOwnOrder(parts: TableParts): string {
  const { row, owner, columns, constraints } = parts
  const inherit = (row.parents ?? []).map(
    ({ quoted }) => `ALTER TABLE ${row.quoted} INHERIT ${quoted};`,
  )
  const lentChecks = constraints.filter(({ isParentsFirst }) => isParentsFirst)
  const lendsNotNull = ({ is_not_null, not_null_is_own }: ColumnRow): boolean =>
    is_not_null && not_null_is_own === false
  const isAllOwn = columns.every((column) => column.is_local && !lendsNotNull(column))
  if (isAllOwn && lentChecks.length === 0)
    return [createWith(parts, elementLines(parts), []), ...inherit].join('\n')
  const lender = lenderOf(row)
  const firstLocal = columns.findIndex(({ is_local }) => is_local)
  const start = firstLocal < 0 ? columns.length : firstLocal
  // Generated columns and checks of the lender may name columns that the table has as its own.
  const needsAll =
    lentChecks.length > 0 ||
    columns.some(({ is_local, generated }) => !is_local && generated !== '')
  const lends = (column: ColumnRow): boolean =>
    !column.is_local ||
    lendsNotNull(column) ||
    (needsAll && owner.inherited.some(({ name }) => name === column.name))
  const later = columns
    .slice(start)
    .flatMap((column) => [
      ...(column.is_local
        ? lineOf(column, parts).map((line) => `ALTER TABLE ${row.quoted} ADD COLUMN ${line};`)
        : []),
      ...(lends(column) ? [`ALTER TABLE ${lender} ADD COLUMN ${lentLine(column)};`] : []),
    ])
  return [
    '-- Its parents’ columns stand here in another order, or the parents disagree about them.',
    `CREATE TABLE ${lender} (${body(columns.slice(0, start).map(lentLine))});`,
    createWith(parts, [], [lender]),
    ...later,
    ...lentChecks.map(({ text }) => `ALTER TABLE ${lender} ADD ${text};`),
    ...constraintLines(parts).map((line) => `ALTER TABLE ${row.quoted} ADD ${line};`),
    ...inherit,
    `ALTER TABLE ${row.quoted} NO INHERIT ${lender};`,
    `DROP TABLE ${lender};`,
  ].join('\n')
}

/** The statement, or rarely statements, that make a table with its columns and constraints. */
export function createStatement({ can }: Pick<CatalogContext, 'can'>, parts: TableParts): string {
  const parents = parts.row.is_partition ? [] : (parts.row.parents ?? [])
  const isSpecial =
    hasOwnOrder(parts) ||
    hasConflictingParents(parts) ||
    (!can.mergesGeneratedColumns && computesInheritedColumn(parts))
  if (parents.length > 0 && isSpecial) return createInOwnOrder(parts)
  return createWith(
    parts,
    elementLines(parts),
    parents.map(({ quoted }) => quoted),
  )
}
