import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { setImmediate as otherWork } from 'node:timers/promises'
import { decodeRows, type Row } from '../../csv.ts'
import { ExpectedError } from '../../errors.ts'
import type { LoadRequest } from '../target.ts'
import { readColumns } from './catalog.ts'
import { affinityOf, decodeCell, type Affinity, type Cell } from './cells.ts'
import { expectedError, isOutOfSpace } from './failures.ts'
import { rowidNames } from './rowids.ts'
import { foldName, quoteName } from './sqltext.ts'
import { isVirtual } from './virtual-text.ts'

/** Loads rows through one prepared statement, inside a transaction of the caller; returns how many there were. */
export async function loadRows(
  connection: DatabaseSync,
  request: LoadRequest,
  rows: AsyncIterable<Uint8Array>,
): Promise<number> {
  const name = `The rows of "${request.table.name}"`
  const affinities = affinitiesOf(connection, request)
  const inserts = new Inserts(connection, request)
  let count = 0
  for await (const batch of decodeRows(rows, { columnCount: request.columns.length, name })) {
    for (const row of batch) {
      count += 1
      insertRow(inserts, row, affinities, `${name}, row ${count}`)
    }
    await otherWork()
  }
  return count
}

function affinitiesOf(connection: DatabaseSync, { table, columns }: LoadRequest): Affinity[] {
  const known = readColumns(connection, table.name)
  if (known.length === 0) {
    throw new ExpectedError(
      'unknown-table',
      `The database that is filled has no table "${table.name}".`,
      'Create the table first, or restore it with its definition.',
    )
  }
  return columns.map((column) => {
    const found = known.find(({ name }) => foldName(name) === foldName(column))
    if (found !== undefined) return affinityOf(found.type)
    // A table can be filled by its rowid, which it does not list.
    if (rowidNames.includes(foldName(column))) return 'other'
    throw new ExpectedError(
      'unknown-column',
      `The table "${table.name}" has no column "${column}", and its rows have one.`,
      'Take definition and rows from the same snapshot.',
    )
  })
}

function insertRow(
  inserts: Inserts,
  row: Row,
  affinities: readonly Affinity[],
  where: string,
): void {
  const cells = row.map((text, index) => cellOf(text, affinities[index] ?? 'other', where))
  try {
    inserts.statementFor(cells).run(...cells.map(valueOf))
  } catch (error) {
    if (isOutOfSpace(error)) throw error
    throw refused(error, where)
  }
}

function cellOf(text: string | null, affinity: Affinity, where: string): Cell {
  try {
    return decodeCell(text, affinity)
  } catch (error) {
    throw new ExpectedError(
      'malformed-cell',
      `${where}: ${error instanceof Error ? error.message : ''}`,
      'Take the file from the last good commit.',
    )
  }
}

function refused(error: unknown, where: string): unknown {
  if (error instanceof RangeError || (error instanceof Error && !('errcode' in error))) {
    return new ExpectedError(
      'row-refused',
      `${where}: a number does not fit into 64 bits.`,
      'Take the file from the last good commit.',
    )
  }
  const explained = expectedError(error, '', 'store a row')
  if (!(explained instanceof ExpectedError) || !(error instanceof Error)) return explained
  return new ExpectedError(
    'row-refused',
    `${where}: SQLite refuses it: ${error.message}.`,
    'Look at the constraint that the message names; with --data-only, --upsert replaces rows that are there.',
    { cause: error },
  )
}

function valueOf(cell: Cell): SQLInputValue {
  return cell instanceof Object && 'textBytes' in cell ? cell.textBytes : cell
}

/** One statement for each set of columns whose text comes as bytes. */
class Inserts {
  readonly #connection: DatabaseSync
  readonly #request: LoadRequest
  readonly #suffix: string
  readonly #verb: string
  readonly #plain: StatementSync
  readonly #others = new Map<string, StatementSync>()

  constructor(connection: DatabaseSync, request: LoadRequest) {
    this.#connection = connection
    this.#request = request
    const definition = connection
      .prepare(`SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND lower(name) = lower(?)`)
      .get(request.table.name)?.['sql']
    const virtual = typeof definition === 'string' && isVirtual(definition)
    const inner = isInnerTable(connection, request.table.name)
    // Virtual tables know no ON CONFLICT clause, and their inner tables hold rows from the beginning.
    const replaces = inner || (virtual && request.upsertKey !== undefined)
    this.#verb = replaces ? 'INSERT OR REPLACE' : 'INSERT'
    this.#suffix = virtual || inner ? '' : conflictClause(request)
    this.#plain = this.#prepare(request.columns.map(() => '?'))
  }

  statementFor(cells: readonly Cell[]): StatementSync {
    if (!cells.some(isTextBytes)) return this.#plain
    const marks = cells.map((cell) => (isTextBytes(cell) ? 'CAST(? AS TEXT)' : '?'))
    const key = marks.join()
    const statement = this.#others.get(key) ?? this.#prepare(marks)
    this.#others.set(key, statement)
    return statement
  }

  #prepare(marks: readonly string[]): StatementSync {
    const { table, columns } = this.#request
    const into = `${this.#verb} INTO main.${quoteName(table.name)}`
    const values =
      columns.length === 0
        ? 'DEFAULT VALUES'
        : `(${columns.map(quoteName).join(', ')}) VALUES (${marks.join(', ')})`
    return this.#connection.prepare(`${into} ${values}${this.#suffix}`)
  }
}

function isInnerTable(connection: DatabaseSync, table: string): boolean {
  const sql = `SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow' AND lower(name) = lower(?)`
  return connection.prepare(sql).get(table) !== undefined
}

function isTextBytes(cell: Cell): boolean {
  return cell instanceof Object && 'textBytes' in cell
}

/** Source: https://www.sqlite.org/lang_upsert.html */
function conflictClause({ columns, upsertKey }: LoadRequest): string {
  if (upsertKey === undefined || upsertKey.length === 0) return ''
  const target = ` ON CONFLICT (${upsertKey.map(quoteName).join(', ')}) DO `
  const others = columns.filter((column) => !upsertKey.includes(column)).map(quoteName)
  if (others.length === 0) return `${target}NOTHING`
  return `${target}UPDATE SET ${others.map((name) => `${name} = excluded.${name}`).join(', ')}`
}
