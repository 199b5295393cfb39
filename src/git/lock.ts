import { link, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryPath } from './durable.ts'
import { ifPresent, isFileError } from './failures.ts'
import { gitRunsIn, isGone, processToken, tokenPattern } from './owner.ts'

const marker = 'schema_backup lock'
const waitInMilliseconds = 3_000

/** What a lock belongs to. */
export interface LockOptions {
  /** The git directory first, for temporary files; then where else a program of git would run: the work tree. */
  readonly directories: readonly [string, ...string[]]
  /** The age in milliseconds from which on a lock of somebody else may be stale. */
  readonly staleAfter: number
}

/**
 * Runs `work` while `<path>.lock` exists, as git does for the index and for each ref; undefined when somebody
 * else holds it for longer than three seconds. The lock file holds our name and never the new content: a lock of
 * ours whose process is gone is removed at once. A foreign lock is removed when it is old and no program of git
 * runs there: one that is open in an editor may hold it for long.
 */
export async function withLock<T>(
  path: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  const lock = `${path}.lock`
  const deadline = Date.now() + waitInMilliseconds
  while (!(await take(lock, options))) {
    if (await removeStale(lock, options)) continue
    if (Date.now() > deadline) return undefined
    await sleep(20 + Math.random() * 60)
  }
  try {
    return { value: await work() }
  } finally {
    await rm(lock, { force: true })
  }
}

/** The lock appears with our name in it: an empty one, left by a kill, would be nobody's and block everybody. */
async function take(lock: string, { directories }: LockOptions): Promise<boolean> {
  const draft = temporaryPath(directories[0])
  try {
    await writeFile(draft, `${marker} ${processToken()}\n`, { flag: 'wx' })
    await link(draft, lock)
    return true
  } catch (error) {
    if (isFileError(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

/** Removes `<path>.lock` when it is stale, so that it blocks nobody even when we don't need it. */
export async function removeStaleLock(path: string, options: LockOptions): Promise<void> {
  await removeStale(`${path}.lock`, options)
}

async function removeStale(lock: string, options: LockOptions): Promise<boolean> {
  const [content, status] = [await ifPresent(readFile(lock, 'latin1')), await ifPresent(stat(lock))]
  if (content === undefined || status === undefined) return true
  if (!isStale(content, Date.now() - status.mtimeMs, options)) return false
  // Moved away first: another run may have removed the stale lock meanwhile and hold a fresh one of its own.
  const aside = temporaryPath(options.directories[0])
  if ((await ifPresent(rename(lock, aside).then(() => true))) === undefined) return true
  if ((await readFile(aside, 'latin1')) !== content) await link(aside, lock).catch(() => undefined)
  await unlink(aside)
  return true
}

function isStale(
  content: string,
  ageInMilliseconds: number,
  { staleAfter, directories }: LockOptions,
): boolean {
  const token = content.startsWith(marker) ? tokenPattern.exec(content)?.[0] : undefined
  const gone = token === undefined ? undefined : isGone(token)
  if (gone !== undefined) return gone
  return ageInMilliseconds > staleAfter && !gitRunsIn(directories)
}
