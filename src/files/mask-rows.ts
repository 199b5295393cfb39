import { decodeRows, encodeRows, type Row } from '../csv.ts'
import type { Table } from '../model.ts'
import type { MaskedColumn } from './object-file.ts'

/** How the rows of one table are masked on their way into a file. */
export interface TableMask {
  /** What the object's file says of it, in table order. */
  readonly columns: readonly MaskedColumn[]
  /** Column → what a value other than NULL becomes; empty: the values that are read are the masks already. */
  readonly cells: ReadonlyMap<string, (text: string) => string | null>
}

/** CSV text with the columns of a mask replaced; text without one comes back as it is. */
export function maskRows(
  rows: AsyncIterable<Uint8Array>,
  table: Table,
  mask: TableMask | undefined,
): AsyncIterable<Uint8Array> {
  if (mask === undefined || mask.cells.size === 0) return rows
  const stored = table.columns.filter(({ generated }) => !generated)
  return replaced(
    rows,
    stored.map((column) => mask.cells.get(column.name)),
    table.name,
  )
}

async function* replaced(
  rows: AsyncIterable<Uint8Array>,
  cells: readonly (((text: string) => string | null) | undefined)[],
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const mask = (row: Row): Row =>
    row.map((text, index) => {
      const cell = cells[index]
      return text === null || cell === undefined ? text : cell(text)
    })
  const options = { columnCount: cells.length, name: `the rows of ${name}` }
  for await (const batch of decodeRows(rows, options)) {
    yield Buffer.from(encodeRows(batch.map(mask)), 'utf8')
  }
}
