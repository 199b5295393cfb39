import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { ExpectedError } from '../../errors.ts'
import { fileAtRest, wouldLeaveFiles, type FileAtRest } from './at-rest.ts'
import { isMalformedSchema, tolerateBrokenSchema } from './broken-schema.ts'
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
export function connect(
  path: string,
  options: { readOnly: boolean },
  location: string | URL = path,
): DatabaseSync {
  try {
    return new DatabaseSync(location, {
      readOnly: options.readOnly,
      timeout: options.readOnly ? 0 : lockPatience,
      // Views of old databases write string literals in double quotes, and the sqlite3 program reads them.
      enableDoubleQuotedStringLiterals: true,
      enableForeignKeyConstraints: false,
      // Definitions of virtual tables without their module, and inner tables of virtual tables, are written as they are.
      defensive: false,
    })
  } catch (error) {
    throw expectedError(error, path, 'open the database')
  }
}

/** What is known of a file that is being read. */
export interface Reading {
  readonly connection: DatabaseSync
  /** Whether the file is in WAL mode, although SQLite was told not to look. */
  readonly isLoggedAtRest: boolean
}

/** Runs `use` within one read transaction; failures to begin become ExpectedErrors. */
export async function reading<T>(path: string, use: (reading: Reading) => Promise<T>): Promise<T> {
  const { connection, atRest } = await begin(path)
  try {
    return await use({ connection, isLoggedAtRest: atRest !== undefined })
  } finally {
    connection.close()
    // Otherwise whatever was read, or failed, was of no one point in time.
    atRest?.requireRest()
  }
}

async function begin(path: string): Promise<{ connection: DatabaseSync; atRest?: FileAtRest }> {
  const untouched = wouldLeaveFiles(path) ? fileAtRest(path) : undefined
  if (untouched !== undefined) {
    return { connection: await begun(path, untouched.url), atRest: untouched }
  }
  try {
    return { connection: await begun(path) }
  } catch (error) {
    const canBeAtRest = error instanceof ExpectedError && error.code === 'directory-not-writable'
    const atRest = canBeAtRest ? fileAtRest(path) : undefined
    if (atRest === undefined) throw error
    return { connection: await begun(path, atRest.url), atRest }
  }
}

async function begun(path: string, location?: URL): Promise<DatabaseSync> {
  const connection = connect(path, { readOnly: true }, location)
  try {
    await beginRead(connection, path)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/**
 * Begins a read transaction and fixes its point in time; waits while another program holds the file alone. A line of
 * sqlite_schema that can't be understood keeps nothing else from being read.
 */
async function beginRead(connection: DatabaseSync, path: string): Promise<void> {
  await patiently(path, 'begin to read', () => {
    connection.exec('BEGIN')
    try {
      fixPointInTime(connection)
    } catch (error) {
      connection.exec('ROLLBACK')
      throw error
    }
  })
}

function fixPointInTime(connection: DatabaseSync): void {
  const fix = () => connection.prepare('SELECT count(*) FROM sqlite_schema').get()
  try {
    fix()
  } catch (error) {
    if (!isMalformedSchema(error)) throw error
    tolerateBrokenSchema(connection)
    fix()
  }
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
