import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test as plainTest } from 'vitest'
import { runSqlite } from '../support/databases.ts'
import { temporaryDirectory } from '../support/servers.ts'
import { entriesOf, faultsOf, git, openToOthers, type Ended } from './witness.ts'

/** The host that projects are of. */
export const host = 'db.example.org'

/** The command line as it stands in the sources. */
export const program = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')

/** What must never leave the rows that hold it. */
export const canaries = [
  'canary-local@example.org',
  'canary-ephemeral',
  'canary-unclassified',
  'canary-ignored',
]

/** A small shop: one table of each category, and one in no list. */
export const shop = `
CREATE TABLE countries (code TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE settings (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, value TEXT);
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL);
CREATE TABLE sessions (id INTEGER PRIMARY KEY, token TEXT);
CREATE TABLE scratch (note TEXT);
CREATE TABLE obsolete (note TEXT);
CREATE VIEW names AS SELECT name FROM countries;
INSERT INTO countries VALUES ('de', 'Germany'), ('fr', 'France');
INSERT INTO settings (name, value) VALUES ('theme', 'dark'), ('poller', 'running');
INSERT INTO users (email) VALUES ('canary-local@example.org'), ('b@example.org');
INSERT INTO sessions VALUES (1, 'canary-ephemeral');
INSERT INTO scratch VALUES ('canary-unclassified');
INSERT INTO obsolete VALUES ('canary-ignored');
`

/** The lists for it; `scratch` is in none. */
export const lists = `global: [countries, settings]
local: [users]
ephemeral: [sessions]
ignore: [obsolete]
`

/** A run that has begun. */
export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended & { readonly signal: NodeJS.Signals | null }>
}

interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly directory?: string
  /** Program and arguments in front of the command line: setpriv, script, sh. */
  readonly wrapper?: readonly string[]
}

/** An SQLite database, a configuration and its two directories, in an empty directory. */
export class Project {
  readonly directory: string
  readonly home: string
  readonly database: string
  readonly configuration: string
  readonly shared: string
  readonly private: string

  constructor(directory: string, sql?: string, settings?: string) {
    this.directory = directory
    this.home = join(directory, 'home')
    this.database = join(directory, 'shop.db')
    this.configuration = join(directory, 'etc', 'schema_backup.conf')
    this.shared = join(directory, 'schema_backup')
    this.private = join(directory, 'private')
    mkdirSync(this.home)
    mkdirSync(join(directory, 'etc'))
    if (sql !== '') this.sql(sql ?? shop)
    this.configure(`database: sqlite:../shop.db\n${settings ?? lists}`)
  }

  /** Writes the configuration: these lines after the directories and the host. */
  configure(settings: string, places = 'user_data_backup_dir: ../private\n'): void {
    this.write('etc/schema_backup.conf', `${places}host: ${host}\n${settings}`, 0o600)
  }

  /** Writes a file below the project's directory. */
  write(path: string, content: string, mode = 0o644): string {
    const file = join(this.directory, path)
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, content, { mode })
    return file
  }

  /** Runs statements on the database with the sqlite3 program. */
  sql(statements: string): string {
    return runSqlite(this.database, statements)
  }

  /** Starts the command line as cron does: no terminal, nearly no environment. */
  start(words: readonly string[] = [], options: RunOptions = {}): Running {
    const [first, ...rest] = [...(options.wrapper ?? []), process.execPath, program]
    const all = [...rest, '--config', this.configuration, ...words]
    return begin(first, all, {
      directory: options.directory ?? this.directory,
      environment: { HOME: this.home, ...options.environment },
    })
  }

  /** Runs the command line to its end. */
  async run(words: readonly string[] = [], options?: RunOptions): Promise<Ended> {
    return await this.start(words, options).ended
  }

  /** Runs it and says what went wrong unless it ended with status 0. */
  async succeed(words: readonly string[] = [], options?: RunOptions): Promise<Ended> {
    const ended = await this.run(words, options)
    expect({ status: ended.status, stderr: ended.stderr }).toEqual({ status: 0, stderr: '' })
    return ended
  }

  /** git in the backup directory. */
  git(...words: readonly string[]): string {
    return git(this.shared, ...words)
  }

  /** A file that stands in the backup directory, by its path in the database's directory. */
  file(path: string, top = this.shared, database = 'shop'): string {
    return readFileSync(join(top, host, database, path), 'utf8')
  }

  /** What every test leaves behind: repositories that git finds sound, and nothing private that others can read. */
  expectSound(): void {
    for (const repository of this.#repositories()) {
      expect(faultsOf(repository), repository).toBe('')
    }
    expect(openToOthers(this.private)).toEqual([])
  }

  #repositories(): readonly string[] {
    return entriesOf(this.directory)
      .filter(({ name, parentPath }) => name === 'HEAD' && existsSync(join(parentPath, 'objects')))
      .map(({ parentPath }) => parentPath)
  }
}

/** Starts a program with nearly no environment and collects what it prints. */
export function begin(
  command: string,
  words: readonly string[],
  options: { directory: string; environment: Readonly<Record<string, string>> },
): Running {
  const child = spawn(command, words, {
    cwd: options.directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], GIT_CONFIG_NOSYSTEM: '1', ...options.environment },
  })
  const [output, errors]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (block: Buffer) => output.push(block))
  child.stderr.on('data', (block: Buffer) => errors.push(block))
  const ended = new Promise<Awaited<Running['ended']>>((settle, fail) => {
    child.on('error', fail)
    child.on('close', (status, signal) => {
      const [stdout, stderr] = [output, errors].map((blocks) =>
        Buffer.concat(blocks).toString('utf8'),
      )
      settle({ status, signal, stdout: stdout ?? '', stderr: stderr ?? '' })
    })
  })
  return { child, ended }
}

/** Tests that get projects, each of which is checked by git after the test. */
export const test = plainTest
  .extend('newProject', async ({ onTestFinished }) => {
    const made: Project[] = []
    onTestFinished(() => {
      for (const project of made) project.expectSound()
    })
    return await Promise.resolve(async (sql?: string, settings?: string) => {
      const project = new Project(await temporaryDirectory(), sql, settings)
      made.push(project)
      return project
    })
  })
  .extend('project', async ({ newProject }) => await newProject())
