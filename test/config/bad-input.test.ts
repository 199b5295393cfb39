import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exitStatus } from '../../src/errors.ts'
import { expectedError, findingsOf, load, scratchDirectory } from './support.ts'

const database = 'database: mysql:///csv2\n'

test('everything that is wrong is told at once, in the order of the file', async () => {
  const message = await findingsOf(`csv2_backup_dir: [a]
global:
  - 12
  - users
local: users
pause_interval: "3"
ignore: [users]
host: \${NOT_SET}
host: b
user_data_backup_dir: \${ALSO_NOT_SET}/x
databases:
  a: oracle://x/a
  b: {url: "postgres://u:p#w@h/b"}
  c: [1]
  d: {name: x}
git: {author: foo, branch: a..b}
strict: yes
service_command: []
`)
  const places = message.split('\n').filter((line) => /^\d/.test(line))
  expect(places.map((line) => line.split(' ')[0])).toEqual([
    '1:18:',
    '3:5:',
    '5:8:',
    '6:17:',
    '7:10:',
    '9:1:',
    '10:23:',
    '12:6:',
    '13:12:',
    '14:6:',
    '15:6:',
    '16:15:',
    '16:28:',
    '17:9:',
    '18:18:',
  ])
  expect(message).toContain('6:17: `pause_interval`: expected a number, found a text.')
  expect(message).toContain('    Write for example:\n    pause_interval: 15')
  expect(message).toContain('`local`: expected a list ("- value" lines), found a text.')
  expect(message).toContain('the environment variable ALSO_NOT_SET is not set')
  expect(message).toContain('only "mariadb:", "mysql:", "postgres:", "postgresql:", "sqlite:"')
  expect(message).toContain('`databases.d.url`: expected a text, found nothing.')
  expect(message).not.toContain('p#w')
})

test.each([
  ['a tab as indentation', 'global:\n\t- b\n', '2:1: expected blanks as indentation, found a tab.'],
  ['a tab before a key', '\thost: x\n', '1:1: expected blanks as indentation, found a tab.'],
  ['an unknown alias', 'global: *foo\n', '1:9: expected an anchor "&foo" before the alias "*foo"'],
  ['an empty file', '', '1:1: expected a configuration, found an empty file.'],
  ['comments only', '# x\n\n', '1:1: expected a configuration, found an empty file.'],
  ['two documents', 'a: 1\n---\nb: 2\n', '2:1: expected one document, found a second one'],
  ['a list', '- a\n', '1:1: expected a mapping ("key: value" lines), found a list.'],
  ['an open quote', 'host: "abc\n', '2:1: expected a closing quote or bracket'],
  ['two colons', 'host: a: b\n', '1:7: expected one "key: value" a line'],
  ['a reserved character', 'host: @x\n', '1:7: expected quotes around a value'],
  [
    'a key twice',
    'host: a\nhost: b\n',
    '2:1: expected each key once, found `host` again (first in line 1).',
  ],
  ['a text for a list', `${database}global: users\n`, '2:9: `global`: expected a list'],
  ['a list for a text', `${database}host: [a]\n`, '2:7: `host`: expected a text, found a list.'],
  [
    'an entry that is null',
    `${database}local:\n  - a\n  -\n`,
    '4:4: `local`, entry 2: expected a text, found nothing.',
  ],
  [
    'an entry that is a number',
    `${database}local: [7]\n`,
    'found a number (quotes make it a text).',
  ],
  [
    'a negative pause',
    `${database}pause_interval: -1\n`,
    'expected a number from 0, found another one.',
  ],
  [
    'both database keys',
    `${database}databases: {a: 'mysql:///a'}\n`,
    '2:1: expected either `database` or `databases`',
  ],
  ['no databases', 'databases: {}\n', '1:12: expected a `database`, found none'],
  [
    'an open variable',
    `${database}host: 'a\${B'\n`,
    '2:7: expected variables that can be filled in',
  ],
  ['a URL without name', 'database: mysql://h\n', '1:11: expected a `name` for the database'],
  [
    'no URL',
    'database: csv2\n',
    "1:11: the database URL can't be used: a database URL begins with one of",
  ],
  ['a URL without //', 'database: mysql:csv2\n', '"//" follows "mysql:"'],
  ['a near scheme', 'database: mysq://h/a\n', 'did you mean "mysql:"'],
  ['a file URL without file', 'database: "sqlite:"\n', 'the URL names no file'],
  [
    'the same name twice',
    'databases:\n  a: mysql:///x\n  ? "a"\n  : mysql:///y\n',
    '3:5: expected each key once',
  ],
  [
    'excessive aliases',
    `a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [${'*a, '.repeat(30)}]\nc: [${'*b, '.repeat(30)}]\n`,
    'expected fewer or simpler aliases',
  ],
])('%s is refused with its place', async (_, content, expected) => {
  expect(await findingsOf(content)).toContain(expected)
})

test('text that is not UTF-8 is refused with the place of the first such byte', async () => {
  expect(await findingsOf(Buffer.from('host: ok\nlocal:\n - aäb\n', 'latin1'))).toContain(
    '3:5: expected UTF-8 text, found another encoding',
  )
  expect(await findingsOf(Buffer.from('\uFEFFhost: ok\n', 'utf16le'))).toContain('found UTF-16')
})

test('a file that is missing, a directory or unreadable is named', async () => {
  const directory = await scratchDirectory()
  const missing = await expectedError(load(join(directory, 'x.conf')))
  expect(missing).toMatchObject({
    code: 'configuration-unreadable',
    status: exitStatus.configuration,
  })
  expect(missing.message).toBe(`The configuration ${join(directory, 'x.conf')} does not exist.`)
  expect((await expectedError(load(directory))).message).toContain('is a directory')
  await symlink('loop', join(directory, 'loop'))
  expect((await expectedError(load(join(directory, 'loop')))).message).toContain('(ELOOP)')
})

test('circular aliases end', async () => {
  expect(await findingsOf(`${database}host: x\nlocal: &x [*x, *x]\n`)).toContain('found nothing')
})

test('two keys that differ and become the same directory name are refused', async () => {
  const message = await findingsOf("databases:\n  1: mysql:///x\n  '1': mysql:///y\n")
  expect(message).toContain('`1` again')
})

test('no database at all says what to write', async () => {
  const message = await findingsOf('global: [a]\n', { DATABASE_URL: '' })
  expect(message).toContain('`SCHEMA_BACKUP_DATABASE` and `DATABASE_URL` are not set')
  expect(message).toContain('database: postgres://')
})
