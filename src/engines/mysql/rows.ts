import { encodeRows, type Row } from '../../csv.ts'
import { asRowTooLong } from '../row-too-long.ts'
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
  const longest = await longestValue(client, table, order)
  if (longest > usualSortedBytes) await sortLongValues(client, longest, order.length)
  const terms = orderTerms(order, longest)
  for await (const rows of client.stream(selection(table, plans, terms))) {
    yield encode(rows, plans, table.name)
  }
  if (longest > usualSortedBytes) await client.query(`SET SESSION ${usualSorting}`)
}

function selection(
  table: MysqlTable,
  plans: readonly ValuePlan[],
  terms: readonly string[],
): string {
  const values = plans.map((plan) => plan.select).join(', ') || 'NULL'
  const order = terms.length === 0 ? '' : ` ORDER BY ${terms.join(', ')}`
  return `SELECT ${values} FROM ${sourceOf(table)}${order}`
}

/** Values that are longer than a sort compares stand by their beginnings, and equal ones by their digests. */
function orderTerms(order: readonly ValuePlan[], longest: number): readonly string[] {
  if (longest <= longestSorted) return order.map((plan) => plan.order)
  const beginning = longestSorted - bytesOfLength
  const terms = order.map((plan) =>
    plan.isLong ? `LEFT(${plan.order}, ${beginning})` : plan.order,
  )
  const digests = order.filter((plan) => plan.isLong).map((plan) => `SHA2(${plan.order}, 256)`)
  return [...terms, ...digests]
}

/** All rows that the table ever held, where they can be put back. */
function sourceOf({ name, hasHistory }: MysqlTable): string {
  return `${quoteName(name)}${hasHistory ? ' FOR SYSTEM_TIME ALL' : ''}`
}

function encode(rows: readonly RawRow[], plans: readonly ValuePlan[], table: string): Uint8Array {
  try {
    return Buffer.from(encodeRows(rows.map((row) => toText(row, plans))))
  } catch (error) {
    throw asRowTooLong(error, table)
  }
}

function toText(row: RawRow, plans: readonly ValuePlan[]): Row {
  return plans.map((plan, index) => {
    const bytes = row[index] ?? null
    return bytes === null ? null : plan.toText(bytes)
  })
}

const longestSorted = 8_388_608

/** A sort key ends with the length of its value. */
const bytesOfLength = 64

/** How many bytes the sort key of the longest value takes, as far as that may be more than usual. */
async function longestValue(
  client: Client,
  table: MysqlTable,
  order: readonly ValuePlan[],
): Promise<number> {
  const lengths = order
    .filter((plan) => plan.isLong)
    .map((plan) => `COALESCE(MAX(OCTET_LENGTH(${plan.order})), 0)`)
  if (lengths.length === 0) return 0
  const longest = lengths.length === 1 ? (lengths[0] ?? '') : `GREATEST(${lengths.join(', ')})`
  const [record] = await client.query<'bytes'>(`SELECT ${longest} AS bytes FROM ${sourceOf(table)}`)
  return Number(record?.bytes ?? 0) + bytesOfLength
}

/**
 * Rows are told apart by all bytes of their key, or of all columns without one: makes the server compare more than the
 * first few, up to the 8 MB that it can.
 */
async function sortLongValues(client: Client, longest: number, terms: number): Promise<void> {
  const keyBytes = Math.min(longest, longestSorted)
  // The server wants room for sixteen keys.
  await client.query(
    `SET SESSION max_sort_length = ${keyBytes}, SESSION sort_buffer_size = ${keyBytes * 16 * terms}`,
  )
}
