import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { violations, type Sources } from './support/architecture.ts'

async function sourcesOfProject(): Promise<Sources> {
  const root = join(import.meta.dirname, '..')
  const sources = new Map<string, string>()
  for await (const path of glob('src/**/*.ts', { cwd: root })) {
    sources.set(path, await readFile(join(root, path), 'utf8'))
  }
  return sources
}

test('the sources keep the rules', async () => {
  const sources = await sourcesOfProject()
  expect(sources.size).toBeGreaterThan(20)
  expect(violations(sources)).toEqual([])
})

test.each([
  [
    'src/engines/a/b.ts',
    "import { tree } from '../../files/tree.ts'",
    'engines may not import files',
  ],
  [
    'src/engines/a.ts',
    "import type { Config } from '../config/config.ts'",
    'may not import config',
  ],
  ['src/files/tree.ts', "export * from '../engines/index.ts'", 'files may not import engines'],
  ['src/files/tree.ts', "const x = await import('../git/commit.ts')", 'files may not import git'],
  ['src/git/a.ts', "export type A = import('../files/tree.ts').Tree", 'git may not import files'],
  ['src/config/a.ts', "import { b } from '../commands/b.ts'", 'config may not import commands'],
  ['src/commands/a.ts', "import '../cli.ts'", 'commands may not import cli'],
  ['src/office/a.ts', 'export {}', 'no rule names'],
  ['src/commands/a.ts', "import git from 'isomorphic-git'", 'belongs to src/git/'],
  ['src/files/a.ts', "import { DatabaseSync } from 'node:sqlite'", 'belongs to src/engines/'],
  ['src/commands/a.ts', "import { createPool } from 'mysql2/promise'", 'belongs to src/engines/'],
  ['src/commands/a.ts', "if (scheme === 'postgresql') stop()", 'names an engine: postgresql'],
  ['src/commands/a.ts', 'const isMariaDb = true', 'names an engine: isMariaDb'],
  ['src/commands/a.ts', 'const a = `sqlite:${b}`', 'names an engine: sqlite:'],
  ['src/git/a.ts', "console.log('done')", 'uses console'],
  ['src/git/a.ts', 'const home = process.env.HOME', 'uses process'],
  ['src/git/a.ts', "import { env } from 'node:process'", 'uses node:process'],
])('%s with %s breaks a rule', (path, text, rule) => {
  expect(violations(new Map([[path, text]]))).toEqual([expect.stringContaining(rule)])
})

test('a cycle is found however long it is', () => {
  const sources = new Map([
    ['src/git/a.ts', "import { b } from './b.ts'"],
    ['src/git/b.ts', "export { c } from './c.ts'"],
    ['src/git/c.ts', "const a = await import('./a.ts')"],
  ])
  expect(violations(sources)).toEqual([
    'src/git/a.ts → src/git/b.ts → src/git/c.ts → src/git/a.ts is a cycle',
  ])
})

test('a sentence may say which engines there are, and types alone make no cycle', () => {
  const sources = new Map([
    ['src/cli.ts', "const help = 'reads MariaDB, e.g. mysql://localhost/shop'"],
    ['src/git/a.ts', "import type { B } from './b.ts'"],
    ['src/git/b.ts', "import { a } from './a.ts'"],
    ['src/files/lock.ts', "import { DatabaseSync } from 'node:sqlite' // a sqlite file"],
  ])
  expect(violations(sources)).toEqual([])
})
