import { existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { lists, test } from '../cli/project.ts'
import { treeOf } from '../cli/witness.ts'

const database = 'database: sqlite:../shop.db\n'

/** What is wrong, the file's text, where it is wrong, and what the message says of it. */
const mistakes: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  ['a YAML syntax error', `${database}global: [countries\n`, /:\d+:\d+: /],
  ['an unknown alias', `${database}global: *tables\n`, /:2:9: .*"\*tables"/],
  ['a tab as indentation', `${database}global:\n\t- countries\n`, /:3:1: .*found a tab/],
  [
    'a list where a text belongs',
    `${database}host: [a, b]\n`,
    /:2:7: `host`: expected a text.*, found a list/,
  ],
  [
    'a text where a list belongs',
    `${database}global: countries\n`,
    /:2:9: `global`: expected a list/,
  ],
  ['a key twice', `${database}global: []\nglobal: [users]\n`, /:3:1: .*`?global/],
  [
    'a table in two lists',
    `${database}global: [users]\nlocal: [users]\n`,
    /:3:9: "users" is in `global` .*:2:10\) and in `local`/,
  ],
  ['no database', 'global: [users]\n', /database/],
  ['an unset variable', 'database: sqlite:${NO_SUCH_VARIABLE}/x.db\n', /:1:11: .*NO_SUCH_VARIABLE/],
  ['an unknown scheme', 'database: oracle://h/d\n', /:1:11: .*"sqlite:"/],
]

describe.concurrent('a mistake in the configuration', () => {
  test.for(mistakes)(
    '%s: status 78 with file, line and column; nothing is written',
    async ([, text, says], { project }) => {
      project.write('etc/schema_backup.conf', text)
      const before = treeOf(project.directory)
      const ended = await project.run()
      expect([ended.status, ended.stdout]).toEqual([78, ''])
      expect(ended.stderr).toMatch(/^schema_backup: error \[configuration-invalid\]/)
      expect(ended.stderr).toContain(project.configuration)
      expect(ended.stderr).toMatch(says)
      expect(treeOf(project.directory)).toEqual(before)
    },
  )

  test('lists that contradict each other on a table of the database: nothing is written', async ({
    project,
  }) => {
    project.configure(`${database}global: ['*tr*']\nlocal: ['countr*']\n`)
    const ended = await project.run()
    expect(ended.status).toBe(78)
    expect(ended.stderr).toMatch(/countries.*`global`.*`local`/)
    expect(existsSync(join(project.shared, 'db.example.org'))).toBe(false)
  })

  test('a table in global and ephemeral counts as global, with a warning', async ({ project }) => {
    project.configure(`${database}global: [countries]\nephemeral: [countries]\n`)
    const { stdout } = await project.succeed()
    expect(stdout).toMatch(/note: .*:5:13: "countries" is in .* and counts as global/)
    expect(project.file('tables/countries.csv')).toContain('Germany')
  })

  test('a listed table that does not exist is a warning with list and line', async ({
    project,
  }) => {
    project.configure(`${database}${lists.replace('countries', 'countrys')}`)
    const { stdout } = await project.succeed()
    expect(stdout).toContain(`${project.configuration}:4:10: \`global\` names the table "countrys"`)
  })

  test('no configuration at all: the places that were looked at', async ({ project }) => {
    const ended = await project.run(['--config', join(project.directory, 'none')])
    expect(ended.status).toBe(78)
    expect(ended.stderr).toContain(
      `There is no configuration ${project.directory}/none, which --config names.`,
    )
  })
})

describe.concurrent('directories of the configuration', () => {
  const nested: readonly (readonly [what: string, shared: string, secret: string])[] = [
    ['one inside the other', 'backup', 'backup/private'],
    ['the reverse', 'private/backup', 'private'],
    ['the same', 'backup', 'backup'],
    ['one inside the other by a link', 'backup', 'link/private'],
  ]
  test.for(nested)(
    '%s: refused before anything is made',
    async ([, shared, secret], { project }) => {
      project.write('backup/.keep', '')
      symlinkSync('backup', join(project.directory, 'link'))
      project.configure(
        `${database}csv2_backup_dir: ../${shared}\n`,
        `user_data_backup_dir: ../${secret}\n`,
      )
      const before = treeOf(project.directory)
      const ended = await project.run()
      expect(ended.status).toBe(78)
      expect(ended.stderr).toMatch(
        /:1:23: expected a `user_data_backup_dir` apart from the backup directory/,
      )
      expect(treeOf(project.directory)).toEqual(before)
    },
  )
})
