import { encodeRows, type Row } from '../../csv.ts'
import type { MysqlTable } from './catalog/tables.ts'
import type { Client, RawRow } from './client.ts'
import { quoteName } from './lexer.ts'
import { usualSortedBytes, usualSorting } from './session.ts'
import { planValue, type ValuePlan } from './values.ts'

/**
 * The rows of a table as CSV text without a header: columns in table order without generated ones, INVISIBLE ones
 * too, in the order of the key, text compared as bytes, numbers and times by value.
 */
export async function* readRows(client: Client, table: MysqlTable): AsyncGenerator<Uint8Array> {
  const columns = table.columns.filter((column) => !column.generated)
  const plans = columns.map(planValue)
  const key = columns.filter((column) => table.orderBy.includes(column.name))
  const ordered = table.orderBy.flatMap((name) => key.filter((column) => column.name === name))
  const order = ordered.length > 0 ? ordered.map(planValue) : plans
  const sortsLong = ordered.length === 0 && (await sortLongValues(client, table, order))
  for await (const rows of client.stream(selection(table, plans, order))) {
    yield Buffer.from(encodeRows(rows.map((row) => toText(row, plans))))
  }
  if (sortsLong) await client.query(`SET SESSION ${usualSorting}`)
}

function selection(
  table: MysqlTable,
  plans: readonly ValuePlan[],
  order: readonly ValuePlan[],
): string {
  const values = plans.map((plan) => plan.select).join(', ') || 'NULL'
  const keys = order.map((plan) => plan.order).join(', ')
  return `SELECT ${values} FROM ${sourceOf(table)}${keys === '' ? '' : ` ORDER BY ${keys}`}`
}

/** All rows that the table ever held, where they can be put back. */
function sourceOf({ name, hasHistory }: MysqlTable): string {
  return `${quoteName(name)}${hasHistory ? ' FOR SYSTEM_TIME ALL' : ''}`
}

function toText(row: RawRow, plans: readonly ValuePlan[]): Row {
  return plans.map((plan, index) => {
    const bytes = row[index] ?? null
    return bytes === null ? null : plan.toText(bytes)
  })
}

const longestSorted = 8_388_608

/**
 * Without a key, rows are told apart by all of their bytes: the server must compare more than the first few, up to
 * the 8 MB that it can. Whether it was told to.
 */
async function sortLongValues(
  client: Client,
  table: MysqlTable,
  order: readonly ValuePlan[],
): Promise<boolean> {
  const long = order.filter((plan) => plan.isLong)
  if (long.length === 0) return false
  const lengths = long.map((plan) => `COALESCE(MAX(OCTET_LENGTH(${plan.order})), 0)`)
  const longest = lengths.length === 1 ? (lengths[0] ?? '') : `GREATEST(${lengths.join(', ')})`
  const [record] = await client.query<'bytes'>(`SELECT ${longest} AS bytes FROM ${sourceOf(table)}`)
  // A sort key ends with the length of its value, and the server wants room for sixteen keys.
  const keyBytes = Math.min(Number(record?.bytes ?? 0) + 64, longestSorted)
  if (keyBytes <= usualSortedBytes) return false
  const bufferBytes = keyBytes * 16 * order.length
  await client.query(
    `SET SESSION max_sort_length = ${keyBytes}, SESSION sort_buffer_size = ${bufferBytes}`,
  )
  return true
}
