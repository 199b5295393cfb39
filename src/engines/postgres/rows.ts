import type { Client } from 'pg'
import { to } from 'pg-copy-streams'
import { ExpectedError } from '../../errors.ts'
import type { Column, Table } from '../../model.ts'
import { readingError } from './errors.ts'
import { identifier, qualifiedIdentifier } from './quote.ts'

/** Types that the server orders the same everywhere; all others are ordered by the bytes of their text. */
const orderedTypes = new Set([
  'smallint',
  'integer',
  'bigint',
  'oid',
  'boolean',
  'date',
  'numeric',
  'uuid',
  'bytea',
  'real',
  'double precision',
  'timestamp without time zone',
  'timestamp with time zone',
  'time without time zone',
])

const collatedTypes = new Set(['text', 'character varying', 'character', 'name'])

/** `character varying(20)` → `character varying`; the precision of a time stands inside the name. */
function withoutModifier(type: string): string {
  return type.replace(/\([^)]*\)/, '').trim()
}

/** Encodings in which the order of bytes is that of UTF-8, or that can't be told from it. */
const encodingsInOrder = new Set(['UTF8', 'LATIN1', 'SQL_ASCII'])

/** Types of the server's own whose cast to text takes blanks away or adds a netmask. */
const bentByCasts = new Set(['bpchar', 'inet'])

/** Of functions of one name the output says the name alone; those of the server have the same number everywhere. */
function numberIfAmbiguous(quoted: string, resolver: string): string {
  return `CASE WHEN ${quoted}::pg_catalog.oid BETWEEN 1 AND 16383 AND pg_catalog.${resolver}(${quoted}::pg_catalog.text) IS NULL
    THEN ${quoted}::pg_catalog.oid::pg_catalog.text ELSE ${quoted}::pg_catalog.text END`
}

/** What is written for values of types whose output functions leave something out that their text has. */
const wholeTexts: Readonly<Record<string, (quoted: string) => string>> = {
  // The declaration: `<?xml version="1.0" …?>`.
  xml: (quoted) => `${quoted}::pg_catalog.text`,
  'xml[]': (quoted) => `${quoted}::pg_catalog.text[]`,
  regproc: (quoted) => numberIfAmbiguous(quoted, 'to_regproc'),
  regoper: (quoted) => numberIfAmbiguous(quoted, 'to_regoper'),
}

/**
 * The text of a value as the type's output function gives it; NULL stays NULL. A cast to text may be a function of the
 * users', which would run with the rights of this session.
 */
function outputText(name: string, type: string): string {
  const quoted = identifier(name)
  const whole = wholeTexts[type]?.(quoted)
  if (whole !== undefined) return `(${whole})::pg_catalog.text`
  // Types of the server alone are printed without a schema.
  if (!type.includes('.') && !bentByCasts.has(type)) return `${quoted}::pg_catalog.text`
  return `(CASE WHEN ${quoted} IS DISTINCT FROM NULL THEN pg_catalog.format('%s', ${quoted}) END)`
}

function orderTerm(name: string, type: string, isKey: boolean, encoding: string): string {
  const plain = withoutModifier(type)
  if (isKey && orderedTypes.has(plain)) return identifier(name)
  const text = outputText(name, type)
  if (!encodingsInOrder.has(encoding)) return `pg_catalog.convert_to(${text}, 'UTF8')`
  return `${isKey && collatedTypes.has(plain) ? identifier(name) : text} COLLATE "C"`
}

/** A query has at most this many result columns, and each term that it is ordered by counts as one. */
const maximumTargets = 1664

/** The terms as one value that orders rows as they do: elements are compared in turn, NULL last. */
function oneTerm(terms: readonly string[]): string {
  return `ARRAY[${terms.join(', ')}]`
}

function selectTerm({ name, type }: Column): string {
  const quoted = identifier(name)
  return wholeTexts[type]?.(quoted) ?? quoted
}

/**
 * The COPY statement for the rows of a table: stored columns in their order, by the key or by the text of every column.
 * A table without stored columns gives one empty line a row. `from`: SQL behind FROM.
 */
export function copyStatement(
  table: Table,
  serverEncoding: string,
  from = `ONLY ${qualifiedIdentifier(table)}`,
): string {
  const stored = table.columns.filter(({ generated }) => !generated)
  const typeOf = new Map(stored.map(({ name, type }) => [name, type]))
  const keyed = table.orderBy.length > 0
  const names = keyed ? table.orderBy : stored.map(({ name }) => name)
  const terms = names.map((name) => orderTerm(name, typeOf.get(name) ?? '', keyed, serverEncoding))
  const orderBy = stored.length + terms.length > maximumTargets ? oneTerm(terms) : terms.join(', ')
  const order = terms.length === 0 ? '' : ` ORDER BY ${orderBy}`
  const columns = stored.map(selectTerm).join(', ')
  return `COPY (SELECT ${columns} FROM ${from}${order}) TO STDOUT (FORMAT csv)`
}

/** A database of encoding SQL_ASCII can hold any bytes; text that is not UTF-8 would be damaged silently later. */
async function* checkedUtf8(
  blocks: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const check = (block: Uint8Array | undefined): void => {
    try {
      decoder.decode(block, { stream: block !== undefined })
    } catch (error) {
      throw new ExpectedError(
        'invalid-encoding',
        `${what} holds text that is not UTF-8; the database's encoding SQL_ASCII allows any bytes.`,
        'Convert the text to UTF-8, or move the table to category ignore.',
        { cause: error },
      )
    }
  }
  for await (const block of blocks) {
    check(block)
    yield block
  }
  check(undefined)
}

async function* copiedBlocks(
  client: Client,
  statement: string,
  what: string,
): AsyncGenerator<Uint8Array> {
  const stream = client.query(to(statement))
  let isComplete = false
  try {
    for await (const block of stream) yield block as Uint8Array
    isComplete = true
  } catch (error) {
    isComplete = true
    throw readingError(error, what)
  } finally {
    // The server still sends: this session can't be used for anything else.
    if (!isComplete) await client.end().catch(() => undefined)
  }
}

/** The rows of one table under the client's transaction, as CSV blocks; throws when they can't all be read. */
export function copyRows(
  client: Client,
  table: Table,
  serverEncoding: string,
  from?: string,
): AsyncGenerator<Uint8Array> {
  const what = `the rows of ${table.schema ?? ''}.${table.name}`
  const blocks = copiedBlocks(client, copyStatement(table, serverEncoding, from), what)
  return serverEncoding === 'SQL_ASCII' ? checkedUtf8(blocks, what) : blocks
}
