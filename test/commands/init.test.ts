import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { init, type InitPorts } from '../../src/commands/init.ts'
import { loadConfig } from '../../src/config/load.ts'
import { urlSchemes } from '../../src/engines/index.ts'
import type { Environment } from '../../src/model.ts'
import { expectedError } from '../config/support.ts'
import { servers, temporaryDirectory } from '../support/servers.ts'

const oddName = 'odd "${X}" *: # name\n- x'

const statements = [
  'CREATE TABLE users (id integer PRIMARY KEY, name varchar(20))',
  'CREATE TABLE countries (code char(2) PRIMARY KEY)',
  'CREATE TABLE settings (name varchar(20) PRIMARY KEY, smtp_password varchar(20))',
  'CREATE TABLE sessions (id integer PRIMARY KEY)',
  'CREATE TABLE film (id integer PRIMARY KEY)',
  "INSERT INTO users VALUES (1, 'canary')",
]

const proposals = {
  countries: 'global',
  film: 'local',
  sessions: 'ephemeral',
  settings: 'local',
  users: 'local',
}

async function shopFile(): Promise<string> {
  const directory = await temporaryDirectory()
  using database = new DatabaseSync(join(directory, 'shop.db'))
  for (const statement of statements) database.exec(statement)
  database.exec(`CREATE TABLE "${oddName.replaceAll('"', '""')}" (id integer)`)
  return directory
}

const ports = (workingDirectory: string, environment: Environment = {}): InitPorts => ({
  environment,
  workingDirectory,
})

/** Table → category, as the program itself reads the file. */
async function categoriesOf(file: string, environment: Environment = {}) {
  const { config, warnings } = await loadConfig(file, {
    environment,
    host: 'h',
    schemes: urlSchemes,
  })
  expect(warnings).toEqual([])
  const [database] = config.databases
  const lists = database?.categories.map(({ text, list }): [string, string] => [text, list])
  return { database, categories: Object.fromEntries(lists ?? []) }
}

test('a configuration for a file is written, and is one that the program reads', async () => {
  const directory = await shopFile()
  const result = await init({ url: 'sqlite:shop.db', yes: true }, ports(directory))
  expect(result.file).toBe(join(directory, 'etc/schema_backup.conf'))
  expect(await readFile(result.file, 'utf8')).toBe(result.text)
  const { database, categories } = await categoriesOf(result.file)
  expect(database).toMatchObject({ name: 'shop', url: `sqlite:${directory}/shop.db` })
  expect(categories).toEqual({ ...proposals, [oddName]: 'local' })
  expect(result.text).toMatch(/^ {2}- users {2}# about 1 row, \d+ KiB; "user" in its name$/m)
  expect(result.text).toMatch(/^ {2}- settings {2}# .*; a column "smtp_password"$/m)
  expect(result.text).not.toContain('canary')
})

test('nothing is ever written over', async () => {
  const directory = await shopFile()
  await mkdir(join(directory, 'etc'))
  await writeFile(join(directory, 'etc/schema_backup.conf'), 'mine')
  const error = await expectedError(init({ url: 'sqlite:shop.db', yes: true }, ports(directory)))
  expect(error).toMatchObject({ code: 'file-exists', status: 64 })
  expect(await readFile(join(directory, 'etc/schema_backup.conf'), 'utf8')).toBe('mine')
  const output = join(directory, 'new.conf')
  const { file } = await init(
    { url: 'sqlite:shop.db', yes: true, output: 'new.conf' },
    ports(directory),
  )
  expect(file).toBe(output)
})

test('a place that can hold no file is told as such', async () => {
  const directory = await shopFile()
  const request = { url: 'sqlite:shop.db', yes: true, output: 'shop.db/new.conf' }
  expect(await expectedError(init(request, ports(directory)))).toMatchObject({
    code: 'not-writable',
    message: expect.stringContaining('shop.db/new.conf') as string,
  })
})

test('a person is asked for each table; a skipped one stands in a comment', async () => {
  const directory = await shopFile()
  const questions: string[] = []
  // "x" is no answer, so users is asked for again.
  const answers = ['', 'Local', 'ig', 'skip', 'g', 'x', 'e']
  const ask = (question: string) => {
    questions.push(question)
    return Promise.resolve(answers[questions.length - 1] ?? '')
  }
  const { file, text } = await init(
    { url: 'sqlite:shop.db', yes: false },
    { ...ports(directory), ask },
  )
  const subjects = questions.map((question) => question.split(' (')[0])
  expect(subjects).toEqual(['countries', 'film', oddName, 'sessions', 'settings', 'users', 'users'])
  expect(questions[0]).toContain('[global]')
  const { categories } = await categoriesOf(file)
  expect(categories).toEqual({
    countries: 'global',
    film: 'local',
    [oddName]: 'ignore',
    settings: 'global',
    users: 'ephemeral',
  })
  expect(text).toMatch(/^# {2}- sessions {2}# /m)
})

test('without a terminal and without --yes nothing is asked, read or written', async () => {
  const directory = await shopFile()
  const error = await expectedError(init({ url: 'sqlite:shop.db', yes: false }, ports(directory)))
  expect(error).toMatchObject({ code: 'nobody-to-ask', status: 64 })
})

test.each(['mysql://h', 'csv2', 'mysql://u:canary#@h/a', 'mysql://u:${CANARY}@h/a'])(
  'the URL %s is refused without being quoted',
  async (url) => {
    const error = await expectedError(init({ url, yes: true }, ports(await temporaryDirectory())))
    expect(error).toMatchObject({ code: 'invalid-url', status: 64 })
    expect(error.message).not.toContain('canary')
  },
)

test('a password is used and not written: a variable stands in its place', async () => {
  const server = servers().mariadb
  await using connection = await createConnection(server.url('mysql'))
  await connection.query('CREATE DATABASE init_shop')
  await connection.query('USE init_shop')
  for (const statement of statements) await connection.query(statement)

  const directory = await temporaryDirectory()
  const { file, text, secretVariables } = await init(
    { url: server.url('init_shop'), yes: true },
    ports(directory),
  )
  expect(secretVariables).toEqual(['SCHEMA_BACKUP_PASSWORD'])
  expect(server.password).not.toBe('')
  expect(text).not.toContain(server.password)
  expect(text).toContain('The environment variable SCHEMA_BACKUP_PASSWORD must be set')
  const environment = { SCHEMA_BACKUP_PASSWORD: server.password }
  const { database, categories } = await categoriesOf(file, environment)
  expect(categories).toEqual(proposals)
  expect(database?.name).toBe('init_shop')
  expect(await database?.password?.()).toBe(server.password)
})

test('tables of an engine with schemas are listed with theirs, partitions are not', async () => {
  const server = servers().postgres15
  const client = new Client({ connectionString: server.url('postgres') })
  await client.connect()
  await client.query('CREATE DATABASE init_shop')
  await client.end()
  const shop = new Client({ connectionString: server.url('init_shop') })
  await shop.connect()
  for (const statement of statements) await shop.query(statement)
  await shop.query(
    'CREATE SCHEMA "a.b"; CREATE TABLE "a.b".country_log (id integer) PARTITION BY LIST (id)',
  )
  await shop.query('CREATE TABLE "a.b".one PARTITION OF "a.b".country_log FOR VALUES IN (1)')
  await shop.end()

  const url = server.url('init_shop').replace(encodeURIComponent(server.password), '${PW}')
  const environment = { PW: server.password }
  const directory = await temporaryDirectory()
  const { file, text } = await init({ url, yes: true }, ports(directory, environment))
  expect(text).toContain(':${PW}@')
  const { categories } = await categoriesOf(file, environment)
  const qualified = Object.entries(proposals).map(([name, list]) => [`public.${name}`, list])
  expect(categories).toEqual({ ...Object.fromEntries(qualified), 'a.b.country_log': 'ephemeral' })
})
