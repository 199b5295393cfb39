import { statfs } from 'node:fs/promises'
import { dirname, parse } from 'node:path'
import type { Config } from '../config/config.ts'
import type { ConnectionRequest } from '../engines/connection.ts'
import type { Database } from '../engines/engine.ts'
import { engineFor, urlSchemes } from '../engines/index.ts'
import type { DatabaseServer, Violation } from '../engines/target.ts'
import { ExpectedError, exitStatus, type ExitStatus } from '../errors.ts'
import { isIncomplete, type NotCaptured, type Snapshot } from '../model.ts'
import type { CommandContext } from './context.ts'
import { interruptible } from './interrupt.ts'
import { onlyDatabase } from './only-database.ts'
import { requestOf } from './open-database.ts'
import { pour, sourceOfSnapshot } from './pour.ts'
import { readUnchanged } from './read-unchanged.ts'

/** What `clone` was asked for. */
export interface CloneOptions {
  /** The configured database; absent: the only one. */
  readonly database?: string
  /** The copy is called `<database>_<suffix>`. */
  readonly suffix: string
  /** The account that owns the copy; absent: the one that makes it. */
  readonly owner?: string
}

/** What `clone` made. */
export interface CloneReport {
  /** The name of the live database on its server. */
  readonly source: string
  /** The name of the copy on the same server. */
  readonly copy: string
  readonly objects: number
  readonly tables: number
  readonly rows: number
  /** What is in the database and not in the copy. */
  readonly notCaptured: readonly NotCaptured[]
  /** Rows without a parent, which are in the live database, too. */
  readonly violations: readonly Violation[]
  readonly seconds: number
  readonly status: ExitStatus
}

/**
 * Copies a live database, with all rows of all tables, to `<database>_<suffix>` on the same server; no file is
 * written. A copy that could not be finished is dropped. Throws ExpectedError `unknown-database`, `target-exists`,
 * `invalid-suffix`, `no-room`.
 */
export async function clone(
  config: Config,
  options: CloneOptions,
  context: CommandContext,
): Promise<CloneReport> {
  const started = performance.now()
  const configured = onlyDatabase(config, options.database)
  const request = await requestOf(configured, context)
  const engine = await engineFor(request.url)
  await using server = await engine.openServer(request)
  const copy = copyName(server.database, options.suffix, request)
  await checkNames(server, copy)
  await using database = await interruptible(engine.open(request), context.signal)
  await checkRoom(database, request)
  const open = async () => await engine.open(server.requestFor(copy))
  const poured = await readUnchanged(
    database,
    { wantsRows: () => true },
    {
      make: (snapshot) => makeCopy(server, copy, { open, snapshot, owner: options.owner, context }),
      discard: async () => {
        await server.drop(copy)
      },
    },
    context.signal,
  )
  const { notCaptured } = poured
  return {
    source: server.database,
    copy,
    ...poured,
    seconds: (performance.now() - started) / 1000,
    status: isIncomplete(notCaptured) ? exitStatus.incomplete : exitStatus.done,
  }
}

function copyName(database: string, suffix: string, { url }: ConnectionRequest): string {
  if (!/^[\p{L}\p{N}_-]+$/u.test(suffix)) {
    throw new ExpectedError(
      'invalid-suffix',
      'The suffix holds other characters than letters, digits, "_" and "-".',
      'Give a short word, for example: --suffix test.',
      { status: exitStatus.usage },
    )
  }
  if (!isOfFile(url)) return `${database}_${suffix}`
  const { name, ext } = parse(database)
  return `${name}_${suffix}${ext}`
}

async function checkNames(server: DatabaseServer, copy: string): Promise<void> {
  if ((await server.objectCount(server.database)) === undefined) {
    throw new ExpectedError(
      'unknown-database',
      `There is no database "${server.database}" that could be copied.`,
      'Correct the URL in the configuration.',
    )
  }
  if ((await server.objectCount(copy)) === undefined) return
  throw new ExpectedError(
    'target-exists',
    `There is a database "${copy}" already; it was left as it is.`,
    'Choose another --suffix, or drop that database yourself.',
  )
}

/** How much room there is can be seen for a file alone: a server does not tell. */
async function checkRoom(database: Database, { url }: ConnectionRequest): Promise<void> {
  if (!isOfFile(url)) return
  const directory = dirname(
    decodeURIComponent(url.slice(url.indexOf(':') + 1).replace(/\?.*$/s, '')),
  )
  const sizes = await database.sizes()
  const needed = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
  const { bavail, bsize } = await statfs(directory)
  if (bavail * bsize >= needed) return
  throw new ExpectedError(
    'no-room',
    `${directory} has room for ${bavail * bsize} bytes, and the copy needs ${needed}.`,
    'Make room, then run again.',
  )
}

function isOfFile(url: string): boolean {
  return urlSchemes.ofFiles.some((scheme) => url.toLowerCase().startsWith(`${scheme}:`))
}

interface CopyRequest {
  readonly open: () => Promise<Database>
  readonly snapshot: Snapshot
  readonly owner: string | undefined
  readonly context: CommandContext
}

async function makeCopy(
  server: DatabaseServer,
  copy: string,
  { open, snapshot, owner, context }: CopyRequest,
): Promise<Pick<CloneReport, 'objects' | 'tables' | 'rows' | 'notCaptured' | 'violations'>> {
  const { objects, notCaptured } = snapshot.schema
  const { progress, signal } = context
  const settings = objects.find(({ kind }) => kind === 'database')
  await server.create(copy, {
    ...(owner === undefined ? {} : { owner }),
    ...(settings === undefined ? {} : { settings }),
  })
  try {
    await using database = await open()
    progress.start(copy, objects.length)
    const { tables, violations, broken } = await pour(sourceOfSnapshot(snapshot), database, {
      mode: 'empty',
      signal,
      onProgress: ({ what, done, total }) => {
        progress.show(Math.round((done / Math.max(1, total)) * objects.length), what)
      },
    })
    progress.stop()
    const rows = tables.reduce((sum, table) => sum + table.rowsInTarget, 0)
    const missing = [...notCaptured, ...broken]
    return {
      objects: objects.length - broken.length,
      tables: tables.length,
      rows,
      notCaptured: missing,
      violations,
    }
  } catch (error) {
    // Nobody asked for half a copy.
    await server.drop(copy).catch(() => undefined)
    throw error
  }
}
