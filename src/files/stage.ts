import { randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { RowCounter, encodeRows } from '../csv.ts'
import type { DbObject, Snapshot, Table } from '../model.ts'
import { writeDatabaseObjects, writeFacts } from './database-file.ts'
import { fileError } from './file-error.ts'
import { databaseFiles, kindsInDatabaseFile, pathOf } from './layout.ts'
import { maskRows, type TableMask } from './mask-rows.ts'
import { writeObject, type StoredObject } from './object-file.ts'
import { newStagingDirectory } from './work-directory.ts'

/** Snapshot → the files of one database, all of them written before any is put in place (place.ts). */

export interface StageOptions {
  /** The backup or private directory below which the files will stand; they are staged on its file system. */
  readonly topDirectory: string
  /** Whether an object is in the files at all. */
  readonly include: (object: DbObject) => boolean
  /** Whether the rows of an included table are. */
  readonly rowsOf: (table: Table) => boolean
  /** Whether the counters of an included object are. */
  readonly countersOf: (object: DbObject) => boolean
  /** Whether the passwords and the like of an included object are; never in a shared directory. */
  readonly secretsOf: (object: DbObject) => boolean
  /** What the rows of a table become on their way into the files; absent: they stay as they are. */
  readonly masksOf?: (table: Table) => TableMask | undefined
  /** Files 0600 and directories 0700, from their first moment. */
  readonly privateMode: boolean
  readonly onProgress?: (progress: StageProgress) => void
}

/** How far the rows of a table have been written. */
export interface StageProgress {
  readonly table: Table
  readonly rows: number
  readonly bytes: number
}

export interface StagedFile {
  /** Where the file stands until it is put in place: an absolute path. */
  readonly file: string
  readonly bytes: number
}

/** All files of one database, complete, outside their place. */
export interface StagedTree {
  readonly topDirectory: string
  readonly stagingDirectory: string
  readonly privateMode: boolean
  /** By path relative to the database's directory. */
  readonly files: ReadonlyMap<string, StagedFile>
  /** How many rows each `.csv` file holds, by its path. */
  readonly rowCounts: ReadonlyMap<string, number>
  /** Removes what is still staged. */
  discard(): Promise<void>
}

const attributes = '* -text -ident -filter !working-tree-encoding\n'
const privateFileMode = 0o600
const publicFileMode = 0o666
const filesAtOnce = 32
/** Rows are handed to the disk in blocks of about this size. */
const blockBytes = 1 << 18

/** Writes all files of a snapshot below the top directory's staging area; a failure leaves nothing behind. */
export async function stageTree(snapshot: Snapshot, options: StageOptions): Promise<StagedTree> {
  const stagingDirectory = await newStagingDirectory(options.topDirectory)
  const discard = async () => {
    await rm(stagingDirectory, { recursive: true, force: true })
  }
  try {
    const stage = new Stage(stagingDirectory, options)
    const objects = snapshot.schema.objects.filter(options.include)
    await stage.writeTexts(textFiles(snapshot, objects, options))
    for (const table of objects.filter(isTable).filter((each) => holdsRows(each, options))) {
      const rows = maskRows(snapshot.rows(table), table, options.masksOf?.(table))
      await stage.writeRows(table, rows)
    }
    const { topDirectory, privateMode } = options
    const { files, rowCounts } = stage
    return { topDirectory, stagingDirectory, privateMode, files, rowCounts, discard }
  } catch (error) {
    await discard()
    throw fileError(stagingDirectory, error)
  }
}

/** The same tree with its counters replaced by these: for a run in which nothing else changed. */
export async function replaceCounters(
  staged: StagedTree,
  counters: ReadonlyMap<string, Uint8Array>,
): Promise<StagedTree> {
  const stage = new Stage(staged.stagingDirectory, staged)
  await stage.writeTexts(counters)
  const others = [...staged.files].filter(([path]) => !isCountersPath(path))
  return { ...staged, files: new Map([...others, ...stage.files]) }
}

/** Whether a path is that of counters or of partitions that come and go, which alone are no reason for a commit. */
export function isCountersPath(path: string): boolean {
  return path.endsWith('.counters.sql') || path.endsWith('.partitions.sql')
}

function* textFiles(
  snapshot: Snapshot,
  objects: readonly DbObject[],
  options: StageOptions,
): Iterable<[string, string]> {
  yield [databaseFiles.attributes, attributes]
  yield [databaseFiles.facts, writeFacts(snapshot.schema)]
  const inDatabaseFile = (object: DbObject) => kindsInDatabaseFile.includes(object.kind)
  const databaseObjects = writeDatabaseObjects(objects.filter(inDatabaseFile))
  if (databaseObjects !== undefined) yield [databaseFiles.objects, databaseObjects]
  for (const object of objects) {
    if (!inDatabaseFile(object)) yield [pathOf(object), writeObject(asStored(object, options))]
    if (object.sqlPartitions !== undefined) {
      yield [pathOf(object, 'partitions'), object.sqlPartitions]
    }
    if (object.sqlCounters !== undefined && options.countersOf(object)) {
      yield [pathOf(object, 'counters'), object.sqlCounters]
    }
    if (object.sqlSecrets !== undefined && options.secretsOf(object)) {
      if (!options.privateMode) throw new Error(`${pathOf(object)}: secrets in a shared directory`)
      yield [pathOf(object, 'secrets'), object.sqlSecrets]
    }
  }
}

/** The object with what its file says of its rows. */
function asStored(object: DbObject, options: StageOptions): StoredObject {
  if (!isTable(object) || !holdsRows(object, options)) return object
  const masked = options.masksOf?.(object)?.columns
  return masked === undefined ? object : { ...object, masked }
}

function holdsRows(table: Table, { rowsOf }: StageOptions): boolean {
  return table.hasRows && rowsOf(table)
}

function isTable(object: DbObject): object is Table {
  return object.kind === 'table' && 'columns' in object
}

/** Files by the path that they will have, side by side in one directory. */
class Stage {
  readonly files = new Map<string, StagedFile>()
  readonly rowCounts = new Map<string, number>()
  readonly #directory: string
  readonly #fileMode: number
  readonly #onProgress: StageOptions['onProgress']

  constructor(directory: string, options: Pick<StageOptions, 'privateMode' | 'onProgress'>) {
    this.#directory = directory
    this.#fileMode = options.privateMode ? privateFileMode : publicFileMode
    this.#onProgress = options.onProgress
  }

  async writeTexts(texts: Iterable<readonly [string, string | Uint8Array]>): Promise<void> {
    let writing: Promise<void>[] = []
    try {
      for (const [path, text] of texts) {
        writing.push(this.#write(path, async (handle) => await writeAll(handle, text)))
        if (writing.length < filesAtOnce) continue
        await allSettled(writing)
        writing = []
      }
    } catch (error) {
      // The directory is about to be removed.
      await Promise.allSettled(writing)
      throw error
    }
    await allSettled(writing)
  }

  async writeRows(table: Table, rows: AsyncIterable<Uint8Array>): Promise<void> {
    const path = pathOf(table, 'rows')
    const names = table.columns.filter(({ generated }) => !generated).map((column) => column.name)
    const counter = new RowCounter()
    await this.#write(path, async (handle) => {
      let bytes = await writeAll(handle, encodeRows([names]))
      for await (const block of inBlocks(rows)) {
        counter.add(block)
        bytes += await writeAll(handle, block)
        this.#onProgress?.({ table, rows: counter.rows, bytes })
      }
      return bytes
    })
    if (!counter.isAtRowEnd) throw new Error(`${path}: the rows end in the middle of one`)
    this.rowCounts.set(path, counter.rows)
  }

  async #write(path: string, fill: (handle: FileHandle) => Promise<number>): Promise<void> {
    if (this.files.has(path)) throw new Error(`${path}: two objects with the same key`)
    const file = join(this.#directory, randomUUID())
    this.files.set(path, { file, bytes: 0 })
    await using handle = await open(file, 'wx', this.#fileMode)
    if (this.#fileMode === privateFileMode) await handle.chmod(privateFileMode)
    this.files.set(path, { file, bytes: await fill(handle) })
  }
}

async function writeAll(handle: FileHandle, content: string | Uint8Array): Promise<number> {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content
  await handle.writeFile(bytes)
  return bytes.length
}

/** The same bytes in fewer pieces: a system call for each row would cost more than the row. */
async function* inBlocks(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let waiting: Uint8Array[] = []
  let bytes = 0
  for await (const piece of pieces) {
    waiting.push(piece)
    bytes += piece.length
    if (bytes < blockBytes) continue
    yield Buffer.concat(waiting, bytes)
    waiting = []
    bytes = 0
  }
  if (bytes > 0) yield Buffer.concat(waiting, bytes)
}

/** Waits for all, so that none still writes when the first failure is thrown. */
async function allSettled(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises)
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
