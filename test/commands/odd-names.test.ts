import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { lists, test, type Project } from '../cli/project.ts'
import { committedPaths, placedPaths, subjects, treeOf } from '../cli/witness.ts'
import { createDatabase, runSql } from '../support/databases.ts'
import { servers } from '../support/servers.ts'

describe.concurrent('names', () => {
  /** Every path as git and Windows and macOS want it: no reserved name, no twins, nothing outside. */
  function expectPortable(project: Project): void {
    const paths = committedPaths(project.shared)
    expect(new Set(paths.map((path) => path.toLowerCase().normalize('NFC'))).size).toBe(
      paths.length,
    )
    const components = new Set(paths.flatMap((path) => path.split('/')))
    for (const component of components) {
      expect(component).toMatch(/^[ -~]+$/)
      expect(component).not.toMatch(
        /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)|[<>:"\\|?* ]|[. ]$|^\.\.?$/i,
      )
      expect(component.length).toBeLessThan(256)
    }
    expect(placedPaths(project.shared)).toEqual(paths)
    expect(project.git('status', '--porcelain')).toBe('')
  }

  const hosts = [
    '../x',
    '..',
    '.',
    'a/../../b',
    'with blanks ',
    'Ümläut.例え',
    'CON',
    '.git',
    'db:1',
    'h'.repeat(300),
  ]
  test.for(hosts)('a host called %j stays in its directory', async (name, { project }) => {
    const outside = treeOf(project.directory)
    const { stdout } = await project.succeed(['--host', name])
    expect(stdout.startsWith(`${name}/shop: committed`)).toBe(true)
    expectPortable(project)
    const places = [project.shared, project.private].map((place) =>
      place.slice(project.directory.length + 1),
    )
    const made = Object.keys(treeOf(project.directory)).filter((path) => !(path in outside))
    expect(made.filter((path) => !places.includes(path.split('/')[0] ?? ''))).toEqual([])
    await project.succeed(['--host', name])
    expect(subjects(project.shared)).toHaveLength(1)
  })

  test('databases with odd names and case twins each have a directory of their own', async ({
    project,
  }) => {
    const names = ['Shop', 'shop', 'SHOP', '../up', 'a b', 'ü', 'nul', '.', 'x/y']
    const databases = names.map((name) => `  ${JSON.stringify(name)}: sqlite:../shop.db\n`)
    project.configure(`${lists}databases:\n${databases.join('')}`)
    await project.succeed()
    expect(subjects(project.shared)).toHaveLength(names.length)
    expectPortable(project)
    expect(
      committedPaths(project.shared).filter((path) => path.endsWith('database.yaml')),
    ).toHaveLength(names.length)
  })

  test('tables called a/b, CON, .. and the like are files like others', async ({ newProject }) => {
    const names = [
      'a/b',
      'CON',
      '..',
      '.',
      'nul',
      'com1',
      'a.b',
      'a b',
      'ümläut',
      'semi;colon',
      "quote'",
      'new\nline',
      '*',
      'x'.repeat(300),
      'a\\b',
      '-rf',
    ]
    const quoted = names.map((name) => `"${name.replaceAll('"', '""')}"`)
    const sql = quoted.map(
      (name, index) =>
        `CREATE TABLE ${name} (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO ${name} (v) VALUES ('row ${index}');`,
    )
    const project = await newProject(sql.join('\n'), "global: ['*']\n")
    await project.succeed()
    expectPortable(project)
    const rows = placedPaths(project.shared).filter((path) => path.endsWith('.csv'))
    const contents = rows.map((path) => readFileSync(join(project.shared, path), 'utf8'))
    expect(contents.toSorted()).toEqual(
      names.map((_, index) => `id,v\n1,row ${index}\n`).toSorted(),
    )
    await project.succeed()
    expect(subjects(project.shared)).toHaveLength(1)
  })

  test('case twins of tables are told apart', async ({ project }) => {
    const server = servers().postgres15
    const database = createDatabase(server)
    runSql(
      server,
      database,
      `CREATE TABLE users (id integer PRIMARY KEY); INSERT INTO users VALUES (1);
      CREATE TABLE "Users" (id integer PRIMARY KEY); INSERT INTO "Users" VALUES (2);
      CREATE SCHEMA "Public"; CREATE TABLE "Public".users (id integer PRIMARY KEY); INSERT INTO "Public".users VALUES (3);`,
    )
    project.configure(`database: {name: shop, url: '${server.url(database)}'}\nglobal: ['*']\n`)
    await project.succeed()
    expectPortable(project)
    expect(placedPaths(project.shared).filter((path) => path.endsWith('.csv'))).toHaveLength(3)
  })
})
