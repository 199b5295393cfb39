import { decodeRows, type Row } from '../../csv.ts'
import { ExpectedError } from '../../errors.ts'
import { quoteName } from './lexer.ts'
import { cellReader, type CellReader, type CellValue } from './literals.ts'

/** A column that gets values. */
export interface InsertColumn {
  readonly name: string
  readonly type: string
  /** A bound of a row's period: no end stands for a row that is current. */
  readonly period?: 'start' | 'end' | undefined
}

/** What rows are inserted into. */
export interface InsertPlan {
  readonly table: string
  /** In the order of the rows' values; the type as the server prints it. */
  readonly columns: readonly InsertColumn[]
  /** A row whose values in these columns exist replaces that row. */
  readonly upsertKey?: readonly string[]
  /** About how long a statement may become; one row can make it longer. */
  readonly statementBytes: number
}

/** One INSERT statement without a delimiter. */
export interface InsertStatement {
  readonly sql: string
  readonly rows: number
  /** Holds rows that only a session without a strict sql_mode takes, and no others. */
  readonly needsLeniency: boolean
  /**
   * The same when it has one row alone, whose long values are read from the session's variables `longValueName` 0, 1 and
   * so on: a statement can't be as long as the longest row.
   */
  withVariables(): { readonly sql: string; readonly values: readonly (string | Buffer)[] }
}

/** CSV text without a header → multi-row INSERT statements; throws `malformed-csv` and `malformed-cell`. */
export async function* insertStatements(
  plan: InsertPlan,
  csv: AsyncIterable<Uint8Array>,
): AsyncGenerator<InsertStatement, void, undefined> {
  const written = writtenColumns(plan)
  const batch = new Batch(plan, written)
  const options = { columnCount: plan.columns.length, name: `rows of ${plan.table}` }
  let rowNumber = 0
  for await (const rows of decodeRows(csv, options)) {
    for (const row of rows) {
      rowNumber += 1
      if (isPast(plan, row)) continue
      const full = batch.add(readRow(plan.table, written, row, rowNumber))
      if (full !== undefined) yield full
    }
  }
  const rest = batch.take()
  if (rest !== undefined) yield rest
}

/** A row that is replaced becomes history on its own; a period can't be written then, and what is past has no place. */
function isPast({ columns, upsertKey }: InsertPlan, row: Row): boolean {
  if (upsertKey === undefined) return false
  return columns.some(({ period }, index) => period === 'end' && (row[index] ?? null) !== null)
}

const nullValue: CellValue = { literal: 'NULL', parameter: '' }
const noEnd: CellValue = { literal: 'DEFAULT', parameter: '' }

/** A column whose values are written, and where they stand in a row. */
interface Written {
  readonly column: InsertColumn
  readonly index: number
  readonly read: CellReader
}

function writtenColumns({ columns, upsertKey }: InsertPlan): readonly Written[] {
  return columns.flatMap((column, index) => {
    if (upsertKey !== undefined && column.period !== undefined) return []
    return [{ column, index, read: cellReader(column.type) }]
  })
}

function readRow(
  table: string,
  written: readonly Written[],
  row: Row,
  rowNumber: number,
): readonly CellValue[] {
  return written.map(({ column, index, read }) => {
    const text = row[index] ?? null
    if (text === null) return column.period === 'end' ? noEnd : nullValue
    const value = read(text)
    if (value !== undefined) return value
    throw new ExpectedError(
      'malformed-cell',
      `Row ${rowNumber} of table ${table}, column ${column.name}: the text is none of the type ${column.type}.`,
      'Take the file from the last good commit, or run a backup, which writes it anew.',
    )
  })
}

/** The session's variable for a long value of a row. */
export function longValueName(index: number): string {
  return `@schema_backup_long_value_${index}`
}

/** Values that are shorter stay in the statement. */
const longValueCharacters = 10_000

class Batch {
  private rows: string[] = []
  private only: readonly CellValue[] = []
  private bytes = 0
  private needsLeniency = false
  private readonly plan: InsertPlan
  private readonly before: string
  private readonly after: string

  constructor(plan: InsertPlan, written: readonly Written[]) {
    this.plan = plan
    const names = written.map(({ column }) => quoteName(column.name)).join(', ')
    this.before = `INSERT INTO ${quoteName(plan.table)} (${names}) VALUES\n`
    this.after = upsertClause(plan)
  }

  /** Adds a row; gives the statement of those before it when it does not belong to them. */
  add(values: readonly CellValue[]): InsertStatement | undefined {
    const text = `(${values.map((value) => value.literal).join(', ')})`
    const bytes = Buffer.byteLength(text)
    const needsLeniency = values.some((value) => value.isInvalidLabel)
    const isOther = needsLeniency !== this.needsLeniency
    const isTooLong = this.bytes + bytes > this.plan.statementBytes
    const full = isOther || isTooLong ? this.take() : undefined
    this.needsLeniency = needsLeniency
    this.only = values
    this.bytes += bytes
    this.rows.push(text)
    return full
  }

  take(): InsertStatement | undefined {
    const { rows, only, needsLeniency, before, after } = this
    if (rows.length === 0) return undefined
    this.rows = []
    this.bytes = 0
    return {
      sql: `${before}${rows.join(',\n')}${after}`,
      rows: rows.length,
      needsLeniency,
      withVariables: () => {
        const long = only.filter((value) => value.literal.length > longValueCharacters)
        const texts = only.map((value) =>
          long.includes(value) ? longValueName(long.indexOf(value)) : value.literal,
        )
        const values = long.map((value) => value.parameter)
        return { sql: `${before}(${texts.join(', ')})${after}`, values }
      },
    }
  }
}

/**
 * Every unique key can find the row to replace: when another than the wanted one did, the subquery of two rows makes the
 * statement fail (the only way to raise an error here), and no stranger's row is changed.
 */
function upsertClause({ columns, upsertKey }: InsertPlan): string {
  const [first] = upsertKey ?? []
  if (upsertKey === undefined || first === undefined) return ''
  const own = columns.filter(({ period }) => period === undefined)
  const others = own.map(({ name }) => name).filter((name) => name !== first)
  const isSame = upsertKey
    .map((name) => `${quoteName(name)} <=> VALUES(${quoteName(name)})`)
    .join(' AND ')
  const guarded = `${quoteName(first)} = IF(${isSame}, VALUES(${quoteName(first)}), (SELECT 1 UNION ALL SELECT 2))`
  const rest = others.map((name) => `${quoteName(name)} = VALUES(${quoteName(name)})`)
  return `\nON DUPLICATE KEY UPDATE ${[guarded, ...rest].join(', ')}`
}
