import { spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { program, run } from '../support/program.ts'

/** The host that every configuration of the suite names. */
export const host = 'db.example.org'

/** One run of the program. */
export interface Run {
  readonly status: number | null
  readonly output: string
  readonly seconds: number
}

/** A project with a configuration, a repository and a private directory, in an empty directory. */
export class Backup {
  readonly shared: string
  readonly private: string
  readonly #directory: string
  readonly #configuration: string

  constructor(directory: string, settings: string) {
    this.#directory = directory
    this.shared = join(directory, 'schema_backup')
    this.private = join(directory, 'private')
    this.#configuration = join(directory, 'etc', 'schema_backup.conf')
    mkdirSync(join(directory, 'etc'))
    // Customers and staff with their addresses and passwords are global here, so that all rows are compared, and releases
    // that are years apart follow one another.
    const guards = 'leak_guard: {enabled: false}\nshrink_guard: {enabled: false}\n'
    const places = `csv2_backup_dir: default\nuser_data_backup_dir: ${this.private}\nhost: ${host}\n${guards}`
    writeFileSync(this.#configuration, `${places}${settings}\n`)
  }

  /** Runs the command line as cron does: no terminal, nearly no environment. */
  run(environment: Readonly<Record<string, string>> = {}): Run {
    const start = performance.now()
    const cli = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')
    const result = spawnSync(process.execPath, [cli, '--config', this.#configuration], {
      encoding: 'utf8',
      cwd: this.#directory,
      env: { PATH: process.env['PATH'], HOME: this.#directory, ...environment },
    })
    const seconds = (performance.now() - start) / 1000
    return { status: result.status, output: result.stdout + result.stderr, seconds }
  }

  git(...words: string[]): string {
    return run(program('git'), ['-C', this.shared, ...words])
  }

  commits(): number {
    return Number(this.git('rev-list', '--count', 'HEAD'))
  }

  /** Every object that the repository holds, reachable or not, as git itself unpacks it. */
  history(): string {
    const objects = this.git('cat-file', '--batch-all-objects', '--batch', '--buffer')
    return objects + this.git('log', '-p', '--all', '--format=fuller')
  }
}

/** Path → what would show that a file was touched, for every file below a directory except git's own. */
export function states(directory: string): ReadonlyMap<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
  return new Map(
    files
      .filter((file) => file.isFile() && !file.parentPath.includes('/.git'))
      .map((file) => {
        const path = join(file.parentPath, file.name)
        const { ino, mtimeNs } = lstatSync(path, { bigint: true })
        return [path.slice(directory.length + 1), `${ino} ${mtimeNs}`] as const
      }),
  )
}

/** The files that are new or not as they were, in order. */
export function changedPaths(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()])
  return [...paths].filter((path) => before.get(path) !== after.get(path)).toSorted()
}

/** Kilobytes and number of the files below a directory. */
export function sizeOf(directory: string): { readonly files: number; readonly kilobytes: number } {
  const paths = [...states(directory).keys()]
  const bytes = paths.reduce((sum, path) => sum + readFileSync(join(directory, path)).length, 0)
  return { files: paths.length, kilobytes: Math.ceil(bytes / 1024) }
}

/** Kilobytes that a repository takes after git has packed it. */
export function packedKilobytes(backup: Backup): number {
  backup.git('gc', '--quiet')
  const size = /^size-pack: (\d+)$/m.exec(backup.git('count-objects', '-v'))?.[1]
  return Number(size)
}
