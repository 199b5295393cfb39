import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { treeCommand } from './debian-tree.ts'
import { commandOfServerUser } from './launch-postgres.ts'
import { program, run } from './program.ts'
import { serviceDirectory, startService, unusedPort, type Service } from './services.ts'
import type { Server } from './servers.ts'

/** How long a client of the pool keeps a server session. https://www.pgbouncer.org/features.html */
export type PoolMode = 'session' | 'transaction' | 'statement'

/** A pool of sessions of a server, by pgbouncer; it lets everybody in as the superuser. */
export interface Pooler extends Service {
  /** A configuration URL of a database behind the pool. */
  url(database: string): string
  /** Changes the mode of the pool, for sessions that are open too. */
  setMode(mode: PoolMode): void
}

/** Starts pgbouncer before a server. */
export async function startPooler(server: Server, mode: PoolMode): Promise<Pooler> {
  const directory = await serviceDirectory('pooler')
  const port = await unusedPort()
  const path = join(directory, 'pgbouncer.ini')
  writeFileSync(path, configuration(server, mode, port), { mode: 0o600 })
  const command = [...treeCommand('pgbouncer', 'usr/sbin/pgbouncer'), path]
  const service = startService(directory, commandOfServerUser(command, directory))
  const ask = (question: string): string => {
    const words = [
      '-XAtq',
      '-h',
      '127.0.0.1',
      '-p',
      `${port}`,
      '-U',
      server.user,
      '-d',
      'pgbouncer',
    ]
    return run(program('psql'), [...words, '-c', question])
  }
  await answered(() => ask('SHOW VERSION'), service)
  const url = (database: string): string =>
    `postgres://${server.user}@127.0.0.1:${port}/${encodeURIComponent(database)}`
  const setMode = (chosen: PoolMode): void => {
    ask(`SET pool_mode = '${chosen}'`)
  }
  return { ...service, url, setMode }
}

function configuration(server: Server, mode: PoolMode, port: number): string {
  return [
    '[databases]',
    `* = host=${server.host} port=${server.port} user=${server.user} password='${server.password}'`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    `pool_mode = ${mode}`,
    'default_pool_size = 10',
    `admin_users = ${server.user}`,
    '',
  ].join('\n')
}

async function answered(ask: () => unknown, service: Service): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      ask()
      return
    } catch (error) {
      if (service.hasEnded() || attempt > 100) throw new Error(service.log(), { cause: error })
    }
    await pause(50)
  }
}
