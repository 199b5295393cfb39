import { expect, test } from 'vitest'
import { findingsOf, loadText } from './support.ts'

const keep = { definers: 'keep', partitions: 'keep', eventStarts: 'keep' }

test('definitions are kept as they are when nothing is said', async () => {
  const { config } = await loadText('database: sqlite:x.db\n')
  expect(config.databases[0]?.texts).toEqual(keep)
})

test("a database's own policies win one by one", async () => {
  const { config, warnings } = await loadText(`definers: {app@localhost: 'owner@%'}
partitions: rotate
event_starts: strip
databases:
  one: mysql://localhost/one
  two: {url: mysql://localhost/two, definers: strip, partitions: keep}
  three: {url: mysql://localhost/three, definers: {'a@b@%': owner@db1, 'reporting@': owner@db1}, event_starts: keep}
`)
  expect(warnings).toEqual([])
  const [one, two, three] = config.databases.map(({ texts }) => texts)
  expect(one).toEqual({
    definers: new Map([['app@localhost', 'owner@%']]),
    partitions: 'rotate',
    eventStarts: 'strip',
  })
  expect(two).toEqual({ definers: 'strip', partitions: 'keep', eventStarts: 'strip' })
  expect(three?.definers).toEqual(
    new Map([
      ['a@b@%', 'owner@db1'],
      ['reporting@', 'owner@db1'],
    ]),
  )
  expect(three).toMatchObject({ partitions: 'rotate', eventStarts: 'keep' })
})

const orAccounts = '`keep`, `strip` or a mapping from account to account'

test.each([
  ['definers: drop', `2:11: \`definers\`: expected ${orAccounts}, found something else`],
  ['definers: 5', `2:11: \`definers\`: expected ${orAccounts}, found a number`],
  ['definers: [strip]', `2:11: \`definers\`: expected ${orAccounts}, found a list`],
  [
    'definers: {app: owner@db1}',
    '2:12: `definers.app`: expected an account, `user@host`, found something else',
  ],
  [
    'definers: {app@db1: owner}',
    '2:21: `definers.app@db1`: expected an account, `user@host`, found something else',
  ],
  [
    'definers: {app@db1: 5}',
    '2:21: `definers.app@db1`: expected an account, `user@host`, found a number',
  ],
  [
    'definers: {a@h: b@h, b@h: c@h}',
    '2:17: `definers.a@h`: expected an account that is not replaced itself, found one that is',
  ],
  [
    'partitions: drop',
    '2:13: `partitions`: expected `keep` or `strip` or `rotate`, found something else',
  ],
  [
    'partitions: true',
    '2:13: `partitions`: expected `keep` or `strip` or `rotate`, found true or false',
  ],
  ['event_starts: rotate', '2:15: `event_starts`: expected `keep` or `strip`, found something'],
  ['event_starts: 3', '2:15: `event_starts`: expected `keep` or `strip`, found a number'],
])('%s is an error with its place', async (line, expected) => {
  const findings = await findingsOf(`database: sqlite:x.db\n${line}\n`)
  expect(findings).toContain(expected)
  expect(findings).toContain('Write for example:')
})

test('a policy of a database has its own place', async () => {
  const findings = await findingsOf(
    `databases:\n  one:\n    url: sqlite:x.db\n    definers: {a@h: b@h, b@h: c@h}\n    partitions: 1\n`,
  )
  expect(findings).toContain('4:21: ')
  expect(findings).toContain('5:17: `databases.one.partitions`')
})
