import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import {
  configFile,
  expectedError,
  findingsOf,
  load,
  loadText,
  scratchDirectory,
} from './support.ts'

const fixture = join(import.meta.dirname, '../fixtures/config/etc/schema_backup.conf')
const database = 'database: mysql:///csv2\n'

test("a file of the origin's shape works unchanged, its database from the environment", async () => {
  const directory = await scratchDirectory()
  const file = join(directory, 'etc', 'schema_backup.conf')
  await mkdir(dirname(file))
  await copyFile(fixture, file)
  const { config, warnings } = await load(file, {
    environment: { DATABASE_URL: 'mysql://backup@localhost/csv2', PATH: '/usr/bin:/bin' },
  })
  expect(config).toMatchObject({
    file,
    backupDirectory: join(directory, 'schema_backup'),
    privateDirectory: '/var/local/cloud/schema_backups',
    pauseIntervalSeconds: 15,
    services: {
      providers: ['mariadb'],
      consumers: ['httpd', 'cloud-jobs.service', 'cloud-machines.service'],
      serviceCommand: ['systemctl'],
    },
    strict: false,
    git: {},
  })
  expect(config.host.split('.')[0]).toBe(hostname().split('.')[0])
  const [only] = config.databases
  expect(config.databases).toHaveLength(1)
  expect(only).toMatchObject({
    name: 'csv2',
    url: 'mysql://backup@localhost/csv2',
    pause: [],
    resume: [],
  })
  expect(only?.password).toBeUndefined()
  expect(only?.categories).toHaveLength(13)
  expect(only?.categories.at(-1)).toEqual({
    list: 'ignore',
    text: 'old_poll_times',
    where: `${file}:39:5`,
  })
  expect(warnings.map(({ code, where }) => [code, where])).toEqual([
    ['category-overlap', `${file}:30:5`],
  ])
  expect(warnings[0]?.message).toContain(`in \`global\` (${file}:18:5)`)
})

test('a byte order mark and CRLF change nothing, positions included', async () => {
  const content = `\uFEFFhost: x\r\n${database.trim()}\r\nglobal:\r\n  - a\r\n  - b c\r\n`
  const { config } = await loadText(content)
  expect(config.host).toBe('x')
  const [, second] = config.databases[0]?.categories ?? []
  expect(second?.text).toBe('b c')
  expect(second?.where).toMatch(/:5:5$/)
})

test('aliases and merge keys work, and findings inside them have a place', async () => {
  const { config } = await loadText(`databases:
  a: &a
    url: mysql:///a
    global: &lookups [countries]
  b:
    <<: *a
    url: mysql:///b
    local: *lookups
    global: []
`)
  expect(
    config.databases.map(({ name, categories }) => [name, categories.map(({ list }) => list)]),
  ).toEqual([
    ['a', ['global']],
    ['b', ['local']],
  ])
  const message = await findingsOf(`${database}local: &x [1]\nx-ignore: *x\nignore: *x\n`)
  expect(message).toMatch(/^2:12: `local`/)
})

test('empty lists and null are as if omitted', async () => {
  const { config } = await loadText(
    `${database}csv2_backup_dir:\nuser_data_backup_dir:\nhost: h\nglobal:\nproviders:\ngit:\npause:\nstrict:\n`,
  )
  expect(config.backupDirectory).toMatch(/\/schema_backup$/)
  expect(config.privateDirectory).toBeUndefined()
  expect(config.databases[0]?.categories).toEqual([])
})

test('unknown keys are warnings with a suggestion, at every depth', async () => {
  const { warnings } = await loadText(`databases:
  a: {url: 'mysql:///a', pasword_file: x}
globl: [a]
Local: [b]
git: {brunch: x}
something_else_entirely: {global: 1}
`)
  expect(warnings.map(({ where, next }) => [where.replace(/.*conf:/, ''), next])).toEqual([
    ['2:26', 'Did you mean `password_file`?'],
    ['3:1', 'Did you mean `global`?'],
    ['4:1', 'Did you mean `local`?'],
    ['5:7', 'Did you mean `branch`?'],
    ['6:1', 'Remove it, or leave it to whatever else reads this file.'],
  ])
})

test('a table in two lists is an error that names both lines, global with ephemeral a warning', async () => {
  const message = await findingsOf(
    `${database}global: [a, b]\nlocal: [a]\nephemeral: [b]\nignore:\n  - a\n`,
  )
  expect(message).toContain(
    '3:9: "a" is in `global` (2:10) and in `local` (3:9); leave it in one of them.',
  )
  expect(message).toContain('6:5: "a" is in `global` (2:10) and in `ignore` (6:5)')
  expect(message).toContain('6:5: "a" is in `local` (3:9) and in `ignore` (6:5)')
  expect(message).not.toContain('"b"')
})

test('a database has its own lists or those of the top level, never a mixture', async () => {
  const { config } = await loadText(`global: [a]
pause: [P]
resume: [R]
databases:
  one: mysql:///one
  two: {url: 'mysql:///two', local: [a], pause: [Q]}
  three: {url: 'mysql:///three', global: }
`)
  expect(
    config.databases.map(({ name, categories, pause, resume }) => ({
      name,
      lists: categories.map(({ list, text }) => `${list} ${text}`),
      statements: [...pause, ...resume],
    })),
  ).toEqual([
    { name: 'one', lists: ['global a'], statements: ['P', 'R'] },
    { name: 'two', lists: ['local a'], statements: ['Q', 'R'] },
    { name: 'three', lists: [], statements: ['P', 'R'] },
  ])
})

test('SCHEMA_BACKUP_DATABASE wins over DATABASE_URL, and a bad one is named without its value', async () => {
  const environment = {
    SCHEMA_BACKUP_DATABASE: 'mysql://u:canary@h/one',
    DATABASE_URL: 'mysql:///two',
  }
  const { config } = await loadText('host: h\n', { environment })
  expect(config.databases.map(({ name, url }) => [name, url])).toEqual([['one', 'mysql://u@h/one']])
  const bad = { SCHEMA_BACKUP_DATABASE: 'mongodb://u:canary@h/one' }
  const message = await findingsOf('host: h\n', bad)
  expect(message).toContain('environment variable SCHEMA_BACKUP_DATABASE: the database URL')
  expect(message).not.toContain('canary')
})

test('paths begin at the file, ~ is HOME, variables are filled in', async () => {
  const file = await configFile(`csv2_backup_dir: ../b/\${NAME}
user_data_backup_dir: ~/private
host: '\${NAME} $\${NAME} über/../x'
databases: {s: 'sqlite:./data/a b.db', t: 'sqlite:~/t.db'}
service_command: sudo -n  systemctl
git: {author: 'A B <a@b.org>', branch: feature/x}
`)
  const root = dirname(dirname(file))
  const environment = { NAME: 'n', HOME: '/home/u' }
  const { config } = await load(file, { environment })
  expect(config).toMatchObject({
    backupDirectory: join(root, 'b/n'),
    privateDirectory: '/home/u/private',
    host: 'n ${NAME} über/../x',
    databases: [
      { name: 's', url: `sqlite:${root}/etc/data/a b.db` },
      { name: 't', url: 'sqlite:/home/u/t.db' },
    ],
    services: { serviceCommand: ['sudo', '-n', 'systemctl'] },
    git: { authorName: 'A B', authorEmail: 'a@b.org', branch: 'feature/x' },
  })
  expect(
    (
      await loadText('databases: {password_command: "sqlite:${NAME}"}\n', {
        environment,
        host: 'h',
      })
    ).config.databases[0]?.url,
  ).toMatch(/\/n$/)
  expect((await load(file, { environment, host: '../x' })).config.host).toBe('../x')
  expect((await expectedError(load(file, { environment, host: 'a\nb' }))).message).toContain(
    '--host',
  )
})

test('the default backup directory is beside the etc/, or beside a file that is in none', async () => {
  const directory = await scratchDirectory()
  const file = join(directory, 'shop.conf')
  await writeFile(file, `${database}host: h\n`)
  expect((await load(file)).config.backupDirectory).toBe(join(directory, 'schema_backup'))
})

test.each([
  ['csv2_backup_dir: /a/b\nuser_data_backup_dir: /a/b/\n', 'but it is the backup directory itself'],
  [
    'csv2_backup_dir: /a/b/c\nuser_data_backup_dir: /a/b\n',
    'but the backup directory is inside it',
  ],
  [
    'csv2_backup_dir: /a/b\nuser_data_backup_dir: /a/b/c\n',
    'but it is inside the backup directory',
  ],
  [
    'csv2_backup_dir: /a/b\nuser_data_backup_dir: /a/b/..c/d\n',
    'but it is inside the backup directory',
  ],
])('directories that overlap are refused: %j', async (content, expected) => {
  const message = await findingsOf(`${database}${content}`)
  expect(message).toMatch(/^3:23: /)
  expect(message).toContain(expected)
})

test('directories that overlap through a symbolic link are refused, neighbours are not', async () => {
  const directory = await scratchDirectory()
  await mkdir(join(directory, 'shared'))
  await symlink(join(directory, 'shared'), join(directory, 'link'))
  const content = (secret: string) =>
    `${database}host: h\ncsv2_backup_dir: ${directory}/shared\nuser_data_backup_dir: ${directory}/${secret}\n`
  expect(await findingsOf(content('link/private/deep'))).toContain(
    'it is inside the backup directory',
  )
  const { config } = await loadText(content('shared-private'))
  expect(config.privateDirectory).toBe(join(directory, 'shared-private'))
})

test('a password in a file that others can read is a warning', async () => {
  const file = await configFile('database: mysql://u:secret@h/a\nhost: h\n')
  expect((await load(file)).warnings).toEqual([])
  await chmod(file, 0o644)
  const { warnings } = await load(file)
  expect(warnings.map(({ code, where }) => [code, where])).toEqual([
    ['readable-password', `${file}:1:11`],
  ])
  await writeFile(file, 'database: mysql://u:${PW}@h/a\nhost: h\n')
  expect((await load(file, { environment: { PW: 'x' } })).warnings).toEqual([])
})

test('the configuration is frozen', async () => {
  const { config } = await loadText(`${database}host: h\nglobal: [a]\n`)
  expect(Object.isFrozen(config)).toBe(true)
  expect(Object.isFrozen(config.services.providers)).toBe(true)
  expect(Object.isFrozen(config.databases[0]?.categories[0])).toBe(true)
})

test('the fixture holds the overlap that it is there for', async () => {
  expect((await readFile(fixture, 'utf8')).match(/- ec2_regions/g)).toHaveLength(2)
})

test('a password that a variable holds is taken as it is', async () => {
  const content =
    'databases: {a: "mysql://u:${PW}@h/a", b: {url: "mysql://${PW}:x@h/b"}}\nhost: h\n'
  const { config } = await loadText(content, { environment: { PW: 'p@/#%:' } })
  const [first, second] = config.databases
  expect(await first?.password?.()).toBe('p@/#%:')
  expect(second?.url).toBe(`mysql://${encodeURIComponent('p@/#%:')}@h/b`)
})
