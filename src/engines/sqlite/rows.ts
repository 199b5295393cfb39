import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as otherWork } from 'node:timers/promises'
import { encodeRows, type Row } from '../../csv.ts'
import type { Table } from '../../model.ts'
import { asRowTooLong } from '../row-too-long.ts'
import { affinityOf, encodeCell, textFromBytes, type Cell, type TextEncoding } from './cells.ts'
import { defineTextOrder, orderTerms } from './row-order.ts'
import { quoteName } from './sqltext.ts'

/** How a table is read; the public Table says what is read. */
export interface ReadPlan {
  /** Virtual tables answer by their own rules: no other index could be used. */
  readonly virtual: boolean
  /** Whether two rows can have the same key (a nullable PRIMARY KEY), or there is no key. */
  readonly keyCanRepeat: boolean
  /** What stands behind FROM, where it is not the table. */
  readonly from?: string
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
  try {
    yield* inBlocks(encodedRows(connection, table, plan, encoding))
  } catch (error) {
    throw asRowTooLong(error, table.name)
  }
}

/**
 * Why SQLite can't read a table whatever its rows are: a key or a generated column needs a collation or function of the
 * application. Any other error is one of the file, and comes when it is read.
 */
export function whyRowsAreUnreadable(
  connection: DatabaseSync,
  table: Table,
  plan: ReadPlan,
): string | undefined {
  try {
    connection.prepare(rowsQuery(table, plan, 'text', orderTerms(table, plan, 'UTF-8')))
    return undefined
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    const isOfApplication =
      /no such (?:collation sequence|function)|unknown function|no query solution/.test(message)
    return isOfApplication ? message : undefined
  }
}

async function* inBlocks(rows: Iterable<Row>): AsyncGenerator<Uint8Array, void, undefined> {
  let block: Row[] = []
  let characters = 0
  for (const row of rows) {
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
  if (encoding !== 'UTF-8') defineTextOrder(connection, encoding)
  const order = orderTerms(table, plan, encoding)
  if (encoding === 'UTF-8') {
    let inexact = false
    for (const row of storedRows(connection, rowsQuery(table, plan, 'text', order))) {
      inexact = row.some((cell) => typeof cell === 'string' && cell.includes('\uFFFD'))
      if (inexact) break
      yield encode(row)
      exactFrom += 1
    }
    if (!inexact) return
  }
  const exact = `${rowsQuery(table, plan, 'hex', order)} LIMIT -1 OFFSET ${exactFrom}`
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
function rowsQuery(
  table: Table,
  plan: ReadPlan,
  text: 'text' | 'hex',
  order: readonly string[],
): string {
  const columns = table.columns.filter((column) => !column.generated)
  const cells = columns.map(({ name }) =>
    text === 'text'
      ? quoteName(name)
      : `iif(typeof(${quoteName(name)}) = 'text', hex(CAST(${quoteName(name)} AS BLOB)), ${quoteName(name)})`,
  )
  const from = plan.from ?? `main.${quoteName(table.name)}${plan.virtual ? '' : ' NOT INDEXED'}`
  return `SELECT ${cells.join(', ')} FROM ${from} ORDER BY ${order.join(', ')}`
}
