import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  type Dirent,
} from 'node:fs'
import { join, relative, sep } from 'node:path'
import { program } from '../support/program.ts'

/** What a program printed and how it ended. */
export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** git's own configuration must not come from the machine that runs the tests. */
const environment = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  // Some tests give their repository to another account.
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'safe.directory',
  GIT_CONFIG_VALUE_0: '*',
  GIT_AUTHOR_NAME: 'A User',
  GIT_AUTHOR_EMAIL: 'user@example.org',
  GIT_COMMITTER_NAME: 'A User',
  GIT_COMMITTER_EMAIL: 'user@example.org',
}

/** Runs the real git in a directory; what it printed, or an error with its messages. */
export function git(directory: string, ...words: readonly string[]): string {
  const ended = gitEnded(directory, ...words)
  if (ended.status === 0) return ended.stdout
  throw new Error(
    `git ${words.join(' ')} ended with ${ended.status ?? 'a signal'}: ${ended.stderr}`,
  )
}

/** Runs the real git in a directory, whatever its status. */
export function gitEnded(directory: string, ...words: readonly string[]): Ended {
  return spawnSync(program('git'), ['-C', directory, ...words], {
    encoding: 'utf8',
    env: environment,
    maxBuffer: 1 << 28,
  })
}

/** The commits of a revision, newest first: the first lines of their messages. */
export function subjects(directory: string, revision = 'HEAD'): readonly string[] {
  const ended = gitEnded(directory, 'log', '--format=%s', revision)
  return ended.status === 0 ? ended.stdout.split('\n').filter((line) => line !== '') : []
}

/** Path → mode and blob of every file of a revision. */
export function committedFiles(directory: string, revision = 'HEAD'): readonly string[] {
  return git(directory, 'ls-tree', '-r', '--full-tree', revision).split('\n').slice(0, -1)
}

/** Paths of a revision, in order. */
export function committedPaths(directory: string, revision = 'HEAD'): readonly string[] {
  return git(directory, 'ls-tree', '-r', '-z', '--full-tree', '--name-only', revision)
    .split('\0')
    .slice(0, -1)
}

/** What git's own check says of a repository beside what is no fault; empty when it is sound. */
export function faultsOf(repository: string): string {
  const ended = gitEnded(repository, 'fsck', '--strict', '--full', '--no-dangling')
  const said = (ended.stdout + ended.stderr).split('\n')
  const faults = said.filter((line) => line !== '' && !line.startsWith('notice: '))
  return [...faults, ...(ended.status === 0 ? [] : [`status ${ended.status ?? 'signal'}`])].join(
    '\n',
  )
}

/** All entries below a directory; none when there is none. */
export function entriesOf(directory: string): readonly Dirent[] {
  if (!lstatSync(directory, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(directory, { recursive: true, withFileTypes: true })
}

/** Relative path → content (files), target (links) or `directory`, with the mode: what a directory tree is. */
export function treeOf(directory: string): Readonly<Record<string, string>> {
  const states = entriesOf(directory).map((entry) => {
    const path = join(entry.parentPath, entry.name)
    const { mode } = lstatSync(path)
    const content = entry.isFile()
      ? createHash('sha256').update(readFileSync(path)).digest('hex')
      : entry.isSymbolicLink()
        ? readlinkSync(path)
        : 'directory'
    return [relative(directory, path), `${mode.toString(8)} ${content}`] as const
  })
  return Object.fromEntries(states.toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

/** Relative path → inode and times of every file: two are equal when no file was touched. The run's lock is left out. */
export function touchStates(directory: string): Readonly<Record<string, string>> {
  const states = entriesOf(directory)
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !relative(directory, path).split(sep).includes('.schema_backup'))
    .map((path) => {
      const { ino, mtimeNs, ctimeNs, mode } = lstatSync(path, { bigint: true })
      return [relative(directory, path), `${ino} ${mtimeNs} ${ctimeNs} ${mode}`] as const
    })
  return Object.fromEntries(states.toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

/** The files that a run put in place below a directory, without git's and the run's own; in order. */
export function placedPaths(directory: string): readonly string[] {
  return entriesOf(directory)
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => !['.git', '.schema_backup'].some((own) => path.split(sep).includes(own)))
    .toSorted()
}

/** Everything below a directory that others than its owner may enter, read or write. */
export function openToOthers(directory: string): readonly string[] {
  if (!lstatSync(directory, { throwIfNoEntry: false })?.isDirectory()) return []
  const paths = entriesOf(directory).map((entry) => join(entry.parentPath, entry.name))
  return [directory, ...paths].filter((path) => (lstatSync(path).mode & 0o077) !== 0)
}

/** Every byte that a directory holds, git's objects unpacked, to search for what must not be there. */
export function everyByte(directory: string): string {
  const files = entriesOf(directory).filter((entry) => entry.isFile())
  const raw = files.map(
    (entry) => `${entry.name}\n${readFileSync(join(entry.parentPath, entry.name), 'latin1')}`,
  )
  const objects = existsSync(join(directory, '.git'))
    ? Buffer.from(
        git(directory, 'cat-file', '--batch-all-objects', '--batch', '--buffer'),
      ).toString('latin1')
    : ''
  return raw.join('\n') + objects
}

/** Those of some secrets that stand in a text, in any spelling that somebody could read. */
export function found(secrets: readonly string[], text: string): readonly string[] {
  return secrets.filter((secret) => {
    const bytes = Buffer.from(secret).toString('latin1')
    const spellings = [
      secret,
      bytes,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      Buffer.from(secret).toString('hex'),
    ]
    return spellings.some((spelling) => text.includes(spelling))
  })
}
