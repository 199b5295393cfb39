import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { host, lists, program as cli, begin, test, type Project } from '../cli/project.ts'
import { committedFiles, committedPaths, placedPaths, subjects, treeOf } from '../cli/witness.ts'
import { program } from '../support/program.ts'

const nobody = 65534
const isRoot = process.getuid?.() === 0

/** Runs as an account that file modes count for. */
const unprivileged = isRoot
  ? [program('setpriv'), `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--']
  : []

/** Gives everything in a project to the account that `unprivileged` runs as. */
function giveAway(project: Project): void {
  if (!isRoot) return
  for (const path of ['', ...Object.keys(treeOf(project.directory))]) {
    const place = join(project.directory, path)
    if (!lstatSync(place).isSymbolicLink()) chownSync(place, nobody, nobody)
  }
}

describe.concurrent('a directory', () => {
  test('that may not be written to is named; nothing is made', async ({ project }) => {
    for (const name of ['schema_backup', 'private']) {
      mkdirSync(join(project.directory, name))
      giveAway(project)
      chmodSync(join(project.directory, name), 0o500)
      const before = treeOf(project.directory)
      const ended = await project.run([], { wrapper: unprivileged })
      expect([ended.status, ended.stdout]).toEqual([2, ''])
      expect(ended.stderr).toMatch(
        /^schema_backup: error \[(not-writable|repository-not-writable)\]/,
      )
      expect(ended.stderr).toContain(join(project.directory, name))
      if (name === 'schema_backup') expect(treeOf(project.directory)).toEqual(before)
      chmodSync(join(project.directory, name), 0o700)
    }
    expect((await project.run([], { wrapper: unprivileged })).status).toBe(0)
  })

  test('of a database that may not be written to: no commit, no file changed; then it heals', async ({
    project,
  }) => {
    giveAway(project)
    expect((await project.run([], { wrapper: unprivileged })).status).toBe(0)
    const tables = join(project.shared, host, 'shop', 'tables')
    chmodSync(tables, 0o500)
    project.sql(
      "UPDATE countries SET name = 'x'; INSERT INTO users (email) VALUES ('new@example.org')",
    )
    const before = placedPaths(project.shared).map((path) => [
      path,
      project.file(path.split('/').slice(2).join('/')),
    ])
    const ended = await project.run([], { wrapper: unprivileged })
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain(`${host}/shop: error [not-writable]`)
    expect(ended.stderr).toContain(tables)
    expect(
      placedPaths(project.shared).map((path) => [
        path,
        project.file(path.split('/').slice(2).join('/')),
      ]),
    ).toEqual(before)
    chmodSync(tables, 0o755)
    expect((await project.run([], { wrapper: unprivileged })).status).toBe(0)
    expect(project.file('tables/countries.csv')).toContain('de,x')
    expect(project.git('status', '--porcelain')).toBe('')
  })

  test('for private rows inside the repository is refused, unless the repository ignores it', async ({
    project,
  }) => {
    project.configure(
      `database: sqlite:../shop.db\n${lists}csv2_backup_dir: ../repository/backup\n`,
      'user_data_backup_dir: ../repository/private\n',
    )
    const repository = join(project.directory, 'repository')
    mkdirSync(repository)
    await begin(program('git'), ['init', '-q', repository], {
      directory: repository,
      environment: {},
    }).ended
    const refused = await project.run()
    expect([refused.status, refused.stdout]).toEqual([2, ''])
    expect(refused.stderr).toContain('[private-directory-in-repository]')
    expect(placedPaths(repository)).toEqual([])
    const dry = await project.run(['--dry-run'])
    expect([dry.status, dry.stderr]).toEqual([2, refused.stderr])
    project.write('repository/.gitignore', '/private/\n')
    await project.succeed()
    expect(existsSync(join(repository, 'private', host, 'shop', 'tables', 'users.csv'))).toBe(true)
    expect(committedPaths(repository).filter((path) => path.includes('private'))).toEqual([])
  })

  test('that is a file is named', async ({ project }) => {
    project.write('private', 'a file')
    const ended = await project.run()
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain('[not-a-directory]')
    expect(ended.stderr).toContain(project.private)
    rmSync(project.private)
    await project.succeed()
  })

  test('with a link where files belong: nothing is written through it', async ({ project }) => {
    mkdirSync(join(project.directory, 'elsewhere'))
    mkdirSync(join(project.shared, host), { recursive: true })
    symlinkSync('../../elsewhere', join(project.shared, host, 'shop'))
    const ended = await project.run()
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain('[symbolic-link]')
    expect(treeOf(join(project.directory, 'elsewhere'))).toEqual({})
  })
})

/** What the driver in a namespace of its own found, step by step. */
interface Filled {
  readonly statuses: readonly (number | null)[]
  readonly errors: readonly string[]
  readonly faults: readonly string[]
  readonly broken: readonly string[]
  readonly healed: {
    readonly status: number | null
    readonly files: readonly string[]
    readonly dirty: string
  }
}

describe.concurrent('a full disk', () => {
  test('at whatever point it fills up, the last snapshot stays whole and the next run heals', async ({
    newProject,
    project,
  }) => {
    const driver = join(import.meta.dirname, '..', 'cli', 'full-disk.ts')
    const words = ['--map-root-user', '--mount', process.execPath, driver, project.directory, cli]
    const ended = await begin('unshare', words, {
      directory: project.directory,
      environment: { HOME: project.home },
    }).ended
    expect(ended.stderr).toBe('')
    const filled = JSON.parse(ended.stdout) as Filled
    expect(filled.faults.filter((fault) => fault !== '')).toEqual([])
    expect(filled.broken).toEqual([])
    expect([...new Set(filled.statuses)].toSorted()).toEqual([0, 2])
    for (const error of filled.errors)
      expect(error).toMatch(/\[(disk-full|repository-not-writable)\]/)
    expect(filled.healed).toMatchObject({ status: 0, dirty: '' })
    const other = await newProject('')
    project.sql(`VACUUM INTO '${other.database}'`)
    await other.succeed()
    expect(filled.healed.files).toEqual(committedFiles(other.shared))
  })

  test('a limit on the size of files is told like one', async ({ project }) => {
    await project.succeed()
    project.sql(
      "INSERT INTO countries SELECT 'c' || value, hex(randomblob(500)) FROM generate_series(1, 200)",
    )
    const ended = await project.run([], { wrapper: ['sh', '-c', 'ulimit -f 64; exec "$@"', 'sh'] })
    expect(ended.status).toBe(2)
    expect(ended.stderr).not.toContain('[bug]')
    expect(project.file('tables/countries.csv')).toBe('code,name\nde,Germany\nfr,France\n')
    expect(subjects(project.shared)).toHaveLength(1)
    await project.succeed()
    expect(subjects(project.shared)).toHaveLength(2)
  })
})
