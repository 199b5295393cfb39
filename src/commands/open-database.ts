import type { DatabaseConfig } from '../config/config.ts'
import type { ConnectionRequest } from '../engines/connection.ts'
import type { Database } from '../engines/engine.ts'
import { engineFor } from '../engines/index.ts'
import type { CommandContext } from './context.ts'
import { interruptible } from './interrupt.ts'

/** Connects to a configured database, whatever engine it is of. */
export async function openDatabase(
  target: DatabaseConfig,
  context: CommandContext,
): Promise<Database> {
  const engine = await engineFor(target.url)
  return await interruptible(engine.open(await requestOf(target, context)), context.signal)
}

/** How to connect to a configured database or server; fetches its password. */
export async function requestOf(
  target: Pick<DatabaseConfig, 'url' | 'password'>,
  { environment }: CommandContext,
): Promise<ConnectionRequest> {
  const password = await target.password?.()
  return { url: target.url, environment, ...(password === undefined ? {} : { password }) }
}
