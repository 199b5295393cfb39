import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatMessage } from '../../src/git/message.ts'
import type { MessageParts } from '../../src/git/message.ts'
import { git, open, temporaryDirectory } from './support.ts'

const parts: MessageParts = {
  host: 'db1.example.org',
  database: 'csv2',
  version: '0.1.0',
  changes: ['csv2_user +email', 'csv2_configuration 2 rows'],
  details: ['table csv2_user: column email added', 'rows of csv2_configuration: 2 changed'],
}

test('the message of the documentation', () => {
  expect(formatMessage(parts)).toBe(
    `db1.example.org/csv2: csv2_user +email, csv2_configuration 2 rows

* table csv2_user: column email added
* rows of csv2_configuration: 2 changed

Schema-Backup-Host: db1.example.org
Schema-Backup-Database: csv2
Schema-Backup-Version: 0.1.0
`,
  )
})

test.each([
  [
    Array.from({ length: 30 }, (_, number) => `table_${number}`),
    'db1.example.org/csv2: table_0, table_1, table_2, table_3 and 26 more',
  ],
  [['x'.repeat(100)], `db1.example.org/csv2: ${'x'.repeat(49)}…`],
  [['x'.repeat(100), 'y'], `db1.example.org/csv2: ${'x'.repeat(38)}… and 1 more`],
  [[], 'db1.example.org/csv2: snapshot'],
  [['a\n# b\u202e'], 'db1.example.org/csv2: a\\n# b\\u{202e}'],
])('the first line of %j', (changes, subject) => {
  expect(formatMessage({ ...parts, changes }).split('\n')[0]).toBe(subject)
})

test('long details are wrapped, with the next lines indented', () => {
  const detail = Array.from({ length: 20 }, () => 'columns').join(' ')
  const lines = formatMessage({ ...parts, details: [detail] })
    .split('\n')
    .slice(2, 5)
  expect(lines).toEqual([
    `* ${Array.from({ length: 8 }, () => 'columns').join(' ')}`,
    `  ${Array.from({ length: 8 }, () => 'columns').join(' ')}`,
    '  columns columns columns columns',
  ])
})

test('git reads back three trailers and one subject, whatever the names are', async () => {
  await using directory = await temporaryDirectory()
  const repository = await open(directory.path)
  const file = await repository.storeFile({ bytes: Buffer.from('a') })
  const odd = fc.string({ unit: 'binary', maxLength: 80 })
  const nasty = fc.constantFrom(
    '\nSigned-off-by: x',
    '# x',
    '---',
    '------------------------ >8 ------------------------',
    ' ',
    '\0',
    'a: b',
    '(cherry picked from commit x)',
  )
  const name = fc.oneof(odd, nasty)
  const names = fc.record({
    host: name,
    database: name,
    version: fc.constant('0.1.0'),
    changes: fc.array(name, { maxLength: 5 }),
    details: fc.array(name, { maxLength: 5 }),
  })
  const keys = 'Schema-Backup-Host\nSchema-Backup-Database\nSchema-Backup-Version'
  await fc.assert(
    fc.asyncProperty(names, async (random) => {
      const message = formatMessage(random)
      expect(Array.from(message.split('\n')[0] ?? '').length).toBeLessThanOrEqual(72)
      const done = await repository.commit({
        subtree: 'h/d',
        files: new Map([[`f${Math.random()}`, file]]),
        message,
        time: new Date(),
      })
      const commit = done?.commit ?? ''
      const trailers = await git(
        directory.path,
        'log',
        '-1',
        '--format=%(trailers:keyonly)%x00%s',
        commit,
      )
      expect(trailers).toBe(`${keys}\n\0${message.split('\n')[0] ?? ''}\n`)
      // An editor session of the user (amend) takes nothing away.
      await writeFile(join(directory.path, '.git/message'), message)
      const raw = await git(directory.path, 'log', '-1', '--format=%B', commit)
      expect(raw.trimEnd()).toBe(message.trimEnd())
      expect(message.split('\n').some((line) => line.startsWith('#'))).toBe(message.startsWith('#'))
    }),
    { numRuns: 40 },
  )
  expect(await git(directory.path, 'fsck', '--strict', '--full')).toBe('')
})
