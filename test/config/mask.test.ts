import { expect, test } from 'vitest'
import { loadText } from './support.ts'

test('a database has its own masks beside those of the top level; of the same entry its own counts', async () => {
  const { config, warnings } = await loadText(`user_data_backup_dir: ../private
mask:
  users.email: hash
  users.phone: null
  users.fax:
  users.name: 'null'
  users.method: {text: hash}
databases:
  one: sqlite:one.db
  two:
    url: sqlite:two.db
    mask: {users.email: nobody, other.word: ''}
`)
  const [one, two] = config.databases.map(({ masks = [] }) =>
    masks.map(({ text, mask, where }) => [text, mask, where.replace(/^.*\.conf/, '')]),
  )
  const shared = [
    ['users.phone', { kind: 'null' }, ':4:3'],
    ['users.fax', { kind: 'null' }, ':5:3'],
    ['users.name', { kind: 'text', text: 'null' }, ':6:3'],
    ['users.method', { kind: 'text', text: 'hash' }, ':7:3'],
  ]
  expect(one).toEqual([['users.email', { kind: 'hash' }, ':3:3'], ...shared])
  expect(two).toEqual([
    ['users.email', { kind: 'text', text: 'nobody' }, ':12:12'],
    ['other.word', { kind: 'text', text: '' }, ':12:33'],
    ...shared,
  ])
  expect(warnings).toEqual([])
})

test('a database without masks has none', async () => {
  const { config } = await loadText('database: {url: "sqlite:one.db", mask: null}\nmask:\n')
  expect(config.databases[0]?.masks).toBeUndefined()
})
