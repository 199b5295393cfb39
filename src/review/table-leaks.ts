import { decodeTable, type Row } from '../csv.ts'
import { wordsOfName } from '../secret-words.ts'
import type { KnownSecrets } from './known-secrets.ts'
import { memberSecrets } from './named-secrets.ts'
import { isChosenBeside, nameRule, type NameRule } from './secret-names.ts'
import {
  cardNumbers,
  isEmailAddress,
  isOpaque,
  secretValues,
  type SecretMatch,
} from './secret-values.ts'

/** The rows of a table → columns that look as if they held secrets. Knows no engine and no path. */

/** One kind of secret in one column. */
export interface ColumnLeak extends SecretMatch {
  readonly column: string
}

/** Shorter values are looked at by their name alone. */
const shortestByValue = 8
/** Characters of a column, and of all, that wait to be searched together. */
const batchLength = { column: 1 << 18, all: 1 << 22 }
/** Names of settings come again and again; those of other tables need not be kept. */
const keptNames = 1000
/** From so many on, e-mail addresses are those of users. */
const manyAddresses = 10

/**
 * Searches the rows of a table, header first, in memory that does not grow with it; `name` is the table's. Of each
 * column and rule the first value is told.
 */
export async function tableLeaks(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  knownSecrets: KnownSecrets,
): Promise<readonly ColumnLeak[]> {
  const { columns, rows } = await decodeTable(chunks, name)
  const search = new TableSearch(columns, name, knownSecrets)
  for await (const batch of rows) {
    for (const row of batch) search.add(row)
    await search.searchBatches()
  }
  return await search.end()
}

class ColumnState {
  readonly name: string
  readonly rule: NameRule | undefined
  readonly leaks = new Map<string, ColumnLeak>()
  waiting: string[] = []
  waitingLength = 0
  values = 0
  addresses = 0
  firstAddress = ''
  firstCard = ''
  /** How many more have the check sum of cards than have not. */
  cards = 0

  constructor(name: string, table: string) {
    this.name = name
    this.rule = nameRule(name, table)
  }

  found(rule: string, value: string): void {
    if (!this.leaks.has(rule)) this.leaks.set(rule, { column: this.name, rule, value })
  }
}

class TableSearch {
  readonly #columns: readonly ColumnState[]
  /** Which column names what another holds, as in `settings (name, value)`. */
  readonly #pairs: { readonly names: readonly number[]; readonly values: readonly number[] }
  readonly #knownSecrets: KnownSecrets
  readonly #hasTexts: boolean
  readonly #rulesOfNames = new Map<string, NameRule | undefined>()
  #waitingLength = 0

  constructor(columns: readonly string[], table: string, knownSecrets: KnownSecrets) {
    this.#columns = columns.map((name) => new ColumnState(name, table))
    this.#pairs = pairsOf(columns)
    this.#hasTexts = holdsTexts([...columns, table])
    this.#knownSecrets = knownSecrets
  }

  add(row: Row): void {
    for (const [index, column] of this.#columns.entries()) {
      const value = row[index]
      if (value !== undefined && value !== null && value !== '') this.#addValue(column, value)
    }
    for (const index of this.#pairs.names) this.#addPair(row, row[index] ?? '')
  }

  async searchBatches(isEnd = false): Promise<void> {
    const isFull = isEnd || this.#waitingLength > batchLength.all
    for (const column of this.#columns) {
      if (column.waitingLength === 0 || (!isFull && column.waitingLength < batchLength.column))
        continue
      const text = column.waiting.join('\n')
      this.#waitingLength -= column.waitingLength
      column.waiting = []
      column.waitingLength = 0
      await this.#searchText(column, text)
    }
  }

  async end(): Promise<readonly ColumnLeak[]> {
    await this.searchBatches(true)
    return this.#columns.flatMap((column) => {
      const { addresses, values, firstAddress, cards, firstCard } = column
      if (addresses >= manyAddresses && addresses * 2 > values)
        column.found('email-addresses', firstAddress)
      // One number in ten has the sum by chance.
      if (cards > 0) column.found('card-number', firstCard)
      return [...column.leaks.values()]
    })
  }

  #addValue(column: ColumnState, value: string): void {
    column.values += 1
    if (column.rule?.matches(value) === true) column.found(column.rule.rule, value)
    if (value.length < shortestByValue) return
    if (value.includes('@') && isEmailAddress(value)) {
      column.addresses += 1
      column.firstAddress ||= value
    }
    const text = textOf(value)
    column.waiting.push(text)
    column.waitingLength += text.length
    this.#waitingLength += text.length
  }

  #addPair(row: Row, name: string): void {
    const rule = this.#ruleOf(name)
    if (rule === undefined) return
    for (const index of this.#pairs.values) {
      const [column, value] = [this.#columns[index], row[index] ?? '']
      if (column === undefined || value === '' || !isChosenBeside(rule, value)) continue
      if (!this.#hasTexts || isOpaque(value)) column.found('secret-setting', value)
    }
  }

  #ruleOf(name: string): NameRule | undefined {
    if (name.length < 3 || name.length > 120 || /\s\S*\s/.test(name)) return undefined
    if (this.#rulesOfNames.has(name)) return this.#rulesOfNames.get(name)
    const rule = nameRule(name)
    // A copy: a part of a text would keep the whole block alive.
    if (this.#rulesOfNames.size < keptNames)
      this.#rulesOfNames.set(Buffer.from(name).toString(), rule)
    return rule
  }

  async #searchText(column: ColumnState, text: string): Promise<void> {
    for (const { rule, value } of secretValues(text)) column.found(rule, value)
    for (const { rule, value } of memberSecrets(text)) column.found(rule, value)
    for (const { rule, value } of await this.#knownSecrets(text)) column.found(rule, value)
    const { right, wrong } = cardNumbers(text)
    column.firstCard ||= right[0] ?? ''
    column.cards += right.length - wrong
  }
}

/** Binary values stand as `\x…`: what can be read in them is searched. */
function textOf(value: string): string {
  if (!value.startsWith('\\x') || !/^\\x(?:[0-9a-f]{2})+$/.test(value)) return value
  return Buffer.from(value.slice(2), 'hex').toString('latin1')
}

const nameEnds = new Set(
  'attribute code field item key name option param parameter path property setting slug variable'.split(
    ' ',
  ),
)
const valueEnds = new Set('content data default string text val value values'.split(' '))

function pairsOf(columns: readonly string[]) {
  const ending = (ends: ReadonlySet<string>) =>
    columns.flatMap((name, index) => (ends.has(wordsOfName(name).at(-1) ?? '') ? [index] : []))
  const values = ending(valueEnds)
  return { names: values.length === 0 ? [] : ending(nameEnds), values }
}

/** Whether a table holds the texts of a user interface: what is called `password` there is a label. */
function holdsTexts(names: readonly string[]): boolean {
  const words =
    /^(?:lang|language|languages|locale|culture|translations?|messages?|i18n|labels?|phrases?|texts?|strings?)$/
  return names.some((name) => wordsOfName(name).some((word) => words.test(word)))
}
