import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { createConnection } from 'mysql2/promise'
import { describe, expect, vi } from 'vitest'
import { host, lists, test, type Project } from '../cli/project.ts'
import { subjects, treeOf } from '../cli/witness.ts'
import { createDatabase, runSql } from '../support/databases.ts'
import { servers, type Server } from '../support/servers.ts'

const journal = 'CREATE TABLE journal (id integer PRIMARY KEY AUTOINCREMENT, what text);'
const note = (what: string) => `"INSERT INTO journal (what) VALUES ('${what}')"`
const statements = `pause: [${note('pause 1')}, ${note('pause 2')}]
resume: [${note('resume 1')}, ${note('resume 2')}]
`
const all = ['pause 1', 'pause 2', 'resume 1', 'resume 2']
const settings = `database: sqlite:../shop.db\n${lists.replace('countries', 'countries, journal')}`

function journalOf(project: Project): readonly string[] {
  return project.sql('SELECT what FROM journal ORDER BY id').split('\n').slice(0, -1)
}

async function until(condition: () => Promise<void> | void): Promise<void> {
  await vi.waitFor(condition, { timeout: 30_000, interval: 30 })
}

describe.concurrent('pause and resume', () => {
  test('run around the read, in order, after pause_interval seconds', async ({ project }) => {
    project.sql(journal)
    project.configure(`${settings}${statements}pause_interval: 1\n`)
    const started = performance.now()
    await project.succeed()
    expect(performance.now() - started).toBeGreaterThan(1000)
    expect(journalOf(project)).toEqual(all)
    expect(project.file('tables/journal.csv')).toBe('id,what\n1,pause 1\n2,pause 2\n')
  })

  test('are not run by --dry-run and check', async ({ project }) => {
    project.sql(journal)
    project.configure(settings + statements)
    await project.succeed(['--dry-run'])
    await project.run(['check'])
    expect(journalOf(project)).toEqual([])
  })

  test('resume also after a pause statement or the read failed', async ({ project }) => {
    project.sql(journal)
    project.configure(`${settings}${statements.replace(note('pause 2'), '"NO SQL"')}`)
    const statement = await project.run()
    expect([statement.status, statement.stdout]).toEqual([2, ''])
    expect(statement.stderr).not.toContain('[bug]')
    expect(journalOf(project)).toEqual(['pause 1', 'resume 1', 'resume 2'])
    project.sql('DELETE FROM journal')
    project.configure(`database: sqlite:../shop.db\nglobal: ['c*']\nlocal: ['*s']\n${statements}`)
    const read = await project.run()
    expect(read.status).toBe(78)
    expect(journalOf(project)).toEqual(all)
    expect(existsSync(join(project.shared, host))).toBe(false)
  })

  test('each resume statement runs, also after one that failed', async ({ project }) => {
    project.sql(journal)
    project.configure(
      `${settings}pause: [${note('pause 1')}]\nresume: ["NO SQL", ${note('resume 2')}]\n`,
    )
    const ended = await project.run()
    expect(ended.status).toBe(2)
    expect(journalOf(project)).toEqual(['pause 1', 'resume 2'])
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} within pause_interval resumes and ends at once; nothing was changed`, async ({
      project,
    }) => {
      project.sql(journal)
      await project.succeed()
      const before = treeOf(join(project.shared, host))
      project.configure(`${settings}${statements}pause_interval: 600\n`)
      const { child, ended } = project.start()
      await until(() => {
        expect(journalOf(project)).toContain('pause 2')
      })
      child.kill(signal)
      const { status, stdout, stderr } = await ended
      expect([status, stdout]).toEqual([2, ''])
      expect(stderr).toContain(`[interrupted] Stopped by ${signal}`)
      expect(journalOf(project)).toEqual(all)
      expect(treeOf(join(project.shared, host))).toEqual(before)
      expect(subjects(project.shared)).toHaveLength(1)
    })
  }

  test('a signal stops the run before the other databases, and says so once for each', async ({
    project,
  }) => {
    project.sql(journal)
    project.configure(`${lists}${statements}pause_interval: 600
databases: {one: sqlite:../shop.db, two: sqlite:../none.db, three: sqlite:../shop.db}\n`)
    const { child, ended } = project.start()
    await until(() => {
      expect(journalOf(project)).toContain('pause 2')
    })
    child.kill('SIGTERM')
    const { status, stderr } = await ended
    expect(status).toBe(2)
    expect(stderr.match(/\[interrupted\]/g)).toHaveLength(3)
    expect(stderr).not.toContain('[bug]')
    expect(journalOf(project)).toEqual(all)
  })

  test('a signal in the midst of a long read resumes, leaves no staged row, and restarts the consumers', async ({
    project,
  }) => {
    project.sql(
      `${journal} INSERT INTO users (email) SELECT hex(randomblob(60)) FROM generate_series(1, 600000)`,
    )
    project.configure(settings + statements)
    const { child, ended } = project.start()
    const staging = join(project.private, '.schema_backup', 'staging')
    await until(() => {
      expect(readdirSync(staging).length).toBeGreaterThan(0)
    })
    child.kill('SIGINT')
    expect((await ended).status).toBe(2)
    expect(journalOf(project)).toEqual(all)
    expect(subjects(project.shared)).toEqual([])
    expect(treeOf(join(project.private, host))).toEqual({})
    project.configure(settings)
    await project.succeed()
  })
})

/** Blocks every reader of a table until it is released. */
async function block(
  server: Server,
  database: string,
  table: string,
): Promise<() => Promise<void>> {
  if (server.name === 'mariadb') {
    const connection = await createConnection(server.url(database))
    await connection.query(`LOCK TABLES ${table} WRITE`)
    return async () => {
      await connection.end()
    }
  }
  const client = new Client({ connectionString: server.url(database) })
  await client.connect()
  await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
  return async () => {
    await client.end()
  }
}

describe.concurrent('a server that keeps a run waiting', () => {
  const kinds: readonly (readonly [name: string, server: () => Server])[] = [
    ['mariadb', () => servers().mariadb],
    ['postgres', () => servers().postgres15],
  ]
  test.for(kinds)(
    '%s: a signal resumes and ends the run at once',
    async ([, start], { project }) => {
      const server = start()
      const database = createDatabase(server)
      runSql(
        server,
        database,
        'CREATE TABLE journal (what varchar(20)); CREATE TABLE settings (id integer PRIMARY KEY);',
      )
      project.configure(
        `database: {name: shop, url: '${server.url(database)}'}\nglobal: [settings]\nlocal: [journal]\n${statements}`,
      )
      const release = await block(server, database, 'settings')
      const words = () =>
        runSql(server, database, 'SELECT what FROM journal').split('\n').slice(0, -1)
      try {
        const { child, ended } = project.start()
        await until(() => {
          expect(words()).toEqual(all.slice(0, 2))
        })
        const started = performance.now()
        child.kill('SIGTERM')
        const { status, stderr } = await ended
        expect(status).toBe(2)
        expect(stderr).toContain('[interrupted]')
        expect(performance.now() - started).toBeLessThan(5_000)
        expect(words()).toEqual(all)
      } finally {
        await release()
      }
      project.configure(
        `database: {name: shop, url: '${server.url(database)}'}\nglobal: [settings]\nlocal: [journal]\n`,
      )
      await project.succeed()
    },
  )

  test('services are started again after a signal', async ({ project }) => {
    const calls = join(project.directory, 'calls')
    project.write(
      'bin/systemctl',
      `#!/bin/sh\necho "$*" >> '${calls}'\n[ "$1" = stop ] && sleep 1\nexit 0\n`,
      0o755,
    )
    project.configure(`${settings}consumers: [web]\n`)
    const environment = { PATH: `${project.directory}/bin:${process.env['PATH'] ?? ''}` }
    const { child, ended } = project.start(['-m'], { environment })
    await until(() => {
      expect(existsSync(calls)).toBe(true)
    })
    child.kill('SIGTERM')
    expect((await ended).status).toBe(2)
    const shown = spawn('cat', [calls])
    const [text] = (await once(shown.stdout, 'data')) as [Buffer]
    expect(text.toString()).toBe('stop web\nrestart web\n')
    expect(subjects(project.shared)).toEqual([])
  })
})
