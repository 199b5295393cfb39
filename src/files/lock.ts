import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ExpectedError, exitStatus } from '../errors.ts'
import { onPath } from './file-error.ts'
import { plainFile, prepareWorkDirectory, removeStaleStaging } from './work-directory.ts'

/** Primary result codes: https://www.sqlite.org/rescode.html */
const codes = { busy: 5, readOnly: 8, inputOutput: 10, full: 13, cannotOpen: 14 } as const

/**
 * Holds a backup directory for one run until disposed; the system frees it at once when the process dies.
 * Removes what killed runs left staged. Throws ExpectedError `locked`, status 75, while another run holds it.
 */
export async function lockDirectory(topDirectory: string): Promise<AsyncDisposable> {
  const file = await plainFile(join(await prepareWorkDirectory(topDirectory), 'lock'))
  const database = await onPath(file, async () => {
    // Made here for its mode, which its journal takes over.
    await writeFile(file, '', { flag: 'a', mode: 0o600 })
    return new DatabaseSync(file, { timeout: 0 })
  })
  const lock = {
    [Symbol.asyncDispose]: () => {
      database.close()
      return Promise.resolve()
    },
  }
  try {
    database.exec('begin exclusive')
    await removeStaleStaging(topDirectory)
    return lock
  } catch (error) {
    await lock[Symbol.asyncDispose]()
    throw explained(error, topDirectory)
  }
}

/** The ExpectedError for what the lock's own file was refused, or the same error when it is none of these. */
function explained(error: unknown, topDirectory: string): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') {
    return error
  }
  switch (error.errcode & 0xff) {
    case codes.busy:
      return lockedError(topDirectory)
    case codes.full:
      return new ExpectedError(
        'disk-full',
        `${topDirectory}: the disk is full.`,
        'Free space on its file system and run again; nothing was changed.',
        { cause: error },
      )
    case codes.readOnly:
    case codes.inputOutput:
    case codes.cannotOpen:
      return new ExpectedError(
        'not-writable',
        `${topDirectory}: its lock can't be written (${error.message}).`,
        'Let the account that runs schema_backup write in its directory .schema_backup, and check the disk.',
        { cause: error },
      )
    default:
      return error
  }
}

function lockedError(topDirectory: string): ExpectedError {
  return new ExpectedError(
    'locked',
    `Another run of schema_backup holds ${topDirectory}.`,
    'Wait until it has finished and run again; a lock never outlives its process.',
    { status: exitStatus.locked },
  )
}
