import type { DatabaseSync } from 'node:sqlite'
import type { Column, Table } from '../../model.ts'
import { affinityOf, type TextEncoding } from './cells.ts'
import { quoteName } from './sqltext.ts'

/** SQLite takes 1,000 arguments of a function and 2,000 terms of ORDER BY. Source: https://www.sqlite.org/limits.html */
const columnsInOneTerm = 900
const mostTerms = 2000

/** The function that defineTextOrder adds to a connection. */
const textOrder = 'schema_backup_text_order'

/**
 * The terms of ORDER BY: the key, or all columns where rows can be told apart by these alone; NULL first, then numbers
 * by value, text by the bytes of its UTF-8, blobs by their bytes. Of equal numbers REAL comes before INTEGER and 0.0
 * before -0.0, when nothing else decides.
 */
export function orderTerms(
  table: Table,
  plan: { readonly virtual: boolean; readonly keyCanRepeat: boolean },
  encoding: TextEncoding,
): string[] {
  const columns = table.columns.filter((column) => !column.generated)
  const key = table.orderBy.flatMap((name) => columns.filter((column) => column.name === name))
  const others = plan.keyCanRepeat
    ? columns.filter(({ name }) => !table.orderBy.includes(name))
    : []
  const terms = [...key, ...others].map((column) => valueTerm(column, key, encoding))
  if (!plan.keyCanRepeat || plan.virtual) return terms
  return withStorageClasses([...key, ...others], terms)
}

/** Text in a file of UTF-16 would be compared by other bytes; a rowid is no text, and its table is in its order. */
function valueTerm(column: Column, key: readonly Column[], encoding: TextEncoding): string {
  const name = quoteName(column.name)
  const isRowid = key.length === 1 && key[0] === column && /^integer$/i.test(column.type)
  if (encoding === 'UTF-8' || isRowid) return `${name} COLLATE BINARY`
  return `iif(typeof(${name}) = 'text', ${textOrder}(CAST(${name} AS BLOB)), ${name}) COLLATE BINARY`
}

/**
 * Adds the function that makes, of the bytes of a text in a file of UTF-16, a text that is ordered as UTF-8 is: its
 * bytes as hexadecimal digits. What is no text in Unicode is ordered by the bytes in the file at last.
 */
export function defineTextOrder(
  connection: DatabaseSync,
  encoding: Exclude<TextEncoding, 'UTF-8'>,
): void {
  connection.function(textOrder, { deterministic: true }, (stored) => {
    if (!(stored instanceof Uint8Array)) return null
    const bytes = Buffer.from(stored)
    const isWhole = bytes.length % 2 === 0
    const units = isWhole ? bytes : bytes.subarray(0, -1)
    const littleEndian = encoding === 'UTF-16le' ? units : Buffer.from(units).swap16()
    const text = littleEndian.toString('utf16le')
    const digits = Buffer.from(text, 'utf8').toString('hex')
    return isWhole && text.isWellFormed() ? digits : `${digits}|${bytes.toString('hex')}`
  })
}

/**
 * 1 and 1.0, 0.0 and -0.0 are equal to ORDER BY: their classes and signs decide, those of many columns in one term.
 * Columns of other affinities hold one of each alone.
 */
function withStorageClasses(columns: readonly Column[], terms: readonly string[]): string[] {
  const marks = columns.map(({ name, type }) =>
    affinityOf(type) === 'other' ? classMark(quoteName(name)) : undefined,
  )
  const classes = marksAsTerms(marks)
  if (terms.length + classes.length <= mostTerms) return [...terms, ...classes]
  // The last columns have no room of their own.
  const own = mostTerms - Math.ceil(columns.length / columnsInOneTerm)
  const crowded = columns.map(({ name }, index) =>
    index < own ? marks[index] : exactMark(quoteName(name)),
  )
  return [...terms.slice(0, own), ...marksAsTerms(crowded)]
}

function marksAsTerms(marks: readonly (string | undefined)[]): string[] {
  const present = marks.filter((mark) => mark !== undefined)
  const terms: string[] = []
  for (let start = 0; start < present.length; start += columnsInOneTerm) {
    const some = present.slice(start, start + columnsInOneTerm)
    terms.push(`printf('${'%s,'.repeat(some.length)}', ${some.join(', ')})`)
  }
  return terms
}

function classMark(column: string): string {
  return (
    `(CASE typeof(${column}) WHEN 'integer' THEN 'i' WHEN 'real'` +
    ` THEN iif(${column} COLLATE BINARY = 0 AND atan2(${column}, -1) < 0, '-', '+') ELSE '' END)`
  )
}

/** A text that no other value has. */
function exactMark(column: string): string {
  return (
    `${classMark(column)} || typeof(${column}) || iif(typeof(${column}) IN ('text', 'blob'),` +
    ` hex(CAST(${column} AS BLOB)), quote(${column}))`
  )
}
