import { afterAll, describe, expect } from 'vitest'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { host, lists, shop, test, type Project } from '../cli/project.ts'
import { subjects, touchStates } from '../cli/witness.ts'
import { createDatabase, dropDatabase, runSql } from '../support/databases.ts'
import { servers } from '../support/servers.ts'

/** Runs a snapshot that a guard must hold: nothing may have changed. */
async function expectHeld(project: Project, words: readonly string[] = []): Promise<string> {
  const before = [touchStates(project.shared), touchStates(project.private)]
  const { status, stdout, stderr } = await project.run(words)
  expect({ status, stderr }, stdout).toEqual({ status: 3, stderr: '' })
  expect([touchStates(project.shared), touchStates(project.private)]).toEqual(before)
  return stdout
}

const insertMany = (count: number): string => `
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
  INSERT INTO countries SELECT 'x' || i, 'country ' || i FROM n;`

describe.concurrent('a commit is held', () => {
  test('when a global table lost all its rows, and made when that is accepted', async ({
    project,
  }) => {
    await project.succeed()
    project.sql("DELETE FROM countries; INSERT INTO users (email) VALUES ('c@example.org')")
    const stdout = await expectHeld(project)
    expect(stdout).toContain('held, nothing was committed')
    expect(stdout).toContain('  countries -2 rows\n')
    expect(stdout).toContain('  held: The table countries lost all of its 2 rows.\n')
    expect(stdout).toContain('schema_backup --database shop --accept-shrink countries\n')
    await expectHeld(project, ['--accept-shrink', 'settings'])
    const accepted = await project.succeed(['--database', 'shop', '--accept-shrink', 'countries'])
    expect(accepted.stdout).toContain('committed')
    expect(subjects(project.shared)[0]).toBe(`${host}/shop: countries -2 rows`)
    expect(project.file('tables/users.csv', project.private)).toContain('c@example.org')
    expect((await project.succeed()).stdout).toBe('')
  })

  test('when a larger share of many rows is gone than the limit, and not before', async ({
    newProject,
  }) => {
    const project = await newProject(shop + insertMany(38))
    await project.succeed()
    project.sql("DELETE FROM countries WHERE rowid % 2 = 0 OR code = 'x1'")
    const stdout = await expectHeld(project)
    expect(stdout).toContain('held: The table countries lost 21 of its 40 rows.\n')
    project.sql("INSERT INTO countries VALUES ('x1', 'country 1')")
    await project.succeed()
    project.configure(`database: sqlite:../shop.db\nshrink_guard: {rows_percent: 4}\n${lists}`)
    project.sql("DELETE FROM countries WHERE code = 'x1'")
    expect(await expectHeld(project)).toContain('lost 1 of its 20 rows')
  })

  test('but not for a share of few rows, a table that was dropped, or one in another list', async ({
    newProject,
  }) => {
    const project = await newProject(`${shop} CREATE TABLE more (a); INSERT INTO more VALUES (1);`)
    const withMore = lists.replace('global: [', 'global: [more, ')
    project.configure(`database: sqlite:../shop.db\n${withMore}`)
    await project.succeed()
    project.sql("DELETE FROM countries WHERE code = 'de'; DROP TABLE more")
    await project.succeed()
    project.configure(
      `database: sqlite:../shop.db\n${lists.replace('settings', 'other').replace('sessions', 'sessions, settings')}`,
    )
    await project.succeed()
    expect(existsSync(join(project.shared, host, 'shop', 'tables', 'settings.csv'))).toBe(false)
  })

  test('when a local table lost its rows: there is no other copy of them', async ({ project }) => {
    await project.succeed()
    project.sql('DELETE FROM users')
    expect(await expectHeld(project)).toContain('held: The table users lost all of its 2 rows.\n')
    await project.succeed(['--accept-shrink', 'users'])
    expect(project.file('tables/users.csv', project.private)).toBe('id,email\n')
  })

  test('when a local table is dropped, or leaves the list: its rows would go for good', async ({
    project,
  }) => {
    await project.succeed()
    project.configure(
      `database: sqlite:../shop.db\n${lists.replace('local: [users]', 'local: []')}`,
    )
    expect(await expectHeld(project)).toContain('held: The table users lost all of its 2 rows.\n')
    project.configure(`database: sqlite:../shop.db\n${lists}`)
    project.sql('DROP TABLE users')
    expect(await expectHeld(project)).toContain('held: The table users lost all of its 2 rows.\n')
    await project.succeed(['--accept-shrink', 'users'])
    expect(existsSync(join(project.private, host, 'shop', 'tables', 'users.csv'))).toBe(false)
  })

  test('when a local table lost most rows and its file grew all the same', async ({
    newProject,
  }) => {
    const project = await newProject(
      `${shop} WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO users SELECT i, 'e' FROM n;`,
    )
    await project.succeed()
    project.sql(
      'DELETE FROM users WHERE id > 10; UPDATE users SET email = hex(randomblob(5000)) WHERE id = 10',
    )
    expect(await expectHeld(project)).toContain('held: The table users lost 50 of its 53 rows.\n')
  })

  test('never before a replacement, which keeps the private rows that it may bring back', async ({
    project,
  }) => {
    project.configure(`database: sqlite:../shop.db\nrestore: {allow_restore: true}\n${lists}`)
    await project.succeed()
    project.sql('DELETE FROM users; DELETE FROM countries')
    const words = ['restore', '--to', 'sqlite:shop.db', '--replace', '--confirm', 'shop.db']
    const broken = `${project.file('tables/countries.csv')}fr,Again\n`
    project.write(`schema_backup/${host}/shop/tables/countries.csv`, broken)
    expect((await project.run(words)).status).toBe(2)
    expect(project.file('tables/users.csv', project.private)).toContain('canary-local')
    await project.succeed([...words, '--at', 'HEAD~1'])
    expect(project.sql('SELECT count(*) FROM users')).toBe('2\n')
    expect(project.file('tables/users.csv', project.private)).toContain('canary-local')
  })

  test('when most objects are gone', async ({ newProject }) => {
    const tables = Array.from({ length: 30 }, (_, number) => `t${number}`)
    const project = await newProject(tables.map((name) => `CREATE TABLE ${name} (a);`).join(''))
    const { stdout } = await project.succeed(['--verbose'])
    expect(stdout).toContain('committed')
    project.sql(
      tables
        .slice(0, 15)
        .map((name) => `DROP TABLE ${name};`)
        .join(''),
    )
    await project.succeed()
    project.sql(
      tables
        .slice(15)
        .map((name) => `DROP TABLE ${name};`)
        .join(''),
    )
    expect(await expectHeld(project)).toContain(
      'held: The database shop lost all of its 15 objects.',
    )
    await project.succeed(['--accept-shrink', 'shop'])
  })

  test('and says so under cron, in a dry run and as JSON', async ({ project }) => {
    await project.succeed()
    project.sql('DELETE FROM countries')
    const quiet = await project.run(['--quiet'])
    expect(quiet).toMatchObject({ status: 3, stdout: '' })
    expect(quiet.stderr).toContain(`${host}/shop: held (status 3):\n  held: The table countries`)
    expect((await expectHeld(project, ['--dry-run'])).match(/held: /g)).toHaveLength(1)
    const json = await expectHeld(project, ['--json'])
    expect(JSON.parse(json)).toMatchObject({
      status: 3,
      databases: [
        {
          outcome: 'held',
          held: [{ name: 'countries', message: 'The table countries lost all of its 2 rows.' }],
        },
      ],
    })
  })

  test('never when the guard is off', async ({ project }) => {
    project.configure(`database: sqlite:../shop.db\nshrink_guard: {enabled: false}\n${lists}`)
    await project.succeed()
    project.sql('DELETE FROM countries; DELETE FROM users')
    await project.succeed()
  })
})

describe('a commit is held', () => {
  const databases: (() => void)[] = []
  afterAll(() => {
    for (const drop of databases) drop()
  })

  test('when a table can’t be seen any more', async ({ newProject }) => {
    const server = servers().mariadb
    const database = createDatabase(server)
    const account = `${database}_reader`
    databases.push(() => {
      dropDatabase(server, database)
      runSql(server, 'mysql', `DROP USER '${account}'@'%'`)
    })
    runSql(
      server,
      database,
      `CREATE TABLE kept (id INT PRIMARY KEY); CREATE TABLE hidden (id INT PRIMARY KEY); INSERT INTO hidden VALUES (1);
       CREATE USER '${account}'@'%'; GRANT SELECT ON ${database}.kept TO '${account}'@'%';
       GRANT SELECT ON ${database}.hidden TO '${account}'@'%'; GRANT SELECT ON mysql.* TO '${account}'@'%'; GRANT PROCESS ON *.* TO '${account}'@'%'`,
    )
    const project = await newProject('')
    const url = new URL(server.url(database))
    url.username = account
    url.password = ''
    project.configure(`database: {url: '${url.href}', name: shop}\nglobal: [kept, hidden]\n`)
    const { stderr } = await project.run()
    expect(stderr).toBe('')
    expect(project.file('tables/hidden.csv')).toBe('id\n1\n')
    runSql(server, 'mysql', `REVOKE SELECT ON ${database}.hidden FROM '${account}'@'%'`)
    expect(await expectHeld(project)).toContain(
      "held: The table hidden was in the last snapshot and can't be captured any more",
    )
    runSql(
      server,
      'mysql',
      `GRANT SELECT ON ${database}.hidden TO '${account}'@'%'; REVOKE SELECT ON mysql.* FROM '${account}'@'%'`,
    )
    expect(await expectHeld(project)).toContain(
      `held: The role ${account}@% was in the last snapshot and can't be captured any more`,
    )
  })

  test('when the account may not read password hashes any more', async ({ newProject }) => {
    const server = servers().postgres15
    const database = createDatabase(server)
    const [reader, role] = [`${database}_reader`, `${database}_role`]
    databases.push(() => {
      dropDatabase(server, database)
      runSql(server, 'postgres', `DROP ROLE ${reader}; DROP ROLE ${role}`)
    })
    runSql(
      server,
      database,
      `CREATE ROLE ${reader} LOGIN SUPERUSER PASSWORD 'reader-password'; CREATE ROLE ${role} LOGIN PASSWORD 'p';
       CREATE TABLE t (a integer); GRANT SELECT ON t TO ${role}`,
    )
    const project = await newProject('')
    const url = new URL(server.url(database))
    url.username = reader
    url.password = 'reader-password'
    project.configure(`database: {url: '${url.href}', name: shop}\nlocal: [t]\n`)
    await project.succeed()
    const secrets = `roles/${role}.secrets.sql`
    expect(project.file(secrets, project.private)).toContain('SCRAM-SHA-256')
    runSql(server, database, `ALTER ROLE ${reader} NOSUPERUSER; GRANT SELECT ON t TO ${reader}`)
    expect(await expectHeld(project, ['--verbose'])).toContain(
      `held: The passwords of the role ${role} were kept and can't be read any more.\n`,
    )
    await project.succeed(['--accept-shrink', role])
    expect(existsSync(join(project.private, host, 'shop', secrets))).toBe(false)
  })
})
