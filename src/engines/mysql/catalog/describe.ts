import type { NotCaptured } from '../../../model.ts'
import { ExpectedError } from '../../../errors.ts'
import type { Client, TextRecord } from '../client.ts'
import { errorNumber, serverErrors } from '../failures.ts'

const statementsPerTrip = 200

/** The answer to one SHOW CREATE: its record, or why there is none. */
export interface Described<Item> {
  readonly item: Item
  readonly record?: TextRecord
  readonly refusal?: ExpectedError
}

/** Asks the server about each item, many in one round trip; one refusal costs no other item its answer. */
export async function describeAll<Item>(
  client: Client,
  items: readonly Item[],
  statement: (item: Item) => string,
): Promise<Described<Item>[]> {
  const described: Described<Item>[] = []
  for (let start = 0; start < items.length; start += statementsPerTrip) {
    described.push(
      ...(await describeSome(client, items.slice(start, start + statementsPerTrip), statement)),
    )
  }
  return described
}

async function describeSome<Item>(
  client: Client,
  items: readonly Item[],
  statement: (item: Item) => string,
): Promise<Described<Item>[]> {
  try {
    const answers = await client.queryAll(items.map(statement))
    return items.map((item, index) => withRecord(item, answers[index]?.[0]))
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
  const described: Described<Item>[] = []
  for (const item of items) described.push(await describeOne(client, item, statement))
  return described
}

async function describeOne<Item>(
  client: Client,
  item: Item,
  statement: (item: Item) => string,
): Promise<Described<Item>> {
  try {
    return withRecord(item, (await client.query(statement(item)))[0])
  } catch (error) {
    if (isRefusal(error)) return { item, refusal: error }
    throw error
  }
}

function withRecord<Item>(item: Item, record: TextRecord | undefined): Described<Item> {
  return record === undefined ? { item } : { item, record }
}

/** Anything that the server itself says about one statement; not a lost connection. */
function isRefusal(error: unknown): error is ExpectedError {
  return error instanceof ExpectedError && error.code === 'server-error'
}

/** Whether a refusal means that the object went away or changed since it was listed. */
export function isVanished(refusal: ExpectedError | undefined): boolean {
  const number = errorNumber(refusal)
  return number === serverErrors.unknownTable || number === serverErrors.tableDefinitionChanged
}

/** Names an object whose definition the server does not show to this account. */
export function notShown(
  kind: string,
  name: string,
  help: string,
  refusal?: ExpectedError,
): NotCaptured {
  return { kind, name, reason: `${refusal?.message ?? 'The server hides its definition.'} ${help}` }
}

/** Somebody changed the structure while it was read: the caller may try again. */
export function changedWhileReading(what: string): ExpectedError {
  return new ExpectedError(
    'changed-while-reading',
    `${what} changed while the database was read, so nothing was kept.`,
    'Run again when no migration is under way.',
  )
}

/** Whether the server refused something because the account may not do it. */
export function isDenied(error: unknown): boolean {
  return deniedNumbers.has(errorNumber(error) ?? 0)
}

/** Access to a database, a table, a column, a routine, without a privilege that is named; error codes of the vendors. */
const deniedNumbers: ReadonlySet<number> = new Set([1044, 1045, 1142, 1143, 1227, 1370])
