import { existsSync, realpathSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { pathToFileURL } from 'node:url'
import { ExpectedError } from '../../errors.ts'
import { isWalFile } from './failures.ts'

/** A file in WAL mode that no program has open, and how it looked then. */
export interface FileAtRest {
  /** Opens it without a lock and without files beside it. Source: https://www.sqlite.org/uri.html#uriimmutable */
  readonly url: URL
  /** Throws ExpectedError `changed-while-reading` when a program has opened it since. */
  requireRest(): void
}

/**
 * What SQLite refused to open since it is in WAL mode and nothing can be written beside it, if no program has it open: then
 * it can be read as it is. The file itself is not opened: closing it would end every lock that this process has on it.
 * Source: https://www.sqlite.org/wal.html#read_only_databases, https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
 */
export function fileAtRest(path: string): FileAtRest | undefined {
  const place = looked(path, () => realpathSync(path))
  if (isOpen(place)) return undefined
  const before = looked(path, () => stateOf(place))
  const url = pathToFileURL(place)
  url.searchParams.set('immutable', '1')
  return {
    url,
    requireRest() {
      if (isOpen(place) || looked(path, () => stateOf(place)) !== before) throw changed(path)
    },
  }
}

/**
 * Whether reading would leave a log and its index beside the file that belong to this account: its owner could write the
 * database no more. SQLite gives them to the owner where it may, as root.
 */
export function wouldLeaveFiles(path: string): boolean {
  const place = looked(path, () => realpathSync(path))
  const account = userInfo().uid
  if (account <= 0) return false
  const owner = looked(path, () => statSync(place).uid)
  return owner !== account && !isOpen(place) && isWalFile(place)
}

/** The log is there from the first access of a program to the end of the last one. */
function isOpen(place: string): boolean {
  return ['-wal', '-shm', '-journal'].some((suffix) => existsSync(place + suffix))
}

function stateOf(place: string): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(place, { bigint: true })
  return [dev, ino, size, mtimeNs, ctimeNs].join()
}

/** Another program may put a new file in the place of this one at any time. */
function looked<T>(path: string, look: () => T): T {
  try {
    return look()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw changed(path, error)
    }
    throw error
  }
}

function changed(path: string, cause?: Error): ExpectedError {
  return new ExpectedError(
    'changed-while-reading',
    `A program opened or replaced the SQLite database "${path}" while it was read.`,
    'Run again: the next try reads beside that program.',
    { cause },
  )
}
