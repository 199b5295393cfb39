import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, vi } from 'vitest'
import { lists, test, type Project } from '../cli/project.ts'
import { subjects } from '../cli/witness.ts'

/** Waits until the run has executed its pause statement, and so holds its locks. */
async function paused(project: Project): Promise<void> {
  await vi.waitFor(
    () => {
      expect(project.sql("SELECT value FROM settings WHERE name = 'poller'")).toBe('paused\n')
    },
    { timeout: 20_000, interval: 50 },
  )
}

const settings = `database: sqlite:../shop.db
${lists}pause: ["UPDATE settings SET value = 'paused' WHERE name = 'poller'"]
pause_interval: 600
`

describe.concurrent('two runs at once', () => {
  test('the second ends with 75 at once; kill -9 of the first frees the lock', async ({
    newProject,
    project,
  }) => {
    project.configure(settings)
    const holder = project.start()
    await paused(project)
    const started = performance.now()
    const trace = join(project.directory, 'trace')
    const script = project.write('ctl', `#!/bin/sh\ntouch '${trace}'\n`, 0o755)
    project.configure(`${settings}consumers: [web]\nservice_command: ['${script}']\n`)
    const second = await project.run(['--model'])
    expect(existsSync(trace)).toBe(false)
    expect(second.status).toBe(75)
    expect([second.stdout, second.stderr.split('\n')[0]]).toEqual([
      '',
      `schema_backup: error [locked] Another run of schema_backup holds ${project.shared}.`,
    ])
    expect(performance.now() - started).toBeLessThan(10_000)

    // Another backup directory with the same private one.
    const other = await newProject()
    other.configure(
      `database: sqlite:../shop.db\n${lists}`,
      `user_data_backup_dir: ${project.private}\n`,
    )
    const third = await other.run()
    expect(third.status).toBe(75)
    expect(third.stderr).toContain(`holds ${project.private}.`)

    // Only looking needs no lock.
    expect((await project.run(['--dry-run'])).status).toBe(0)
    expect((await project.run(['check'])).status).toBe(1)

    holder.child.kill('SIGKILL')
    expect((await holder.ended).signal).toBe('SIGKILL')
    project.configure(`database: sqlite:../shop.db\n${lists}`)
    await project.succeed()
    expect(subjects(project.shared)).toHaveLength(1)
    expect(existsSync(join(project.private, 'db.example.org', 'shop', 'tables', 'users.csv'))).toBe(
      true,
    )
  })
})
