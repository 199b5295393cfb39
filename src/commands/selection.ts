import type { Category, DbObject, ObjectKey, ObjectKind, Table } from '../model.ts'

/** Which objects, rows, counters and secrets of a snapshot go to one directory. */
export interface Selection {
  readonly include: (object: DbObject) => boolean
  readonly rowsOf: (table: Table) => boolean
  readonly countersOf: (object: DbObject) => boolean
  readonly secretsOf: (object: DbObject) => boolean
}

/** The category of every object that holds data: tables, and sequences through the tables that use them. */
export type ObjectCategories = ReadonlyMap<string, Category>

/** A text that is equal for equal keys and different for different ones. */
export function keyText(key: ObjectKey): string {
  return JSON.stringify([key.kind, key.schema ?? null, key.name, key.signature ?? null])
}

/** Whether the object is a table. */
export function isTable(object: DbObject): object is Table {
  return object.kind === 'table'
}

/**
 * Completes the categories of the listed tables and sequences: a partition is what its parent is, what holds
 * other tables' contents is what the most private of them is, a sequence
 * is what the tables are that draw from it (the most private of them), and a sequence of its own is `global`.
 */
export function completeCategories(
  objects: readonly DbObject[],
  listed: (object: DbObject) => Category,
): ObjectCategories {
  const byKey = new Map(objects.map((object) => [keyText(object), object]))
  const categories = new Map<string, Category>()
  for (const object of objects) {
    if (isTable(object)) categories.set(keyText(object), tableCategory(object, byKey, listed))
  }
  const users = sequenceUsers(objects)
  for (const object of objects) {
    if (object.kind !== 'sequence') continue
    const own = listed(object)
    const key = keyText(object)
    categories.set(key, own === 'unclassified' ? inherited(users.get(key), categories) : own)
  }
  return categories
}

function tableCategory(
  table: Table,
  byKey: ReadonlyMap<string, DbObject>,
  listed: (object: DbObject) => Category,
): Category {
  const categoryOf = (key: ObjectKey) => {
    const found = byKey.get(keyText(key))
    return found !== undefined && isTable(found) ? tableCategory(found, byKey, listed) : undefined
  }
  if (table.holdsRowsOf !== undefined) {
    const held = new Set(table.holdsRowsOf.map(categoryOf))
    return mostPrivateFirst.find((category) => held.has(category)) ?? 'unclassified'
  }
  const own = listed(table)
  if (own !== 'unclassified' || table.partitionOf === undefined) return own
  return categoryOf(table.partitionOf) ?? own
}

const mostPrivateFirst: readonly Category[] = [
  'ignore',
  'unclassified',
  'local',
  'ephemeral',
  'global',
]

function sequenceUsers(objects: readonly DbObject[]): ReadonlyMap<string, readonly Table[]> {
  const users = new Map<string, Table[]>()
  for (const table of objects.filter(isTable)) {
    for (const key of table.dependsOn) {
      if (key.kind !== 'sequence') continue
      const text = keyText(key)
      users.set(text, [...(users.get(text) ?? []), table])
    }
  }
  return users
}

function inherited(users: readonly Table[] | undefined, categories: ObjectCategories): Category {
  if (users === undefined) return 'global'
  const found = new Set(users.map((table) => categories.get(keyText(table))))
  if (found.has('local')) return 'local'
  if (found.has('global')) return 'global'
  if (found.has('ephemeral')) return 'ephemeral'
  return 'unclassified'
}

/** The backup directory: every structure but that of `ignore` tables, and the data of `global` ones. */
export function sharedSelection(categories: ObjectCategories): Selection {
  const is = (object: DbObject, category: Category) => categories.get(keyText(object)) === category
  return {
    include: (object) => !is(object, 'ignore'),
    rowsOf: (table) => table.hasRows && is(table, 'global'),
    countersOf: (object) => is(object, 'global'),
    secretsOf: () => false,
  }
}

/**
 * The private or the ephemeral directory: the data of one category, to which secrets belong in the private one, and
 * the structure that this data needs with everything it depends on, so that the directory stands alone.
 */
export function dataSelection(
  objects: readonly DbObject[],
  categories: ObjectCategories,
  category: Category,
): Selection {
  const holdsData = (object: DbObject) => categories.get(keyText(object)) === category
  const holdsSecrets = (object: DbObject) => category === 'local' && object.sqlSecrets !== undefined
  const wanted = objects.filter((object) => holdsData(object) || holdsSecrets(object))
  const needed = withDependencies(objects, wanted)
  return {
    include: (object) => needed.has(keyText(object)),
    rowsOf: (table) => table.hasRows && holdsData(table),
    countersOf: holdsData,
    secretsOf: holdsSecrets,
  }
}

/** What belongs to the database as a whole, so that other objects may need it without saying so. */
export const foundations: readonly ObjectKind[] = ['database', 'role', 'schema', 'extension']

function withDependencies(
  objects: readonly DbObject[],
  wanted: readonly DbObject[],
): ReadonlySet<string> {
  const byKey = new Map(objects.map((object) => [keyText(object), object]))
  const base = objects.filter((object) => foundations.includes(object.kind))
  const needed = new Set<string>()
  const waiting = wanted.length === 0 ? [] : [...wanted, ...base]
  for (let object = waiting.pop(); object !== undefined; object = waiting.pop()) {
    const key = keyText(object)
    if (needed.has(key)) continue
    needed.add(key)
    for (const dependency of object.dependsOn) {
      const found = byKey.get(keyText(dependency))
      if (found !== undefined) waiting.push(found)
    }
  }
  return needed
}
