import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { host, lists, test, type Project } from '../cli/project.ts'
import { entriesOf } from '../cli/witness.ts'
import { runSqlite } from '../support/databases.ts'

const allowed = `database: sqlite:../shop.db\n${lists}restore: {allow_restore: true}\n`
const secret = 'secret-value'

/** Changes one file of the snapshot. */
function edit(project: Project, path: string, change: (text: string) => string | Buffer): void {
  const file = join(project.shared, host, 'shop', path)
  writeFileSync(file, change(readFileSync(file, 'utf8')))
}

const leftovers = (project: Project) =>
  entriesOf(project.directory)
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => /\/held\/|\.filling-/.test(path))

describe.concurrent('files that are not whole are named before anything is changed', () => {
  test.for<[string, string, (text: string) => string | Buffer, RegExp]>([
    [
      'too many values',
      'tables/countries.csv',
      (text) => `${text}it,${secret},x\n`,
      /\[malformed-csv\] tables\/countries\.csv, line 4: 3 values where there are 2 columns/,
    ],
    [
      'a quote that is never closed',
      'tables/countries.csv',
      (text) => `${text}it,"${secret}\n`,
      /\[malformed-csv\] tables\/countries\.csv, line 4: a quote is never closed/,
    ],
    [
      'a row that is cut off',
      'tables/countries.csv',
      (text) => `${text}it,${secret}`,
      /\[malformed-csv\] tables\/countries\.csv, line 4: the text ends within a line/,
    ],
    [
      'rows in invalid UTF-8',
      'tables/countries.csv',
      (text) => Buffer.concat([Buffer.from(text), Buffer.from([0x69, 0x2c, 0xff, 0x0a])]),
      /\[malformed-csv\] tables\/countries\.csv, line 4: invalid UTF-8/,
    ],
    [
      'no header',
      'tables/countries.csv',
      () => '',
      /\[malformed-csv\] tables\/countries\.csv, line 1: the header line/,
    ],
    [
      'a definition in invalid UTF-8',
      'tables/countries.sql',
      () => Buffer.from([0x43, 0xff, 0x0a]),
      /\[damaged-file\] tables\/countries\.sql holds invalid UTF-8/,
    ],
    [
      'a definition that is cut off',
      'tables/countries.sql',
      (text) => text.trimEnd(),
      /\[damaged-file\] tables\/countries\.sql is not as this format writes it/,
    ],
    [
      'a dependency that is not there',
      'views/names.sql',
      (text) => text.replace('tables/countries.sql', 'tables/gone.sql'),
      /\[dependency-missing\] views\/names\.sql depends on tables\/gone\.sql, which is not among the files/,
    ],
    [
      'a format of the future',
      'database.yaml',
      (text) => text.replace('format: 1', 'format: 9'),
      /\[newer-format\] The files are of format 9; this version reads format 1/,
    ],
    [
      'an unknown product',
      'database.yaml',
      (text) => text.replace('SQLite', 'Nothing'),
      /\[unknown-product\]/,
    ],
    [
      'the files of another product',
      'database.yaml',
      (text) => text.replace('SQLite', 'PostgreSQL'),
      /\[other-product\] The files are of PostgreSQL/,
    ],
  ])('%s', async ([, path, change, message], { project }) => {
    project.configure(allowed)
    await project.succeed()
    edit(project, path, change)
    const ended = await project.run(['restore', '--to', 'sqlite:copy.db'])
    expect(ended.status).toBeGreaterThan(1)
    expect(ended.stderr).toMatch(message)
    expect(ended.stderr + ended.stdout).not.toContain(secret)
    expect(existsSync(join(project.directory, 'copy.db'))).toBe(false)
    expect(leftovers(project)).toEqual([])
  })

  test('a file that is missing, although it was committed', async ({ project }) => {
    project.configure(allowed)
    await project.succeed()
    rmSync(join(project.shared, host, 'shop', 'tables', 'countries.csv'))
    const ended = await project.run(['restore', '--to', 'sqlite:copy.db'])
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain(
      `[missing-file] ${host}/shop/tables/countries.csv is missing, and the last commit holds it`,
    )
    expect(existsSync(join(project.directory, 'copy.db'))).toBe(false)
  })

  test('no snapshot at all', async ({ project }) => {
    project.configure(allowed)
    const ended = await project.run(['restore', '--to', 'sqlite:copy.db'])
    expect(ended.stderr).toContain('[not-a-snapshot]')
    expect(existsSync(project.shared)).toBe(false)
  })

  test('a file that was edited and is whole counts, and is named', async ({ project }) => {
    project.configure(allowed)
    await project.succeed()
    edit(project, 'tables/countries.csv', (text) => `${text}it,Italy\n`)
    const { stdout } = await project.succeed(['restore', '--to', 'sqlite:copy.db'])
    expect(stdout).toContain(`${host}/shop/tables/countries.csv differs from the last commit`)
    expect(runSqlite(join(project.directory, 'copy.db'), 'SELECT count(*) FROM countries')).toBe(
      '3\n',
    )
  })
})

describe.concurrent('what the target refuses leaves it as it was', () => {
  test.for<[string, string, (text: string) => string, RegExp]>([
    [
      'a definition that is no SQL',
      'tables/countries.sql',
      () => 'CREATE TABEL countries (code);\n',
      /\[object-refused\] SQLite refuses the table "countries": near "TABEL"/,
    ],
    [
      'a row twice',
      'tables/countries.csv',
      (text) => `${text}fr,${secret}\n`,
      /\[row-refused\] The rows of "countries", row 3: .*UNIQUE constraint failed: countries\.code/,
    ],
    [
      'a column that the table does not have',
      'tables/countries.csv',
      (text) => text.replace('code,name', 'code,nome'),
      /\[unknown-column\] The table "countries" has no column "nome"/,
    ],
  ])('%s', async ([, path, change, message], { project }) => {
    project.configure(allowed)
    await project.succeed()
    edit(project, path, change)
    const copy = join(project.directory, 'copy.db')
    for (const words of [[], ['--replace', '--confirm', 'copy.db']]) {
      const before = words.length === 0 ? undefined : 'precious\n'
      if (before !== undefined)
        runSqlite(copy, "CREATE TABLE t (x); INSERT INTO t VALUES ('precious')")
      const ended = await project.run(['restore', '--to', 'sqlite:copy.db', ...words])
      expect(ended.status).toBe(2)
      expect(ended.stderr).toMatch(message)
      expect(ended.stderr + ended.stdout).not.toContain(secret)
      expect(existsSync(copy) ? runSqlite(copy, 'SELECT x FROM t') : undefined).toBe(before)
      expect(leftovers(project)).toEqual([])
    }
  })
})

describe('a restore that is stopped', () => {
  const rows = 400_000

  test.for(['SIGINT', 'SIGKILL'] as const)(
    'by %s leaves the target as it was',
    async (signal, { newProject }) => {
      const project = await newProject(
        `CREATE TABLE big (id INTEGER PRIMARY KEY, text); INSERT INTO big SELECT value, 'row ' || value FROM generate_series(1, ${rows});`,
        'global: [big]\nrestore: {allow_restore: true}\n',
      )
      await project.succeed()
      const copy = join(project.directory, 'copy.db')
      runSqlite(
        copy,
        "PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES ('precious')",
      )
      const words = ['restore', '--to', 'sqlite:copy.db', '--replace', '--confirm', 'copy.db']
      const { child, ended } = project.start(words)
      while (
        child.exitCode === null &&
        !leftovers(project).some((path) => path.includes('.filling-'))
      ) {
        await sleep(20)
      }
      await sleep(100)
      child.kill(signal)
      const result = await ended
      if (signal === 'SIGINT') {
        expect(result.status).toBe(2)
        expect(result.stderr).toContain('[interrupted] Stopped by SIGINT')
        expect(leftovers(project)).toEqual([])
      } else expect(result.signal).toBe('SIGKILL')
      expect(runSqlite(copy, 'SELECT x FROM t; PRAGMA journal_mode; PRAGMA integrity_check')).toBe(
        'precious\nwal\nok\n',
      )
      await project.succeed(words)
      expect(runSqlite(copy, 'SELECT count(*) FROM big')).toBe(`${rows}\n`)
      expect(leftovers(project).filter((path) => path.includes('.filling-'))).toEqual([])
    },
  )
})

test('a target without room is said, and stays as it was', async ({ newProject }) => {
  const project = await newProject(
    `CREATE TABLE big (id INTEGER PRIMARY KEY, text); INSERT INTO big SELECT value, hex(randomblob(50)) FROM generate_series(1, 20000);`,
    'global: [big]\nrestore: {allow_restore: true}\n',
  )
  await project.succeed()
  const program = join(import.meta.dirname, '..', 'cli', 'full-target.ts')
  const words = ['--mount', process.execPath, program, project.directory]
  const ended = spawnSync('unshare', words, { encoding: 'utf8' })
  expect(ended.stderr).toBe('')
  const { status, stderr, rows, files } = JSON.parse(ended.stdout) as Record<string, unknown>
  expect(status).toBe(2)
  expect(stderr).toMatch(/\[disk-full\] There is no room .*\n.*Free space/)
  expect({ rows, files }).toEqual({ rows: 'precious\n', files: ['copy.db'] })
})
