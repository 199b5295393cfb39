import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { host, lists, test } from '../cli/project.ts'
import { git, treeOf } from '../cli/witness.ts'

interface Report {
  readonly findings: readonly { severity: string; where: string; message: string; next: string }[]
  readonly passed: readonly string[]
  readonly status: number
}

describe.concurrent('check', () => {
  test('finds nothing, says what is well, and changes nothing', async ({ project }) => {
    project.sql('DROP TABLE scratch')
    const before = treeOf(project.directory)
    const { stdout } = await project.succeed(['check'])
    expect(stdout).toContain(`ok: ${project.shared}\nok: ${project.private}\n`)
    expect(stdout).toContain(`ok: ${host}/shop\n`)
    expect(stdout).toMatch(/\n0 errors, 0 warnings\n$/)
    expect(treeOf(project.directory)).toEqual(before)
    expect((await project.succeed(['check', '--quiet'])).stdout).toBe('')
    await project.succeed()
    const after = treeOf(project.directory)
    await project.succeed(['check'])
    expect(treeOf(project.directory)).toEqual(after)
  })

  test('tells all findings at once and changes nothing', async ({ project }) => {
    project.write('schema_backup/x', '')
    git(project.shared, 'init', '-q')
    git(project.shared, 'add', 'x')
    git(project.shared, 'commit', '-q', '-m', 'x')
    git(project.shared, 'switch', '-q', '--detach')
    project.write('private', 'a file')
    project.sql('CREATE VIEW broken AS SELECT missing FROM countries')
    project.configure(`globl: [x]
global: [countrys, settings]
local: [users]
ephemeral: [settings]
databases: {shop: sqlite:../shop.db, gone: sqlite:../gone.db}
`)
    const before = treeOf(project.directory)
    const ended = await project.run(['check'])
    expect([ended.status, ended.stderr]).toEqual([1, ''])
    const findings = [
      /warning: .*schema_backup\.conf:3:1: .*globl.*\n {2}.*`?global/,
      /warning: .*:6:13: "settings" is in .* and counts as global/,
      /warning: .*:4:10: `global` names the table "countrys"/,
      /error: \S*\/private: /,
      /error: the repository of .*(detached HEAD)/,
      /error: db\.example\.org\/gone: There is no SQLite database/,
      /warning: db\.example\.org\/shop: The table scratch is in no list/,
      /warning: db\.example\.org\/shop: The view "broken" can't be queried/,
    ]
    for (const finding of findings) expect(ended.stdout).toMatch(finding)
    expect(ended.stdout.indexOf('warning:')).toBeGreaterThan(ended.stdout.lastIndexOf('error:'))
    expect(treeOf(project.directory)).toEqual(before)

    const { stdout } = await project.run(['check', '--json'])
    const report = JSON.parse(stdout) as Report
    expect(report.status).toBe(1)
    expect(report.findings.filter(({ severity }) => severity === 'error')).toHaveLength(3)
    for (const { where, message, next } of report.findings)
      expect([where, message, next]).not.toContain('')
    const one = JSON.parse(
      (await project.run(['check', '--json', '--database', 'shop'])).stdout,
    ) as Report
    expect(one.findings.map(({ where }) => where)).not.toContain(`${host}/gone`)
    expect((await project.run(['check', '--database', 'x'])).status).toBe(64)
  })

  test('names keys that mean nothing, which a run passes over', async ({ project }) => {
    project.sql('DROP TABLE scratch')
    project.configure(`database: sqlite:../shop.db\n${lists}csv_backup_dir: x\nunrelated: 1\n`)
    const run = await project.succeed()
    expect(run.stdout).not.toMatch(/csv_backup_dir|unrelated/)
    const { status, stdout } = await project.run(['check'])
    expect(status).toBe(1)
    expect(stdout).toMatch(/csv_backup_dir.*\n {2}.*csv2_backup_dir/)
    expect(stdout).toContain('unrelated')
  })

  test('sees directories that would be refused', async ({ project }) => {
    project.configure(
      `csv2_backup_dir: ../app/backup\ndatabase: sqlite:../shop.db\n${lists}`,
      'user_data_backup_dir: ../app/private\n',
    )
    project.write('app/x', '')
    git(join(project.directory, 'app'), 'init', '-q')
    const { status, stdout } = await project.run(['check'])
    expect(status).toBe(1)
    expect(stdout).toMatch(/error: .*private rows, \S*app\/private, lies in the repository/)
    project.configure(`database: sqlite:../shop.db\n${lists}`, '')
    expect((await project.run(['check'])).stdout).toContain(
      'user_data_backup_dir is not configured',
    )
  })

  test('says when a disk is nearly full', async ({ project }) => {
    const script = `mount -t tmpfs -o size=1m tmpfs '${project.directory}/home' && exec "$@"`
    project.configure(`csv2_backup_dir: ../home/backup\ndatabase: sqlite:../shop.db\n${lists}`)
    const wrapper = ['unshare', '--map-root-user', '--mount', 'sh', '-c', script, 'sh']
    const { status, stdout } = await project.run(['check'], { wrapper })
    expect(status).toBe(1)
    expect(stdout).toMatch(/home\/backup: Only \d MB are free on its file system/)
  })
})
