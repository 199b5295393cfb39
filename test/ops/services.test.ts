import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { host, lists, test, type Project } from '../cli/project.ts'
import { subjects, treeOf } from '../cli/witness.ts'

const services = 'providers: [database, cache]\nconsumers: [web, worker]\n'
const database = `database: sqlite:../shop.db\n${lists}`

/**
 * A stand-in `systemctl` that records each call with what the database held at that moment, and fails for the calls that
 * match a pattern of the shell. Returns what a run needs to find it first.
 */
function standIn(project: Project, failing = 'never'): { environment: Record<string, string> } {
  const script = `#!/bin/sh
echo "$*" >> '${project.directory}/calls'
case "$*" in ${failing}) echo "Failed to $1 $2: canary-reason" >&2; exit 5 ;; esac
`
  project.write('bin/systemctl', script, 0o755)
  return { environment: { PATH: `${project.directory}/bin:${process.env['PATH'] ?? ''}` } }
}

function calls(project: Project): readonly string[] {
  const file = join(project.directory, 'calls')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
}

const quieting = ['stop web', 'stop worker', 'restart database', 'restart cache']

describe.concurrent('services', () => {
  test('without an option none is touched', async ({ project }) => {
    project.configure(database + services)
    await project.succeed([], standIn(project))
    expect(calls(project)).toEqual([])
  })

  test('--model stops consumers, restarts providers, and restarts consumers at the end', async ({
    project,
  }) => {
    project.configure(database + services)
    await project.succeed(['--model'], standIn(project))
    expect(calls(project)).toEqual([...quieting, 'restart web', 'restart worker'])
    expect(subjects(project.shared)).toHaveLength(1)
  })

  test('--target leaves the consumers stopped', async ({ project }) => {
    project.configure(database + services)
    await project.succeed(['-t'], standIn(project))
    expect(calls(project)).toEqual(quieting)
    expect(subjects(project.shared)).toHaveLength(1)
  })

  test('--dry-run drives no service', async ({ project }) => {
    project.configure(database + services)
    await project.succeed(['-m', '--dry-run'], standIn(project))
    expect(calls(project)).toEqual([])
  })

  test('stopped services make pause statements needless', async ({ project }) => {
    project.configure(
      `${database}${services}pause: ["DELETE FROM countries"]\npause_interval: 600\n`,
    )
    await project.succeed(['-m'], standIn(project))
    expect(project.file('tables/countries.csv')).toContain('Germany')
  })

  const failures: readonly (readonly [failing: string, calls: readonly string[]])[] = [
    ['stop\\ web', ['stop web', 'start web']],
    ['stop\\ worker', ['stop web', 'stop worker', 'start web', 'start worker']],
    ['restart\\ cache', [...quieting, 'start web', 'start worker']],
  ]
  for (const option of ['-m', '-t']) {
    test.for(failures)(
      `${option}: when "%s" fails nothing is read, and what was stopped is started again`,
      async ([failing, expected], { project }) => {
        project.configure(database + services)
        const ended = await project.run([option], standIn(project, failing))
        expect([ended.status, ended.stdout]).toEqual([2, ''])
        const service = failing.split('\\ ')[1] ?? ''
        expect(ended.stderr).toContain(
          `error [service-failed] Service ${service}: "systemctl ${failing.replace('\\', '')}" failed (Failed to `,
        )
        expect(calls(project)).toEqual(expected)
        expect(subjects(project.shared)).toEqual([])
        expect(treeOf(join(project.shared, host))).toEqual({})
        expect(treeOf(join(project.private, host))).toEqual({})
      },
    )
  }

  test('one that can not be started again is named and keeps no other down', async ({
    project,
  }) => {
    project.configure(database + services)
    const ended = await project.run(['-m'], standIn(project, 'restart\\ web'))
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain('Service web: "systemctl restart web" failed')
    expect(ended.stdout).toMatch(/shop: committed/)
    expect(calls(project)).toEqual([...quieting, 'restart web', 'restart worker'])
    const both = await project.run(['-m'], standIn(project, 'stop\\ worker|start\\ web'))
    expect(both.status).toBe(2)
    expect(both.stderr).not.toContain('[bug]')
    expect(both.stderr).toContain('Service worker: "systemctl stop worker" failed')
    expect(both.stderr).toContain('Service web: "systemctl start web" failed')
    expect(calls(project).slice(-2)).toEqual(['start web', 'start worker'])
  })

  test('a failing read restarts the consumers; a bad configuration stops none', async ({
    project,
  }) => {
    project.configure(`database: sqlite:../none.db\n${services}`)
    const failed = await project.run(['-m'], standIn(project))
    expect(failed.status).toBe(2)
    expect(calls(project)).toEqual([...quieting, 'restart web', 'restart worker'])
    project.configure(`database: sqlite:../shop.db\nhost: [\n${services}`)
    expect((await project.run(['-m'], standIn(project))).status).toBe(78)
    expect(calls(project)).toHaveLength(6)
  })

  test('service_command drives them, without a shell', async ({ project }) => {
    const own = project.write(
      'my ctl',
      `#!/bin/sh\necho "$#: $*" >> '${project.directory}/calls'\n`,
      0o755,
    )
    project.configure(
      `${database}consumers: ['a b; touch x']\nservice_command: ['${own}', --user, 'x y']\n`,
    )
    await project.succeed(['-m'], standIn(project, '*'))
    expect(calls(project)).toEqual([
      '4: --user x y stop a b; touch x',
      '4: --user x y restart a b; touch x',
    ])
    project.configure(`${database}consumers: [web]\nservice_command: /no/such/program --now\n`)
    const ended = await project.run(['-m'])
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain('Service web: "/no/such/program --now stop web" failed (ENOENT)')
  })
})
