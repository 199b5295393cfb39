import { ExpectedError } from '../errors.ts'

/**
 * The refusal of a row whose text is longer than a string can be (512 MB), where `error` says so; other errors stay as
 * they are.
 */
export function asRowTooLong(error: unknown, table: string): unknown {
  return isTooLong(error)
    ? new ExpectedError(
        'rows-not-readable',
        `The rows of "${table}" can't be read: the text of one is longer than 512 MB; each byte of a binary value is two characters of it.`,
        'Move the table to category ignore, or keep such values outside the database.',
        { cause: error },
      )
    : error
}

/** SQLITE_TOOBIG. Source: https://www.sqlite.org/rescode.html#toobig */
const sqliteTooBig = 18

/** Strings that are too long fail in Node's buffers, in JavaScript itself, in SQLite, or give no row (node:sqlite). */
function isTooLong(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && error.code === 'ERR_STRING_TOO_LONG') return true
  if ('errcode' in error && error.errcode === sqliteTooBig) return true
  if (error instanceof RangeError) return error.message === 'Invalid string length'
  return error instanceof TypeError && /^Iterator result undefined\b/.test(error.message)
}
