import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql, runSqlAs, vendorDump } from './databases.ts'
import { installedMysqlServers } from './mysql-servers.ts'
import { majorVersion, postgresServers, servers, type ServerName } from './servers.ts'

const names: readonly ServerName[] = [...installedMysqlServers, ...postgresServers]

describe.each(names)('%s', (name) => {
  test('answers its own client, and its dump program reads it', () => {
    const server = servers()[name]
    const database = createDatabase(server)
    const script =
      'CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, NULL); SELECT * FROM t;'
    expect(runSql(server, database, script)).toBe(name.startsWith('p') ? '1\t\n' : '1\tNULL\n')
    expect(vendorDump(server, database)).toContain('CREATE TABLE')
    dropDatabase(server, database)
    expect(() => runSql(server, database, 'SELECT 1;')).toThrow(database)
  })

  test('asks for the password', () => {
    const server = servers()[name]
    const stranger = { user: server.user, password: 'wrong' }
    expect(() => runSqlAs(server, stranger, '', 'SELECT 1;')).toThrow(
      /denied|authentication failed/,
    )
  })
})

test.each(postgresServers)('%s is the version that it is named after', (name) => {
  expect(Number.parseInt(servers()[name].version, 10)).toBe(majorVersion(name))
})

describe('the room of a run', () => {
  test.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)(
    'is empty after the runner got %s',
    { timeout: 30_000 },
    async (signal) => {
      const program = join(import.meta.dirname, 'runner-for-test.ts')
      const runner = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
      const [line] = (await once(runner.stdout, 'data')) as [Buffer]
      const room = line.toString().trim()
      const server = Number(await readFile(join(room, 'postgres15', 'server.pid'), 'utf8'))
      expect(await isRunning(server)).toBe(true)
      runner.kill(signal)
      await once(runner, 'exit')
      while (await exists(room)) await pause(50)
      expect(await isRunning(server)).toBe(false)
    },
  )
})

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}

/** A process that has ended and that nobody has asked for has no command line any more. */
async function isRunning(processId: number): Promise<boolean> {
  return await readFile(`/proc/${processId}/cmdline`, 'utf8').then(
    (text) => text !== '',
    () => false,
  )
}
