import { changedWhileReading } from '../errors.ts'
import {
  columnAddresses,
  columnComments,
  columnGrants,
  columnStatements,
  defaultStatement,
} from './column-text.ts'
import type { ColumnRow } from './columns.ts'
import { grantStatements } from './grants.ts'
import {
  address,
  commentStatements,
  optionList,
  type Captured,
  type CatalogContext,
} from './parts.ts'
import type { RelationParts } from './relation-parts.ts'
import type { RelationRow } from './relations.ts'
import { stableText } from './stable-text.ts'

function definitionOf(row: RelationRow): string {
  // pg_get_viewdef() answers '' or NULL for a view that is gone.
  if (row.definition === null || row.definition.trim() === '')
    throw changedWhileReading(`the view ${row.quoted}`)
  return stableText(row.definition.replace(/^ /, '').replace(/;$/, ''))
}

function withClause(options: readonly string[] | null): string {
  const list = optionList((options ?? []).filter((option) => !option.startsWith('check_option=')))
  return list === '' ? '' : ` WITH (${list})`
}

function annotations(
  context: CatalogContext,
  row: RelationRow,
  columns: readonly ColumnRow[],
  word: string,
): string[] {
  const owner = { ...row, writesAllColumns: true, inherited: [] }
  return [
    `ALTER ${word} ${row.quoted} OWNER TO ${row.owner};`,
    ...commentStatements(context, `${word} ${row.quoted}`, address('pg_class', row.oid)),
    ...columns.flatMap((column) => columnComments(context, column, owner)),
    ...grantStatements({ ...row, target: `TABLE ${row.quoted}` }),
    ...columns.flatMap((column) => columnGrants(column, owner)),
  ]
}

const valuesName = '"*VALUES*"'

/** What defines a view: the query, and before it the names of columns that the query does not name itself. */
interface Query {
  readonly names: string
  readonly text: string
}

/** A view that is nothing but VALUES: the server prints it as a SELECT, which it would then keep, and print, as one. */
function valuesQuery(definition: string, columns: readonly ColumnRow[]): Query | undefined {
  const end = `) ${valuesName}`
  if (!definition.endsWith(end)) return undefined
  for (const prefix of ['', `${valuesName}.`]) {
    const items = columns.map(({ name, quoted }, position) => {
      const plain = `column${position + 1}`
      return `${prefix}${plain}${name === plain ? '' : ` AS ${quoted}`}`
    })
    const start = `SELECT ${items.join(',\n    ')}\n   FROM (VALUES `
    if (!definition.startsWith(start)) continue
    return {
      names: ` (${columns.map(({ quoted }) => quoted).join(', ')})`,
      text: `VALUES ${definition.slice(start.length, -end.length)}`,
    }
  }
  return undefined
}

function queryOf(row: RelationRow, columns: readonly ColumnRow[]): Query {
  const definition = definitionOf(row)
  return valuesQuery(definition, columns) ?? { names: '', text: definition }
}

function viewStatement(row: RelationRow, columns: readonly ColumnRow[], create: string): string {
  const checkOption = row.options
    ?.find((option) => option.startsWith('check_option='))
    ?.slice('check_option='.length)
  const { names, text } = queryOf(row, columns)
  return (
    `${create} ${row.quoted}${names}${withClause(row.options)} AS\n${text}` +
    `${checkOption === undefined ? '' : `\n  WITH ${checkOption.toUpperCase()} CHECK OPTION`};`
  )
}

/** A view with the right columns, for what needs the view and is needed by it. */
function standIn(row: RelationRow, columns: readonly ColumnRow[]): string {
  const items = columns.map(
    ({ quoted, type, collation }) =>
      `\n  NULL::${type}${collation === null ? '' : ` COLLATE ${collation}`} AS ${quoted}`,
  )
  return `CREATE VIEW ${row.quoted} AS\nSELECT${items.join(',')};`
}

/** A view with its options, defaults, comments and grants; its triggers and rules wait for the rows. */
export function viewFrom(
  context: CatalogContext,
  row: RelationRow,
  parts: RelationParts,
): Captured {
  const columns = parts.columns.get(row.oid) ?? []
  const late = [...(parts.triggers.get(row.oid) ?? []), ...(parts.rules.get(row.oid) ?? [])]
  const rule = row.view_rule === null ? [] : [address('pg_rewrite', row.view_rule)]
  const additions = [
    ...columns.flatMap((column) => defaultStatement(column, row.quoted)),
    ...annotations(context, row, columns, 'VIEW'),
    ...rule.flatMap((entry) =>
      commentStatements(context, `RULE "_RETURN" ON ${row.quoted}`, entry),
    ),
  ]
  const afterRows = late.flatMap((part) => part.statements)
  const lateAddresses = late.map((part) => part.address)
  return {
    kind: 'view',
    schema: row.schema,
    name: row.name,
    sql: [viewStatement(row, columns, 'CREATE VIEW'), ...additions],
    afterRows,
    addresses: [
      address('pg_class', row.oid),
      ...columnAddresses(columns),
      ...rule,
      ...lateAddresses,
    ],
    lateAddresses,
    inCircle: {
      sql: [standIn(row, columns), ...additions],
      afterRows: [viewStatement(row, columns, 'CREATE OR REPLACE VIEW'), ...afterRows],
      lateAddresses: [...rule, ...lateAddresses],
    },
  }
}

function createMaterializedView(row: RelationRow, columns: readonly ColumnRow[]): string {
  const method = row.access_method === null ? '' : ` USING ${row.access_method}`
  const tablespace = row.tablespace === null ? '' : ` TABLESPACE ${row.tablespace}`
  const options = [optionList(row.options), optionList(row.toast_options, 'toast.')].filter(
    (list) => list !== '',
  )
  const withOptions = options.length === 0 ? '' : ` WITH (${options.join(', ')})`
  const { names, text } = queryOf(row, columns)
  return `CREATE MATERIALIZED VIEW ${row.quoted}${names}${method}${withOptions}${tablespace} AS\n${text}\n  WITH NO DATA;`
}

/** A materialized view with its indexes; it is filled after the rows when it was filled on the server. */
export function materializedViewFrom(
  context: CatalogContext,
  row: RelationRow,
  parts: RelationParts,
): Captured {
  const columns = parts.columns.get(row.oid) ?? []
  const indexes = parts.indexes.get(row.oid) ?? []
  const statistics = parts.statistics.get(row.oid) ?? []
  const owner = { ...row, writesAllColumns: true, inherited: [] }
  const late = indexes.filter(({ phase }) => phase === 'afterRows')
  return {
    kind: 'materialized_view',
    schema: row.schema,
    name: row.name,
    sql: [
      createMaterializedView(row, columns),
      ...columns.flatMap((column) => columnStatements(column, owner)),
      ...indexes.filter(({ phase }) => phase === 'sql').flatMap((index) => index.statements),
      ...annotations(context, row, columns, 'MATERIALIZED VIEW'),
    ],
    afterRows: [
      ...(row.is_populated
        ? [
            'RESET search_path;',
            `REFRESH MATERIALIZED VIEW ${row.quoted};`,
            "SET search_path = '';",
          ]
        : []),
      ...late.flatMap((index) => index.statements),
      ...statistics.flatMap((part) => part.statements),
    ],
    addresses: [
      address('pg_class', row.oid),
      ...indexes.map((index) => index.address),
      ...statistics.map((part) => part.address),
    ],
    lateAddresses: [...late, ...statistics].map((part) => part.address),
  }
}
