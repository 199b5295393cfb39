import { parseDocument, stringify } from 'yaml'
import { ExpectedError } from '../errors.ts'
import type { DbObject } from '../model.ts'
import { databaseFiles, keyOfReference, kindsInDatabaseFile, referenceOf } from './layout.ts'
import { readObject, writeObject } from './object-file.ts'
import type { StoredObject } from './object-file.ts'

/** `database.sql` and `database.yaml`: what belongs to a database and to no object file (docs/format.md). */

/** The format that this version writes, and the newest that it reads. */
export const formatNumber = 1

/** The facts of `database.yaml`, the one file in which versions stand. */
export interface DatabaseFacts {
  readonly product: string
  readonly serverVersion: string
  readonly versions: Readonly<Record<string, string>>
}

const objectField = '-- Object: '
const referencePrefix = `${databaseFiles.objects}#`
const objectFieldLine = '-- Object line: '

/** The text of `database.sql`: every object of `kindsInDatabaseFile`, by kind and name; undefined when there is none. */
export function writeDatabaseObjects(objects: readonly DbObject[]): string | undefined {
  const sections = objects
    .map((object) => ({ object, reference: referenceOf(object), text: writeObject(object) }))
    .sort((one, other) => compareSections(one, other))
  if (sections.length === 0) return undefined
  const field = fieldMissingIn(sections.map(({ text }) => text))
  const head = field === objectField ? '' : `${objectFieldLine}${field}\n\n`
  return (
    head +
    sections
      .map(({ reference, text }) => `${field}${reference.slice(referencePrefix.length)}\n${text}`)
      .join('\n')
  )
}

/** The objects of `database.sql`; throws ExpectedError `damaged-file` when `writeDatabaseObjects` makes no such text. */
export function readDatabaseObjects(text: string): StoredObject[] {
  const [, field = objectField] = /^-- Object line: (-- Object:+ )\n\n/.exec(text) ?? []
  const start = field === objectField ? 0 : objectFieldLine.length + field.length + 2
  const body = `\n${text.slice(start)}`
  const objects = body.split(`\n${field}`).slice(1).map(readSection)
  if (writeDatabaseObjects(objects) !== text) throw damaged()
  return objects
}

/** The text of `database.yaml`. */
export function writeFacts(facts: DatabaseFacts): string {
  const { product, serverVersion, versions } = facts
  const names = Object.keys(versions).sort()
  return stringify(
    {
      format: formatNumber,
      product,
      server_version: serverVersion,
      versions: new Map(names.map((name) => [name, versions[name]])),
    },
    { lineWidth: 0, version: '1.2', schema: 'core' },
  )
}

/** The facts of `database.yaml`; throws ExpectedError `damaged-file`, or `newer-format` for a format above `formatNumber`. */
export function readFacts(text: string): DatabaseFacts {
  const document = parseDocument(text, { version: '1.2', schema: 'core' })
  if (document.errors.length > 0) throw damaged(databaseFiles.facts)
  const content: unknown = document.toJS({ mapAsMap: true })
  if (!(content instanceof Map)) throw damaged(databaseFiles.facts)
  const values = new Map<unknown, unknown>(content)
  checkFormat(values.get('format'))
  const product = values.get('product')
  const serverVersion = values.get('server_version')
  const versions = values.get('versions')
  if (typeof product !== 'string' || typeof serverVersion !== 'string' || !isTextMap(versions)) {
    throw damaged(databaseFiles.facts)
  }
  return { product, serverVersion, versions: Object.fromEntries(versions) }
}

function compareSections(
  one: { object: DbObject; reference: string },
  other: { object: DbObject; reference: string },
): number {
  const rank = (object: DbObject) => kindsInDatabaseFile.indexOf(object.kind)
  return (
    rank(one.object) - rank(other.object) ||
    (one.reference < other.reference ? -1 : Number(one.reference > other.reference))
  )
}

function readSection(section: string): StoredObject {
  const end = section.indexOf('\n')
  const key = keyOfReference(referencePrefix + section.slice(0, Math.max(0, end)))
  if (key === undefined) throw damaged()
  return readObject(key, section.slice(end + 1))
}

/** The words that begin an object's line, with as many colons more as no definition has at a line's beginning. */
function fieldMissingIn(texts: readonly string[]): string {
  const lines = texts.flatMap((text) => text.split('\n'))
  let field = objectField
  while (lines.some((line) => line.startsWith(field))) field = field.replace(/: $/, ':: ')
  return field
}

function checkFormat(format: unknown): void {
  if (typeof format !== 'number' || !Number.isInteger(format) || format < 1) {
    throw damaged(databaseFiles.facts)
  }
  if (format <= formatNumber) return
  throw new ExpectedError(
    'newer-format',
    `The files are of format ${format}; this version reads format ${formatNumber}.`,
    'Use the version of schema_backup that wrote them, or a newer one.',
  )
}

function isTextMap(value: unknown): value is Map<string, string> {
  return (
    value instanceof Map &&
    [...new Map<unknown, unknown>(value)].flat().every((text) => typeof text === 'string')
  )
}

function damaged(file: string = databaseFiles.objects): ExpectedError {
  return new ExpectedError(
    'damaged-file',
    `${file} is not as this format writes it: it was changed by hand or cut off.`,
    'Take the file from the last good commit, or run a backup, which writes it anew.',
  )
}
