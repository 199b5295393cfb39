import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { host, lists, test, type Project } from '../cli/project.ts'
import { committedPaths, placedPaths, subjects, treeOf } from '../cli/witness.ts'
import { createDatabase, runSql } from '../support/databases.ts'
import { servers, type Server } from '../support/servers.ts'

const tables = `CREATE TABLE countries (code varchar(9) PRIMARY KEY, name varchar(20));
CREATE TABLE settings (id integer PRIMARY KEY, value varchar(20));
INSERT INTO countries VALUES ('de', 'Germany');
INSERT INTO settings VALUES (1, 'dark');
`

/** Each kind of server, started when its test begins. */
const kinds: readonly (readonly [name: string, server: () => Server])[] = [
  ['mariadb', () => servers().mariadb],
  ['postgres', () => servers().postgres15],
]

/** An account of a server that may read what is granted to it. */
function createAccount(
  server: Server,
  database: string,
  granted: readonly string[],
): { user: string; password: string } {
  const account = { user: `reader_${database.slice(-12)}`, password: 'reader' }
  if (server.name === 'mariadb') {
    runSql(
      server,
      database,
      `CREATE USER ${account.user}@'127.0.0.1' IDENTIFIED BY '${account.password}';`,
    )
    for (const table of granted) {
      runSql(
        server,
        database,
        `GRANT SELECT ON \`${database}\`.${table} TO ${account.user}@'127.0.0.1';`,
      )
    }
  } else {
    runSql(server, database, `CREATE ROLE ${account.user} LOGIN PASSWORD '${account.password}';`)
    for (const table of granted)
      runSql(server, database, `GRANT SELECT ON ${table} TO ${account.user};`)
  }
  return account
}

function urlOf(
  server: Server,
  database: string,
  account: { user: string; password: string } = server,
  tail = '',
): string {
  const [scheme = ''] = server.url(database).split(':')
  const login = `${account.user}:${encodeURIComponent(account.password)}`
  return `${scheme}://${login}@${server.host}:${server.port}/${database}${tail}`
}

/** Runs with a URL and expects a failure that touches nothing. */
async function expectRefused(project: Project, url: string, code: string): Promise<string> {
  project.configure(`database: {name: shop, url: '${url}'}\n${lists}`)
  const before = treeOf(join(project.shared, host))
  const ended = await project.run()
  expect([ended.status, ended.stdout]).toEqual([2, ''])
  expect(ended.stderr).toMatch(new RegExp(`^${host}/shop: error \\[${code}\\] .+\\n  .+\\n$`))
  expect(treeOf(join(project.shared, host))).toEqual(before)
  return ended.stderr
}

describe.concurrent('a server', () => {
  test.for(kinds)(
    '%s: that can not be reached or refuses is told with what to do',
    async ([, start], { project }) => {
      const server = start()
      const database = createDatabase(server)
      const wrong = await expectRefused(
        project,
        urlOf(server, database, { user: server.user, password: 'canary-wrong' }),
        'authentication-failed',
      )
      expect(wrong).not.toContain('canary-wrong')
      await expectRefused(project, urlOf(server, 'no_such_database'), 'unknown-database')
      await expectRefused(project, urlOf({ ...server, port: 1 }, database), 'connection-refused')
      await expectRefused(
        project,
        urlOf({ ...server, host: 'no-such-host.invalid' }, database),
        'host-unknown',
      )
      const tls = server.name === 'mariadb' ? '?ssl-mode=verify-identity' : '?sslmode=verify-full'
      await expectRefused(project, urlOf(server, database, server, tls), 'tls-refused')
    },
  )

  test.for(kinds)(
    '%s: a table that may not be read is named and never becomes an empty file',
    async ([, start], { project }) => {
      const server = start()
      const database = createDatabase(server)
      runSql(server, database, tables)
      const settings = (url: string) =>
        `database: {name: shop, url: '${url}'}\nglobal: [countries, settings]\n`
      project.configure(settings(urlOf(server, database)))
      expect((await project.run()).status).toBe(0)
      const before = committedPaths(project.shared)
      const account = createAccount(server, database, ['countries'])
      project.configure(settings(urlOf(server, database, account)))
      const ended = await project.run()
      expect([2, 3]).toContain(ended.status)
      expect(ended.stdout + ended.stderr).toContain('settings')
      const check = await project.run(['check'])
      expect(check.status).toBe(1)
      expect(check.stdout).toContain('settings')
      expect(committedPaths(project.shared)).toEqual(before)
      const rows = placedPaths(project.shared).filter((path) => path.endsWith('settings.csv'))
      for (const path of rows)
        expect(readFileSync(join(project.shared, path), 'utf8')).toBe('id,value\n1,dark\n')
    },
  )

  test.for(kinds)('%s: an empty database is a snapshot', async ([, start], { project }) => {
    const server = start()
    project.configure(`database: {name: shop, url: '${urlOf(server, createDatabase(server))}'}\n`)
    await project.succeed()
    expect(committedPaths(project.shared)).toContain(`${host}/shop/database.yaml`)
    expect(committedPaths(project.shared).filter((path) => path.includes('/tables/'))).toEqual([])
    await project.succeed()
    expect(subjects(project.shared)).toHaveLength(1)
  })

  test('tables without columns keep their rows', async ({ project }) => {
    const server = servers().postgres15
    const database = createDatabase(server)
    runSql(
      server,
      database,
      'CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES; INSERT INTO nothing DEFAULT VALUES; CREATE TABLE none ()',
    )
    project.configure(
      `database: {name: shop, url: '${urlOf(server, database)}'}\nglobal: [nothing, none]\n`,
    )
    await project.succeed()
    const lines = (name: string) => project.file(`public/tables/${name}.csv`).split('\n').length
    expect(lines('nothing') - lines('none')).toBe(2)
    await project.succeed()
    runSql(server, database, 'INSERT INTO nothing DEFAULT VALUES')
    await project.succeed()
    expect(subjects(project.shared)).toHaveLength(2)
  })

  test.for(kinds)(
    '%s: counters alone make no commit and touch no file',
    async ([, start], { project }) => {
      const server = start()
      const database = createDatabase(server)
      const identity =
        server.name === 'mariadb'
          ? 'integer AUTO_INCREMENT'
          : 'integer GENERATED BY DEFAULT AS IDENTITY'
      runSql(
        server,
        database,
        `CREATE TABLE settings (id ${identity} PRIMARY KEY, value varchar(9)); INSERT INTO settings (value) VALUES ('a');
      CREATE SEQUENCE numbers;`,
      )
      project.configure(
        `database: {name: shop, url: '${urlOf(server, database)}'}\nglobal: [settings, numbers]\n`,
      )
      await project.succeed()
      const before = treeOf(project.shared)
      const next =
        server.name === 'mariadb' ? 'SELECT NEXTVAL(numbers)' : "SELECT nextval('numbers')"
      runSql(
        server,
        database,
        `INSERT INTO settings (value) VALUES ('b'); DELETE FROM settings WHERE value = 'b'; ${next};`,
      )
      expect((await project.succeed()).stdout).toBe('')
      expect(treeOf(project.shared)).toEqual(before)
      runSql(server, database, "UPDATE settings SET value = 'c'")
      await project.succeed()
      expect(
        project.git('show', '--format=', '--name-only', 'HEAD').match(/counters/g)?.length,
      ).toBe(2)
    },
  )
})

describe.concurrent('a file', () => {
  test('that is damaged or no database is told; the last snapshot stays', async ({ project }) => {
    project.sql(
      "INSERT INTO countries SELECT 'c' || value, hex(randomblob(400)) FROM generate_series(1, 300)",
    )
    await project.succeed()
    const before = treeOf(join(project.shared, host))
    const whole = readFileSync(project.database)
    const damages: readonly (() => void)[] = [
      () => {
        writeFileSync(
          project.database,
          'canary-local: this is no database, and longer than a header. '.repeat(20),
        )
      },
      () => {
        truncateSync(project.database, 8192)
      },
      () => {
        writeFileSync(
          project.database,
          Buffer.concat([whole.subarray(0, 4096), Buffer.alloc(whole.length - 4096, 0xa5)]),
        )
      },
    ]
    for (const damage of damages) {
      writeFileSync(project.database, whole)
      damage()
      const ended = await project.run()
      expect([ended.status, ended.stdout]).toEqual([2, ''])
      expect(ended.stderr).not.toMatch(/\[bug\]|canary/)
      expect(ended.stderr).toContain(project.database)
      expect(treeOf(join(project.shared, host))).toEqual(before)
    }
    writeFileSync(project.database, whole)
    await project.succeed()
    expect(subjects(project.shared)).toHaveLength(1)
  })

  test('that is empty is an empty database', async ({ newProject }) => {
    const project = await newProject('')
    writeFileSync(project.database, '')
    await project.succeed()
    expect(committedPaths(project.shared)).toContain(`${host}/shop/database.yaml`)
  })
})
