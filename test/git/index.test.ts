import { chmod, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  attributes,
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

const content = { 'tables/users.sql': 'CREATE TABLE users (a int);\n', 'views/v.sql': 'v\n' }
const changed = { 'tables/users.sql': 'CREATE TABLE users (b int);\n', 'new.sql': 'n\n' }

/** The version of an index, and the names of its extensions. */
async function shapeOf(
  directory: string,
): Promise<{ version: number; extensions: readonly string[] }> {
  const bytes = await readFile(join(directory, '.git/index'))
  const names = ['TREE', 'REUC', 'UNTR', 'FSMN', 'link', 'EOIE', 'IEOT', 'sdir']
  return {
    version: bytes.readUInt32BE(4),
    extensions: names.filter((name) => bytes.includes(name)),
  }
}

/** Everything that git knows of the user's own entries: stage, mode, object, flags. */
async function userEntries(directory: string): Promise<string> {
  const entries = await git(directory, 'ls-files', '--stage', '-v', '-t')
  return entries
    .split('\n')
    .filter((line) => !line.includes('\tdb/'))
    .join('\n')
}

async function twoSnapshots(directory: string, status: string): Promise<void> {
  const [entries, staged] = [await userEntries(directory), await git(directory, 'diff', '--cached')]
  for (const next of [content, changed, content]) {
    await snapshot(join(directory, 'db'), next)
    await expectHealthy(directory, status)
    expect(await userEntries(directory)).toBe(entries)
    expect(await git(directory, 'diff', '--cached')).toBe(staged)
  }
  // git itself goes on with what we wrote.
  await git(directory, 'add', 'app/two.txt')
  await git(directory, 'commit', '-q', '-m', 'the user goes on')
}

test.each(['2', '4'])('an index of version %s stays one', async (version) => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  await git(directory.path, 'update-index', '--index-version', version)
  await twoSnapshots(directory.path, userStatus)
  expect((await shapeOf(directory.path)).version).toBe(Number(version))
})

test('the flags of the user stay: intent to add, assume-unchanged, skip-worktree', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  await put(join(directory.path, 'later'), 'later\n')
  await git(directory.path, 'add', '-N', 'later')
  await git(directory.path, 'update-index', '--assume-unchanged', 'readme')
  await git(directory.path, 'update-index', '--skip-worktree', 'app/two.txt')
  await twoSnapshots(directory.path, 'M  app/one.txt\n A later\n?? untracked\n').catch(
    (error: unknown) => {
      // The last step adds a file that is flagged to be skipped; git refuses that with any index.
      if (!String(error).includes('--sparse') && !String(error).includes('nothing')) throw error
    },
  )
  expect((await shapeOf(directory.path)).version).toBe(3)
  expect(await git(directory.path, 'ls-files', '-v')).toContain('h readme\n')
})

test('a split index becomes a whole one with all entries', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  for (let number = 0; number < 200; number += 1) {
    await put(join(directory.path, `many/${number}`), `${number}\n`)
  }
  await git(directory.path, 'add', 'many')
  await git(directory.path, 'commit', '-q', '-m', 'many', '--', 'many')
  await git(directory.path, 'config', 'splitIndex.maxPercentChange', '100')
  await git(directory.path, 'update-index', '--split-index')
  await git(
    directory.path,
    'rm',
    '-q',
    '--cached',
    ...Array.from({ length: 70 }, (_, number) => `many/${number + 20}`),
  )
  await put(join(directory.path, 'many/5'), 'replaced\n')
  await put(join(directory.path, 'many/5a'), 'added\n')
  await git(directory.path, 'add', 'many/5', 'many/5a')
  expect((await shapeOf(directory.path)).extensions).toContain('link')
  const status = await git(directory.path, 'status', '--porcelain', '--untracked-files=all')
  expect(status.split('\n').length).toBeGreaterThan(140)
  expect((await shapeOf(directory.path)).extensions).toContain('link')
  await twoSnapshots(directory.path, status)
})

test('the caches of git stay true: trees, untracked files', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  await git(directory.path, 'config', 'core.untrackedCache', 'true')
  await git(directory.path, 'config', 'user.name', 'x')
  await git(directory.path, 'update-index', '--force-untracked-cache')
  await snapshot(join(directory.path, 'db'), content)
  // git remembers that our files are untracked, as after a run that was killed before its commit.
  await put(join(directory.path, 'db', subtree, 'left.sql'), 'left\n')
  expect(await git(directory.path, 'status', '--porcelain')).toContain('left.sql')
  await git(directory.path, 'write-tree')
  expect((await shapeOf(directory.path)).extensions).toEqual(
    expect.arrayContaining(['TREE', 'UNTR']),
  )
  const request = { '.gitattributes': attributes, ...content, 'left.sql': 'left\n' }
  const repository = await open(join(directory.path, 'db'))
  const files = new Map<string, string>()
  for (const [path, text] of Object.entries(request)) {
    files.set(path, await repository.storeFile({ bytes: Buffer.from(text) }))
  }
  await repository.commit({ subtree, files, message: 'm', time: new Date() })
  expect(await repository.refreshIndex({ subtree, files })).toBe('written')
  expect((await shapeOf(directory.path)).extensions).toEqual(
    expect.arrayContaining(['TREE', 'UNTR']),
  )
  await expectHealthy(directory.path, userStatus)
  // The tree that git makes with its cached trees is the one that it makes without.
  const cached = await git(directory.path, 'write-tree')
  await git(directory.path, 'update-index', '--force-write-index', '--index-version', '4')
  await git(directory.path, 'commit', '-q', '-m', 'user')
  expect(await git(directory.path, 'rev-parse', 'HEAD^{tree}')).toBe(cached)
  await twoSnapshots(directory.path, ' M app/two.txt\n?? untracked\n')
})

test('a file system monitor that is configured is never run and git asks it again', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  const hook = join(directory.path, '.git/monitor')
  await put(hook, '#!/bin/sh\ntouch "$(dirname "$0")/ran"\nprintf "token\\0/\\0"\n')
  await git(directory.path, 'config', 'core.fsmonitor', `sh ${hook}`)
  await git(directory.path, 'update-index', '--fsmonitor')
  await git(directory.path, 'status')
  expect((await shapeOf(directory.path)).extensions).toContain('FSMN')
  await git(directory.path, 'rm', '-q', '--cached', 'readme')
  await put(join(directory.path, '.git/ran'), '')
  await snapshot(join(directory.path, 'db'), content)
  expect((await stat(join(directory.path, '.git/ran'))).size).toBe(0)
  await expectHealthy(
    directory.path,
    'M  app/one.txt\n M app/two.txt\nD  readme\n?? readme\n?? untracked\n',
  )
})

test.each(['--no-sparse-index', '--sparse-index'])('sparse checkouts with %s', async (kind) => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  await git(directory.path, 'stash', '-q')
  await put(join(directory.path, 'out/deep/er/file'), 'far\n')
  await put(join(directory.path, 'out/deep/near'), 'near\n')
  await put(join(directory.path, 'out/top'), 'top\n')
  await put(join(directory.path, 'other/file'), 'other\n')
  await git(directory.path, 'add', 'out', 'other')
  await git(directory.path, 'commit', '-q', '-m', 'more')
  await git(directory.path, 'sparse-checkout', 'set', '--cone', kind, 'app')
  await put(join(directory.path, 'app/one.txt'), 'staged\n')
  await git(directory.path, 'add', 'app/one.txt')
  expect((await shapeOf(directory.path)).extensions.includes('sdir')).toBe(
    kind === '--sparse-index',
  )
  // Inside of a directory that is not checked out, and within the cone.
  for (const place of ['out/deep/db', 'app/db']) {
    const before = await git(directory.path, 'ls-files', '--stage', 'out', 'other')
    for (const next of [content, changed]) {
      await snapshot(join(directory.path, place), next)
      // git 2.39 misses trees of its own in a sparse index with staged changes, so HEAD is checked alone.
      await expectHealthy(directory.path, 'M  app/one.txt\n?? untracked\n', 'HEAD')
    }
    const after = await git(directory.path, 'ls-files', '--stage', 'out', 'other')
    expect(
      after
        .split('\n')
        .filter((line) => !line.includes('/db/'))
        .join('\n'),
    ).toBe(
      before
        .split('\n')
        .filter((line) => !line.includes('/db/'))
        .join('\n'),
    )
  }
  await git(directory.path, 'commit', '-q', '-m', 'the user goes on')
  await expectHealthy(directory.path, '?? untracked\n')
})

test('conflicts of the user outside of a merge stay', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  await git(directory.path, 'commit', '-q', '-a', '-m', 'second')
  await put(join(directory.path, 'readme'), 'mine\n')
  await git(directory.path, 'stash', '-q')
  await put(join(directory.path, 'readme'), 'theirs\n')
  await git(directory.path, 'commit', '-q', '-a', '-m', 'third')
  await git(directory.path, 'stash', 'pop').catch(() => undefined)
  const before = await git(directory.path, 'ls-files', '--unmerged')
  expect(before.split('\n')).toHaveLength(4)
  await snapshot(join(directory.path, 'db'), content)
  expect(await git(directory.path, 'ls-files', '--unmerged')).toBe(before)
  await expectHealthy(directory.path, 'UU readme\n?? untracked\n')
})

test('an edit of the user in the second of our write is not hidden', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  const [racy, index] = [join(directory.path, 'readme'), join(directory.path, '.git/index')]
  const second = new Date(Math.floor(Date.now() / 1000) * 1000)
  // The user's file has the time and size that the index remembers, and other bytes.
  await utimes(racy, second, second)
  await git(directory.path, 'update-index', '--refresh', '-q').catch(() => undefined)
  await git(directory.path, 'config', 'core.trustctime', 'false')
  await writeFile(racy, 'README\n')
  await utimes(racy, second, second)
  await utimes(index, second, second)
  expect(await git(directory.path, 'diff', '--name-only')).toContain('readme')
  await utimes(index, second, second)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  await snapshot(join(directory.path, 'db'), content)
  expect(await git(directory.path, 'diff', '--name-only')).toContain('readme')
})

test('a file of ours that differs from the commit shows as changed', async () => {
  await using directory = await temporaryDirectory()
  const backup = directory.path
  const repository = await open(backup)
  await put(join(backup, subtree, 'a.sql'), 'edited')
  const files = new Map([['a.sql', await repository.storeFile({ bytes: Buffer.from('commit') })]])
  await repository.commit({ subtree, files, message: 'm', time: new Date() })
  await repository.refreshIndex({ subtree, files })
  expect(await git(backup, 'status', '--porcelain')).toBe(` M ${subtree}/a.sql\n`)
})

test('a file where a directory of ours belongs gives way in the index', async () => {
  await using directory = await temporaryDirectory()
  const host = subtree.split('/')[0] ?? ''
  await git(directory.path, 'init', '-q', '-b', 'main')
  await put(join(directory.path, host), 'a file\n')
  await git(directory.path, 'add', '.')
  await git(directory.path, 'rm', '-q', '--cached', '-f', host)
  await git(
    directory.path,
    'update-index',
    '--add',
    '--cacheinfo',
    `100644,e69de29bb2d1d6434b8b29ae775ad8c2e48c5391,${host}`,
  )
  await git(directory.path, 'hash-object', '-w', '/dev/null')
  await rm(join(directory.path, host))
  await snapshot(directory.path, content)
  await expectHealthy(directory.path)
})

test("the user's settings change no byte of ours and run nothing", async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  const trap = `sh -c 'touch ${directory.path}/.git/ran; cat'`
  for (const [key, value] of [
    ['core.autocrlf', 'true'],
    ['core.eol', 'crlf'],
    ['filter.trap.clean', trap],
    ['filter.trap.smudge', trap],
    ['filter.trap.process', trap],
    ['commit.gpgsign', 'true'],
    ['gpg.program', trap],
    ['core.hooksPath', join(directory.path, '.git/traps')],
    ['core.fileMode', 'true'],
    ['core.editor', trap],
    ['gc.auto', '1'],
  ] as const) {
    await git(directory.path, 'config', key, value)
  }
  for (const hook of [
    'pre-commit',
    'post-commit',
    'reference-transaction',
    'post-index-change',
    'commit-msg',
  ]) {
    await put(
      join(directory.path, '.git/traps', hook),
      `#!/bin/sh\ntouch ${directory.path}/.git/ran\n`,
    )
    await chmod(join(directory.path, '.git/traps', hook), 0o755)
  }
  await put(
    join(directory.path, '.gitattributes'),
    '* text=auto eol=crlf filter=trap ident working-tree-encoding=UTF-16\n',
  )
  const bytes = { 'tables/a.csv': 'a\r\nb\n$Id$\n', 'b.sql': '\u00e4\n' }
  await snapshot(join(directory.path, 'db'), bytes)
  await expect(stat(join(directory.path, '.git/ran'))).rejects.toMatchObject({ code: 'ENOENT' })
  for (const [path, text] of Object.entries(bytes)) {
    const oid = (await git(directory.path, 'rev-parse', `HEAD:db/${subtree}/${path}`)).trim()
    expect(await git(directory.path, 'cat-file', 'blob', oid)).toBe(text)
    await utimes(join(directory.path, 'db', subtree, path), 1, 1)
  }
  // git reads the files anew and finds them the same, then writes them anew with the same bytes.
  expect(await git(directory.path, 'status', '--porcelain', 'db')).toBe('')
  const hash = await git(directory.path, 'hash-object', `db/${subtree}/tables/a.csv`)
  expect(hash).toBe(await git(directory.path, 'rev-parse', `HEAD:db/${subtree}/tables/a.csv`))
  await rm(join(directory.path, 'db', subtree), { recursive: true })
  await git(directory.path, 'checkout', '-q', '--', `db/${subtree}`)
  expect(await readFile(join(directory.path, 'db', subtree, 'tables/a.csv'), 'utf8')).toBe(
    bytes['tables/a.csv'],
  )
})
