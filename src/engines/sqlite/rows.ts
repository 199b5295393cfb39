import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as otherWork } from 'node:timers/promises'
import { encodeRows, type Row } from '../../csv.ts'
import type { Table } from '../../model.ts'
import { affinityOf, encodeCell, textFromBytes, type Cell, type TextEncoding } from './cells.ts'
import { quoteName } from './sqltext.ts'

/** How a table is read; the public Table says what is read. */
export interface ReadPlan {
  /** Virtual tables answer by their own rules: no other index could be used. */
  readonly virtual: boolean
  /** Whether two rows can have the same key (a nullable PRIMARY KEY), or there is no key. */
  readonly keyCanRepeat: boolean
}

/** Rows and characters of one block. */
const blockRows = 1000
const blockCharacters = 1 << 20

/** The rows of a table as CSV text in blocks; between two blocks other work of the process goes on. */
export async function* readRows(
  connection: DatabaseSync,
  table: Table,
  plan: ReadPlan,
  encoding: TextEncoding,
): AsyncGenerator<Uint8Array, void, undefined> {
  let block: Row[] = []
  let characters = 0
  for (const row of encodedRows(connection, table, plan, encoding)) {
    block.push(row)
    for (const cell of row) characters += cell?.length ?? 0
    if (block.length >= blockRows || characters >= blockCharacters) {
      yield Buffer.from(encodeRows(block), 'utf8')
      block = []
      characters = 0
      await otherWork()
    }
  }
  if (block.length > 0) yield Buffer.from(encodeRows(block), 'utf8')
}

/**
 * Text reaches JavaScript through UTF-8, where invalid bytes become U+FFFD: from the first such row on, and always
 * in a UTF-16 file, text is read as the hex digits of its bytes.
 */
function* encodedRows(
  connection: DatabaseSync,
  table: Table,
  plan: ReadPlan,
  encoding: TextEncoding,
): Generator<Row, void, undefined> {
  const columns = table.columns.filter((column) => !column.generated)
  const affinities = columns.map((column) => affinityOf(column.type))
  const encode = (row: readonly Cell[]): Row =>
    row.map((cell, index) => encodeCell(cell, affinities[index] ?? 'other', encoding))
  let exactFrom = 0
  if (encoding === 'UTF-8') {
    let inexact = false
    for (const row of storedRows(connection, rowsQuery(table, plan, 'text'))) {
      inexact = row.some((cell) => typeof cell === 'string' && cell.includes('\uFFFD'))
      if (inexact) break
      yield encode(row)
      exactFrom += 1
    }
    if (!inexact) return
  }
  const exact = `${rowsQuery(table, plan, 'hex')} LIMIT -1 OFFSET ${exactFrom}`
  for (const row of storedRows(connection, exact)) {
    yield encode(
      row.map((cell) =>
        typeof cell === 'string' ? textFromBytes(Buffer.from(cell, 'hex'), encoding) : cell,
      ),
    )
  }
}

function* storedRows(
  connection: DatabaseSync,
  sql: string,
): Generator<readonly (null | bigint | number | string | Uint8Array)[], void, undefined> {
  const statement = connection.prepare(sql)
  statement.setReadBigInts(true)
  statement.setReturnArrays(true)
  yield* statement.iterate() as unknown as Iterable<
    readonly (null | bigint | number | string | Uint8Array)[]
  >
}

/** `NOT INDEXED`: a damaged index can't hide rows, and the table is read from front to back. */
function rowsQuery(table: Table, plan: ReadPlan, text: 'text' | 'hex'): string {
  const columns = table.columns.filter((column) => !column.generated)
  const cells = columns.map(({ name }) =>
    text === 'text'
      ? quoteName(name)
      : `iif(typeof(${quoteName(name)}) = 'text', hex(CAST(${quoteName(name)} AS BLOB)), ${quoteName(name)})`,
  )
  return (
    `SELECT ${cells.join(', ')} FROM main.${quoteName(table.name)}` +
    `${plan.virtual ? '' : ' NOT INDEXED'} ORDER BY ${orderTerms(table, plan).join(', ')}`
  )
}

/** SQLite takes 1,000 arguments of a function and 2,000 terms of ORDER BY. Source: https://www.sqlite.org/limits.html */
const columnsInOneTerm = 900
const mostTerms = 2000

function orderTerms(table: Table, plan: ReadPlan): string[] {
  const columns = table.columns.filter((column) => !column.generated)
  const others = plan.keyCanRepeat
    ? columns.filter(({ name }) => !table.orderBy.includes(name))
    : []
  const names = [...table.orderBy, ...others.map(({ name }) => name)]
  const terms = names.map((name) => `${quoteName(name)} COLLATE BINARY`)
  if (!plan.keyCanRepeat || plan.virtual) return terms
  const mixed = columns.filter(({ type }) => affinityOf(type) === 'other')
  return [...terms, ...storageClassTerms(mixed.map(({ name }) => quoteName(name)))].slice(
    0,
    mostTerms,
  )
}

/** 1 and 1.0, 0.0 and -0.0 are equal to ORDER BY: their classes and signs decide, many columns in one term. */
function storageClassTerms(columns: readonly string[]): string[] {
  const terms: string[] = []
  for (let start = 0; start < columns.length; start += columnsInOneTerm) {
    const marks = columns
      .slice(start, start + columnsInOneTerm)
      .map(
        (column) =>
          `CASE typeof(${column}) WHEN 'integer' THEN 'i' WHEN 'real'` +
          ` THEN iif(${column} = 0 AND atan2(${column}, -1) < 0, '-', '+') ELSE '' END`,
      )
    terms.push(`printf('${'%s,'.repeat(marks.length)}', ${marks.join(', ')})`)
  }
  return terms
}
