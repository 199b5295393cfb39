import type { DatabaseConfig } from './config.ts'
import { isMapping } from './targets.ts'

const defaultPercent = 50

/** When too much is gone; a database's own block wins over the top level's. Values of a wrong shape are passed over. */
export function readShrinkGuard(own: unknown, top: unknown): Pick<DatabaseConfig, 'shrinkGuard'> {
  const blocks = [own, top].filter(isMapping)
  const setting = (name: string): unknown =>
    blocks.map((block) => block[name]).find((value) => value !== undefined && value !== null)
  const percent = (name: string): number => {
    const value = setting(name)
    return typeof value === 'number' ? value : defaultPercent
  }
  if (setting('enabled') === false) return {}
  return {
    shrinkGuard: {
      rowsPercent: percent('rows_percent'),
      objectsPercent: percent('objects_percent'),
    },
  }
}
