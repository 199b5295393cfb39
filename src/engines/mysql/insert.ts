import { decodeRows, type Row } from '../../csv.ts'
import { ExpectedError } from '../../errors.ts'
import { quoteName } from './lexer.ts'
import { cellReader, type CellReader, type CellValue } from './literals.ts'

/** What rows are inserted into. */
export interface InsertPlan {
  readonly table: string
  /** In the order of the rows' values; the type as the server prints it. */
  readonly columns: readonly { readonly name: string; readonly type: string }[]
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
  /** The same with `?` for each long value, when the statement has one row alone. */
  parameterized(): { readonly sql: string; readonly values: readonly (string | Buffer)[] }
}

/** CSV text without a header → multi-row INSERT statements; throws `malformed-csv` and `malformed-cell`. */
export async function* insertStatements(
  plan: InsertPlan,
  csv: AsyncIterable<Uint8Array>,
): AsyncGenerator<InsertStatement, void, undefined> {
  const readers = plan.columns.map((column) => cellReader(column.type))
  const batch = new Batch(plan)
  const options = { columnCount: plan.columns.length, name: `rows of ${plan.table}` }
  let rowNumber = 0
  for await (const rows of decodeRows(csv, options)) {
    for (const row of rows) {
      rowNumber += 1
      const full = batch.add(readRow(plan, readers, row, rowNumber))
      if (full !== undefined) yield full
    }
  }
  const rest = batch.take()
  if (rest !== undefined) yield rest
}

const nullValue: CellValue = { literal: 'NULL', parameter: '' }

function readRow(
  plan: InsertPlan,
  readers: readonly CellReader[],
  row: Row,
  rowNumber: number,
): readonly CellValue[] {
  return readers.map((read, index) => {
    const text = row[index] ?? null
    if (text === null) return nullValue
    const value = read(text)
    if (value !== undefined) return value
    const { name, type } = plan.columns[index] ?? { name: '', type: '' }
    throw new ExpectedError(
      'malformed-cell',
      `Row ${rowNumber} of table ${plan.table}, column ${name}: the text is none of the type ${type}.`,
      'Take the file from the last good commit, or run a backup, which writes it anew.',
    )
  })
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

  constructor(plan: InsertPlan) {
    this.plan = plan
    const names = plan.columns.map((column) => quoteName(column.name)).join(', ')
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
      parameterized: () => {
        const isLong = (value: CellValue) => value.literal.length > longValueCharacters
        const texts = only.map((value) => (isLong(value) ? '?' : value.literal))
        const values = only.filter(isLong).map((value) => value.parameter)
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
  const others = columns.map(({ name }) => name).filter((name) => name !== first)
  const isSame = upsertKey
    .map((name) => `${quoteName(name)} <=> VALUES(${quoteName(name)})`)
    .join(' AND ')
  const guarded = `${quoteName(first)} = IF(${isSame}, VALUES(${quoteName(first)}), (SELECT 1 UNION ALL SELECT 2))`
  const rest = others.map((name) => `${quoteName(name)} = VALUES(${quoteName(name)})`)
  return `\nON DUPLICATE KEY UPDATE ${[guarded, ...rest].join(', ')}`
}
