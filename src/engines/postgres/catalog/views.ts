import { changedWhileReading } from '../errors.ts'
import {
  columnComments,
  columnGrants,
  columnStatements,
  defaultStatement,
  type ColumnRow,
} from './columns.ts'
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

function definitionOf(row: RelationRow): string {
  // pg_get_viewdef() answers '' or NULL for a view that is gone.
  if (row.definition === null || row.definition.trim() === '')
    throw changedWhileReading(`the view ${row.quoted}`)
  return row.definition.replace(/^ /, '').replace(/;$/, '')
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
  const owner = { ...row, writesAllColumns: true }
  return [
    `ALTER ${word} ${row.quoted} OWNER TO ${row.owner};`,
    ...commentStatements(context, `${word} ${row.quoted}`, address('pg_class', row.oid)),
    ...columns.flatMap((column) => columnComments(context, column, owner)),
    ...grantStatements({ ...row, target: `TABLE ${row.quoted}` }),
    ...columns.flatMap((column) => columnGrants(column, owner)),
  ]
}

/** A view with its options, defaults, comments and grants; its triggers and rules wait for the rows. */
export function viewFrom(
  context: CatalogContext,
  row: RelationRow,
  parts: RelationParts,
): Captured {
  const columns = parts.columns.get(row.oid) ?? []
  const checkOption = row.options
    ?.find((option) => option.startsWith('check_option='))
    ?.slice('check_option='.length)
  const late = [...(parts.triggers.get(row.oid) ?? []), ...(parts.rules.get(row.oid) ?? [])]
  return {
    kind: 'view',
    schema: row.schema,
    name: row.name,
    sql: [
      `CREATE VIEW ${row.quoted}${withClause(row.options)} AS\n${definitionOf(row)}` +
        `${checkOption === undefined ? '' : `\n  WITH ${checkOption.toUpperCase()} CHECK OPTION`};`,
      ...columns.flatMap((column) => defaultStatement(column, row.quoted)),
      ...annotations(context, row, columns, 'VIEW'),
    ],
    afterRows: late.flatMap((part) => part.statements),
    counters: [],
    addresses: [address('pg_class', row.oid), ...late.map((part) => part.address)],
    lateAddresses: late.map((part) => part.address),
  }
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
  const owner = { ...row, writesAllColumns: true }
  const method = row.access_method === null ? '' : ` USING ${row.access_method}`
  const tablespace = row.tablespace === null ? '' : ` TABLESPACE ${row.tablespace}`
  const options = [optionList(row.options), optionList(row.toast_options, 'toast.')].filter(
    (list) => list !== '',
  )
  const withOptions = options.length === 0 ? '' : ` WITH (${options.join(', ')})`
  const late = indexes.filter(({ phase }) => phase === 'afterRows')
  return {
    kind: 'materialized_view',
    schema: row.schema,
    name: row.name,
    sql: [
      `CREATE MATERIALIZED VIEW ${row.quoted}${method}${withOptions}${tablespace} AS\n${definitionOf(row)}\n  WITH NO DATA;`,
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
    counters: [],
    addresses: [
      address('pg_class', row.oid),
      ...indexes.map((index) => index.address),
      ...statistics.map((part) => part.address),
    ],
    lateAddresses: [...late, ...statistics].map((part) => part.address),
  }
}
