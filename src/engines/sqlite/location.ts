import { resolve } from 'node:path'
import { ExpectedError, exitStatus } from '../../errors.ts'

/**
 * `sqlite:relative.db`, `sqlite:/absolute.db`, `sqlite:///absolute.db` → absolute path of the file; `%20` and the like are decoded.
 * Throws ExpectedError `invalid-url`.
 */
export function pathOfUrl(url: string): string {
  const [location = '', parameters] = url.replace(/^sqlite:/i, '').split(/\?(.*)/s)
  if (parameters !== undefined && parameters !== 'mode=ro') {
    throw invalidUrl(`The URL of "${location}" has parameters, and an SQLite URL takes none.`)
  }
  const decoded = decode(location.replace(/^\/\/(?:localhost(?=\/))?/i, ''))
  if (decoded === '' || decoded.includes('\0')) throw invalidUrl('The SQLite URL names no file.')
  return resolve(decoded)
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw invalidUrl(`The path "${path}" in the SQLite URL holds a "%" that begins no %-code.`)
  }
}

function invalidUrl(message: string): ExpectedError {
  return new ExpectedError(
    'invalid-url',
    message,
    'Write sqlite:relative/path.db or sqlite:///absolute/path.db, "%" in the path as %25 and "?" as %3F.',
    { status: exitStatus.configuration },
  )
}
