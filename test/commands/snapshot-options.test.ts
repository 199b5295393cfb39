import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { host, lists, test } from '../cli/project.ts'
import {
  committedFiles,
  everyByte,
  found,
  openToOthers,
  placedPaths,
  subjects,
  treeOf,
} from '../cli/witness.ts'

describe.concurrent('an option', () => {
  test('--dry-run says what a run would do and writes nothing at all', async ({ project }) => {
    const before = treeOf(project.directory)
    const first = await project.succeed(['--dry-run', '-e', join(project.directory, 'ephemeral')])
    expect(first.stdout).toMatch(
      /shop: would commit .*\n {2}database .*added\n {2}table countries added/,
    )
    expect(treeOf(project.directory)).toEqual(before)
    await project.succeed()
    project.sql("UPDATE countries SET name = 'x'")
    const committed = treeOf(project.directory)
    const second = await project.succeed(['--dry-run'])
    expect(second.stdout).toMatch(/shop: would commit .*\n {2}.*countries .*2 rows/)
    expect(treeOf(project.directory)).toEqual(committed)
    await project.succeed()
    expect((await project.succeed(['--dry-run'])).stdout).toMatch(
      /^db.example.org\/shop: unchanged /,
    )
  })

  test('--json prints one object', async ({ project }) => {
    const first: unknown = JSON.parse((await project.succeed(['--json'])).stdout)
    const { commit, ...rest } =
      (first as { databases: Record<string, unknown>[] }).databases[0] ?? {}
    expect(project.git('rev-parse', 'HEAD').trim()).toBe(commit)
    expect(rest).toMatchObject({
      database: 'shop',
      outcome: 'committed',
      rows: { global: 4, local: 2, ephemeral: 0 },
      unclassified: ['scratch'],
      notCaptured: [],
      warnings: [],
      status: 0,
    })
    expect(first).toMatchObject({ host, dryRun: false, warnings: [], status: 0 })
    const second: unknown = JSON.parse((await project.succeed(['--json'])).stdout)
    expect(second).toMatchObject({ databases: [{ outcome: 'unchanged', changes: [] }], status: 0 })
    project.write('etc/schema_backup.conf', 'global: users\n')
    const failed = await project.run(['--json'])
    expect([failed.status, failed.stderr]).toEqual([78, ''])
    expect(JSON.parse(failed.stdout)).toMatchObject({
      status: 78,
      failure: { code: 'configuration-invalid' },
    })
  })

  test('--quiet prints nothing but errors; --verbose prints all, also when nothing changed', async ({
    project,
  }) => {
    expect((await project.succeed(['--quiet'])).stdout).toBe('')
    expect((await project.succeed(['--verbose'])).stdout).toMatch(
      /shop: unchanged .*\n {2}unclassified: scratch/,
    )
    project.sql(Array.from({ length: 15 }, (_, index) => `CREATE TABLE n${index} (a);`).join(''))
    expect((await project.succeed(['--dry-run'])).stdout).toContain(
      'and 3 more (--verbose lists them)',
    )
    const { stdout } = await project.succeed(['--verbose'])
    expect(stdout.match(/^ {2}table n\d+ added/gm)).toHaveLength(15)
    project.configure('database: sqlite:../gone.db\n')
    const failed = await project.run(['--quiet'])
    expect([failed.status, failed.stdout]).toEqual([2, ''])
    expect(failed.stderr).toContain('error [unknown-database]')
  })

  test('--strict: a table in no list is status 4, the commit is made', async ({ project }) => {
    const ended = await project.run(['--strict'])
    expect([ended.status, ended.stderr]).toEqual([4, ''])
    expect(subjects(project.shared)).toHaveLength(1)
    const again = await project.run(['--strict'])
    expect(again.status).toBe(4)
    expect(again.stdout).toContain('unclassified: scratch')
    const quiet = await project.run(['--strict', '--quiet'])
    expect([quiet.status, quiet.stdout]).toEqual([4, ''])
    expect(quiet.stderr).toContain('unclassified: scratch')
    project.configure(`database: sqlite:../shop.db\n${lists}strict: true\n`)
    expect((await project.run()).status).toBe(4)
    project.sql('DROP TABLE scratch')
    await project.succeed()
  })

  test('--host writes below another name', async ({ project }) => {
    await project.succeed(['--host', 'other.example.org'])
    expect(subjects(project.shared)).toEqual(['other.example.org/shop: first snapshot, 7 objects'])
    expect(placedPaths(project.private)[0]).toBe('other.example.org/shop/.gitattributes')
  })

  test('-e writes the rows of ephemeral tables to a closed directory, and nowhere else', async ({
    project,
  }) => {
    const directory = join(project.directory, 'upgrade', 'ephemeral')
    const { stdout } = await project.succeed(['-e', 'upgrade/ephemeral'])
    expect(stdout).toContain('4 global, 2 local, 1 ephemeral rows')
    expect(project.file('tables/sessions.csv', directory)).toBe('id,token\n1,canary-ephemeral\n')
    expect(openToOthers(directory)).toEqual([])
    expect(
      found(['canary-local@example.org', 'canary-unclassified'], everyByte(directory)),
    ).toEqual([])
    expect(
      found(['canary-ephemeral'], everyByte(project.shared) + everyByte(project.private)),
    ).toEqual([])
    const inside = await project.run(['-e', join(project.shared, 'ephemeral')])
    expect(inside.status).toBe(2)
    expect(inside.stderr).toContain('[private-directory-in-repository]')
    expect(existsSync(join(project.shared, 'ephemeral'))).toBe(false)
  })

  test('-e refuses a directory that overlaps another of the run', async ({ project }) => {
    await project.succeed()
    for (const directory of ['private', 'private/ephemeral', '.']) {
      const before = statSync(project.directory).mode
      const { status, stderr } = await project.run(['-e', directory])
      expect(status).toBe(64)
      expect(stderr).toContain('[directories-overlap]')
      expect(statSync(project.directory).mode).toBe(before)
    }
  })

  test('the committed tree is the same whatever locale, time zone and umask the run has', async ({
    newProject,
    project,
  }) => {
    await project.succeed()
    const other = await newProject()
    const environment = {
      LC_ALL: 'tr_TR.UTF-8',
      LANG: 'de_DE.UTF-8',
      TZ: 'Asia/Kathmandu',
      DEBUG: '*',
    }
    const wrapper = ['sh', '-c', 'umask 077; exec "$@"', 'sh']
    expect((await other.run([], { environment, wrapper })).status).toBe(0)
    expect(committedFiles(other.shared)).toEqual(committedFiles(project.shared))
  })
})
