import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { compileCategories, tableText } from '../config/categories.ts'
import type { Config, DatabaseConfig } from '../config/config.ts'
import { encodeRows, type CsvTable } from '../csv.ts'
import { ExpectedError } from '../errors.ts'
import { holdFiles, holdTree, type HeldDirectory } from '../files/hold.ts'
import { databaseDirectory, referenceOf } from '../files/layout.ts'
import { lockDirectory } from '../files/lock.ts'
import { noSnapshot, readTree, type StoredSnapshot } from '../files/read-tree.ts'
import { openRepository, type Repository, type Revision } from '../git/repository.ts'
import type { Environment, ObjectKey } from '../model.ts'
import { authorOf } from './destinations.ts'
import type { Source } from './pour.ts'
import type { Warning } from './report.ts'
import { keyText } from './selection.ts'

/** Which files are restored. */
export interface SourceOptions {
  /** A commit, branch, tag or time; absent: the files as they are. */
  readonly at?: string
  /** The host whose directory is taken; absent: the configured one. */
  readonly fromHost?: string
  /** The rows of local tables are left out. */
  readonly withoutLocal: boolean
}

/** One of the directories that a source's files stand in. */
export interface SourcePart {
  /** Absolute. */
  readonly directory: string
  readonly snapshot: StoredSnapshot
  /** Whether it holds the rows of local tables. */
  readonly isPrivate: boolean
}

/** Files of one database, held as they are until disposed. */
export interface FileSource extends Source, AsyncDisposable {
  /** The shared files, then the private ones where there are any. */
  readonly parts: readonly SourcePart[]
  /** `<host>/<database>`. */
  readonly name: string
  /** The commit that the files come from; absent: they stand in the backup directory. */
  readonly revision?: Revision
  readonly warnings: readonly Warning[]
}

/**
 * Opens a database's files as a source. Throws ExpectedError `not-a-snapshot`, `missing-file`, `damaged-file`,
 * `newer-format`, `unknown-revision`, `symbolic-link` or `locked`; rows are read when they are asked for.
 */
export async function openSource(
  config: Config,
  database: DatabaseConfig,
  options: SourceOptions,
  environment: Environment,
): Promise<FileSource> {
  const subtree = databaseDirectory(options.fromHost ?? config.host, database.name)
  const repository = await openRepository(config.backupDirectory, {
    create: false,
    author: authorOf(config),
    environment,
    ...(config.git.branch === undefined ? {} : { branch: config.git.branch }),
  })
  await using held = new AsyncDisposableStack()
  const { shared, revision, warnings } = await holdShared(config, subtree, repository, options)
  held.use(shared)
  const privateRows = options.withoutLocal ? undefined : await holdPrivate(config, subtree)
  if (privateRows !== undefined) held.use(privateRows)
  const tree = await readTree(shared.directory)
  const local = privateRows === undefined ? undefined : await readTree(privateRows.directory)
  const source = joined(tree, local)
  const parts: SourcePart[] = [{ directory: shared.directory, snapshot: tree, isPrivate: false }]
  if (privateRows !== undefined && local !== undefined) {
    parts.push({ directory: privateRows.directory, snapshot: local, isPrivate: true })
  }
  const moved = held.move()
  return {
    ...source,
    parts,
    name: subtree,
    ...(revision === undefined ? {} : { revision }),
    warnings: [
      ...warnings,
      ...maskWarnings(tree),
      ...localWarnings(source, local, tree, database, options),
    ],
    [Symbol.asyncDispose]: async () => {
      await moved.disposeAsync()
    },
  }
}

interface HeldShared {
  readonly shared: HeldDirectory
  readonly revision?: Revision
  readonly warnings: readonly Warning[]
}

async function holdShared(
  config: Config,
  subtree: string,
  repository: Repository,
  { at }: SourceOptions,
): Promise<HeldShared> {
  const { backupDirectory } = config
  if (at !== undefined) return await holdCommit(backupDirectory, subtree, repository, at)
  if (!(await exists(join(backupDirectory, subtree)))) {
    throw noSnapshot(join(backupDirectory, subtree))
  }
  return await underLock(backupDirectory, async () => {
    const warnings = await compareWithCommit(backupDirectory, subtree, repository)
    return { shared: await holdTree(backupDirectory, subtree), warnings }
  })
}

async function holdCommit(
  backupDirectory: string,
  subtree: string,
  repository: Repository,
  at: string,
): Promise<HeldShared> {
  const revision = await repository.resolve(at, subtree)
  const files = await repository.readTree(subtree, revision.commit)
  if (files.size === 0) {
    throw new ExpectedError(
      'not-a-snapshot',
      `The commit ${revision.commit.slice(0, 10)} holds no snapshot of ${subtree}.`,
      'Name a later commit; "git log" with that directory shows them.',
    )
  }
  const contents = async function* () {
    for (const [path, { oid, mode }] of files) {
      if (mode.startsWith('100')) yield [path, await repository.readBlob(oid)] as const
    }
  }
  return { shared: await holdFiles(backupDirectory, contents()), revision, warnings: [] }
}

/** git says which files are missing or were edited, where it keeps the files in place. */
async function compareWithCommit(
  backupDirectory: string,
  subtree: string,
  repository: Repository,
): Promise<readonly Warning[]> {
  if (!repository.writesWorkTree) return []
  const warnings: Warning[] = []
  for (const [path, { oid }] of await repository.readTree(subtree)) {
    const file = join(backupDirectory, subtree, path)
    if (!(await exists(file))) {
      throw new ExpectedError(
        'missing-file',
        `${subtree}/${path} is missing, and the last commit holds it.`,
        'Get it back with "git restore", or restore a commit: --at HEAD.',
      )
    }
    if ((await repository.identifyFile({ file })) === oid) continue
    const message = `${subtree}/${path} differs from the last commit; the file counts.`
    warnings.push({ code: 'edited-file', message, next: 'Take the commit instead with --at HEAD.' })
  }
  return warnings
}

async function holdPrivate(config: Config, subtree: string): Promise<HeldDirectory | undefined> {
  const { privateDirectory } = config
  if (privateDirectory === undefined) return undefined
  if (!(await exists(join(privateDirectory, subtree)))) return undefined
  return await underLock(privateDirectory, async () => await holdTree(privateDirectory, subtree))
}

/** No run puts files in place meanwhile. */
async function underLock<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const lock = await lockDirectory(directory)
  try {
    return await work()
  } finally {
    await lock[Symbol.asyncDispose]()
  }
}

/** The structure of the shared files with the rows of both and the secrets of the private ones. */
function joined(shared: StoredSnapshot, local: StoredSnapshot | undefined): Source {
  const locals = new Map(local?.objects.map((object) => [keyText(object), object]))
  const holderOf = (key: ObjectKey) =>
    [shared, local].find((snapshot) => snapshot?.hasRows(key) === true)
  return {
    product: shared.facts.product,
    serverVersion: shared.facts.serverVersion,
    objects: shared.objects.map((object) => {
      const own = locals.get(keyText(object))
      const sqlCounters = object.sqlCounters ?? own?.sqlCounters
      // The private rows lie in the partitions of their own moment.
      const ofRows = local?.hasRows(object) === true ? own?.sqlPartitions : undefined
      const sqlPartitions = ofRows ?? object.sqlPartitions
      return {
        ...object,
        ...(sqlCounters === undefined ? {} : { sqlCounters }),
        ...(sqlPartitions === undefined ? {} : { sqlPartitions }),
        ...(own?.sqlSecrets === undefined ? {} : { sqlSecrets: own.sqlSecrets }),
      }
    }),
    hasRows: (key) => holderOf(key) !== undefined,
    rows: async (key) => {
      const holder = holderOf(key)
      if (holder === undefined) throw new TypeError(`there are no rows for ${keyText(key)}`)
      const table = await holder.rows(key)
      return { columns: table.columns, text: textOf(table) }
    },
  }
}

/** Every row was read strictly; the database gets it as it is written again. */
async function* textOf({ rows }: CsvTable): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const batch of rows) yield Buffer.from(encodeRows(batch), 'utf8')
}

/** Columns that come otherwise than they were in the database. */
function maskWarnings(shared: StoredSnapshot): readonly Warning[] {
  return shared.objects.flatMap((object) => {
    if (object.masked === undefined) return []
    const columns = object.masked.map(({ name, mask }) => `${name} (${mask})`).join(', ')
    const noun = object.masked.length === 1 ? 'column' : 'columns'
    const message = `The ${noun} ${columns} of ${tableText(object)} ${object.masked.length === 1 ? 'comes' : 'come'} as masked values.`
    return [{ code: 'masked', message }]
  })
}

/** What comes from the last run although a commit was asked for. */
function ofLastRun(source: Source, local: StoredSnapshot | undefined): readonly Warning[] {
  const hasRows = source.objects.some(
    (object) => object.kind === 'table' && local?.hasRows(object) === true,
  )
  const hasSecrets = source.objects.some(({ sqlSecrets }) => sqlSecrets !== undefined)
  const found = [...(hasRows ? ['rows of local tables'] : []), ...(hasSecrets ? ['passwords'] : [])]
  if (found.length === 0) return []
  return [
    {
      code: 'rows-of-last-run',
      message: `The ${found.join(' and ')} are those of the last run, not of that commit.`,
      next: 'Leave them out with --without-local.',
    },
  ]
}

/** Private rows whose table is another one in the shared files. */
function otherDefinitions(
  local: StoredSnapshot | undefined,
  shared: StoredSnapshot,
): readonly Warning[] {
  const known = new Map(shared.objects.map((object) => [keyText(object), object.sql]))
  const others = (local?.objects ?? []).filter(
    (object) => local?.hasRows(object) === true && known.get(keyText(object)) !== object.sql,
  )
  return others.map((object) => ({
    code: 'other-definition',
    message: known.has(keyText(object))
      ? `The private rows of ${tableText(object)} belong to another definition of the table; they are loaded by the names of their columns.`
      : `The private directory holds ${referenceOf(object)}, which is not among the shared files; its rows are left out.`,
  }))
}

function localWarnings(
  source: Source,
  local: StoredSnapshot | undefined,
  shared: StoredSnapshot,
  database: DatabaseConfig,
  { at, withoutLocal }: SourceOptions,
): readonly Warning[] {
  const matcher = compileCategories(database.categories)
  const missing = source.objects
    .filter((object) => object.kind === 'table' && !source.hasRows(object))
    .filter((table) => matcher.categorise(table).category === 'local')
    .map(tableText)
  const why = withoutLocal ? '--without-local' : 'the private directory has none'
  return [
    ...(at === undefined ? [] : ofLastRun(source, local)),
    ...(missing.length === 0
      ? []
      : [
          {
            code: 'rows-missing',
            message: `Local tables come without rows (${why}): ${missing.join(', ')}.`,
          },
        ]),
    ...otherDefinitions(local, shared),
  ]
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}
