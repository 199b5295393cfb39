import { open, readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ExpectedError, exitStatus } from '../../errors.ts'
import type { DbObject } from '../../model.ts'
import type { ConnectionRequest } from '../connection.ts'
import type { DatabaseServer } from '../target.ts'
import { reading } from './connect.ts'
import { fileFailure } from './failures.ts'
import { countObjects } from './fill.ts'
import { pathOfUrl } from './location.ts'

/** What SQLite keeps beside a database file. */
const companions = ['-journal', '-wal', '-shm']

/** The directory of a database file as a server: its databases are its files, and their names those of the files. */
export async function openDirectory(request: ConnectionRequest): Promise<DatabaseServer> {
  const directory = dirname(pathOfUrl(request.url))
  const isDirectory = (await ifThere(stat(directory)))?.isDirectory() === true
  if (isDirectory) return new FilesOfDirectory(directory, request)
  throw new ExpectedError(
    'unknown-database',
    `There is no directory "${directory}" for an SQLite database.`,
    'Make the directory, or correct the path in the URL.',
  )
}

class FilesOfDirectory implements DatabaseServer {
  readonly database: string
  readonly #directory: string
  readonly #request: ConnectionRequest

  constructor(directory: string, request: ConnectionRequest) {
    this.database = basename(pathOfUrl(request.url))
    this.#directory = directory
    this.#request = request
  }

  async objectCount(database: string): Promise<number | undefined> {
    const path = this.#pathOf(database)
    if ((await ifThere(stat(path))) === undefined) return undefined
    return await reading(path, ({ connection }) => Promise.resolve(countObjects(connection)))
  }

  async create(database: string, options: { readonly owner?: string }): Promise<void> {
    const path = this.#pathOf(database)
    if (options.owner !== undefined) {
      throw new ExpectedError(
        'owner-unsupported',
        'An SQLite database has no owner but that of its file.',
        'Leave --owner out and run as the account that shall own the file.',
        { status: exitStatus.usage },
      )
    }
    try {
      // Rows of users may come into it.
      await (await open(path, 'wx', 0o600)).close()
    } catch (error) {
      throw fileFailure(error, path)
    }
  }

  async drop(database: string): Promise<void> {
    const path = this.#pathOf(database)
    for (const suffix of ['', ...companions]) await rm(path + suffix, { force: true })
  }

  absentServerObjects(): Promise<readonly DbObject[]> {
    return Promise.resolve([])
  }

  dropServerObjects(): Promise<void> {
    return Promise.resolve()
  }

  async list(prefix: string): Promise<readonly string[]> {
    const entries = await readdir(this.#directory, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile() && entry.name.startsWith(prefix))
      .map(({ name }) => name)
      .filter((name) => !companions.some((suffix) => name.endsWith(suffix)))
      .sort()
  }

  requestFor(database: string): ConnectionRequest {
    const path = this.#pathOf(database).replaceAll('%', '%25').replaceAll('?', '%3F')
    return { ...this.#request, url: `sqlite:${path}` }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }

  #pathOf(database: string): string {
    if (database !== '' && !/[/\\\0]/.test(database) && database !== '.' && database !== '..') {
      return join(this.#directory, database)
    }
    throw new ExpectedError(
      'unknown-database',
      `"${database}" can't be the name of a database file.`,
      'Give the name of a file, without a directory.',
      { status: exitStatus.usage },
    )
  }
}

async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
