import { execFile, spawn } from 'node:child_process'
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { processToken } from '../../src/git/owner.ts'
import {
  environment,
  expectHealthy,
  git,
  open,
  put,
  snapshot,
  subtree,
  temporaryDirectory,
  userRepository,
  userStatus,
} from './support.ts'

const run = promisify(execFile)
const child = join(import.meta.dirname, 'child.ts')
const content = { 'a.sql': 'a\n', 'b/c.sql': 'c\n' }

/** Names of everything of ours that should not outlive a run. */
async function leftovers(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory, { recursive: true })
  return names.filter((name) => name.includes('tmp_obj_') || name.endsWith('.lock'))
}

test('killed at any moment, the next run heals', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  const staged = await git(directory.path, 'diff', '--cached')
  for (let round = 0; round < 10; round += 1) {
    const process_ = spawn(process.execPath, [child, join(directory.path, 'db'), 'forever'])
    await once(process_.stdout, 'data')
    await sleep(Math.random() * 60)
    process_.kill('SIGKILL')
    await once(process_, 'close')
    const { index } = await snapshot(join(directory.path, 'db'), {
      ...content,
      round: `${round}\n`,
    })
    expect(index).toBe('written')
    await expectHealthy(directory.path, userStatus)
    expect(await leftovers(join(directory.path, '.git'))).toEqual([])
    expect(await git(directory.path, 'diff', '--cached')).toBe(staged)
  }
})

test('a run that was killed between commit and index is healed by one that has nothing to commit', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  const backup = join(directory.path, 'db')
  await snapshot(backup, content)
  const index = await readFile(join(directory.path, '.git/index'))
  await snapshot(backup, { 'a.sql': 'new\n' })
  await writeFile(join(directory.path, '.git/index'), index)
  expect(await git(directory.path, 'diff', '--cached', '--name-only')).toContain('db/')
  expect(await snapshot(backup, { 'a.sql': 'new\n' })).toEqual({
    commit: undefined,
    index: 'written',
  })
  await expectHealthy(directory.path, userStatus)
})

const locks = ['index', 'refs/heads/main'] as const

test.each(locks)('the lock of %s that a killed run of ours left goes at once', async (name) => {
  await using directory = await temporaryDirectory()
  await snapshot(directory.path, content)
  const lock = join(directory.path, '.git', `${name}.lock`)
  const dead = processToken().replace(/-\d+-\d+$/, '-999999999-1')
  for (const next of [content, { 'a.sql': 'new\n' }]) {
    await writeFile(lock, `schema_backup lock ${dead}\n`)
    await put(join(directory.path, '.git/objects', `tmp_obj_schema_backup-${dead}-1`), 'half')
    await snapshot(directory.path, next)
    expect(await leftovers(join(directory.path, '.git'))).toEqual([])
  }
  await expectHealthy(directory.path)
})

test('an old foreign lock goes, that of the index when no git runs there', async () => {
  await using directory = await temporaryDirectory()
  await snapshot(directory.path, content)
  for (const name of locks) {
    const lock = join(directory.path, '.git', `${name}.lock`)
    await writeFile(lock, '')
    await utimes(lock, new Date(Date.now() - 7_200_000), new Date(Date.now() - 7_200_000))
  }
  const busy = spawn('git', ['-C', directory.path, 'cat-file', '--batch'], { env: environment })
  await once(busy, 'spawn')
  await sleep(100)
  // Only the index may be locked for long by a living git, as while its editor is open.
  expect(await snapshot(directory.path, { 'a.sql': 'new\n' })).toMatchObject({
    commit: expect.any(String) as string,
    index: { postponed: expect.stringContaining('index.lock') as string },
  })
  expect(await leftovers(join(directory.path, '.git'))).toEqual(['index.lock'])
  busy.kill()
  await once(busy, 'close')
  await snapshot(directory.path, { 'a.sql': 'new\n' })
  await expectHealthy(directory.path)
  expect(await leftovers(join(directory.path, '.git'))).toEqual([])
})

test('a fresh lock of the branch by another program is a refusal', async () => {
  await using directory = await temporaryDirectory()
  await snapshot(directory.path, content)
  await writeFile(join(directory.path, '.git/refs/heads/main.lock'), '')
  const refused = { code: 'ref-locked', status: 2 }
  await expect(snapshot(directory.path, { 'a.sql': 'new\n' })).rejects.toMatchObject(refused)
  expect(await leftovers(join(directory.path, '.git'))).toEqual(['refs/heads/main.lock'])
})

test('a fresh lock of the index by another program postpones the index, not the commit', async () => {
  await using directory = await temporaryDirectory()
  await snapshot(directory.path, content)
  const lock = join(directory.path, '.git/index.lock')
  await writeFile(lock, '')
  const { commit, index } = await snapshot(directory.path, { 'a.sql': 'new\n' })
  expect(commit).toBeDefined()
  expect(index).toMatchObject({ postponed: expect.stringContaining('index.lock') as string })
  expect((await stat(lock)).size).toBe(0)
  await run('rm', [lock])
  expect(await snapshot(directory.path, { 'a.sql': 'new\n' })).toMatchObject({
    commit: undefined,
    index: 'written',
  })
  await expectHealthy(directory.path)
})

test('commits of the user at the same time are all kept', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  const backup = join(directory.path, 'db')
  const user = { isDone: false }
  const ours = (async () => {
    let commits = 0
    while (!user.isDone || commits < 10) {
      if ((await snapshot(backup, { 'a.sql': `${commits}\n` })).commit !== undefined) commits += 1
    }
    return commits
  })()
  for (let number = 0; number < 25;) {
    const done = await git(
      directory.path,
      'commit',
      '-q',
      '--allow-empty',
      '-m',
      `user ${number}`,
      '--only',
    ).then(
      () => true,
      () => false,
    )
    if (done) number += 1
  }
  user.isDone = true
  const commits = await ours
  const subjects = (await git(directory.path, 'log', '--first-parent', '--format=%s'))
    .trim()
    .split('\n')
  expect(subjects.filter((subject) => subject.startsWith('user '))).toHaveLength(25)
  expect(subjects.filter((subject) => subject === 'a snapshot')).toHaveLength(commits)
  await expectHealthy(directory.path, userStatus)
})

test.each([
  ['a detached HEAD', ['checkout', '-q', '--detach'], 'detached-head', 'git switch'],
  ['a bisect', ['bisect', 'start', 'HEAD', 'HEAD~2'], 'detached-head', 'git bisect reset'],
  ['a merge', ['merge', 'other'], 'repository-busy', 'git merge --abort'],
  ['a rebase', ['rebase', 'other'], 'repository-busy', 'git rebase --abort'],
  ['a cherry-pick', ['cherry-pick', 'other'], 'repository-busy', 'git cherry-pick --abort'],
  ['a revert', ['revert', '--no-edit', 'HEAD~1'], 'repository-busy', 'git revert --abort'],
])('during %s nothing is committed', async (_, words, code, advice) => {
  await using directory = await temporaryDirectory()
  await git(directory.path, 'init', '-q', '-b', 'main')
  for (const [branch, text] of [
    ['main', '1'],
    ['main', '2'],
    ['other', '3'],
    ['main', '4'],
    ['main', '5'],
  ] as const) {
    await git(
      directory.path,
      'checkout',
      '-q',
      '-B',
      branch,
      ...(text === '4' ? ['main'] : []),
    ).catch(() => undefined)
    await put(join(directory.path, 'file'), `${text}\n`)
    await git(directory.path, 'add', 'file')
    await git(directory.path, 'commit', '-q', '-m', text)
    if (text === '3') await git(directory.path, 'checkout', '-q', 'main')
  }
  await git(directory.path, ...words).catch(() => undefined)
  const repository = await open(join(directory.path, 'db'))
  const head = await git(directory.path, 'rev-parse', 'HEAD')
  await expect(repository.refuseIfBusy()).rejects.toMatchObject({
    code,
    status: 2,
    next: expect.stringContaining(advice) as string,
  })
  const request = { subtree, files: new Map<string, string>(), message: 'm', time: new Date() }
  await expect(repository.commit(request)).rejects.toMatchObject({ code })
  expect(await git(directory.path, 'rev-parse', 'HEAD')).toBe(head)
  // A branch of its own is not concerned.
  expect(
    (await snapshot(join(directory.path, 'db'), content, { branch: 'backup' })).commit,
  ).toBeDefined()
})

test('a branch switch between opening and committing is refused', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  const repository = await open(join(directory.path, 'db'))
  const files = new Map([['a.sql', await repository.storeFile({ bytes: Buffer.from('a') })]])
  await git(directory.path, 'checkout', '-q', '-b', 'side')
  const request = { subtree, files, message: 'm', time: new Date() }
  await expect(repository.commit(request)).rejects.toMatchObject({ code: 'branch-switched' })
  expect(await repository.refreshIndex(request)).toHaveProperty('postponed')
  await expectHealthy(directory.path, userStatus)
})

/** Runs a shell script in a mount namespace of its own; `$1` is a directory, `$2` node, `$3` the child. */
async function inNamespace(directory: string, script: string): Promise<string> {
  const words = [
    '--map-root-user',
    '--mount',
    'sh',
    '-ec',
    script,
    'sh',
    directory,
    process.execPath,
    child,
  ]
  const { stdout } = await run('unshare', words, { env: environment, maxBuffer: 1 << 24 })
  return stdout
}

test('read-only objects: a refusal with a reason, and nothing lost', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  const head = await git(directory.path, 'rev-parse', 'HEAD')
  const output = await inNamespace(
    directory.path,
    'mount --bind "$1/.git/objects" "$1/.git/objects"; mount -o remount,bind,ro "$1/.git/objects"; "$2" "$3" "$1/db" once || echo "status $?"',
  )
  expect(output).toMatch(/^failed repository-not-writable Mount .*\nstatus 2\n$/)
  expect(await git(directory.path, 'rev-parse', 'HEAD')).toBe(head)
  await snapshot(join(directory.path, 'db'), content)
  await expectHealthy(directory.path, userStatus)
})

test('a full disk at any moment: a refusal with a reason, and nothing lost', async () => {
  await using directory = await temporaryDirectory()
  await mkdir(join(directory.path, 'disk'))
  // Each round leaves some more room, so that another write is the one that fails.
  const output = await inNamespace(
    directory.path,
    `cd "$1"; mount -t tmpfs -o size=1m,mode=755 none disk; cd disk; git init -q -b main
     "$2" "$3" "$1/disk/db" once; first=$(git rev-parse HEAD)
     for free in 0 4 8 12 16 20 24 28 32 36 40 44 48 60 72 84; do
       rm -f fill; left=$(df -k --output=avail . | tail -1)
       head -c $(((left - free) * 1024)) /dev/zero > fill || true
       "$2" "$3" "$1/disk/db" once || true
       rm -f fill; git fsck --strict --full --no-dangling
       git merge-base --is-ancestor $first HEAD
       find .git -name '*.lock' -o -name 'tmp_obj_*'
     done
     "$2" "$3" "$1/disk/db" once; git status --porcelain; echo end`,
  )
  const lines = output.trim().split('\n')
  expect(lines.at(-1)).toBe('end')
  expect(
    lines
      .slice(0, -1)
      .filter((line) => !/^([0-9a-f]{40} "written"|failed |[0-9a-f]{40} \{)/.test(line)),
  ).toEqual([])
  const failed = lines.filter((line) => line.startsWith('failed '))
  expect(failed.length).toBeGreaterThan(3)
  for (const line of failed)
    expect(line).toMatch(/^failed (repository-not-writable Free some space|ENOSPC)/)
  expect(lines.some((line) => line.startsWith('failed repository-not-writable'))).toBe(true)
})
