import { randomUUID } from 'node:crypto'
import { renameSync, rmSync } from 'node:fs'
import { chmod, chown, open, readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { ExpectedError } from '../../errors.ts'
import { query } from './catalog.ts'
import { connect } from './connect.ts'
import { fileFailure } from './failures.ts'

const infix = '.filling-'
const companions = ['-journal', '-wal', '-shm']

/** A new database file beside another one, whose place it takes when it is whole. */
export class ReplacementFile implements AsyncDisposable {
  readonly connection: DatabaseSync
  readonly #path: string
  readonly #place: string
  #isLogged = false

  /** Makes it, readable by its owner alone; removes those that killed runs left beside the same file. */
  static async make(place: string): Promise<ReplacementFile> {
    try {
      const leftovers = (await readdir(dirname(place))).filter((name) =>
        name.startsWith(basename(place) + infix),
      )
      for (const name of leftovers) await rm(join(dirname(place), name), { force: true })
      const path = `${place}${infix}${randomUUID()}`
      await (await open(path, 'wx', 0o600)).close()
      return new ReplacementFile(path, place)
    } catch (error) {
      throw fileFailure(error, place)
    }
  }

  private constructor(path: string, place: string) {
    this.#path = path
    this.#place = place
    this.connection = connect(path, { readOnly: false })
    // Until it has its place nobody needs the file after a crash.
    this.connection.exec('PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF')
    // Rows come back as they were, also those that came before a condition or around it.
    this.connection.exec('PRAGMA ignore_check_constraints = ON')
  }

  /** A log of what is written would be as large as the database; WAL mode comes back at the end. */
  setJournalAside(): void {
    const mode = query(this.connection, 'PRAGMA main.journal_mode')[0]?.['journal_mode']
    this.#isLogged = mode === 'wal'
    if (this.#isLogged) this.connection.exec('PRAGMA journal_mode = OFF')
  }

  /** Closes the file, brings it to the disk, and gives it the owner and permissions of the one that it replaces. */
  async finish(): Promise<void> {
    if (this.#isLogged) this.connection.exec('PRAGMA journal_mode = WAL')
    this.connection.close()
    const { mode, uid, gid } = await stat(this.#place)
    const own = await stat(this.#path)
    if (own.uid !== uid || own.gid !== gid) await this.#giveAway(uid, gid)
    await chmod(this.#path, mode & 0o7777)
    await this.#sync(this.#path)
  }

  /** Takes the place of the old file; `letGo` runs at the same moment. */
  async takePlace(letGo: () => void): Promise<void> {
    rmSync(`${this.#place}-shm`, { force: true })
    renameSync(this.#path, this.#place)
    letGo()
    await this.#sync(dirname(this.#place))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.connection.isOpen) this.connection.close()
    for (const suffix of ['', ...companions]) await rm(this.#path + suffix, { force: true })
  }

  async #giveAway(uid: number, gid: number): Promise<void> {
    await chown(this.#path, uid, gid).catch((cause: unknown) => {
      throw new ExpectedError(
        'not-owner',
        `The SQLite database "${this.#place}" belongs to another account, and the new file can't be given to it.`,
        'Run as the account that owns the file.',
        { cause },
      )
    })
  }

  async #sync(path: string): Promise<void> {
    await using file = await open(path, 'r')
    await file.sync()
  }
}
