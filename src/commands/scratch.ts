import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { hostname, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Config, DatabaseConfig } from '../config/config.ts'
import type { Database } from '../engines/engine.ts'
import { engineFor, engineOfProduct, urlSchemes } from '../engines/index.ts'
import type { DatabaseServer } from '../engines/target.ts'
import { ExpectedError, exitStatus } from '../errors.ts'
import { lockDirectory } from '../files/lock.ts'
import { prepareWorkDirectory } from '../files/work-directory.ts'
import type { DbObject } from '../model.ts'
import type { CommandContext } from './context.ts'
import { interruptible } from './interrupt.ts'
import { requestOf } from './open-database.ts'

/** What a scratch database is made for. */
export interface ScratchRequest {
  readonly config: Config
  readonly database: DatabaseConfig
  /** The product of the snapshot that it will hold. */
  readonly product: string
  /** The objects of the snapshot. */
  readonly objects: readonly DbObject[]
}

/** An empty database that lives until it is disposed. */
export interface ScratchDatabase extends AsyncDisposable {
  readonly name: string
  readonly server: DatabaseServer
  open(): Promise<Database>
}

/**
 * Holds the right to make scratch databases for a backup directory until it is disposed, so that those that are found
 * are left from runs that were killed. Throws ExpectedError `locked` while another run verifies the same directory.
 */
export async function lockScratch(config: Config): Promise<AsyncDisposable> {
  const work = await prepareWorkDirectory(config.backupDirectory)
  const lock = await lockDirectory(join(work, 'verify'))
  await removeLeftDirectories(prefixOf(config))
  return lock
}

/** A new empty directory that only its owner may enter; disposing removes it, or the next holder of `lockScratch`. */
export async function makeScratchDirectory(
  config: Config,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), prefixOf(config)))
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await rm(path, { recursive: true, force: true })
    },
  }
}

/**
 * Makes an empty database under a name of its own on the server under `verify`, or a file in a directory of its own,
 * after removing what killed runs left there; only for the holder of `lockScratch`. Throws ExpectedError
 * `no-verify-server`, `wrong-product`.
 */
export async function makeScratch(
  request: ScratchRequest,
  context: CommandContext,
): Promise<ScratchDatabase> {
  const prefix = prefixOf(request.config)
  await using resources = new AsyncDisposableStack()
  const target = request.database.verify.server ?? (await temporaryTarget(request, resources))
  const engine = await engineFor(target.url)
  if (engine !== (await engineOfProduct(request.product))) throw wrongProduct(request)
  const server = resources.use(
    await interruptible(engine.openServer(await requestOf(target, context)), context.signal),
  )
  for (const name of await server.list(prefix)) await server.drop(name)
  const name = prefix + randomBytes(4).toString('hex')
  const absent = await server.absentServerObjects(request.objects)
  // What the fill makes outside the database must not outlive it.
  resources.defer(async () => {
    await server.dropServerObjects(absent)
  })
  resources.defer(async () => {
    await server.drop(name)
  })
  const settings = request.objects.find(({ kind }) => kind === 'database')
  await server.create(name, settings === undefined ? {} : { settings })
  const moved = resources.move()
  return {
    name,
    server,
    open: async () => await engine.open(server.requestFor(name)),
    [Symbol.asyncDispose]: async () => {
      await moved.disposeAsync()
    },
  }
}

/** The beginning of the names of all scratch databases of one backup directory on one machine. */
function prefixOf({ backupDirectory }: Config): string {
  const place = createHash('sha256').update(`${hostname()}\0${backupDirectory}`).digest('hex')
  return `schema_backup_verify_${place.slice(0, 8)}_`
}

async function temporaryTarget(
  { config, database }: ScratchRequest,
  resources: AsyncDisposableStack,
): Promise<{ readonly url: string }> {
  const scheme = database.url.slice(0, Math.max(0, database.url.indexOf(':'))).toLowerCase()
  if (!urlSchemes.ofFiles.includes(scheme)) {
    throw new ExpectedError(
      'no-verify-server',
      `No server is configured on which "${database.name}" could be verified.`,
      'Add `verify: {url: …}` with an account that may create and drop databases; it need not be the server that is backed up.',
      { status: exitStatus.configuration },
    )
  }
  const directory = resources.use(await makeScratchDirectory(config))
  const path = join(directory.path, 'scratch').replaceAll('%', '%25').replaceAll('?', '%3F')
  return { url: `${scheme}:${path}` }
}

async function removeLeftDirectories(prefix: string): Promise<void> {
  const { uid } = userInfo()
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue
    const path = join(tmpdir(), name)
    const found = await stat(path)
    if (found.uid === uid || uid < 0) await rm(path, { recursive: true, force: true })
  }
}

function wrongProduct({ database, product }: ScratchRequest): ExpectedError {
  return new ExpectedError(
    'wrong-product',
    `The snapshot of "${database.name}" is one of ${product}, and the URL under \`verify\` names another product.`,
    `Give the database a \`verify\` block of its own with the URL of a ${product} server.`,
    { status: exitStatus.configuration },
  )
}
