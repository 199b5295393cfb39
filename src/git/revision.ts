import { readFile, readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { ExpectedError, exitStatus } from '../errors.ts'
import { ifPresent } from './failures.ts'
import type { ObjectStore } from './objects.ts'
import { readHead, readRef } from './refs.ts'
import { findEntry } from './tree.ts'

/** A commit that somebody named. */
export interface Revision {
  /** Its full name. */
  readonly commit: string
  /** When it was committed. */
  readonly time: Date
}

/** Where revisions are looked up. */
export interface RevisionPlace {
  readonly store: ObjectStore
  readonly gitDirectory: string
  readonly commonDirectory: string
  /** The branch whose history a time means; absent on a detached HEAD. */
  readonly branch: string | undefined
}

interface Commit extends Revision {
  readonly tree: string
  readonly parents: readonly string[]
}

/**
 * Finds a commit by what a person wrote: its name or at least four digits of it, a branch or tag, `HEAD`, each also
 * with `~2` or `^`; or a time (`2026-11-01 12:00`, local time unless it ends with a zone; a day means its end), which
 * is the last commit of the branch not after it that changed the directory `path`. Throws `unknown-revision`.
 */
export async function resolveRevision(
  text: string,
  path: readonly string[],
  place: RevisionPlace,
): Promise<Revision> {
  const [, base = '', steps = ''] = /^(.*?)((?:[~^]\d*)*)$/s.exec(text) ?? []
  const named = await commitNamed(base === '' || base === '@' ? 'HEAD' : base, place)
  if (named !== undefined) return await walkSteps(named, steps, text, place)
  const time = timeOf(text)
  if (time !== undefined) return await lastNotAfter(time, text, path, place)
  throw unknown(text, 'no branch, tag or commit of that name')
}

async function commitNamed(name: string, place: RevisionPlace): Promise<Commit | undefined> {
  const oid = await objectNamed(name, place)
  return oid === undefined ? undefined : await readCommit(place.store, await peeled(oid, place))
}

/** In git's own order. Source: https://git-scm.com/docs/gitrevisions */
async function objectNamed(name: string, place: RevisionPlace): Promise<string | undefined> {
  if (name === 'HEAD') {
    const head = await readHead(place.gitDirectory)
    if ('detached' in head) return head.detached
    return await readRef(place.commonDirectory, `refs/heads/${head.branch}`)
  }
  if (/^[0-9a-f]{40}$/.test(name)) return name
  if (!/[\s:]|\.\.|^[-/]/.test(name)) {
    for (const prefix of ['', 'refs/', 'refs/tags/', 'refs/heads/', 'refs/remotes/']) {
      const ref = prefix + name
      const found = ref.startsWith('refs/') ? await readRef(place.commonDirectory, ref) : undefined
      if (found !== undefined) return found
    }
  }
  return /^[0-9a-f]{4,39}$/.test(name) ? await objectAbbreviated(name, place) : undefined
}

/** Searches what can be reached from branches, tags and HEAD. */
async function objectAbbreviated(digits: string, place: RevisionPlace): Promise<string> {
  const head = await objectNamed('HEAD', place)
  const waiting = [...(head === undefined ? [] : [head]), ...(await allRefs(place.commonDirectory))]
  const seen = new Set<string>()
  const found = new Set<string>()
  for (let oid = waiting.pop(); oid !== undefined; oid = waiting.pop()) {
    if (seen.has(oid)) continue
    seen.add(oid)
    if (oid.startsWith(digits)) found.add(oid)
    const { type, bytes } = await place.store.read(oid)
    if (type === 'commit') waiting.push(...parseCommit(oid, bytes).parents)
    if (type === 'tag') waiting.push(taggedBy(bytes))
  }
  const [first, ...others] = found
  if (first !== undefined && others.length === 0) return first
  throw unknown(
    digits,
    first === undefined ? 'no commit begins so' : 'more than one commit begins so',
  )
}

async function allRefs(commonDirectory: string): Promise<string[]> {
  const top = join(commonDirectory, 'refs')
  const entries = (await ifPresent(readdir(top, { recursive: true, withFileTypes: true }))) ?? []
  const loose = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.lock'))
    .map((entry) => relative(commonDirectory, join(entry.parentPath, entry.name)))
    .map((path) => path.split(sep).join('/'))
  const packed = (await ifPresent(readFile(join(commonDirectory, 'packed-refs'), 'utf8'))) ?? ''
  const names = packed.split('\n').flatMap((line) => /^[0-9a-f]{40} (.+)$/.exec(line)?.[1] ?? [])
  const oids: string[] = []
  for (const name of new Set([...loose, ...names])) {
    const oid = await readRef(commonDirectory, name)
    if (oid !== undefined) oids.push(oid)
  }
  return oids
}

async function peeled(oid: string, place: RevisionPlace): Promise<string> {
  const { type, bytes } = await place.store.read(oid)
  if (type === 'tag') return await peeled(taggedBy(bytes), place)
  if (type === 'commit') return oid
  throw unknown(oid, `it is a ${type}, not a commit`)
}

function taggedBy(tag: Buffer): string {
  return /^object ([0-9a-f]{40})\n/.exec(tag.toString('latin1', 0, 48))?.[1] ?? ''
}

async function readCommit(store: ObjectStore, oid: string): Promise<Commit> {
  const { bytes } = await store.read(oid)
  return parseCommit(oid, bytes)
}

function parseCommit(commit: string, bytes: Buffer): Commit {
  const [head = ''] = bytes.toString('latin1').split('\n\n', 1)
  const seconds = /^committer .* (\d+) [+-]\d{4}$/m.exec(head)?.[1]
  return {
    commit,
    tree: /^tree ([0-9a-f]{40})$/m.exec(head)?.[1] ?? '',
    parents: [...head.matchAll(/^parent ([0-9a-f]{40})$/gm)].map(([, parent = '']) => parent),
    time: new Date(Number(seconds ?? 0) * 1000),
  }
}

async function walkSteps(
  from: Commit,
  steps: string,
  text: string,
  { store }: RevisionPlace,
): Promise<Commit> {
  let commit = from
  for (const [, sign, digits] of steps.matchAll(/([~^])(\d*)/g)) {
    const count = digits === '' ? 1 : Number(digits)
    const parents = sign === '~' ? Array.from({ length: count }, () => 0) : [count - 1]
    for (const index of parents) {
      if (index < 0) continue
      const parent = commit.parents[index]
      if (parent === undefined) throw unknown(text, 'the history does not go back that far')
      commit = await readCommit(store, parent)
    }
  }
  return commit
}

/** Undefined where the text is no time. */
function timeOf(text: string): Date | undefined {
  const [, day, clock, zone = ''] =
    /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?))?\s*(Z|[+-]\d\d:?\d\d)?$/.exec(text) ?? []
  if (day === undefined) return undefined
  const offset = zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')
  const time = new Date(`${day}T${clock ?? '23:59:59'}${offset}`)
  if (!Number.isNaN(time.getTime())) return time
  throw unknown(text, 'there is no such day or time')
}

async function lastNotAfter(
  time: Date,
  text: string,
  path: readonly string[],
  place: RevisionPlace,
): Promise<Revision> {
  const { store, branch } = place
  const head = branch === undefined ? 'HEAD' : `refs/heads/${branch}`
  let found = await commitNamed(head, place)
  const older = async (commit: Commit) => {
    const parent = commit.parents[0]
    return parent === undefined ? undefined : await readCommit(store, parent)
  }
  while (found !== undefined && found.time > time) found = await older(found)
  if (found === undefined) throw unknown(text, 'the history begins later')
  const subtree = async (commit: Commit) => (await findEntry(store, commit.tree, path))?.oid
  const content = await subtree(found)
  for (;;) {
    const before = await older(found)
    if (before === undefined || (await subtree(before)) !== content) return found
    found = before
  }
}

function unknown(text: string, why: string): ExpectedError {
  return new ExpectedError(
    'unknown-revision',
    `The repository has nothing for "${text}": ${why}.`,
    'Name a commit, branch or tag as "git log" shows it, or a time such as "2026-11-01 12:00".',
    { status: exitStatus.usage },
  )
}
