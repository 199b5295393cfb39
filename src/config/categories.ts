import { closest, distance } from 'fastest-levenshtein'
import picomatch from 'picomatch'
import { ExpectedError, exitStatus } from '../errors.ts'
import type { Category, TableName } from '../model.ts'
import { groupBy } from './group.ts'

/** The four lists of the configuration. */
export type ListName = Exclude<Category, 'unclassified'>

export const listNames: readonly ListName[] = ['global', 'local', 'ephemeral', 'ignore']

/** One entry of a category list. */
export interface CategoryEntry {
  readonly list: ListName
  /** A table's name, `schema.table`, or a pattern of either. */
  readonly text: string
  /** `file:line:column`. */
  readonly where: string
}

/** What the lists say about one table; `entry` is absent for an unclassified one. */
export interface Classified {
  readonly category: Category
  readonly entry?: CategoryEntry
}

export interface CategoryProblem {
  /** `category-overlap`, `unknown-table`. */
  readonly code: string
  /** `file:line:column` of the entry. */
  readonly where: string
  readonly message: string
  readonly next: string
}

export interface CategoryProblems {
  readonly warnings: readonly CategoryProblem[]
  readonly errors: readonly CategoryProblem[]
}

export interface Resolution extends CategoryProblems {
  readonly assignments: readonly (Classified & { readonly table: TableName })[]
}

export interface CategoryMatcher {
  /**
   * The category of a table (or sequence). One that contradicting lists claim is `unclassified` here, so
   * that its rows go nowhere; `resolve` names the contradiction.
   */
  categorise(table: TableName): Classified
  /** The categories of all tables of a database, and what can only be known now: overlaps, missing tables. */
  resolve(tables: readonly TableName[]): Resolution
}

/**
 * Lists → matcher. Names are compared exactly, upper and lower case differ; an entry that is a table's name or its
 * `schema.table` wins over every pattern. Patterns: `*`, `?`, `[…]`, `{a,b}` (docs/configuration.md).
 */
export function compileCategories(entries: readonly CategoryEntry[]): CategoryMatcher {
  const exact = groupByText(entries)
  const patterns = entries.filter((entry) => isPattern(entry.text)).map(compilePattern)
  const claims = (table: TableName): readonly CategoryEntry[] => {
    const named = namesOf(table).flatMap((name) => exact.get(name) ?? [])
    if (named.length > 0) return named
    return patterns.filter((pattern) => pattern.matches(table)).map((pattern) => pattern.entry)
  }
  return {
    categorise: (table) => classify(claims(table)),
    resolve: (tables) => ({
      assignments: tables.map((table) => ({ table, ...classify(claims(table)) })),
      ...joinProblems([
        ...tables.map((table) => overlapsOf(table, claims(table))),
        { errors: [], warnings: missingTables(exact, tables) },
      ]),
    }),
  }
}

/** Overlaps that show without knowing the tables: the same text in two lists. */
export function literalOverlaps(entries: readonly CategoryEntry[]): CategoryProblems {
  const overlaps = [...groupByText(entries)].flatMap(([text, same]) =>
    pairsOfLists(same).map(([first, second]) => overlapProblem(text, first, second)),
  )
  return joinProblems(overlaps)
}

/** The error for contradicting lists (status 78). */
export function categoryError(errors: readonly CategoryProblem[]): ExpectedError {
  return new ExpectedError(
    'category-overlap',
    errors.map((error) => `${error.where}: ${error.message}`).join('\n'),
    'Leave each of these tables in one list only.',
    { status: exitStatus.configuration },
  )
}

/** How a text names a table: as its name or its `schema.table`, or as a pattern. */
export type TableMatch = 'name' | 'pattern'

/** A text as lists have them → how it names a table; undefined when it doesn't. */
export function tableMatcher(text: string): (table: TableName) => TableMatch | undefined {
  const pattern = isPattern(text)
    ? compilePattern({ list: 'global', text, where: '' }).matches
    : () => false
  return (table) =>
    namesOf(table).includes(text) ? 'name' : pattern(table) ? 'pattern' : undefined
}

/** `schema.table`, or the table's name where there are no schemas. */
export function tableText(table: TableName): string {
  return table.schema === undefined ? table.name : `${table.schema}.${table.name}`
}

function namesOf(table: TableName): readonly string[] {
  return table.schema === undefined ? [table.name] : [table.name, tableText(table)]
}

function groupByText(entries: readonly CategoryEntry[]): Map<string, CategoryEntry[]> {
  return groupBy(entries, (entry) => entry.text)
}

function classify(claims: readonly CategoryEntry[]): Classified {
  const [first] = claims
  if (first === undefined) return { category: 'unclassified' }
  const lists = new Set(claims.map((entry) => entry.list))
  if (lists.size === 1) return { category: first.list, entry: first }
  const global = claims.find((entry) => entry.list === 'global')
  const harmless = lists.size === 2 && lists.has('ephemeral')
  return global !== undefined && harmless
    ? { category: 'global', entry: global }
    : { category: 'unclassified' }
}

/** Entries of different lists, each pair of lists once. */
function pairsOfLists(entries: readonly CategoryEntry[]): [CategoryEntry, CategoryEntry][] {
  const first = [...groupBy(entries, (entry) => entry.list).values()].flatMap((same) =>
    same.slice(0, 1),
  )
  return first.flatMap((one, index) =>
    first.slice(index + 1).map((other): [CategoryEntry, CategoryEntry] => [one, other]),
  )
}

function overlapsOf(table: TableName, claims: readonly CategoryEntry[]): CategoryProblems {
  return joinProblems(
    pairsOfLists(claims)
      // The same text in two lists was already told when the file was read.
      .filter(([one, other]) => one.text !== other.text)
      .map(([one, other]) => overlapProblem(tableText(table), one, other)),
  )
}

function overlapProblem(text: string, one: CategoryEntry, other: CategoryEntry): CategoryProblems {
  const lists = [one.list, other.list]
  const harmless = lists.includes('global') && lists.includes('ephemeral')
  const claims = `in \`${one.list}\` (${describe(one)}) and in \`${other.list}\` (${describe(other)})`
  const problem = {
    code: 'category-overlap',
    where: other.where,
    message: `"${text}" is ${claims}${harmless ? ' and counts as global' : ''}.`,
    next: 'Leave it in one list only.',
  }
  return harmless ? { errors: [], warnings: [problem] } : { errors: [problem], warnings: [] }
}

function describe(entry: CategoryEntry): string {
  return isPattern(entry.text) ? `${entry.where}, "${entry.text}"` : entry.where
}

function joinProblems(problems: readonly CategoryProblems[]): CategoryProblems {
  return {
    errors: problems.flatMap((problem) => problem.errors),
    warnings: problems.flatMap((problem) => problem.warnings),
  }
}

function missingTables(
  exact: ReadonlyMap<string, readonly CategoryEntry[]>,
  tables: readonly TableName[],
): readonly CategoryProblem[] {
  const known = new Set(tables.flatMap(namesOf))
  const missing = [...exact].filter(([text]) => !known.has(text) && !isPattern(text))
  return missing.flatMap(([text, entries]) =>
    entries.map((entry) => ({
      code: 'unknown-table',
      where: entry.where,
      message: `\`${entry.list}\` names the table "${text}", which does not exist.`,
      next: suggestion(text, known) ?? `Remove it from \`${entry.list}\`, or correct its name.`,
    })),
  )
}

function suggestion(text: string, known: ReadonlySet<string>): string | undefined {
  if (known.size === 0) return undefined
  const folded = text.toLowerCase()
  const twin = [...known].find((name) => name.toLowerCase() === folded)
  const nearest = twin ?? closest(text, [...known])
  const near = twin !== undefined || distance(text, nearest) <= Math.min(2, text.length / 3)
  return near ? `Did you mean "${nearest}"?` : undefined
}

function isPattern(text: string): boolean {
  return /[*?[{]/.test(text)
}

interface Pattern {
  readonly entry: CategoryEntry
  readonly matches: (table: TableName) => boolean
}

function compilePattern(entry: CategoryEntry): Pattern {
  const whole = compileGlob(entry.text)
  const halves = splitsAtDots(entry.text).map(([schema, name]) => ({
    schema: compileGlob(schema),
    name: compileGlob(name),
  }))
  const matches = (table: TableName): boolean => {
    if (whole(table.name)) return true
    const schema = table.schema
    return (
      schema !== undefined && halves.some((half) => half.schema(schema) && half.name(table.name))
    )
  }
  return { entry, matches }
}

/** Every way to read `a.b.c` as schema and name. */
function splitsAtDots(text: string): [string, string][] {
  const parts = text.split('.')
  const cuts = parts
    .slice(1)
    .map((_, index): [string, string] => [
      parts.slice(0, index + 1).join('.'),
      parts.slice(index + 1).join('.'),
    ])
  return cuts.filter(([schema, name]) => schema !== '' && name !== '')
}

/** A matcher of whole names, in which only `*`, `?`, `[…]`, `{a,b}` and `\` mean something: names are no paths. */
export function compileGlob(glob: string): (name: string) => boolean {
  // "[!" begins a negated list of characters, an escaped "\[" none.
  const negated = new RegExp(`(\\\\.)|\\[[${hidden('!^')}]`, 'gs')
  const pattern = hidden(glob).replaceAll(negated, (_, escaped?: string) => escaped ?? '[^')
  const matcher = picomatch(pattern, { dot: true, windows: false })
  // To picomatch no pattern matches an empty text, and the name of a table may be empty.
  return (name) => (name === '' ? /^\*+$/.test(glob) : matcher(hidden(name)))
}

const meaningful = '/.()|+@!^$"'

/** Changes characters to which picomatch gives a meaning into private-use ones, to which it gives none. */
function hidden(text: string): string {
  const hide = (character: string) => {
    const index = meaningful.indexOf(character)
    return index < 0 ? character : String.fromCharCode(0xe000 + index)
  }
  return Array.from(text, hide).join('')
}
