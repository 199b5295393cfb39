import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { runSql } from './databases.ts'
import { baseBackup, standbyCommand } from './launch-postgres.ts'
import { run } from './program.ts'
import { majorVersion, type PostgresServer } from './server-names.ts'
import { serviceDirectory, startService, unusedPort, type Service } from './services.ts'
import type { Server } from './servers.ts'

/** A hot standby that streams from a server. */
export interface Standby extends Service {
  readonly server: Server
  /** Waits until it has everything that the primary has written so far. */
  caughtUp(): Promise<void>
}

/** Copies a running server and starts the copy as its standby. https://www.postgresql.org/docs/current/hot-standby.html */
export async function startStandby(primary: Server, name: PostgresServer): Promise<Standby> {
  const directory = await serviceDirectory(`${name}-standby`)
  const port = await unusedPort()
  const slot = `standby_${port}`
  copyServer(primary, join(directory, 'data'), slot)
  const place = { directory, port, password: primary.password }
  const service = startService(directory, standbyCommand(majorVersion(name), place))
  const address = `${primary.host}:${port}`
  const server: Server = {
    ...primary,
    port,
    socket: directory,
    url: (database) => primary.url(database).replace(`${primary.host}:${primary.port}`, address),
  }
  const dropSlot = (): void => {
    runSql(primary, 'postgres', `SELECT pg_drop_replication_slot('${slot}')`)
  }
  await answered(server, service).catch((error: unknown) => {
    dropSlot()
    throw error
  })
  return {
    ...service,
    server,
    caughtUp: () => caughtUp(primary, server, service),
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]()
      dropSlot()
    },
  }
}

function copyServer(primary: Server, data: string, slot: string): void {
  mkdirSync(data, { mode: 0o700 })
  const [program = '', ...first] = baseBackup()
  const login = ['-h', primary.host, '-p', `${primary.port}`, '-U', primary.user, '--no-password']
  const kind = ['-D', data, '--checkpoint=fast', '--no-sync']
  const environment = { ...process.env, PGPASSWORD: primary.password }
  run(program, [...first, ...login, ...kind, '--create-slot', `--slot=${slot}`], environment)
  // What the program would write itself is for servers of its own version.
  const { host, port, user, password } = primary
  const place = `host=${host} port=${port} user=${user} password='${password}'`
  const settings = { primary_conninfo: place, primary_slot_name: slot }
  const lines = Object.entries(settings).map(
    ([setting, value]) => `${setting} = '${value.replaceAll("'", "''")}'\n`,
  )
  appendFileSync(join(data, 'postgresql.auto.conf'), lines.join(''))
  writeFileSync(join(data, 'standby.signal'), '')
}

async function answered(server: Server, service: Service): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      if (runSql(server, 'postgres', 'SELECT pg_is_in_recovery()') === 't\n') return
    } catch (error) {
      if (service.hasEnded() || attempt > 200) throw new Error(service.log(), { cause: error })
    }
    await pause(50)
  }
}

async function caughtUp(primary: Server, standby: Server, service: Service): Promise<void> {
  // Writes down what was committed without waiting for the log.
  const message =
    "SET synchronous_commit = on; SELECT pg_logical_emit_message(true, 'standby', '');"
  const lines = runSql(primary, 'postgres', `${message} SELECT pg_current_wal_flush_lsn();`)
  const position = lines.trim().split('\n').at(-1) ?? ''
  const question = `SELECT pg_last_wal_replay_lsn() >= '${position}'`
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if (runSql(standby, 'postgres', question) === 't\n') return
    await pause(50)
  }
  throw new Error(`the standby did not reach ${position}\n${service.log()}`)
}
