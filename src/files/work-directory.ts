import { randomUUID } from 'node:crypto'
import { chmod, lstat, mkdir, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { ExpectedError } from '../errors.ts'
import { errorCode, inTheWayError, onPath, symbolicLinkError } from './file-error.ts'

/**
 * The directory `.schema_backup` at the top of a backup directory: the lock, and the files of a run until they
 * are all there. Git ignores it; nobody but the owner enters it.
 */

const name = '.schema_backup'
const privateDirectoryMode = 0o700
const otherAccounts = 0o077

/** Makes the working directory below a backup directory, and that directory too when it is missing; returns its path. */
export async function prepareWorkDirectory(topDirectory: string): Promise<string> {
  return await onPath(topDirectory, async () => {
    await mkdir(topDirectory, { recursive: true })
    const directory = join(await realpath(topDirectory), name)
    await makePrivate(directory)
    await ignoreEverything(join(directory, '.gitignore'))
    return directory
  })
}

/** A new empty directory for the files of one database in one run; only the owner may enter it. */
export async function newStagingDirectory(topDirectory: string): Promise<string> {
  const staging = await stagingParent(topDirectory)
  const directory = join(staging, randomUUID())
  await onPath(directory, async () => {
    await makePrivate(directory)
  })
  return directory
}

/** Removes what killed runs left staged; only for the holder of the lock. */
export async function removeStaleStaging(topDirectory: string): Promise<void> {
  const staging = await stagingParent(topDirectory)
  await onPath(staging, async () => {
    await rm(staging, { recursive: true, force: true })
  })
}

/** The path of a file in the working directory, after a check that no link or other thing stands there. */
export async function plainFile(path: string): Promise<string> {
  const found = await lstatIfThere(path)
  if (found?.isSymbolicLink() === true) throw symbolicLinkError(path)
  if (found !== undefined && !found.isFile()) throw inTheWayError(path, 'file')
  return path
}

/**
 * Makes a private directory with mode 0700, or tightens one that other accounts could enter; returns the warning
 * that says so. Throws ExpectedError `not-private` when it belongs to another account, holds what is none of this
 * tool's, or can't be tightened.
 */
export async function preparePrivateDirectory(directory: string): Promise<string | undefined> {
  return await onPath(directory, async () => {
    await mkdir(dirname(directory), { recursive: true })
    if (await makeDirectory(directory)) return undefined
    const found = await stat(directory)
    if (!found.isDirectory()) throw inTheWayError(directory, 'directory')
    const account = userInfo()
    if (account.uid >= 0 && found.uid !== account.uid) {
      throw notPrivate(directory, `belongs to another account (uid ${found.uid})`)
    }
    if ((found.mode & otherAccounts) === 0) return undefined
    const entries = await readdir(directory)
    if (entries.length > 0 && !entries.includes(name)) throw notOurs(directory, found.mode)
    await chmod(directory, privateDirectoryMode)
    const { mode } = await stat(directory)
    if ((mode & otherAccounts) !== 0) {
      throw notPrivate(directory, 'is on a file system that keeps no permissions')
    }
    return `${directory} could be entered by other accounts (mode ${octal(found.mode)}); it is now 0700.`
  })
}

/** What stands at a path, links not followed; undefined when nothing does. */
export async function lstatIfThere(path: string) {
  try {
    return await lstat(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Written anew when a killed run left it cut off. */
async function ignoreEverything(file: string): Promise<void> {
  const found = await lstatIfThere(await plainFile(file))
  if (found?.size !== 2) await writeFile(file, '*\n', { mode: 0o600 })
}

async function stagingParent(topDirectory: string): Promise<string> {
  const staging = join(await prepareWorkDirectory(topDirectory), 'staging')
  await onPath(staging, async () => {
    await makePrivate(staging)
  })
  return staging
}

/** A directory with mode 0700 from its first moment, whatever the umask; a link is refused. */
export async function makePrivate(directory: string): Promise<void> {
  if (await makeDirectory(directory)) return
  const found = await lstat(directory)
  if (found.isSymbolicLink()) throw symbolicLinkError(directory)
  if (!found.isDirectory()) throw inTheWayError(directory, 'directory')
  if ((found.mode & 0o777) !== privateDirectoryMode) await chmod(directory, privateDirectoryMode)
}

/** Makes a directory with mode 0700; false when something already stands there. */
async function makeDirectory(directory: string): Promise<boolean> {
  try {
    await mkdir(directory, { mode: privateDirectoryMode })
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
  await chmod(directory, privateDirectoryMode)
  return true
}

function notPrivate(directory: string, what: string): ExpectedError {
  return new ExpectedError(
    'not-private',
    `The private directory ${directory} ${what}; its files could be read by others.`,
    'Configure a directory that belongs to the account that runs schema_backup alone.',
  )
}

/** A directory that others use, such as /tmp, must not be closed to them by a slip of the pen. */
function notOurs(directory: string, mode: number): ExpectedError {
  return new ExpectedError(
    'not-private',
    `The private directory ${directory} holds other files and can be entered by other accounts (mode ${octal(mode)}).`,
    `Name a directory of its own; or, if nobody else needs this one, run: chmod 700 '${directory}'`,
  )
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0')
}
