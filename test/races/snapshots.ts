import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CommandContext } from '../../src/commands/context.ts'
import { prepareDestinations } from '../../src/commands/destinations.ts'
import { openDatabase } from '../../src/commands/open-database.ts'
import type { DatabaseRun } from '../../src/commands/snapshot-run.ts'
import { stageDatabase } from '../../src/commands/stage-database.ts'
import { loadConfig } from '../../src/config/load.ts'
import { urlSchemes } from '../../src/engines/index.ts'
import type { Database } from '../../src/engines/engine.ts'
import { ExpectedError } from '../../src/errors.ts'
import type { Snapshot } from '../../src/model.ts'
import { temporaryDirectory } from '../support/servers.ts'
import { readFiles, type SnapshotInFiles } from './file-reader.ts'

/** What one snapshot came to: its files, or why there are none. */
export interface Taken {
  /** How often the database was read. */
  readonly attempts: number
  readonly files?: SnapshotInFiles
  readonly warnings: readonly string[]
  readonly failure?: { readonly code: string; readonly status: number }
  /** Files that a failed or discarded snapshot left in the backup directory. */
  readonly leftOver: readonly string[]
}

/** What happens around a read, between the steps that it makes; all are those of the contract. */
export interface Disturbance {
  /** When a table is asked for, the listing before the locks and behind them included; `attempt` counts from 1. */
  readonly onListing?: (attempt: number, table: string) => void
  /** When the definitions have been read and no row has. */
  readonly beforeRows?: (attempt: number) => void
  /** After the first block of a table's rows. */
  readonly amidRows?: (table: string, attempt: number) => void
}

const quiet = () => undefined

const context: CommandContext = {
  environment: {},
  signal: new AbortController().signal,
  now: () => new Date(),
  progress: { start: quiet, show: quiet, stop: quiet },
  version: '0.0.0',
}

const lists =
  'global: [accounts, savings, parents, kids, refilled, reborn, rewritten, "roving_*", states]'

/** Takes snapshots of one database as the command does, up to the commit. */
export class Snapshots implements AsyncDisposable {
  readonly #run: DatabaseRun
  readonly #database: Database

  private constructor(run: DatabaseRun, database: Database) {
    this.#run = run
    this.#database = database
  }

  /** `global`: the configuration's list; the tables of the workload unless it is given. */
  static async of(url: string, global = lists): Promise<Snapshots> {
    const directory = await temporaryDirectory()
    const file = join(directory, 'schema_backup.conf')
    const places = `csv2_backup_dir: ${join(directory, 'shared')}\nhost: races\n`
    writeFileSync(file, `${places}database: {url: "${url}", name: races}\n${global}\n`, {
      mode: 0o600,
    })
    const { config } = await loadConfig(file, { environment: {}, schemes: urlSchemes })
    const [database] = config.databases
    if (database === undefined) throw new Error('no database')
    const options = { dryRun: false, strict: false, acceptShrink: [] }
    const destinations = await prepareDestinations(config, options, {})
    const run = { config, database, options, destinations, context }
    return new Snapshots(run, await openDatabase(database, context))
  }

  async take(disturbance: Disturbance = {}): Promise<Taken> {
    const counter = { attempts: 0 }
    const before = this.#entries()
    const taken = await this.#staged(disturbed(this.#database, disturbance, counter))
    const leftOver = this.#entries().filter((entry) => !before.includes(entry))
    return { attempts: counter.attempts, leftOver, ...taken }
  }

  async #staged(database: Database): Promise<Pick<Taken, 'files' | 'failure' | 'warnings'>> {
    try {
      await using staged = await stageDatabase(database, this.#run)
      const paths = [...staged.shared.files].map(([path, { file }]) => [path, file] as const)
      const warnings = staged.warnings.map(({ message }) => message)
      return { files: readFiles(new Map(paths)), warnings }
    } catch (error) {
      if (!(error instanceof ExpectedError)) throw error
      return { failure: { code: error.code, status: error.status }, warnings: [] }
    }
  }

  #entries(): readonly string[] {
    const directory = this.#run.destinations.stagingDirectory
    return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(
      (path) => path.split('/').length > 2 && !path.startsWith('.git/'),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]()
    await this.#run.destinations[Symbol.asyncDispose]()
  }
}

/** The same database, whose reads are counted and disturbed. */
function disturbed(
  database: Database,
  { onListing = quiet, beforeRows = quiet, amidRows = quiet }: Disturbance,
  counter: { attempts: number },
): Database {
  const withActs = (snapshot: Snapshot, attempt: number): Snapshot => ({
    ...snapshot,
    async *rows(table) {
      let blocks = 0
      for await (const block of snapshot.rows(table)) {
        yield block
        blocks += 1
        if (blocks === 1) amidRows(table.name, attempt)
      }
    },
  })
  return {
    read(request, use) {
      counter.attempts += 1
      const attempt = counter.attempts
      const wantsRows: typeof request.wantsRows = (table, partitionOf) => {
        onListing(attempt, table.name)
        return request.wantsRows(table, partitionOf)
      }
      return database.read({ ...request, wantsRows }, async (snapshot) => {
        beforeRows(attempt)
        return await use(withActs(snapshot, attempt))
      })
    },
    execute: (sql) => database.execute(sql),
    fill: (request, use) => database.fill(request, use),
    sizes: () => database.sizes(),
    findings: () => database.findings(),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}
