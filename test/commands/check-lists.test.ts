import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test } from '../cli/project.ts'
import { createDatabase, dropDatabase, runSql, runSqlite } from '../support/databases.ts'
import { servers } from '../support/servers.ts'

describe('check', () => {
  test('asks for no privilege on rows that no run reads', async ({ project }) => {
    const server = servers().postgres15
    const database = createDatabase(server)
    const user = `odd " ${database}`
    const role = `"${user.replace('"', '""')}"`
    try {
      runSql(
        server,
        database,
        `CREATE ROLE ${role} LOGIN PASSWORD 'unguessed';
        CREATE TABLE settings (id integer PRIMARY KEY); CREATE TABLE users (id integer PRIMARY KEY);
        CREATE TABLE sessions (id integer); CREATE TABLE obsolete (id integer);
        GRANT SELECT ON settings TO ${role}`,
      )
      const login = `${encodeURIComponent(user)}:unguessed`
      const url = `postgres://${login}@${server.host}:${server.port}/${database}`
      const configure = () => {
        project.configure(
          `database: { url: "${url}", name: shop }\nglobal: [settings]\nlocal: [users]\nephemeral: [sessions]\nignore: [obsolete]\n`,
        )
      }
      configure()
      const { status, stdout } = await project.run(['check'])
      expect(status).toBe(1)
      expect(stdout.match(/^error: .*/gm)).toEqual([
        `error: db.example.org/shop: The user ${user} may not read the rows of public.users.`,
      ])
      const failed = await project.run()
      expect(failed.status).toBe(2)
      const advice = /^ {2}Run: (.*) \(or /m
      expect(advice.exec(failed.stderr)?.[1]).toBe(advice.exec(stdout)?.[1])

      runSql(server, database, advice.exec(stdout)?.[1] ?? '')
      expect((await project.run(['check'])).stdout).not.toContain('error:')
      await project.succeed()
    } finally {
      dropDatabase(server, database)
      runSql(server, 'postgres', `DROP ROLE ${role}`)
    }
  })

  test('finds nothing wrong with lists that databases share', async ({ project }) => {
    runSqlite(join(project.directory, 'wiki.db'), 'CREATE TABLE pages (id INTEGER PRIMARY KEY)')
    const lists = (global: string) =>
      `global: [${global}]\nlocal: [users]\nephemeral: [sessions]\nignore: [obsolete, scratch]\n`
    const databases = 'databases: { shop: sqlite:../shop.db, wiki: sqlite:../wiki.db }\n'
    project.configure(databases + lists('countries, settings, pages'))
    expect((await project.succeed(['check'])).stdout).toContain('0 errors, 0 warnings')

    project.configure(databases + lists('countries, settings, pages, gone'))
    const { status, stdout } = await project.run(['check'])
    expect(status).toBe(1)
    expect(stdout.match(/^warning: .*/gm)).toEqual([
      expect.stringContaining('`global` names the table "gone"'),
    ])
  })
})
