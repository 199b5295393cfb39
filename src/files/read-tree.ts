import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeTable } from '../csv.ts'
import type { CsvTable } from '../csv.ts'
import { ExpectedError } from '../errors.ts'
import type { DbObject, ObjectKey } from '../model.ts'
import { readDatabaseObjects, readFacts } from './database-file.ts'
import type { DatabaseFacts } from './database-file.ts'
import { errorCode, onPath, symbolicLinkError } from './file-error.ts'
import { databaseFiles, isOwnPath, keyOf, pathOf } from './layout.ts'
import { readObject } from './object-file.ts'
import type { StoredObject } from './object-file.ts'
import { walk } from './walk.ts'

/** A directory of files → the snapshot that stands in it; what writes the format (stage.ts) is read here. */

/** An object of a directory of files, with its counters, secrets and partitions. */
export type WholeObject = StoredObject &
  Pick<DbObject, 'sqlCounters' | 'sqlSecrets' | 'sqlPartitions'>

/** A snapshot as files. Its rows are read when they are asked for. */
export interface StoredSnapshot {
  readonly facts: DatabaseFacts
  /** By path; those of `database.sql` first. */
  readonly objects: readonly WholeObject[]
  /** Files that this tool never writes, by relative path. */
  readonly strangers: readonly string[]
  /** Whether the rows of an object are among the files; false for everything but a table. */
  hasRows(key: ObjectKey): boolean
  /** The rows of a table that `hasRows`; throws ExpectedError `malformed-csv` with the line. */
  rows(table: ObjectKey): Promise<CsvTable>
}

/**
 * Reads a database's directory strictly. Throws ExpectedError `not-a-snapshot` when it is none, `damaged-file`,
 * `newer-format`, or `symbolic-link`.
 */
export async function readTree(directory: string): Promise<StoredSnapshot> {
  const { own, strangers } = await onPath(directory, async () => await filesIn(directory))
  const texts = new TextFiles(directory, own)
  const facts = readFacts(await texts.read(databaseFiles.facts))
  const objects: WholeObject[] = await databaseObjects(texts)
  for (const path of own) {
    const found = keyOf(path)
    if (found?.part === 'sql') objects.push(await readWhole(found.key, texts))
    else if (found !== undefined && !own.has(pathOf(found.key))) throw withoutDefinition(path)
  }
  return {
    facts,
    objects,
    strangers,
    hasRows: (key) => key.kind === 'table' && own.has(pathOf(key, 'rows')),
    rows: async (table) => await rowsOf(directory, pathOf(table, 'rows')),
  }
}

async function filesIn(directory: string) {
  const standing = await walk(directory).catch((error: unknown) => {
    throw errorCode(error) === 'ENOENT' ? noSnapshot(directory) : error
  })
  const files = [...standing].filter(([, stats]) => !stats.isDirectory())
  const own = files.filter(([path]) => isOwnPath(path))
  const link = own.find(([, stats]) => !stats.isFile())
  if (link !== undefined) throw symbolicLinkError(join(directory, link[0]))
  const paths = new Set(own.map(([path]) => path))
  if (!paths.has(databaseFiles.facts)) throw noSnapshot(directory)
  return {
    own: paths,
    strangers: files.map(([path]) => path).filter((path) => !paths.has(path)),
  }
}

/** The text files of a directory, strictly UTF-8. */
class TextFiles {
  readonly #directory: string
  readonly #paths: ReadonlySet<string>

  constructor(directory: string, paths: ReadonlySet<string>) {
    this.#directory = directory
    this.#paths = paths
  }

  async read(path: string): Promise<string> {
    const file = join(this.#directory, path)
    const bytes = await onPath(file, async () => await readFile(file))
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch {
      throw damaged(`${path} holds invalid UTF-8.`)
    }
  }

  async readIfThere(path: string): Promise<string | undefined> {
    return this.#paths.has(path) ? await this.read(path) : undefined
  }
}

/** The objects of `database.sql`, with the secrets of the database itself. */
async function databaseObjects(texts: TextFiles): Promise<WholeObject[]> {
  const text = await texts.readIfThere(databaseFiles.objects)
  const objects = text === undefined ? [] : readDatabaseObjects(text)
  const sqlSecrets = await texts.readIfThere(databaseFiles.secrets)
  if (sqlSecrets === undefined) return objects
  if (!objects.some(isDatabase)) throw withoutDefinition(databaseFiles.secrets)
  return objects.map((object) => (isDatabase(object) ? { ...object, sqlSecrets } : object))
}

function isDatabase({ kind }: ObjectKey): boolean {
  return kind === 'database'
}

async function readWhole(key: ObjectKey, texts: TextFiles): Promise<WholeObject> {
  const object = readObject(key, await texts.read(pathOf(key)))
  const sqlCounters = await texts.readIfThere(pathOf(key, 'counters'))
  const sqlSecrets = await texts.readIfThere(pathOf(key, 'secrets'))
  const sqlPartitions = await texts.readIfThere(pathOf(key, 'partitions'))
  return {
    ...object,
    ...(sqlCounters === undefined ? {} : { sqlCounters }),
    ...(sqlSecrets === undefined ? {} : { sqlSecrets }),
    ...(sqlPartitions === undefined ? {} : { sqlPartitions }),
  }
}

async function rowsOf(directory: string, path: string): Promise<CsvTable> {
  const file = join(directory, path)
  const chunks: AsyncIterable<Uint8Array> = createReadStream(file)
  return await onPath(file, async () => await decodeTable(chunks, path))
}

/** The refusal of a directory that is no database's. */
export function noSnapshot(directory: string): ExpectedError {
  return new ExpectedError(
    'not-a-snapshot',
    `${directory} holds no snapshot: there is no ${databaseFiles.facts} in it.`,
    'Name the directory of one database: <backup directory>/<host>/<database>.',
  )
}

function withoutDefinition(path: string): ExpectedError {
  return damaged(`${path} stands there without the definition of its object.`)
}

function damaged(message: string): ExpectedError {
  return new ExpectedError(
    'damaged-file',
    message,
    'Take the files from the last good commit, or run a backup, which writes them anew.',
  )
}
