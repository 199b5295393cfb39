import { decodeRows, encodeRows, type Row } from '../csv.ts'
import { ExpectedError } from '../errors.ts'
import { DoesNotFit, type ColumnType, type Neutral, type NeutralTexts } from './neutral.ts'

/** One column, here and there. */
export interface ColumnPair {
  /** Its name in the target. */
  readonly name: string
  readonly from: ColumnType
  readonly to: ColumnType
}

/** How the rows of one table are taken over into a table of another engine. */
export interface Conversion {
  readonly from: NeutralTexts
  readonly to: NeutralTexts
  /** In the order of the rows' values. */
  readonly columns: readonly ColumnPair[]
  /** The table's name for messages. */
  readonly table: string
  /** Whether a message may hold a value; otherwise it says what it is and how long. */
  readonly showsValues: boolean
}

/**
 * CSV text of one engine → CSV text of another, row by row. Throws ExpectedError `value-does-not-fit` with table, column
 * and row for the first value that could not be taken over as it is.
 */
export async function* convertRows(
  rows: AsyncIterable<Uint8Array>,
  conversion: Conversion,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { columns, table } = conversion
  const cells = columns.map((column) => cellConverter(column, conversion))
  let rowNumber = 0
  const convert = (row: Row): Row => {
    rowNumber += 1
    return row.map((text, index) =>
      text === null ? null : (cells[index]?.(text, rowNumber) ?? null),
    )
  }
  const options = { columnCount: columns.length, name: `the rows of ${table}` }
  for await (const batch of decodeRows(rows, options)) {
    yield Buffer.from(encodeRows(batch.map(convert)), 'utf8')
  }
}

type CellConverter = (text: string, rowNumber: number) => string

function cellConverter(column: ColumnPair, conversion: Conversion): CellConverter {
  const read = conversion.from.reader(column.from)
  const write = conversion.to.writer(column.to)
  return (text, rowNumber) => {
    let value: Neutral | undefined
    try {
      value = read(text)
      return write(value)
    } catch (error) {
      if (!(error instanceof DoesNotFit)) throw error
      const shown = conversion.showsValues ? excerpt(text) : described(text, value)
      throw refusal(conversion.table, column, rowNumber, `${shown} ${error.message}`)
    }
  }
}

function refusal(
  table: string,
  { name, from, to }: ColumnPair,
  rowNumber: number,
  why: string,
): ExpectedError {
  return new ExpectedError(
    'value-does-not-fit',
    `Row ${rowNumber} of ${table}, column ${name} (${typeOf(from)} into ${typeOf(to)}): ${why}.`,
    'Change the column of the target or the value in its source, or leave the table out with --table.',
  )
}

/** What follows the type in a definition is of no interest here. */
function typeOf({ definition }: ColumnType): string {
  const type = definition
    .replace(
      /\s(?:NOT|NULL|DEFAULT|COLLATE|CHARACTER SET|PRIMARY|UNIQUE|CHECK|GENERATED|CONSTRAINT|AUTO_INCREMENT|REFERENCES)\b[\s\S]*$/i,
      '',
    )
    .replaceAll(/\s*([(),.[\]])\s*/g, '$1')
    .trim()
  return type === '' ? 'no type' : type.slice(0, 100)
}

const longestExcerpt = 80

function excerpt(text: string): string {
  const characters = Array.from(text)
  const isLong = characters.length > longestExcerpt
  return JSON.stringify(characters.slice(0, longestExcerpt).join('')) + (isLong ? '…' : '')
}

function described(text: string, value: Neutral | undefined): string {
  return `a ${value?.kind ?? 'value'} of ${Array.from(text).length} characters in the file`
}
