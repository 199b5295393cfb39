/** One table and its rows in the order in which docs/format.md says that they stand in the file. */
export interface OrderCase {
  readonly title: string
  /** What follows `CREATE TABLE name`. */
  readonly table: string
  /** Statements that must come before; `%t` is the table's name. */
  readonly before?: string
  /** Statements that come after the rows; `%t` is the table's name. */
  readonly after?: string
  /** The values as SQL, and the line of the file without its end. */
  readonly rows: readonly (readonly [string, string])[]
}

/** Backwards, and odd places backwards before even ones; in the given order, rows would need no sorting. */
function insertionOrders<Row>(rows: readonly Row[]): readonly (readonly Row[])[] {
  const even = rows.filter((_, index) => index % 2 === 0)
  const odd = rows.filter((_, index) => index % 2 === 1)
  return [rows.toReversed(), [...odd.toReversed(), ...even]]
}

interface FilledTable extends OrderCase {
  readonly name: string
  readonly inserted: OrderCase['rows']
}

/** One table for each case and order of insertion. */
function tablesOf(cases: readonly OrderCase[]): readonly FilledTable[] {
  return cases.flatMap((each, index) =>
    insertionOrders(each.rows).map((inserted, order) => ({
      ...each,
      name: `case_${index}_${order}`,
      inserted,
    })),
  )
}

/** Makes the tables of all cases and fills them. */
export function scriptOf(cases: readonly OrderCase[]): string {
  const statements = tablesOf(cases).flatMap(
    ({ name, table, inserted, before = '', after = '' }) => [
      before.replaceAll('%t', name),
      `CREATE TABLE ${name} ${table.replaceAll('%t', name)};`,
      ...inserted.map(([values]) => `INSERT INTO ${name} VALUES (${values});`),
      after.replaceAll('%t', name),
    ],
  )
  return statements.filter((statement) => statement !== '').join('\n')
}

/** What is wrong: of each table whose text is not as its case says, title, lines found and lines expected. */
export function misplaced(
  cases: readonly OrderCase[],
  textOf: (table: string) => string | undefined,
): readonly (readonly string[])[] {
  return tablesOf(cases).flatMap(({ title, name, rows }) => {
    const expected = rows.map(([, line]) => `${line}\n`).join('')
    const found = textOf(name) ?? 'no such table'
    return found === expected ? [] : [[title, shortened(found), shortened(expected)]]
  })
}

/** Long lines stand as their ends and their length. */
function shortened(text: string): string {
  const short = (line: string): string =>
    line.length < 100 ? line : `${line.slice(0, 9)}… ${line.length} …${line.slice(-40)}`
  return text.split('\n').map(short).join('\n')
}
