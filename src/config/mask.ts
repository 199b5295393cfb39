import type { TableName } from '../model.ts'
import { tableMatcher, type TableMatch } from './categories.ts'
import type { DatabaseConfig } from './config.ts'
import type { ValuePath, YamlFile } from './document.ts'
import { yamlExample, type Finding } from './finding.ts'
import { isMapping, type Mapping } from './targets.ts'

/** What the values of a column become in the backup directory. */
export type Mask =
  | { readonly kind: 'hash' }
  | { readonly kind: 'null' }
  | { readonly kind: 'text'; readonly text: string }

/** One entry of `mask`. */
export interface MaskEntry {
  /** `table.column` or `schema.table.column`; the table may be a pattern. */
  readonly text: string
  readonly mask: Mask
  /** `file:line:column`. */
  readonly where: string
}

/** The entries of one `mask`, compiled. */
export interface MaskMatcher {
  readonly entry: MaskEntry
  /** How the entry names a column of a table, or undefined when it doesn't. */
  column(table: TableName, column: string): TableMatch | undefined
  /** Whether the entry names the table by its name and some column of it, there or not. */
  namesTable(table: TableName): boolean
}

/** Where the settings of a database stand, and those of the file's top level. */
interface MaskOwner {
  readonly settings: Mapping
  readonly path: ValuePath
}

/**
 * The masks of a database: its own entries, and those of the top level that it has no entry of the same text for, so that
 * no column loses its mask because another got one. Values of a wrong shape are passed over.
 */
export function readMasks(
  own: MaskOwner,
  top: Mapping,
  yaml: YamlFile,
): Pick<DatabaseConfig, 'masks'> {
  const owned = own.path.length === 0 ? [] : entriesOf(own.settings, own.path, yaml)
  const texts = new Set(owned.map(({ text }) => text))
  const shared = entriesOf(top, [], yaml).filter(({ text }) => !texts.has(text))
  const masks = [...owned, ...shared]
  return masks.length === 0 ? {} : { masks }
}

/** What is wrong with the entries of one `mask` and shows without a database. */
export function maskFindings(
  { settings, path }: MaskOwner,
  top: Mapping,
  yaml: YamlFile,
): readonly Finding[] {
  const keepsKey = typeof top['user_data_backup_dir'] === 'string'
  return entriesOf(settings, path, yaml).flatMap(({ text, mask, where }) => {
    if (splitsOf(text).length === 0) {
      const message = 'expected `table.column` or `schema.table.column` in `mask`'
      return [{ where, message, write: yamlExample('mask', { 'users.email': 'hash' }) }]
    }
    if (mask.kind !== 'hash' || keepsKey) return []
    const message = 'expected a `user_data_backup_dir`, which keeps the key that `hash` needs'
    const write = yamlExample('user_data_backup_dir', '/var/local/project/schema_backups')
    return [{ where, message, write }]
  })
}

/** Entry → matcher: every dot may be the one in front of the column. */
export function compileMask(entry: MaskEntry): MaskMatcher {
  const splits = splitsOf(entry.text).map(([table, column]) => ({
    match: tableMatcher(table),
    column,
  }))
  return {
    entry,
    column: (table, column) => {
      const found = splits.filter((split) => split.column === column)
      const matches = found.map(({ match }) => match(table))
      return matches.find((match) => match === 'name') ?? matches.find((match) => match)
    },
    namesTable: (table) => splits.some(({ match }) => match(table) === 'name'),
  }
}

function entriesOf(settings: Mapping, path: ValuePath, yaml: YamlFile): MaskEntry[] {
  const block = settings['mask']
  if (!isMapping(block)) return []
  return Object.entries(block).flatMap(([text, value]) => {
    const mask = maskOf(value)
    return mask === undefined ? [] : [{ text, mask, where: yaml.whereKey([...path, 'mask', text]) }]
  })
}

function maskOf(value: unknown): Mask | undefined {
  if (value === null) return { kind: 'null' }
  if (value === 'hash') return { kind: 'hash' }
  const text = isMapping(value) ? value['text'] : value
  return typeof text === 'string' ? { kind: 'text', text } : undefined
}

function splitsOf(text: string): [table: string, column: string][] {
  return [...text.matchAll(/\./g)]
    .map(({ index }): [string, string] => [text.slice(0, index), text.slice(index + 1)])
    .filter(([table, column]) => table !== '' && column !== '')
}
