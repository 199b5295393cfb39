import { postgres } from './launch-postgres.ts'
import { majorVersion, type PostgresServer } from './server-names.ts'
import { serviceDirectory, startService, unusedPort, type Service } from './services.ts'
import type { Server } from './servers.ts'
import { setTimeout as pause } from 'node:timers/promises'

/** A server that no other test uses. */
export interface OwnPostgres extends AsyncDisposable {
  readonly server: Server
  /** Stops it in good order and starts it again. */
  restart(): Promise<void>
}

/** Makes and starts a server with an empty data directory. */
export async function startOwnPostgres(name: PostgresServer): Promise<OwnPostgres> {
  const launcher = postgres(majorVersion(name))
  const directory = await serviceDirectory(name)
  const place = { directory, port: await unusedPort(), password: 'own-password' }
  launcher.initialize(place)
  let service = startService(directory, launcher.command(place))
  const answer = async (): Promise<string> => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return launcher.version(place)
      } catch (error) {
        if (service.hasEnded() || attempt > 200) throw new Error(service.log(), { cause: error })
      }
      await pause(50)
    }
  }
  const { user } = launcher
  const { port, password } = place
  const host = '127.0.0.1'
  const facts = { name, host, port, user, password, socket: directory, version: await answer() }
  const url = (database: string): string =>
    `postgres://${user}:${password}@${host}:${port}/${encodeURIComponent(database)}`
  const stop = async (running: Service): Promise<void> => {
    await running[Symbol.asyncDispose]()
  }
  return {
    server: { ...facts, url },
    async restart() {
      await stop(service)
      service = startService(directory, launcher.command(place))
      await answer()
    },
    [Symbol.asyncDispose]: () => stop(service),
  }
}
