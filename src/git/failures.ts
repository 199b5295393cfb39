import { ExpectedError, exitStatus } from '../errors.ts'

interface FileError extends Error {
  readonly code: string
  readonly path?: string
}

/** Whether an error comes from a call of the file system, with one of these codes when any are given. */
export function isFileError(error: unknown, ...codes: readonly string[]): error is FileError {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string')
    return false
  return codes.length === 0 ? /^E[A-Z0-9]+$/.test(error.code) : codes.includes(error.code)
}

const advice: Readonly<Record<string, string>> = {
  ENOSPC: 'Free some space on the disk that holds the repository, then run again.',
  EDQUOT: 'Raise the disk quota or free some space, then run again.',
  EFBIG: 'Raise the limit of the file size (ulimit -f), then run again.',
  EACCES: 'Let the account that runs this write there, then run again.',
  EPERM: 'Let the account that runs this write there, then run again.',
  EROFS: 'Mount that file system so that it can be written, then run again.',
  EMFILE: 'Raise the limit of open files (ulimit -n), then run again.',
  ENFILE: 'The system has too many open files; close some, then run again.',
  EIO: 'Check the disk that holds the repository, then run again.',
}

/** An error of the file system as an ExpectedError `repository-not-writable`; every other error as it is. */
export function explainFileError(error: unknown, doing: string): unknown {
  if (!isFileError(error)) return error
  return new ExpectedError(
    'repository-not-writable',
    `${doing} failed: ${error.message}`,
    advice[error.code] ?? 'Check that path, then run again.',
    { cause: error },
  )
}

/** Runs `work`; errors of the file system in it become an ExpectedError that begins with `doing`. */
export async function explained<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw explainFileError(error, doing)
  }
}

/** The result of `read`, or undefined when the file or a directory above it does not exist. */
export async function ifPresent<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read
  } catch (error) {
    if (isFileError(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

/** A repository that this program can't work with; the reader has to change something about it. */
export function unsupportedRepository(message: string, next: string): ExpectedError {
  return new ExpectedError('repository-not-supported', message, next, { status: exitStatus.failed })
}
