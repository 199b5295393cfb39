import type { ObjectKey, ObjectKind } from '../model.ts'
import { componentsOf, escapeName, joinComponents, unescapeName } from './names.ts'

/**
 * Object ↔ path (docs/format.md, "Paths"). Paths are relative to a database's directory, with `/` between
 * components, and of ASCII only. Pure. Moving files of the format is a change of this file alone.
 */

/** The folder of each kind; null: all objects of the kind stand in `database.sql`. */
const folderOfKind: Readonly<Record<ObjectKind, string | null>> = {
  database: null,
  schema: null,
  extension: null,
  role: 'roles',
  language: 'languages',
  access_method: 'access_methods',
  collation: 'collations',
  conversion: 'conversions',
  type: 'types',
  domain: 'domains',
  cast: 'casts',
  transform: 'transforms',
  operator: 'operators',
  operator_family: 'operator_families',
  operator_class: 'operator_classes',
  text_search_parser: 'text_search_parsers',
  text_search_template: 'text_search_templates',
  text_search_dictionary: 'text_search_dictionaries',
  text_search_configuration: 'text_search_configurations',
  foreign_data_wrapper: 'foreign_data_wrappers',
  foreign_server: 'foreign_servers',
  sequence: 'sequences',
  table: 'tables',
  foreign_table: 'foreign_tables',
  view: 'views',
  materialized_view: 'materialized_views',
  library: 'libraries',
  function: 'functions',
  procedure: 'procedures',
  package: 'packages',
  event: 'events',
  publication: 'publications',
  subscription: 'subscriptions',
  event_trigger: 'event_triggers',
}

const kindOfFolder: ReadonlyMap<string, ObjectKind> = new Map(
  objectKinds().flatMap((kind) => {
    const folder = folderOfKind[kind]
    return folder === null ? [] : [[folder, kind] as const]
  }),
)

/** The kinds whose objects stand together in `database.sql`, in the order in which they stand there. */
export const kindsInDatabaseFile: readonly ObjectKind[] = objectKinds().filter(
  (kind) => folderOfKind[kind] === null,
)

/** The files of a database directory that hold no single object. */
export const databaseFiles = {
  facts: 'database.yaml',
  objects: 'database.sql',
  /** The secrets of the object of kind `database`. */
  secrets: 'database.secrets.sql',
  attributes: '.gitattributes',
} as const

/** What a file of an object holds: its definition, the rows of a table, or the statements for its counters, secrets or partitions. */
export type FilePart = 'sql' | 'rows' | 'counters' | 'secrets' | 'partitions'

const suffixOfPart: Readonly<Record<FilePart, string>> = {
  sql: '.sql',
  rows: '.csv',
  counters: '.counters.sql',
  secrets: '.secrets.sql',
  partitions: '.partitions.sql',
}

/**
 * The path of one part of an object; objects of `kindsInDatabaseFile` have only their definition, in `database.sql`, and the
 * database itself its secrets.
 */
export function pathOf(key: ObjectKey, part: FilePart = 'sql'): string {
  const folder = folderOfKind[key.kind]
  if (folder === null) {
    if (part === 'sql') return databaseFiles.objects
    if (part === 'secrets' && key.kind === 'database') return databaseFiles.secrets
    throw new Error(`a ${key.kind} has no ${part} file`)
  }
  return `${pathWithoutSuffix(key, folder)}${suffixOfPart[part]}`
}

/** The object and part that stand at a path, or undefined when this layout never makes such a path. */
export function keyOf(path: string): { key: ObjectKey; part: FilePart } | undefined {
  const names = joinComponents(path.split('/'))
  const file = names?.pop()
  const folder = names?.pop()
  const kind = folder === undefined ? undefined : kindOfFolder.get(folder)
  if (names === undefined || file === undefined || kind === undefined || names.length > 1) return
  const dot = file.indexOf('.')
  const part = partOfSuffix(file.slice(dot))
  const key = parseNames(kind, names[0], file.slice(0, dot))
  if (dot < 0 || part === undefined || key === undefined) return undefined
  return pathOf(key, part) === path ? { key, part } : undefined
}

/** How a file names an object: its path, or `database.sql#[schema/]kind/name` for one of `kindsInDatabaseFile`. */
export function referenceOf(key: ObjectKey): string {
  if (folderOfKind[key.kind] !== null) return pathOf(key)
  return `${databaseFiles.objects}#${pathWithoutSuffix(key, key.kind)}`
}

/** The object that a reference names, or undefined when no object is referred to like this. */
export function keyOfReference(reference: string): ObjectKey | undefined {
  const [path, fragment] = reference.split('#', 2)
  if (path !== databaseFiles.objects || fragment === undefined) {
    const found = keyOf(reference)
    return found?.part === 'sql' ? found.key : undefined
  }
  const names = joinComponents(fragment.split('/'))
  const name = names?.pop()
  const kind = kindsInDatabaseFile.find((candidate) => candidate === names?.at(-1))
  if (names === undefined || name === undefined || kind === undefined || names.length > 2) return
  const key = parseNames(kind, names.length === 2 ? names[0] : undefined, name)
  return key !== undefined && referenceOf(key) === reference ? key : undefined
}

/** Whether this tool could have written the file at a path of a database directory. */
export function isOwnPath(path: string): boolean {
  return Object.values<string>(databaseFiles).includes(path) || keyOf(path) !== undefined
}

/** The directory of a database below a backup directory: `<host>/<database>`, dots inside names kept. */
export function databaseDirectory(host: string, database: string): string {
  return `${directoryOf(host)}/${directoryOf(database)}`
}

/** The host and database of a directory that `databaseDirectory` made, or undefined. */
export function hostAndDatabaseOf(path: string): { host: string; database: string } | undefined {
  const [host, database, ...more] = (joinComponents(path.split('/')) ?? []).map(unescapeName)
  if (host === undefined || database === undefined || more.length > 0) return undefined
  return databaseDirectory(host, database) === path ? { host, database } : undefined
}

function directoryOf(name: string): string {
  return componentsOf(escapeName(name, '.')).join('/')
}

function objectKinds(): ObjectKind[] {
  return Object.keys(folderOfKind) as ObjectKind[]
}

function partOfSuffix(suffix: string): FilePart | undefined {
  return (Object.keys(suffixOfPart) as FilePart[]).find((part) => suffixOfPart[part] === suffix)
}

function pathWithoutSuffix(key: ObjectKey, folder: string): string {
  const schema = key.schema === undefined ? [] : componentsOf(escapeName(key.schema))
  const file = escapeName(key.name) + escapeSignature(key.signature)
  return [...schema, folder, ...componentsOf(file)].join('/')
}

/** `integer, text` → `(integer,text)`; a comma that no blank follows, and every bracket, is escaped like other bytes. */
function escapeSignature(signature: string | undefined): string {
  if (signature === undefined) return ''
  return `(${signature
    .split(', ')
    .map((type) => (type === '' ? '' : escapeName(type)))
    .join(',')})`
}

function parseNames(kind: ObjectKind, schema: string | undefined, file: string) {
  const [, nameText = '', signatureText] = /^([^()]*)(?:\((.*)\))?$/.exec(file) ?? []
  const name = unescapeName(nameText)
  const schemaName = schema === undefined ? undefined : unescapeName(schema)
  const types = signatureText?.split(',').map((type) => (type === '' ? '' : unescapeName(type)))
  if (name === undefined || (schema !== undefined && schemaName === undefined)) return undefined
  const key: { -readonly [part in keyof ObjectKey]: ObjectKey[part] } = { kind, name }
  if (schemaName !== undefined) key.schema = schemaName
  if (types !== undefined) key.signature = types.join(', ')
  return key satisfies ObjectKey
}
