import fc from 'fast-check'
import { encodeRows } from '../../../src/csv.ts'

/** A row of the tables `keyed` and `keyless`. */
interface RandomRow {
  readonly k: string | null
  readonly n: number | null
  readonly b: Uint8Array | null
}

/** How a product makes the tables, and what docs/format.md says of its order. */
export interface Dialect {
  readonly tables: string
  /** Text of these bytes of UTF-8, in hexadecimal digits, as SQL. */
  readonly text: (digits: string) => string
  readonly bytes: (digits: string) => string
  readonly nullsLast: boolean
  /** Whether numbers are ordered by their texts where there is no key. */
  readonly numbersAsText: boolean
}

const columns = (text: string, bytes: string) => `(k ${text}, n integer, b ${bytes}`

export const postgresDialect: Dialect = {
  tables: `CREATE TABLE keyed ${columns('text COLLATE "de-x-icu"', 'bytea')}, PRIMARY KEY (k, n));
    CREATE TABLE keyless ${columns('text COLLATE "de-x-icu"', 'bytea')});`,
  text: (digits) => `convert_from('\\x${digits}', 'UTF8')`,
  bytes: (digits) => `'\\x${digits}'`,
  nullsLast: true,
  numbersAsText: true,
}

/** `exact`: a collation that sees case and blanks. */
export function mysqlDialect(exact: string): Dialect {
  return {
    tables: `CREATE TABLE keyed ${columns(`varchar(40) COLLATE ${exact}`, 'blob')}, PRIMARY KEY (k, n));
      CREATE TABLE keyless ${columns('varchar(40) COLLATE utf8mb4_general_ci', 'blob')});`,
    text: (digits) => `_utf8mb4 x'${digits}'`,
    bytes: (digits) => `x'${digits}'`,
    nullsLast: false,
    numbersAsText: false,
  }
}

export const sqliteDialect: Dialect = {
  tables: `CREATE TABLE keyed ${columns('text', 'blob')}, PRIMARY KEY (k, n)) WITHOUT ROWID;
    CREATE TABLE keyless ${columns('text COLLATE NOCASE', 'blob')});`,
  text: (digits) => `(SELECT ${asUnistr(digits)})`,
  bytes: (digits) => `x'${digits}'`,
  nullsLast: false,
  numbersAsText: false,
}

/** Text of SQLite in any encoding of the file: its characters one by one. */
function asUnistr(digits: string): string {
  const characters = Array.from(Buffer.from(digits, 'hex').toString('utf8'))
  return `char(${characters.map((character) => String(character.codePointAt(0))).join(', ')})`
}

const alike = [
  '',
  'a',
  'A',
  'á',
  'a ',
  'a  ',
  'a!',
  'ab',
  'a b',
  'B',
  'b',
  '_',
  'ß',
  'ss',
  'ﬀ',
  '😀',
]
const text = fc.oneof(
  fc.constantFrom(...alike),
  fc
    .string({ unit: 'binary', maxLength: 8 })
    .filter((each) => each.isWellFormed() && !each.includes('\0')),
)
const number = fc.oneof(
  fc.constantFrom(-10, -1, 0, 1, 2, 9, 10, 99, 100),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
)
const row: fc.Arbitrary<RandomRow> = fc.record({
  k: fc.option(text),
  n: fc.option(number),
  b: fc.option(fc.uint8Array({ maxLength: 4 })),
})

/** Rows in the order of their insertion. */
export const randomRows = fc.array(row, { minLength: 20, maxLength: 80 })

/** The rows of `keyed`: the first of each key. */
function withKeys(rows: readonly RandomRow[]): readonly RandomRow[] {
  const byKey = new Map<string, RandomRow>()
  for (const { k, n, b } of rows) {
    const key = JSON.stringify([k ?? '', n ?? 0])
    if (!byKey.has(key)) byKey.set(key, { k: k ?? '', n: n ?? 0, b })
  }
  return [...byKey.values()]
}

/** Empties both tables and fills them. */
export function insertsOf(rows: readonly RandomRow[], dialect: Dialect): string {
  const values = (list: readonly RandomRow[]): string =>
    list.map((each) => `(${valuesOf(each, dialect)})`).join(',\n')
  return `DELETE FROM keyed; DELETE FROM keyless;
    INSERT INTO keyed VALUES ${values(withKeys(rows))}; INSERT INTO keyless VALUES ${values(rows)};\n`
}

function valuesOf({ k, n, b }: RandomRow, dialect: Dialect): string {
  return [
    k === null ? 'NULL' : dialect.text(hex(Buffer.from(k))),
    n === null ? 'NULL' : `${n}`,
    b === null ? 'NULL' : dialect.bytes(hex(b)),
  ].join(', ')
}

/** The files of both tables. */
export function textsOf(
  rows: readonly RandomRow[],
  dialect: Dialect,
): { readonly keyed: string; readonly keyless: string } {
  const written = (list: readonly RandomRow[]): string =>
    encodeRows(list.map(({ k, n, b }) => [k, n?.toString() ?? null, b && `\\x${hex(b)}`]))
  const { nullsLast, numbersAsText } = dialect
  const keyed = withKeys(rows).toSorted((one, other) =>
    compareRows(one, other, { nullsLast, numbersAsText: false }),
  )
  const keyless = rows.toSorted((one, other) =>
    compareRows(one, other, { nullsLast, numbersAsText }),
  )
  return { keyed: written(keyed), keyless: written(keyless) }
}

type Rules = Pick<Dialect, 'nullsLast' | 'numbersAsText'>

function compareRows(one: RandomRow, other: RandomRow, rules: Rules): number {
  const number = (n: number | null): number | Buffer | null =>
    rules.numbersAsText && n !== null ? Buffer.from(String(n)) : n
  const bytes = (k: string | null): Buffer | null => (k === null ? null : Buffer.from(k))
  return (
    compare(bytes(one.k), bytes(other.k), rules) ||
    compare(number(one.n), number(other.n), rules) ||
    compare(one.b && Buffer.from(one.b), other.b && Buffer.from(other.b), rules)
  )
}

type Comparable = number | Buffer | null

function compare(one: Comparable, other: Comparable, { nullsLast }: Rules): number {
  if (one === null || other === null) {
    return (Number(other === null) - Number(one === null)) * (nullsLast ? -1 : 1)
  }
  if (Buffer.isBuffer(one) && Buffer.isBuffer(other)) return Buffer.compare(one, other)
  return Number(one) - Number(other)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
