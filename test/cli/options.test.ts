import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { program as installed } from '../support/program.ts'
import { begin, host, lists, program, test, type Project } from './project.ts'
import { treeOf } from './witness.ts'

const manifest = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'),
) as { version: string }

/** Runs the command line as it is typed, without `--config`. */
async function typed(
  project: Project,
  words: readonly string[],
  environment: Record<string, string> = {},
  directory = project.directory,
) {
  const all = [program, ...words]
  return await begin(process.execPath, all, {
    directory,
    environment: { HOME: project.home, ...environment },
  }).ended
}

describe.concurrent('the command line', () => {
  test('--version and --help print and end with 0; examples show what can be done', async ({
    project,
  }) => {
    expect(await typed(project, ['--version'])).toMatchObject({
      status: 0,
      stdout: `${manifest.version}\n`,
      stderr: '',
    })
    const help = await typed(project, ['--help'])
    expect([help.status, help.stderr]).toEqual([0, ''])
    const options = [
      '--model',
      '--target',
      '--ephemeral-directory',
      '--dry-run',
      '--strict',
      '--config',
      '--database',
      '--host',
      '--json',
      '--quiet',
      '--verbose',
      '--version',
      'check',
      'init',
      'Examples:',
      'Exit status:',
    ]
    for (const option of options) expect(help.stdout).toContain(option)
    expect((await typed(project, ['check', '--help'])).stdout).toContain('change nothing')
  })

  const misuses: readonly (readonly [words: readonly string[], says: string])[] = [
    [['--modle'], "unknown option '--modle'\n(Did you mean --model?)"],
    [['-m', '-t'], "cannot be used with option '-t, --target'"],
    [['snapshot'], 'snapshot'],
    [['check', '--dry-run'], "unknown option '--dry-run'"],
    [['--config'], "option '-c, --config <file>' argument missing"],
    [['init'], "missing required argument 'url'"],
  ]
  test.for(misuses)('%j is bad usage: 64', async ([words, says], { project }) => {
    const before = treeOf(project.directory)
    const ended = await typed(project, words)
    expect([ended.status, ended.stdout]).toEqual([64, ''])
    expect(ended.stderr).toContain(says)
    expect(treeOf(project.directory)).toEqual(before)
  })

  test('the configuration: --config, else the variable, else what the working directory has', async ({
    newProject,
    project,
  }) => {
    const other = await newProject('CREATE TABLE other (a)', '')
    const environment = { SCHEMA_BACKUP_CONFIG: other.configuration }
    const outcome = async (
      words: readonly string[],
      variables: Record<string, string>,
      directory?: string,
    ) => {
      const ended = await typed(project, ['--dry-run', '--json', ...words], variables, directory)
      const report = JSON.parse(ended.stdout) as {
        databases?: { unclassified: string[] }[]
        failure?: { code: string }
      }
      return report.databases?.[0]?.unclassified ?? report.failure?.code
    }
    expect(await outcome(['-c', project.configuration], environment)).toEqual(['scratch'])
    expect(await outcome([], environment)).toEqual(['other'])
    expect(await outcome([], {})).toEqual(['scratch'])
    expect(await outcome([], {}, join(project.directory, 'etc'))).toEqual(['scratch'])
    expect(await outcome([], { SCHEMA_BACKUP_CONFIG: '/none' })).toBe('configuration-not-found')
  })

  test('a reader that goes away is no failure of the run', async ({ project }) => {
    const wrapper = ['sh', '-c', '{ "$@"; echo $? >&2; } | true', 'sh']
    const ended = await project.run(['--verbose'], { wrapper })
    expect(ended.stderr).toBe('0\n')
    expect(existsSync(join(project.shared, host, 'shop'))).toBe(true)
  })
})

describe.concurrent('on a terminal', () => {
  /** Runs in a terminal of its own; stdout and stderr are one there. */
  async function onTerminal(
    project: Project,
    words: readonly string[] = [],
    environment: Record<string, string> = {},
  ) {
    const command = [process.execPath, program, '--config', project.configuration, ...words]
    const quoted = command.map((word) => `'${word}'`).join(' ')
    return await begin(installed('script'), ['-qec', quoted, '/dev/null'], {
      directory: project.directory,
      environment: { HOME: project.home, TERM: 'xterm-256color', ...environment },
    }).ended
  }

  test('a run without a change says so in one line, in colour unless NO_COLOR is set', async ({
    project,
  }) => {
    project.sql('DROP TABLE scratch')
    await project.succeed()
    const ended = await onTerminal(project)
    expect(ended.status).toBe(0)
    expect(ended.stdout).toMatch(/shop.*: unchanged /)
    expect(ended.stdout.trim().split('\n')).toHaveLength(1)
    expect(ended.stdout).toContain('\u001b[')
    expect((await onTerminal(project, ['--quiet'])).stdout).toBe('')
    expect((await onTerminal(project, [], { NO_COLOR: '1' })).stdout).toMatch(
      /^db\.example\.org\/shop: unchanged /,
    )
  })

  test('a read of more than a second shows how far it is, and nothing of it stays', async ({
    newProject,
  }) => {
    const rows =
      'CREATE TABLE big (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO big (v) SELECT hex(randomblob(40)) FROM generate_series(1, 2000000)'
    const project = await newProject(rows, 'global: [big]\n')
    const ended = await onTerminal(project, ['--dry-run'])
    expect(ended.status).toBe(0)
    expect(ended.stdout).toMatch(/shop \[[^\]]+\] \d+\/1 big [\d,]+ rows/)
    const afterBar = ended.stdout.slice(ended.stdout.lastIndexOf(' rows\u001b'))
    expect(afterBar.slice(0, afterBar.indexOf('would commit'))).toContain('\u001b[2K')
    // The same without a terminal, on stderr or elsewhere, would fill a log.
    const plain = await project.succeed(['--dry-run'])
    expect(plain.stdout).not.toContain('[')
  })
})

test('lists are those of the fixture', ({ project }) => {
  expect(readFileSync(project.configuration, 'utf8')).toContain(lists)
})
