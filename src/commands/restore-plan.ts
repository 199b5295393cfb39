import { compileCategories, tableText } from '../config/categories.ts'
import { ExpectedError, exitStatus } from '../errors.ts'
import { referenceOf } from '../files/layout.ts'
import type { DbObject, ObjectKey, ObjectKind } from '../model.ts'
import { foundations, keyText } from './selection.ts'

/** Which objects of a source are restored. */
export interface ObjectSelection {
  /** Names, `schema.table`, or patterns of tables; absent: everything. */
  readonly tables?: readonly string[]
  /** Whether what the tables depend on is restored with them. */
  readonly withDependencies: boolean
}

/** Where no dependency says otherwise, kinds are made in this order, objects of one kind in the source's order. */
const kindOrder: Readonly<Record<ObjectKind, number>> = {
  database: 0,
  role: 1,
  schema: 2,
  extension: 3,
  language: 4,
  access_method: 5,
  collation: 6,
  conversion: 7,
  type: 8,
  domain: 9,
  cast: 10,
  transform: 11,
  operator: 12,
  operator_family: 13,
  operator_class: 14,
  text_search_parser: 15,
  text_search_template: 16,
  text_search_dictionary: 17,
  text_search_configuration: 18,
  foreign_data_wrapper: 19,
  foreign_server: 20,
  sequence: 21,
  table: 22,
  foreign_table: 23,
  library: 24,
  function: 25,
  procedure: 26,
  package: 27,
  view: 28,
  materialized_view: 29,
  event: 30,
  publication: 31,
  subscription: 32,
  // They would run at every statement that comes after them.
  event_trigger: 33,
}

/**
 * The objects in an order in which each one can be made: what it depends on stands before it. Throws ExpectedError
 * `dependency-missing` for one that depends on nothing known, `dependency-cycle` for some that depend on each other.
 */
export function orderByDependencies<T extends DbObject>(objects: readonly T[]): readonly T[] {
  const byKey = new Map(objects.map((object) => [keyText(object), object]))
  const states = new Map<string, 'open' | 'done'>()
  const ordered: T[] = []
  const visit = (object: T, path: readonly ObjectKey[]): void => {
    const key = keyText(object)
    if (states.get(key) === 'done') return
    if (states.get(key) === 'open') throw cycleError(object, path)
    states.set(key, 'open')
    for (const dependency of object.dependsOn) {
      const found = byKey.get(keyText(dependency))
      if (found === undefined) throw missingError(object, dependency)
      visit(found, [...path, object])
    }
    states.set(key, 'done')
    ordered.push(object)
  }
  const rank = ({ kind }: ObjectKey) => kindOrder[kind]
  for (const object of objects.toSorted((one, other) => rank(one) - rank(other))) visit(object, [])
  return ordered
}

/**
 * The objects that a selection means, as a test of each. Throws ExpectedError `unknown-table` for a pattern that
 * fits no table.
 */
export function selectObjects(
  objects: readonly DbObject[],
  { tables, withDependencies }: ObjectSelection,
): (object: ObjectKey) => boolean {
  if (tables === undefined) return () => true
  const all = objects.filter(({ kind }) => kind === 'table')
  const chosen = tables.flatMap((glob) => {
    const matcher = compileCategories([{ list: 'global', text: glob, where: '--table' }])
    const found = all.filter((table) => matcher.categorise(table).category === 'global')
    if (found.length === 0) throw noSuchTable(glob, all)
    return found
  })
  const wanted = new Set((withDependencies ? reachable(objects, chosen) : chosen).map(keyText))
  return (object) => wanted.has(keyText(object))
}

function reachable(objects: readonly DbObject[], chosen: readonly DbObject[]): readonly DbObject[] {
  const byKey = new Map(objects.map((object) => [keyText(object), object]))
  const found = new Set<DbObject>()
  const waiting = [...chosen, ...objects.filter(({ kind }) => foundations.includes(kind))]
  for (let object = waiting.pop(); object !== undefined; object = waiting.pop()) {
    if (found.has(object)) continue
    found.add(object)
    waiting.push(...object.dependsOn.flatMap((key) => byKey.get(keyText(key)) ?? []))
    waiting.push(...tablesNamedBy(object, objects))
  }
  return [...found]
}

const quotedName = /"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[\p{L}_][\p{L}\p{N}_$]*/u.source
const reference = new RegExp(
  `\\b(?:REFERENCES|INTO|UPDATE|FROM|JOIN)\\s+(${quotedName})(?:\\s*\\.\\s*(${quotedName}))?`,
  'giu',
)

/**
 * The tables that foreign keys and triggers of a table name: no dependencies, since they may go in a circle, but its rows
 * need theirs. Read from the definition, where every SQL writes these words; a table too many does no harm.
 */
function tablesNamedBy(table: DbObject, objects: readonly DbObject[]): readonly DbObject[] {
  if (table.kind !== 'table') return []
  const matches = [...`${table.sql}${table.sqlAfterRows ?? ''}`.matchAll(reference)]
  const names = matches.map(([, first = '', second]) => unquoted(second ?? first))
  return objects.filter(({ kind, name }) => kind === 'table' && names.includes(name.toLowerCase()))
}

function unquoted(name: string): string {
  const quote = name.charAt(0)
  const inner = /^["`[]/.test(quote) ? name.slice(1, -1).replaceAll(quote + quote, quote) : name
  return inner.toLowerCase()
}

function noSuchTable(glob: string, tables: readonly DbObject[]): ExpectedError {
  const names = tables.slice(0, 12).map((table) => tableText(table))
  return new ExpectedError(
    'unknown-table',
    `No table of the snapshot is called "${glob}".`,
    `Its tables are: ${names.join(', ')}${tables.length > names.length ? ', …' : ''}.`,
    { status: exitStatus.usage },
  )
}

function missingError(object: ObjectKey, dependency: ObjectKey): ExpectedError {
  return new ExpectedError(
    'dependency-missing',
    `${referenceOf(object)} depends on ${referenceOf(dependency)}, which is not among the files.`,
    'Take both from the last good commit, or run a backup, which writes them anew.',
  )
}

function cycleError(object: ObjectKey, path: readonly ObjectKey[]): ExpectedError {
  const start = path.findIndex((one) => keyText(one) === keyText(object))
  const names = [...path.slice(start), object].map(referenceOf)
  return new ExpectedError(
    'dependency-cycle',
    `These objects depend on each other in a circle: ${names.join(' → ')}.`,
    'Correct the "-- Depends on:" lines at the head of one of them; what can wait belongs below "-- After the rows:".',
  )
}
