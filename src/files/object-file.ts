import { ExpectedError } from '../errors.ts'
import type { DbObject, ObjectKey } from '../model.ts'
import { keyOfReference, pathOf, referenceOf } from './layout.ts'
import { escapeName, unescapeName } from './names.ts'

/**
 * One object ↔ the text of its `.sql` file (docs/format.md, "An object's file"): a head of comments, an empty
 * line, the definition, and behind a marker line what must wait for the rows.
 */

/** An object as its file tells it; `orderBy` stands for tables alone, counters, secrets and partitions have files of their own. */
export interface StoredObject extends Omit<
  DbObject,
  'sqlCounters' | 'sqlSecrets' | 'sqlPartitions'
> {
  readonly orderBy?: readonly string[]
  /** Columns of a table whose values in its rows are masks, in table order; absent: none. */
  readonly masked?: readonly MaskedColumn[]
}

/** A column whose values are not the database's. */
export interface MaskedColumn {
  readonly name: string
  readonly mask: (typeof maskKinds)[number]
}

const marker = '-- After the rows:'
const markerField = '-- Section marker: '
const maskField = '-- Masked: '
const maskKinds = ['hash', 'null', 'text'] as const
const dependencyField = '-- Depends on: '
const orderField = '-- Ordered by: '
const fields = [dependencyField, orderField, maskField, markerField]

/** The text of an object's file. */
export function writeObject(object: StoredObject): string {
  const { sqlAfterRows: afterRows } = object
  // An object may wait for the rows as a whole.
  const sql = object.sql === '' && afterRows !== undefined ? '' : statements(object, object.sql)
  const sectionMarker = markerMissingIn(sql)
  const head = [...new Set(object.dependsOn.map(referenceOf))]
    .sort()
    .map((reference) => dependencyField + reference)
  if (object.orderBy !== undefined && object.orderBy.length > 0) {
    head.push(orderField + object.orderBy.map((name) => escapeName(name)).join(', '))
  }
  if (object.masked !== undefined) head.push(maskField + maskedText(object.masked))
  if (sectionMarker !== marker || (head.length === 0 && beginsLikeHead(sql))) {
    head.push(markerField + sectionMarker)
  }
  const top = head.length === 0 ? '' : `${head.join('\n')}\n\n`
  if (afterRows === undefined) return top + sql
  const section = `${sectionMarker}\n${statements(object, afterRows)}`
  return sql === '' ? top + section : `${top}${sql}\n${section}`
}

/** The object that a file's text tells; throws ExpectedError `damaged-file` when `writeObject` makes no such text. */
export function readObject(key: ObjectKey, text: string): StoredObject {
  const { lines, body } = splitHead(text)
  const dependsOn = valuesOf(lines, dependencyField).map(keyOfReference)
  const [orderText] = valuesOf(lines, orderField)
  const orderBy = orderText?.split(', ').map(unescapeName)
  const [maskText] = valuesOf(lines, maskField)
  const [sectionMarker = marker] = valuesOf(lines, markerField)
  const object = {
    ...key,
    ...splitAt(sectionMarker, body),
    dependsOn: dependsOn.filter((dependency) => dependency !== undefined),
    ...(orderBy === undefined ? {} : { orderBy: orderBy.filter((name) => name !== undefined) }),
    ...(maskText === undefined ? {} : { masked: maskedColumns(maskText) }),
  }
  if (!isWritten(object, text)) throw damaged(key)
  return object
}

/** Masked columns as the file names them: `email (hash), phone (null)`. */
function maskedText(masked: readonly MaskedColumn[]): string {
  return masked.map(({ name, mask }) => `${escapeName(name)} (${mask})`).join(', ')
}

/** What can't be read is left out: then the text is not the one that would be written. */
function maskedColumns(text: string): MaskedColumn[] {
  return text.split(', ').flatMap((item) => {
    const [, escaped = '', word] = /^(\S+) \((\w+)\)$/.exec(item) ?? []
    const name = unescapeName(escaped)
    const mask = maskKinds.find((kind) => kind === word)
    return name === undefined || mask === undefined ? [] : [{ name, mask }]
  })
}

function splitAt(sectionMarker: string, body: string): Pick<StoredObject, 'sql' | 'sqlAfterRows'> {
  const line = `${sectionMarker}\n`
  if (body.startsWith(line)) return { sql: '', sqlAfterRows: body.slice(line.length) }
  const border = `\n\n${line}`
  const index = body.indexOf(border)
  if (index < 0) return { sql: body }
  return { sql: body.slice(0, index + 1), sqlAfterRows: body.slice(index + border.length) }
}

function isWritten(object: StoredObject, text: string): boolean {
  const isComplete = (part: string) => part.trim() !== '' && part.endsWith('\n')
  const waits = object.sql === '' && object.sqlAfterRows !== undefined
  const parts = [...(waits ? [] : [object.sql]), object.sqlAfterRows ?? '-\n']
  return parts.every(isComplete) && writeObject(object) === text
}

function splitHead(text: string): { lines: readonly string[]; body: string } {
  if (!beginsLikeHead(text)) return { lines: [], body: text }
  const end = text.indexOf('\n\n')
  if (end < 0) return { lines: [], body: text }
  return { lines: text.slice(0, end).split('\n'), body: text.slice(end + 2) }
}

function valuesOf(lines: readonly string[], field: string): string[] {
  return lines.filter((line) => line.startsWith(field)).map((line) => line.slice(field.length))
}

function beginsLikeHead(text: string): boolean {
  return fields.some((field) => text.startsWith(field))
}

/** The marker, with as many colons more as it takes to differ from every line of the definition. */
function markerMissingIn(sql: string): string {
  const lines = new Set(sql.split('\n').filter((line) => line.startsWith(marker)))
  let candidate = marker
  while (lines.has(candidate)) candidate += ':'
  return candidate
}

function statements(object: ObjectKey, sql: string): string {
  if (sql.trim() !== '' && sql.endsWith('\n')) return sql
  throw new Error(
    `${referenceOf(object)}: statements must not be empty and must end with a newline`,
  )
}

function damaged(key: ObjectKey): ExpectedError {
  return new ExpectedError(
    'damaged-file',
    `${pathOf(key)} is not as this format writes it: its head or a section was changed by hand or cut off.`,
    'Take the file from the last good commit, or run a backup, which writes it anew.',
  )
}
