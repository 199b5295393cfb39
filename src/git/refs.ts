import { appendFile, readFile, readlink, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ExpectedError } from '../errors.ts'
import { makeDirectory, putFile, share, syncDirectory } from './durable.ts'
import type { Sharing } from './durable.ts'
import { ifPresent, isFileError } from './failures.ts'
import { removeStaleLock, withLock } from './lock.ts'

/** What HEAD says: a branch (which may have no commit yet) or, when detached, a commit. */
export type Head = { readonly branch: string } | { readonly detached: string }

/** Where refs are. */
export interface RefPlace {
  readonly gitDirectory: string
  readonly commonDirectory: string
  readonly sharing: Sharing
}

const oidPattern = /^[0-9a-f]{40}$/
const branchPrefix = 'refs/heads/'
// A program of git holds the lock of a ref for milliseconds.
const staleRefLockAfter = 600_000

/** Reads HEAD of a work tree or repository. */
export async function readHead(gitDirectory: string): Promise<Head> {
  const path = join(gitDirectory, 'HEAD')
  // Old repositories have a symbolic link there.
  const link = await readlink(path).catch(() => undefined)
  const content = link === undefined ? (await readFile(path, 'utf8')).trim() : `ref: ${link}`
  const ref = /^ref:\s*(.+)$/s.exec(content)?.[1]
  if (ref?.startsWith(branchPrefix) === true) return { branch: ref.slice(branchPrefix.length) }
  if (oidPattern.test(content)) return { detached: content }
  throw new ExpectedError(
    'repository-broken',
    `${path} names neither a branch nor a commit.`,
    'Repair it (git symbolic-ref HEAD refs/heads/BRANCH), then run again.',
  )
}

/** The object that a ref such as `refs/heads/main` names; undefined when there is none. */
export async function readRef(commonDirectory: string, ref: string): Promise<string | undefined> {
  return (await resolveRef(commonDirectory, ref)).oid
}

async function resolveRef(
  commonDirectory: string,
  ref: string,
  depth = 0,
): Promise<{ ref: string; oid?: string }> {
  const content = (await readLoose(commonDirectory, ref))?.trim()
  const next = /^ref:\s*(refs\/.+)$/s.exec(content ?? '')?.[1]
  if (next !== undefined && depth < 5 && !next.includes('..')) {
    return await resolveRef(commonDirectory, next, depth + 1)
  }
  const oid = content ?? (await readPacked(commonDirectory, ref))
  if (oid === undefined) return { ref }
  if (oidPattern.test(oid)) return { ref, oid }
  throw new ExpectedError(
    'repository-broken',
    `The ref ${ref} of ${commonDirectory} is damaged (power loss leaves empty ones).`,
    `Set it to its last good commit, which the last line of logs/${ref} names: git update-ref ${ref} COMMIT.`,
  )
}

async function readLoose(commonDirectory: string, ref: string): Promise<string | undefined> {
  try {
    return await ifPresent(readFile(join(commonDirectory, ref), 'utf8'))
  } catch (error) {
    // git leaves empty directories where a branch such as a/b was.
    if (isFileError(error, 'EISDIR')) return undefined
    throw error
  }
}

async function readPacked(commonDirectory: string, ref: string): Promise<string | undefined> {
  const text = (await ifPresent(readFile(join(commonDirectory, 'packed-refs'), 'utf8'))) ?? ''
  return text
    .split('\n')
    .find((line) => line.slice(41) === ref && line[40] === ' ')
    ?.slice(0, 40)
}

/** A change of a ref. */
export interface RefUpdate {
  readonly ref: string
  /** What it must name now; undefined: it must not exist. */
  readonly from: string | undefined
  readonly to: string
  /** The line of the reflog without the two objects: `Name <address> time\treason`. */
  readonly log: string
  /** The reflogs to write, relative to the common directory or absolute; missing ones are made when `makeLogs`. */
  readonly logs: readonly string[]
  readonly makeLogs: boolean
}

/**
 * Moves a ref under git's own lock when it still names what it should: true. False: it has moved.
 * The new value is on the disk afterwards. Throws ExpectedError `ref-locked`.
 */
export async function updateRef(place: RefPlace, update: RefUpdate): Promise<boolean> {
  const { commonDirectory, sharing } = place
  const { ref } = await resolveRef(commonDirectory, update.ref)
  const path = join(commonDirectory, ref)
  await makeRefDirectory(path, place)
  const options = { directories: [commonDirectory] as const, staleAfter: staleRefLockAfter }
  const done = await withLock(path, options, async () => {
    if ((await readRef(commonDirectory, ref)) !== update.from) return false
    for (const log of update.logs) await appendLog(log, update, place)
    await putFile(path, 0o644, { temporaryDirectory: commonDirectory, sharing }, async (file) => {
      await file.writeFile(`${update.to}\n`)
    })
    await syncDirectory(dirname(path))
    return true
  })
  if (done !== undefined) return done.value
  throw new ExpectedError(
    'ref-locked',
    `Another program holds ${path}.lock.`,
    'Wait until it is done and run again; when no program of git runs, remove that file.',
  )
}

/** Removes the lock that a killed run left on a branch. */
export async function removeStaleRefLock(commonDirectory: string, branch: string): Promise<void> {
  await removeStaleLock(join(commonDirectory, branchPrefix + branch), {
    directories: [commonDirectory],
    staleAfter: staleRefLockAfter,
  })
}

async function makeRefDirectory(path: string, { sharing }: RefPlace): Promise<void> {
  try {
    await makeDirectory(dirname(path), sharing)
    if ((await stat(dirname(path))).isDirectory()) return
  } catch (error) {
    if (!isFileError(error, 'ENOTDIR', 'EEXIST')) throw error
  }
  throw new ExpectedError(
    'branch-name-taken',
    `The branch can't be made: a part of its name is a branch itself (${dirname(path)}).`,
    'Choose another name for git.branch.',
  )
}

async function appendLog(log: string, update: RefUpdate, place: RefPlace): Promise<void> {
  const exists = (await ifPresent(stat(log))) !== undefined
  if (!exists && !update.makeLogs) return
  if (!exists) await makeDirectory(dirname(log), place.sharing)
  await appendFile(log, `${update.from ?? '0'.repeat(40)} ${update.to} ${update.log}\n`)
  if (!exists) await share(log, 0o644, place.sharing)
}

/** The git directory of another work tree of this repository that has a branch checked out; undefined: none. */
export async function otherWorkTreeOf(
  branch: string,
  place: { gitDirectory: string; commonDirectory: string; mainIsBare: boolean },
): Promise<string | undefined> {
  const worktrees = join(place.commonDirectory, 'worktrees')
  const names = (await ifPresent(readdir(worktrees))) ?? []
  const linked = names.map((name) => join(worktrees, name))
  for (const directory of place.mainIsBare ? linked : [place.commonDirectory, ...linked]) {
    if (directory === place.gitDirectory) continue
    const head = await readHead(directory).catch(() => undefined)
    if (head !== undefined && 'branch' in head && head.branch === branch) return directory
  }
  return undefined
}

/** Whether git accepts a name for a branch. Source: https://git-scm.com/docs/git-check-ref-format */
export function isBranchName(name: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what git refuses
  const hasBadCharacter = /[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{/.test(name)
  if (hasBadCharacter || name.startsWith('-') || name === '@' || name === 'HEAD') return false
  return name.split('/').every((part) => /^[^.]/.test(part) && !/(\.lock|\.)$/.test(part))
}
