import { ExpectedError } from '../errors.ts'

/** What to do about a file system's refusal, by its code; a code that is not here is a bug or a broken disk. */
const remedies: Readonly<Record<string, { code: string; what: string; next: string }>> = {
  ENOSPC: {
    code: 'disk-full',
    what: 'the disk is full',
    next: 'Free space on its file system and run again; nothing was changed.',
  },
  EDQUOT: {
    code: 'disk-full',
    what: 'the disk quota is used up',
    next: 'Free space or raise the quota and run again; nothing was changed.',
  },
  EFBIG: {
    code: 'file-too-large',
    what: 'a file would be larger than the limit for this process or this file system',
    next: 'Raise the limit (ulimit -f) and run again; nothing was changed.',
  },
  EACCES: {
    code: 'not-writable',
    what: 'permission denied',
    next: 'Give the account that runs schema_backup write permission there.',
  },
  EPERM: {
    code: 'not-writable',
    what: 'operation not permitted',
    next: 'Give the account that runs schema_backup ownership of it.',
  },
  EROFS: {
    code: 'not-writable',
    what: 'the file system is read-only',
    next: 'Mount it writable, or configure another directory.',
  },
  ENOTDIR: {
    code: 'not-a-directory',
    what: 'a file stands where a directory should be',
    next: 'Move the file away, or configure another directory.',
  },
  EEXIST: {
    code: 'not-a-directory',
    what: 'a file stands where a directory should be',
    next: 'Move the file away, or configure another directory.',
  },
  EISDIR: {
    code: 'not-a-file',
    what: 'a directory stands where a file should be',
    next: 'Move the directory away.',
  },
  EXDEV: {
    code: 'other-file-system',
    what: 'it is on another file system than the top of the backup directory',
    next: 'Configure that directory as a backup directory of its own.',
  },
  EIO: {
    code: 'disk-broken',
    what: 'the disk reports an input/output error',
    next: 'Check the disk (its messages stand in the system log).',
  },
  ENAMETOOLONG: {
    code: 'path-too-long',
    what: 'the path is too long for the file system',
    next: 'Configure a backup directory with a shorter path.',
  },
}

/** Runs file operations around one path; what the file system refuses becomes an ExpectedError that names the path. */
export async function onPath<T>(path: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } catch (error) {
    throw fileError(path, error)
  }
}

/** The ExpectedError for a file system's refusal, or the same error when it is none. */
export function fileError(path: string, error: unknown): unknown {
  const remedy = remedies[errorCode(error) ?? '']
  if (remedy === undefined) return error
  const place = pathOfError(error) ?? path
  return new ExpectedError(remedy.code, `${place}: ${remedy.what}.`, remedy.next, { cause: error })
}

/** The system's error code, such as `ENOENT`, if it is a system's error. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The refusal to follow a symbolic link that stands where this tool writes. */
export function symbolicLinkError(path: string): ExpectedError {
  return new ExpectedError(
    'symbolic-link',
    `${path} is a symbolic link; files are never written or removed through one.`,
    'Remove the link, or configure the directory that it points to.',
  )
}

/** The refusal of something in the way that is neither what is wanted nor ours to remove. */
export function inTheWayError(path: string, wanted: 'directory' | 'file'): ExpectedError {
  return new ExpectedError(
    `not-a-${wanted}`,
    `${path}: something else stands where a ${wanted} should be.`,
    'Move it away.',
  )
}

function pathOfError(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const place: unknown = 'dest' in error ? error.dest : 'path' in error ? error.path : undefined
  return typeof place === 'string' ? place : undefined
}
