import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { runSqlite } from '../support/databases.ts'
import { run } from '../support/program.ts'
import { temporaryDirectory } from '../support/servers.ts'
import { begin, lists, shop } from './project.ts'
import { faultsOf, subjects, type Ended } from './witness.ts'

const root = join(import.meta.dirname, '..', '..')
const modules = join(root, 'node_modules')

/** What the package is made of; the rest of a checkout is not needed to build it. */
const sources = [
  'src',
  'bin',
  'etc',
  'docs',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
]

/** npm's settings of the user, without what a run by npm adds about this project. */
function environment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_(registry|cache|userconfig)$)|NODE|INIT_CWD|VITEST)/i.test(name),
  )
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? '']))
}

async function npm(directory: string, ...words: readonly string[]): Promise<Ended> {
  const ended = await begin('npm', [...words, '--no-audit', '--no-fund', '--prefer-offline'], {
    directory,
    environment: environment(),
  }).ended
  if (ended.status !== 0) throw new Error(`npm ${words.join(' ')}: ${ended.stdout}${ended.stderr}`)
  return ended
}

let consumer = ''
let packed: readonly string[] = []

beforeAll(async () => {
  const build = await temporaryDirectory()
  consumer = await temporaryDirectory()
  for (const name of sources) cpSync(join(root, name), join(build, name), { recursive: true })
  symlinkSync(modules, join(build, 'node_modules'))
  await npm(build, 'pack', '--silent')
  const tarball = readdirSync(build).find((name) => name.endsWith('.tgz')) ?? ''
  packed = run('tar', ['-tzf', join(build, tarball)])
    .trim()
    .split('\n')
    .toSorted()
  writeFileSync(
    join(consumer, 'package.json'),
    '{ "name": "consumer", "private": true, "type": "module" }',
  )
  await npm(consumer, 'install', '--omit=dev', join(build, tarball))
}, 180_000)

/** Runs the installed command with a Node.js and its arguments. */
async function installed(
  words: readonly string[],
  node: readonly string[] = [process.execPath],
): Promise<Ended> {
  const [first = '', ...rest] = node
  const command = join(consumer, 'node_modules', 'schema_backup', 'bin', 'schema_backup.cjs')
  return await begin(first, [...rest, command, ...words], {
    directory: consumer,
    environment: { HOME: consumer },
  }).ended
}

describe('the package, installed elsewhere', () => {
  test('holds what is needed to run and to read, and nothing else', () => {
    const tops = new Set(packed.map((path) => path.split('/').slice(0, 2).join('/')))
    expect([...tops].toSorted()).toEqual(
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist', 'docs', 'etc', 'package.json'].map(
        (name) => `package/${name}`,
      ),
    )
    const built = packed.filter((path) => path.startsWith('package/dist/'))
    expect(built.filter((path) => !/\.(js|d\.ts)$/.test(path))).toEqual([])
    for (const path of [
      'dist/cli.js',
      'dist/index.js',
      'dist/index.d.ts',
      'etc/schema_backup.conf',
      'etc/schema_backup.schema.json',
    ]) {
      expect(packed).toContain(`package/${path}`)
    }
    const dist = join(consumer, 'node_modules', 'schema_backup', 'dist')
    const texts = readdirSync(dist, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.js'))
      .map((path) => readFileSync(join(dist, path), 'utf8'))
    expect(texts.join('\n')).not.toMatch(/(?:from|import\() ?['"]\.[^'"]*\.ts['"]/)
  })

  test('its command makes a configuration, checks it and commits a snapshot', async () => {
    mkdirSync(join(consumer, 'etc'))
    runSqlite(join(consumer, 'shop.db'), shop)
    const bin = join(consumer, 'node_modules', '.bin', 'schema_backup')
    const by = async (...words: string[]) =>
      await begin(bin, words, { directory: consumer, environment: { HOME: consumer } }).ended
    expect(await by('init', 'sqlite:shop.db', '--yes', '-o', 'proposed.conf')).toMatchObject({
      status: 0,
      stderr: '',
    })
    expect(existsSync(join(consumer, 'proposed.conf'))).toBe(true)
    writeFileSync(
      join(consumer, 'etc', 'schema_backup.conf'),
      `database: sqlite:../shop.db\nhost: h\nuser_data_backup_dir: ../private\n${lists}`,
    )
    expect(await by('check')).toMatchObject({ status: 1, stderr: '' })
    const first = await by()
    expect(first).toMatchObject({ status: 0, stderr: '' })
    expect(first.stdout).toContain('h/shop: committed')
    expect(subjects(join(consumer, 'schema_backup'))).toHaveLength(1)
    expect(faultsOf(join(consumer, 'schema_backup'))).toBe('')
    expect(await by('--version')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
    })
  })

  test('its library has types, and runs', async () => {
    const source = `import { exitStatus, ExpectedError, findConfigFile, loadConfig, snapshot, urlSchemes } from 'schema_backup'
import type { CommandContext, Config, RunReport } from 'schema_backup'

const environment = process.env
const file = await findConfigFile({ explicit: 'library.conf', environment, workingDirectory: process.cwd() })
const { config }: { config: Config } = await loadConfig(file, { environment, schemes: urlSchemes })
const context: CommandContext = {
  environment,
  signal: new AbortController().signal,
  now: () => new Date(0),
  progress: { start: () => undefined, show: () => undefined, stop: () => undefined },
  version: '1.2.3',
}
const report: RunReport = await snapshot(config, { dryRun: false, strict: true }, context)
const statuses: number = report.status
// @ts-expect-error a status is no text
const wrong: string = report.status
const failure = await loadConfig('none.conf', { environment, schemes: urlSchemes }).catch((error: unknown) => error)
console.log(JSON.stringify([report.databases.map(({ outcome }) => outcome), statuses === exitStatus.done, failure instanceof ExpectedError, typeof wrong]))
`
    writeFileSync(
      join(consumer, 'library.conf'),
      'database: sqlite:library.db\ncsv2_backup_dir: library\nhost: h\nglobal: [countries]\n',
    )
    runSqlite(join(consumer, 'library.db'), 'CREATE TABLE countries (code TEXT PRIMARY KEY)')
    writeFileSync(join(consumer, 'library.ts'), source)
    // The consumer's own development package, unless a dependency has brought it along.
    for (const name of ['@types/node', 'undici-types']) {
      const place = join(consumer, 'node_modules', name)
      mkdirSync(join(place, '..'), { recursive: true })
      if (!existsSync(place)) symlinkSync(join(modules, name), place)
    }
    const options = [
      '--noEmit',
      '--strict',
      '--target',
      'es2024',
      '--lib',
      'es2024,esnext.disposable',
      '--module',
      'nodenext',
      '--types',
      'node',
    ]
    const compiler = [join(modules, 'typescript', 'bin', 'tsc'), ...options, 'library.ts']
    const checked = await begin(process.execPath, compiler, {
      directory: consumer,
      environment: {},
    }).ended
    expect([checked.stdout, checked.status]).toEqual(['', 0])
    const ended = await begin(process.execPath, ['library.ts'], {
      directory: consumer,
      environment: { HOME: consumer },
    }).ended
    expect([ended.stderr, ended.stdout]).toEqual(['', '[["committed"],true,true,"number"]\n'])
  })

  test('an old Node.js is told what it lacks, not what it can not parse', async () => {
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      engines: { node: string }
    }
    const needed = engines.node.replace('>=', '')
    // Whatever this machine has, and one that only says that it is old.
    writeFileSync(
      join(consumer, 'old.cjs'),
      "Object.defineProperty(process.versions, 'node', { value: '20.20.2' })\n",
    )
    const major = (node: string) => Number(/^v(\d+)/.exec(run(node, ['--version']))?.[1])
    const real = ['/usr/bin/node', '/usr/local/bin/node'].filter(
      (node) => existsSync(node) && major(node) === 20,
    )
    for (const node of [
      [process.execPath, '--require', './old.cjs'],
      ...real.map((path) => [path]),
    ]) {
      const ended = await installed(['--version'], node)
      expect([ended.status, ended.stdout]).toEqual([2, ''])
      expect(ended.stderr).toMatch(/; this is 20\.\d+\.\d+ \(.*\)\.\nInstall .*\n$/)
      expect(ended.stderr.startsWith(`schema_backup needs Node.js ${needed} or newer; `)).toBe(true)
      expect(ended.stderr.split('\n')).toHaveLength(3)
    }
    expect(await installed(['--version'])).toMatchObject({ status: 0, stderr: '' })
  })
})
