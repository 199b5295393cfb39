import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { urlSchemes } from '../../src/engines/index.ts'
import { temporaryDirectory } from '../support/servers.ts'

async function load(text: string, mode = 0o600) {
  const file = join(await temporaryDirectory(), 'schema_backup.conf')
  await writeFile(file, text, { mode })
  const environment = { PASSWORD: 'p@ss' }
  return await loadConfig(file, { environment, schemes: urlSchemes })
}

test.each([
  '',
  'restore:\n',
  'restore: {url: "sqlite:x.db"}\n',
  'restore: {allow_restore: false}\n',
])('nothing may be restored with %j', async (block) => {
  const { config } = await load(`database: sqlite:shop.db\nhost: h\n${block}`)
  expect(config.databases[0]?.restore.allowed).toBe(false)
})

test("a database's own block replaces that of the top level as a whole", async () => {
  const { config, warnings } = await load(`host: h
restore: {url: "postgres://top:\${PASSWORD}@localhost/copy", allow_restore: true}
databases:
  one: postgres://localhost/one
  two: {url: mysql://localhost/two, restore: {url: "mysql://two@localhost/copy"}}
`)
  const [one, two] = config.databases.map(({ restore }) => restore)
  expect(one).toMatchObject({ allowed: true, url: 'postgres://top@localhost/copy' })
  expect(await one?.password?.()).toBe('p@ss')
  expect(config.secrets()).toContain('p@ss')
  expect(two).toEqual({ allowed: false, url: 'mysql://two@localhost/copy' })
  expect(warnings).toEqual([])
})

test.each([
  ['restore: {url: "ftp://h/x"}', "the `url` under `restore` can't be used"],
  ['restore: true', '`restore`: expected a mapping'],
  ['restore: {allow_restore: yes please}', '`restore.allow_restore`: expected true or false'],
])('%s is an error', async (block, message) => {
  await expect(load(`database: sqlite:shop.db\nhost: h\n${block}\n`)).rejects.toThrow(message)
})

test('a password in a target that others can read is told', async () => {
  const text = 'database: sqlite:x.db\nhost: h\nrestore: {url: "mysql://u:plain@localhost/x"}\n'
  const { warnings } = await load(text, 0o644)
  expect(warnings).toMatchObject([{ code: 'readable-password' }])
})
