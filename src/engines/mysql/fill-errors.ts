import { ExpectedError } from '../../errors.ts'
import { errorNumber } from './failures.ts'

/** The versions of two servers: of the one that is filled, and of the one that the objects were read from. */
export interface Versions {
  readonly here: string
  readonly source?: string
}

type Words = readonly [code: string, message: string, next: string]

/** Unknown syntax, variable, collation, character set, storage engine, sql_mode, function without a body. */
const notUnderstood = new Set([1064, 1193, 1273, 1115, 1286, 1231, 1128, 4161])
/** Unknown table, routine, column, view that is no longer valid, sequence, key column, trigger to follow. */
const missingThings = new Set([1146, 1305, 1054, 1356, 4091, 1072, 3011, 4031, 1824])
const deniedThings = new Set([1044, 1045, 1142, 1143, 1227, 1370, 1410, 1419])
const databaseExists = 1007
/** Disk full, table full, a file that can't be written. */
const fullThings = new Set([1021, 1114, 1026, 3, 20, 28])

/**
 * Says of the server's errors which object they are about and what helps: throws `server-too-old`, `missing-dependency`,
 * `missing-privilege`, `target-out-of-space`, `database-exists`, `lock-timeout`, else `server-error`; other errors pass through.
 */
export async function naming<T>(
  what: string,
  work: () => Promise<T>,
  versions?: Versions,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isRefusal =
      error instanceof ExpectedError && ['server-error', 'lock-timeout'].includes(error.code)
    if (!isRefusal) throw error
    const [code, message, next] = wordsFor(error, what, versions)
    throw new ExpectedError(code, message, next, { cause: error.cause })
  }
}

function wordsFor(error: ExpectedError, what: string, versions: Versions | undefined): Words {
  const number = errorNumber(error) ?? 0
  const message = `${what}: ${error.message}`
  if (notUnderstood.has(number) && versions !== undefined && isNewer(versions)) {
    return [
      'server-too-old',
      `${what} was read from a server of version ${versions.source ?? ''}, and this one, version ${versions.here}, does not understand it (error ${number}).`,
      `Restore on version ${versions.source ?? ''} or newer, or leave this object out.`,
    ]
  }
  if (missingThings.has(number)) {
    const next = 'Restore it with everything that it depends on, or create what is missing.'
    return ['missing-dependency', message, next]
  }
  if (deniedThings.has(number)) {
    return ['missing-privilege', message, 'Restore with an account that has this privilege.']
  }
  if (fullThings.has(number)) {
    const next = 'Make room on the server, then run again.'
    return ['target-out-of-space', `${what}: the server ran out of space (error ${number}).`, next]
  }
  if (number === databaseExists) {
    return ['database-exists', message, 'Name one that does not exist.']
  }
  return [error.code, message, error.next]
}

/** Whether the source is newer, compared number by number. */
function isNewer({ here, source }: Versions): boolean {
  const numbers = (version = '') => version.split('.').map(Number)
  const ours = numbers(here)
  const different = numbers(source).findIndex((part, index) => part !== (ours[index] ?? 0))
  return different >= 0 && (numbers(source)[different] ?? 0) > (ours[different] ?? 0)
}
