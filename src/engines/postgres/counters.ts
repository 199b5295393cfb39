import type { DbObject } from '../../model.ts'
import { literal, qualifiedIdentifier } from './quote.ts'

const name = String.raw`(?:"(?:[^"]|"")+"|[\w$\u0080-\uffff]+)`
const generated = new RegExp(
  String.raw`^\s*(${name}) [^\n]*? (?:GENERATED (?:ALWAYS|BY DEFAULT) AS IDENTITY|DEFAULT (?:pg_catalog\.)?nextval\(('(?:[^']|'')*')::(?:pg_catalog\.)?regclass\))`,
  'gm',
)
const defaultLater = new RegExp(
  String.raw`ALTER COLUMN (${name}) SET DEFAULT (?:pg_catalog\.)?nextval\(('(?:[^']|'')*')::(?:pg_catalog\.)?regclass\)`,
  'g',
)

/** Puts the sequences that a table's columns take numbers from behind the largest number, where that is positive. */
export function countersBehindRows(table: DbObject): string | undefined {
  const text = `${table.sql}\n${table.sqlAfterRows ?? ''}`
  const columns = [...text.matchAll(generated), ...text.matchAll(defaultLater)]
  const from = qualifiedIdentifier(table)
  const statements = columns.map(([, column = '', sequence]) => {
    const unquoted = column.startsWith('"') ? column.slice(1, -1).replaceAll('""', '"') : column
    const counter =
      sequence === undefined
        ? `pg_catalog.pg_get_serial_sequence(${literal(from)}, ${literal(unquoted)})`
        : `${sequence}::pg_catalog.regclass`
    const largest = `pg_catalog.max(${column})`
    return `SELECT pg_catalog.setval(${counter}, ${largest}) FROM ${from} HAVING ${largest} > 0;\n`
  })
  return statements.length === 0 ? undefined : statements.join('')
}
