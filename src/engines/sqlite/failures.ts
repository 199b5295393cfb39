import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs'
import { dirname } from 'node:path'
import { ExpectedError } from '../../errors.ts'

/** Primary result codes. Source: https://www.sqlite.org/rescode.html */
const result = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notADatabase: 26,
}

/** SQLITE_READONLY_ROLLBACK. Source: https://www.sqlite.org/rescode.html#readonly_rollback */
const journalToRollBack = 776

/** The primary result code of an error that node:sqlite threw, or undefined for any other error. */
export function resultCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

/** Whether another process holds the file so that trying again later can help. */
export function isBusy(error: unknown): boolean {
  const code = resultCodeOf(error)
  return code === result.busy || code === result.locked
}

/** Whether there was no room for what should be written. */
export function isOutOfSpace(error: unknown): boolean {
  return resultCodeOf(error) === result.full
}

/**
 * What the file system refused while a file was written → ExpectedError; any other error stays as it is.
 * `path` is what the failure is about.
 */
export function fileFailure(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(path, error)
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new ExpectedError(
      'not-writable',
      `The account that runs schema_backup may not write beside "${path}".`,
      'Run as the account that owns the database, or give this one write permission on the directory.',
      { cause: error },
    )
  }
  return error
}

function diskFull(path: string, cause: unknown): ExpectedError {
  return new ExpectedError(
    'disk-full',
    `There is no room for what is written to the SQLite database "${path}".`,
    'Free space on its file system (the new file stands beside the old one until it is whole) and run again; the database is as it was.',
    { cause },
  )
}

/**
 * What SQLite said about a file → ExpectedError, whatever is no error of SQLite stays as it is.
 * `activity` completes the sentence "SQLite could not …".
 */
export function expectedError(error: unknown, path: string, activity: string): unknown {
  const code = resultCodeOf(error)
  if (code === undefined || !(error instanceof Error)) return error
  const known = knownFailure(code, path, activity, error)
  return (
    known ??
    new ExpectedError(
      'database-error',
      `SQLite could not ${activity} in "${path}": ${error.message}.`,
      'Try the same with the sqlite3 program.',
      { cause: error },
    )
  )
}

function knownFailure(
  code: number,
  path: string,
  activity: string,
  cause: Error,
): ExpectedError | undefined {
  switch (code) {
    case result.busy:
    case result.locked:
      return new ExpectedError(
        'database-locked',
        `The SQLite database "${path}" stays locked by another program.`,
        'Wait until that program has committed, or let it use WAL mode (PRAGMA journal_mode = WAL), where readers never wait.',
        { cause },
      )
    case result.notADatabase:
      return notADatabase(path, cause)
    case result.corrupt:
      return new ExpectedError(
        'database-corrupt',
        `The SQLite database "${path}" is damaged: SQLite could not ${activity}: ${cause.message}.`,
        'Look at it with PRAGMA integrity_check in the sqlite3 program; restore an older snapshot or try its .recover.',
        { cause },
      )
    case result.readOnly:
    case result.cantOpen:
      return cannotOpen(path, cause)
    case result.full:
      return diskFull(path, cause)
    case result.ioError:
      return new ExpectedError(
        'input-output-error',
        `Reading or writing the SQLite database "${path}" failed: ${cause.message}.`,
        'Look at the disk and at the free space in the directory for temporary files (SQLITE_TMPDIR, TMPDIR).',
        { cause },
      )
    default:
      return undefined
  }
}

function cannotOpen(path: string, cause: Error): ExpectedError {
  const directory = dirname(path)
  if (isWalFile(path) && !isWritable(directory)) {
    return new ExpectedError(
      'directory-not-writable',
      `The SQLite database "${path}" is in WAL mode, and its "-shm" and "-wal" files can't be used or made in "${directory}".`,
      `Let the account that runs schema_backup write to "${directory}" (SQLite needs this to read a database in WAL mode), or run as the account that owns the database.`,
      { cause },
    )
  }
  if ('errcode' in cause && cause.errcode === journalToRollBack) {
    return new ExpectedError(
      'database-error',
      `A writer of the SQLite database "${path}" was cut off in a transaction: "${path}-journal" must be rolled back first, and reading never writes.`,
      'Open the file once with a program that may write to it (sqlite3, or the application), then run again.',
      { cause },
    )
  }
  return new ExpectedError(
    'connection-refused',
    `SQLite can't open "${path}": ${cause.message}.`,
    'Look at the permissions of the file and of its directory.',
    { cause },
  )
}

function notADatabase(path: string, cause: Error): ExpectedError {
  const plain = /^[\t\n\r\x20-\x7e]*$/.test(firstBytes(path, 512).toString('latin1'))
  return new ExpectedError(
    'not-a-database',
    plain
      ? `"${path}" is no SQLite database: it holds plain text.`
      : `"${path}" is no SQLite database, or an encrypted one (SQLCipher, SEE), which can't be read here.`,
    'Name the database file itself in the URL; of an encrypted database, an unencrypted copy.',
    { cause },
  )
}

/** Whether a file is in WAL mode: bytes 18 and 19 of its header are 2. Source: https://www.sqlite.org/fileformat2.html#the_database_header */
export function isWalFile(path: string): boolean {
  const header = firstBytes(path, 20)
  return header[18] === 2 || header[19] === 2
}

function firstBytes(path: string, count: number): Buffer {
  try {
    const file = openSync(path, 'r')
    try {
      const buffer = Buffer.alloc(count)
      return buffer.subarray(0, readSync(file, buffer, 0, count, 0))
    } finally {
      closeSync(file)
    }
  } catch {
    return Buffer.alloc(0)
  }
}

/** Whether this account can make files in a directory. */
function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK)
    return true
  } catch {
    return false
  }
}
