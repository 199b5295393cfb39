import type { DatabaseConfig } from './config.ts'
import { isMapping, textsOf } from './targets.ts'

/** What is not to be committed; a database's own block wins over the top level's. Values of a wrong shape are passed over. */
export function readLeakGuard(own: unknown, top: unknown): Pick<DatabaseConfig, 'leakGuard'> {
  const blocks = [own, top].filter(isMapping)
  const setting = (name: string): unknown =>
    blocks.map((block) => block[name]).find((value) => value !== undefined && value !== null)
  return setting('enabled') === false ? {} : { leakGuard: { allow: textsOf(setting('allow')) } }
}
