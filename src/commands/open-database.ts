import type { DatabaseConfig } from '../config/config.ts'
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
  const password = await target.password?.()
  const { environment, signal } = context
  const credentials = password === undefined ? {} : { password }
  return await interruptible(engine.open({ url: target.url, environment, ...credentials }), signal)
}
