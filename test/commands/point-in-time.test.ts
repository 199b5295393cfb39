import { afterAll, describe, expect } from 'vitest'
import { test, type Project } from '../cli/project.ts'
import { startOwnServer } from '../engines/mysql/own-server.ts'
import { createDatabase, dropDatabase, runSql } from '../support/databases.ts'
import { servers, type Server } from '../support/servers.ts'

/** The point in time that the last commit names, as git reads it. */
function pointOf(project: Project): string {
  const key = 'trailers:key=Schema-Backup-Point-In-Time,valueonly'
  return project.git('log', '-1', `--format=%(${key})`).trim()
}

const databases: (() => void)[] = []
afterAll(() => {
  for (const drop of databases) drop()
})

async function snapshotOf(
  server: Server,
  newProject: (sql: string) => Promise<Project>,
): Promise<Project> {
  const database = createDatabase(server)
  databases.push(() => {
    dropDatabase(server, database)
  })
  runSql(server, database, 'CREATE TABLE t (a integer PRIMARY KEY); INSERT INTO t VALUES (1)')
  const project = await newProject('')
  project.configure(`database: {url: '${server.url(database)}', name: shop}\nglobal: [t]\n`)
  return project
}

describe('a commit says which point in time it shows', () => {
  test('PostgreSQL: the transactions that it sees, and the position of the log', async ({
    newProject,
  }) => {
    const server = servers().postgres18
    const project = await snapshotOf(server, newProject)
    const transaction = () =>
      runSql(server, 'postgres', 'SELECT pg_current_xact_id()::text::bigint').trim()
    const [before, start] = [
      transaction(),
      runSql(server, 'postgres', 'SELECT pg_current_wal_insert_lsn()').trim(),
    ]
    await project.succeed()
    const after = transaction()
    const [, snapshot = '', position = ''] =
      /^snapshot (\S+), LSN (\S+)$/.exec(pointOf(project)) ?? []
    const sees = (xid: string) => `pg_visible_in_snapshot('${xid}'::xid8, '${snapshot}')`
    expect(runSql(server, 'postgres', `SELECT ${sees(before)}, ${sees(after)}`).trim()).toBe('t\tf')
    expect(
      runSql(
        server,
        'postgres',
        `SELECT '${position}'::pg_lsn >= '${start}'::pg_lsn AND '${position}'::pg_lsn <= pg_current_wal_insert_lsn()`,
      ).trim(),
    ).toBe('t')
  })

  test('MariaDB: the position in the binary log, and its GTID', async ({ newProject }) => {
    const own = await startOwnServer('mariadb', '--log-bin=own')
    try {
      const project = await snapshotOf(own.server, newProject)
      const [file = '', position = ''] = runSql(own.server, 'mysql', 'SHOW MASTER STATUS').split(
        /\s+/,
      )
      const gtid = runSql(own.server, 'mysql', 'SELECT @@GLOBAL.gtid_binlog_pos').trim()
      await project.succeed()
      expect(gtid).toMatch(/^0-1-\d+$/)
      expect(pointOf(project)).toBe(`binlog ${file}:${position}, GTID ${gtid}`)
    } finally {
      databases.length = 0
      await own.stop()
    }
  })

  test('MySQL: the transactions that were executed', async ({ newProject }) => {
    const own = await startOwnServer(
      'mysql',
      '--log-bin=own',
      '--gtid-mode=ON',
      '--enforce-gtid-consistency=ON',
    )
    try {
      const project = await snapshotOf(own.server, newProject)
      const gtids = runSql(own.server, 'mysql', 'SELECT @@GLOBAL.gtid_executed').trim()
      await project.succeed()
      expect(gtids).toMatch(/^[0-9a-f-]{36}:1-\d+$/)
      expect(pointOf(project)).toBe(`GTID ${gtids}`)
    } finally {
      databases.length = 0
      await own.stop()
    }
  })

  test('none where the server counts nothing', async ({ newProject }) => {
    const project = await snapshotOf(servers().mariadb, newProject)
    await project.succeed()
    expect(pointOf(project)).toBe('')
    expect(project.git('log', '-1', '--format=%B')).toContain('Schema-Backup-Version: ')
  })
})
