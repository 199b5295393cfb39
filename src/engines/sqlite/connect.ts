import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { ExpectedError } from '../../errors.ts'
import { expectedError, isBusy } from './failures.ts'

/** How long a locked file is tried again, in milliseconds. */
export const lockPatience = 5_000
const retryPause = 50

/** Throws ExpectedError `unknown-database` or `permission-denied` unless `path` is a file that can be read. */
export async function requireFile(path: string): Promise<void> {
  try {
    if (!(await stat(path)).isFile()) throw notAFile(path)
    await access(path, constants.R_OK)
  } catch (error) {
    if (error instanceof ExpectedError) throw error
    throw unreadable(path, error)
  }
}

function notAFile(path: string): ExpectedError {
  return new ExpectedError(
    'unknown-database',
    `"${path}" is no file.`,
    'Name the database file itself in the URL.',
  )
}

function unreadable(path: string, cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'EACCES' || code === 'EPERM') {
    return new ExpectedError(
      'permission-denied',
      `The SQLite database "${path}" may not be read by this account.`,
      'Give the account that runs schema_backup read permission on the file and search permission on its directories.',
      { cause },
    )
  }
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'ELOOP') {
    return new ExpectedError(
      'unknown-database',
      `There is no SQLite database "${path}".`,
      'Correct the path in the URL; a relative one begins at the directory of the configuration file.',
      { cause },
    )
  }
  return cause
}

/**
 * Opens an existing file; `readOnly: false` is for statements that the user configured, and these wait for locks by
 * themselves, since a text of several statements can't be run a second time. Never creates a file.
 */
export function connect(path: string, options: { readOnly: boolean }): DatabaseSync {
  try {
    return new DatabaseSync(path, {
      readOnly: options.readOnly,
      timeout: options.readOnly ? 0 : lockPatience,
      // Views of old databases write string literals in double quotes, and the sqlite3 program reads them.
      enableDoubleQuotedStringLiterals: true,
      enableForeignKeyConstraints: false,
    })
  } catch (error) {
    throw expectedError(error, path, 'open the database')
  }
}

/** Begins a read transaction and fixes its point in time; waits while another program holds the file alone. */
export async function beginRead(connection: DatabaseSync, path: string): Promise<void> {
  await patiently(path, 'begin to read', () => {
    connection.exec('BEGIN')
    try {
      connection.prepare('SELECT count(*) FROM sqlite_schema').get()
    } catch (error) {
      connection.exec('ROLLBACK')
      throw error
    }
  })
}

/** Runs `action` again while the file is locked, up to `lockPatience`; failures become ExpectedErrors. */
export async function patiently(
  path: string,
  activity: string,
  action: () => void,
  patience = lockPatience,
): Promise<void> {
  const deadline = Date.now() + patience
  for (;;) {
    try {
      action()
      return
    } catch (error) {
      if (!isBusy(error) || Date.now() >= deadline) throw expectedError(error, path, activity)
    }
    await sleep(retryPause)
  }
}
