import { chmod, chown, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { ifPresent, isFileError } from './failures.ts'
import { isGone, processToken, tokenPattern } from './owner.ts'

/** What new files of the repository get, so that its owner can go on using it. */
export interface Sharing {
  /** Set when we are root and the repository is somebody else's. */
  readonly owner?: { readonly uid: number; readonly gid: number }
  /** Permission bits that `core.sharedRepository` adds: 0, 0o060 or 0o064. */
  readonly extraMode: number
}

/** How a repository's files are shared; `sharedRepository` is the value of the configuration key. */
export async function sharingOf(
  directory: string,
  sharedRepository: string | undefined,
): Promise<Sharing> {
  const { uid, gid } = await stat(directory)
  const extraMode = sharedMode(sharedRepository?.toLowerCase())
  return userInfo().uid === 0 && (uid !== 0 || gid !== 0)
    ? { owner: { uid, gid }, extraMode }
    : { extraMode }
}

function sharedMode(value: string | undefined): number {
  if (value === undefined || ['umask', 'false', 'no', 'off', '0', ''].includes(value)) return 0
  if (['all', 'world', 'everybody', '2'].includes(value)) return 0o064
  return /^0[0-7]{3}$/.test(value) ? Number.parseInt(value, 8) & 0o066 : 0o060
}

/** Gives a new file or directory to the repository's owner, with the permissions that its sharing asks for. */
export async function share(path: string, mode: number, sharing: Sharing): Promise<void> {
  const isDirectory = (mode & 0o111) !== 0
  const extra =
    isDirectory && sharing.extraMode !== 0 ? 0o2000 | ((sharing.extraMode >> 2) & 0o011) : 0
  const wanted = mode | sharing.extraMode | extra
  if (sharing.owner !== undefined) await chown(path, sharing.owner.uid, sharing.owner.gid)
  // A read-only file stays read-only for everybody.
  if (sharing.extraMode !== 0) await chmod(path, (mode & 0o200) === 0 ? wanted & ~0o222 : wanted)
}

/** Makes a directory and those above it, each shared as the repository is. */
export async function makeDirectory(path: string, sharing: Sharing): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (isFileError(error, 'EEXIST')) return
    if (!isFileError(error, 'ENOENT')) throw error
    await makeDirectory(dirname(path), sharing)
    await makeDirectory(path, sharing)
    return
  }
  await share(path, 0o755, sharing)
  await syncDirectory(dirname(path))
}

let temporaryCount = 0

/** A new name for a temporary file of this process in `directory`. */
export function temporaryPath(directory: string): string {
  temporaryCount += 1
  // git's own `prune` removes old files of this name in objects/.
  return join(directory, `tmp_obj_schema_backup-${processToken()}-${temporaryCount}`)
}

/**
 * Makes or replaces a file in one step: `write` fills a temporary file in `temporaryDirectory` (same file
 * system), which is flushed to the disk and renamed. A failure leaves nothing behind and the old file as it was.
 */
export async function putFile(
  path: string,
  mode: number,
  { temporaryDirectory, sharing }: { temporaryDirectory: string; sharing: Sharing },
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = temporaryPath(temporaryDirectory)
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      await write(file)
      await file.sync()
    } finally {
      await file.close()
    }
    await share(temporary, mode, sharing)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Flushes a directory's entries to the disk. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

const dayInMilliseconds = 86_400_000

/** Removes temporary files and drafts that killed runs left in a directory: those of dead processes, or a day old. */
export async function removeLeftovers(directory: string): Promise<void> {
  for (const name of (await ifPresent(readdir(directory))) ?? []) {
    if (!name.startsWith('tmp_obj_schema_backup-')) continue
    const path = join(directory, name)
    const gone = isGone(tokenPattern.exec(name)?.[0] ?? '')
    const status = await ifPresent(stat(path))
    const isOld = status !== undefined && Date.now() - status.mtimeMs > dayInMilliseconds
    if (gone === true || (gone === undefined && isOld))
      await rm(path, { recursive: true, force: true })
  }
}
