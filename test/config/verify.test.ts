import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../support/servers.ts'
import { loadConfig } from '../../src/config/load.ts'
import { urlSchemes } from '../../src/engines/index.ts'

async function load(text: string) {
  const file = join(await temporaryDirectory(), 'schema_backup.conf')
  await writeFile(file, text, { mode: 0o600 })
  const environment = { PASSWORD: 'p@ss' }
  return await loadConfig(file, { environment, schemes: urlSchemes })
}

test('a database without a block is verified with its references', async () => {
  const { config } = await load('database: sqlite:shop.db\nhost: h\n')
  expect(config.databases[0]?.verify).toEqual({ skip: false, checkReferences: true })
})

test("a database's own block wins key by key, its url with its password", async () => {
  const { config, warnings } = await load(`host: h
verify: {url: "postgres://top:\${PASSWORD}@localhost/postgres", comment: all}
databases:
  one: postgres://localhost/one
  two:
    url: mysql://localhost/two
    verify: {url: "mysql://two@localhost/mysql", skip: true, enable_ri_check: false}
`)
  const [one, two] = config.databases.map(({ verify }) => verify)
  expect(one).toMatchObject({ skip: false, checkReferences: true, comment: 'all' })
  expect(one?.server?.url).toBe('postgres://top@localhost/postgres')
  expect(await one?.server?.password?.()).toBe('p@ss')
  expect(config.secrets()).toContain('p@ss')
  expect(two).toEqual({
    skip: true,
    checkReferences: false,
    comment: 'all',
    server: { url: 'mysql://two@localhost/mysql' },
  })
  expect(warnings).toEqual([])
})

test.for([
  ['verify: {url: "ftp://h/x"}', "the `url` under `verify` can't be used"],
  ['verify: true', '`verify`: expected a mapping'],
  ['verify: {skip: 1}', '`verify.skip`: expected true or false'],
  ['verify: {url: [a]}', '`verify.url`: expected a text'],
])('%s is an error', async ([line, message]) => {
  const loading = load(`host: h\ndatabase: sqlite:shop.db\n${line ?? ''}\n`)
  await expect(loading).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: expect.stringContaining(message ?? '') as string,
  })
})

test('a key that is nearly right is named', async () => {
  const { warnings } = await load('host: h\ndatabase: sqlite:s.db\nverify: {skipp: true}\n')
  expect(warnings.map(({ code, next }) => `${code} ${next}`)).toEqual([
    expect.stringMatching(/unknown-key.*skip/),
  ])
})
