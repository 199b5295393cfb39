import { ExpectedError } from '../errors.ts'
import { kindWords, type ObjectKey, type ObjectKind } from '../model.ts'
import { compareColumns } from './columns.ts'
import type { ColumnChanges } from './columns.ts'
import { compareRows, countRows } from './rows.ts'
import type { RowChanges, RowsFile } from './rows.ts'

/** The files of two snapshots → what changed, in words and rows. Knows no engine and no path. */

/** The files of one object before and after; a part that did not change is left out. */
export interface ObjectFiles {
  readonly key: ObjectKey
  /** The texts of its definition; absent on a side where the object did not exist. */
  readonly sql?: { readonly before?: string; readonly after?: string }
  readonly rows?: { readonly before?: RowsFile; readonly after?: RowsFile }
  /** The columns that tell one row from another; empty: all. */
  readonly keyColumns?: readonly string[]
  readonly countersDiffer?: boolean
  readonly partitionsDiffer?: boolean
}

/** What happened to one object. */
export interface Change {
  readonly kind: ObjectKind
  readonly schema?: string
  readonly name: string
  readonly signature?: string
  readonly what: 'added' | 'removed' | 'changed'
  /** Of a changed table, when its definition could be read and its columns differ. */
  readonly columns?: ColumnChanges
  /** `uncounted`: they differ, and are too many, in another order or too damaged to say how. */
  readonly rows?: RowChanges | 'uncounted'
  /** All of it in short words: `csv2_user +email`, `csv2_configuration 2 rows`. */
  readonly text: string
}

/** What happened to an object, or undefined when nothing did. */
export async function changeOf(files: ObjectFiles): Promise<Change | undefined> {
  const { kind, schema, name, signature } = files.key
  const definitionDiffers = files.sql !== undefined && files.sql.before !== files.sql.after
  const columns = columnChanges(files)
  const rows = await rowChanges(files, definitionDiffers)
  const others = [
    ...(files.countersDiffer === true ? ['counter'] : []),
    ...(files.partitionsDiffer === true ? ['partitions'] : []),
  ]
  if (!definitionDiffers && rows === undefined && others.length === 0) return undefined
  const change = {
    kind,
    ...(schema === undefined ? {} : { schema }),
    name,
    ...(signature === undefined ? {} : { signature }),
    what: whatHappened(files),
    ...(columns === undefined ? {} : { columns }),
    ...(rows === undefined ? {} : { rows }),
  }
  return { ...change, text: wordsOf(change, definitionDiffers, others) }
}

/** A change in short words. */
export function describeChange(change: Change): string {
  return change.text
}

function whatHappened({ sql }: ObjectFiles): Change['what'] {
  const [wasThere, isThere] = [sql?.before !== undefined, sql?.after !== undefined]
  if (wasThere === isThere) return 'changed'
  return isThere ? 'added' : 'removed'
}

function columnChanges({ key, sql }: ObjectFiles): ColumnChanges | undefined {
  if (key.kind !== 'table' || sql?.before === undefined || sql.after === undefined) return undefined
  const changes = compareColumns(sql.before, sql.after)
  const isEmpty = changes === undefined || Object.values(changes).flat().length === 0
  return isEmpty ? undefined : changes
}

async function rowChanges(
  { rows, keyColumns = [] }: ObjectFiles,
  definitionDiffers: boolean,
): Promise<Change['rows']> {
  const { before, after } = rows ?? {}
  if (before === undefined)
    return after && { added: await countRows(after), removed: 0, changed: 0 }
  if (after === undefined) return { added: 0, removed: await countRows(before), changed: 0 }
  const changes = await compareOrGiveUp(before, after, keyColumns)
  if (changes === 'uncounted' || changes.added + changes.removed + changes.changed > 0)
    return changes
  // A column that came or went rewrites every row; the words for the column say it.
  return definitionDiffers ? undefined : 'uncounted'
}

/** Old files may have been changed by hand: that is no reason to fail. */
async function compareOrGiveUp(
  before: RowsFile,
  after: RowsFile,
  keyColumns: readonly string[],
): Promise<RowChanges | 'uncounted'> {
  try {
    return await compareRows(before, after, keyColumns)
  } catch (error) {
    if (error instanceof ExpectedError && error.code === 'malformed-csv') return 'uncounted'
    throw error
  }
}

function wordsOf(
  change: Omit<Change, 'text'>,
  definitionDiffers: boolean,
  others: readonly string[],
): string {
  const object = nameOf(change)
  const kind = kindWords(change.kind)
  const kindAndObject = change.kind === 'database' ? kind : `${kind} ${object}`
  if (change.what === 'removed') return `${kindAndObject} removed`
  if (change.what === 'added') return `${kindAndObject} added${bracketed(rowWords(change.rows))}`
  const definition = columnWords(change.columns) ?? (definitionDiffers ? 'changed' : undefined)
  const details = [definition, rowWords(change.rows), ...others]
  const subject = change.kind === 'table' ? object : kindAndObject
  return `${subject} ${details.filter((detail) => detail !== undefined).join(' and ')}`
}

function nameOf({ schema, name, signature }: Omit<Change, 'text'>): string {
  const names = schema === undefined ? [name] : [schema, name]
  const types = signature === undefined ? '' : `(${oneLine(signature)})`
  return names.map(printable).join('.') + types
}

function columnWords(columns: ColumnChanges | undefined): string | undefined {
  if (columns === undefined) return undefined
  const signed = (sign: string, names: readonly string[]) =>
    names.map((name) => sign + printable(name))
  return [
    ...signed('+', columns.added),
    ...signed('-', columns.removed),
    ...signed('~', columns.changed),
  ].join(' ')
}

/** `2 rows` when rows changed and none came or went, else `+1 -2 ~3 rows`. */
function rowWords(rows: Change['rows']): string | undefined {
  if (rows === undefined) return undefined
  if (rows === 'uncounted') return 'rows'
  const { added, removed, changed } = rows
  const total = added + removed + changed
  if (total === 0) return undefined
  const signed = [
    ...(added > 0 ? [`+${added}`] : []),
    ...(removed > 0 ? [`-${removed}`] : []),
    ...(changed > 0 ? [`${added + removed > 0 ? '~' : ''}${changed}`] : []),
  ]
  return `${signed.join(' ')} ${total === 1 ? 'row' : 'rows'}`
}

function bracketed(words: string | undefined): string {
  return words === undefined ? '' : ` (${words.replace(/^\+/, '')})`
}

/** A name as it may stand in one line of words: quoted when a blank, comma or invisible character could mislead. */
function printable(name: string): string {
  return /^[^\s",\p{C}]+$/u.test(name) ? name : oneLine(JSON.stringify(name))
}

/** Control and invisible characters as `\u….`: they could break the line or reorder what a terminal shows. */
function oneLine(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
