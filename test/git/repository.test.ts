import { mkdir, readFile, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openRepository } from '../../src/git/repository.ts'
import {
  committed,
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

const content = {
  'tables/users.sql': 'CREATE TABLE users (a int);\n',
  'tables/users.csv': 'a\r\n1\n',
}

test('the first run makes a repository of its own; a second one makes no commit', async () => {
  await using directory = await temporaryDirectory()
  const backup = join(directory.path, 'not', 'there')
  const first = await snapshot(backup, content)
  expect(first).toMatchObject({
    commit: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
    index: 'written',
  })
  const repository = await open(backup)
  const files = new Map<string, string>()
  for (const [path, { oid }] of await repository.readTree(subtree)) files.set(path, oid)
  const { mtimeMs } = await stat(join(backup, '.git/index'))
  const request = { subtree, files }
  expect(await repository.commit({ ...request, message: 'm', time: new Date() })).toBeUndefined()
  expect(await repository.refreshIndex(request)).toBe('unchanged')
  expect((await stat(join(backup, '.git/index'))).mtimeMs).toBe(mtimeMs)
  // git comes last: its status refreshes the index itself.
  await expectHealthy(backup)
  expect(await git(backup, 'rev-list', '--count', 'HEAD')).toBe('1\n')
  expect(await git(backup, 'rev-parse', '--abbrev-ref', 'HEAD')).toBe('main\n')
})

test('deep in a project only our paths are committed', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  const staged = await git(directory.path, 'diff', '--cached')
  const backup = join(directory.path, 'ops/db')
  await snapshot(backup, content)
  await expectHealthy(directory.path, userStatus)
  expect(await git(directory.path, 'diff', '--cached')).toBe(staged)
  expect(await git(directory.path, 'show', '--name-only', '--format=', 'HEAD')).toBe(
    `ops/db/${subtree}/.gitattributes\nops/db/${subtree}/tables/users.csv\nops/db/${subtree}/tables/users.sql\n`,
  )
  const file = `${subtree}/tables/users.csv`
  expect(String(await committed(directory.path, `HEAD:ops/db/${file}`))).toBe('a\r\n1\n')
  await snapshot(backup, { 'tables/users.sql': 'changed\n' })
  await expectHealthy(directory.path, userStatus)
  expect(await git(directory.path, 'show', '--name-status', '--format=', 'HEAD')).toBe(
    `D\tops/db/${file}\nM\tops/db/${subtree}/tables/users.sql\n`,
  )
  await snapshot(backup, {})
  await expectHealthy(directory.path, userStatus)
  expect((await git(directory.path, 'ls-files', 'ops')).trim()).toBe(
    `ops/db/${subtree}/.gitattributes`,
  )
})

test('the reflogs say what happened, as after a commit by git', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  await snapshot(join(directory.path, 'db'), content)
  for (const ref of ['HEAD', 'main']) {
    expect(await git(directory.path, 'reflog', '--format=%gs %gn', ref)).toBe(
      'commit: a snapshot A User\ncommit (initial): first A User\n',
    )
  }
})

test('in a linked work tree its own branch and index are used', async () => {
  await using directory = await temporaryDirectory()
  const [main, linked] = [join(directory.path, 'main'), join(directory.path, 'linked')]
  await userRepository(main)
  await git(main, 'worktree', 'add', '-q', '-b', 'side', linked)
  await snapshot(join(linked, 'db'), content)
  await expectHealthy(linked)
  await expectHealthy(main, userStatus)
  expect(await git(linked, 'log', '--format=%s', 'side')).toBe('a snapshot\nfirst\n')
  expect(await git(main, 'log', '--format=%s', 'main')).toBe('first\n')
  expect(await git(linked, 'reflog', '-1', '--format=%gs', 'HEAD')).toBe('commit: a snapshot\n')
  await expect(snapshot(join(linked, 'db'), {}, { branch: 'main' })).rejects.toMatchObject({
    code: 'branch-checked-out',
  })
})

test('a submodule is a repository of its own', async () => {
  await using directory = await temporaryDirectory()
  const [outer, inner] = [join(directory.path, 'outer'), join(directory.path, 'inner')]
  await userRepository(outer)
  await git(directory.path, 'init', '-q', '-b', 'main', inner)
  await git(inner, 'commit', '-q', '--allow-empty', '-m', 'inner')
  await git(outer, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner, 'sub')
  await git(outer, 'commit', '-q', '-a', '-m', 'submodule')
  await snapshot(join(outer, 'sub'), content)
  await expectHealthy(join(outer, 'sub'))
  expect(await git(join(outer, 'sub'), 'log', '--format=%s')).toBe('a snapshot\ninner\n')
  // The outer repository keeps its link to the submodule through a commit of ours.
  const links = await git(outer, 'ls-tree', 'HEAD', 'sub')
  await snapshot(join(outer, 'db'), content)
  expect(await git(outer, 'ls-tree', 'HEAD', 'sub')).toBe(links)
})

test('a branch without a commit gets its first one, and what is staged stays staged', async () => {
  await using directory = await temporaryDirectory()
  await git(directory.path, 'init', '-q', '-b', 'trunk')
  await put(join(directory.path, 'mine'), 'mine\n')
  await git(directory.path, 'add', 'mine')
  await snapshot(join(directory.path, 'db'), content)
  await expectHealthy(directory.path, 'A  mine\n')
  expect(await git(directory.path, 'log', '--format=%s', 'trunk')).toBe('a snapshot\n')
})

test('git.branch commits to that branch and leaves branch, index and work tree alone', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  const index = await readFile(join(directory.path, '.git/index'))
  const backup = join(directory.path, 'db')
  await snapshot(backup, content, { branch: 'backup/db1' })
  const { commit } = await snapshot(backup, { 'a.sql': 'a\n' }, { branch: 'backup/db1' })
  expect(await readFile(join(directory.path, '.git/index'))).toEqual(index)
  await expectHealthy(directory.path, userStatus)
  expect(await git(directory.path, 'log', '--format=%H %s', 'backup/db1')).toMatch(
    new RegExp(`^${commit ?? ''} a snapshot\n[0-9a-f]{40} a snapshot\n$`),
  )
  expect(await git(directory.path, 'ls-tree', '-r', '--name-only', 'backup/db1')).toBe(
    `db/${subtree}/.gitattributes\ndb/${subtree}/a.sql\n`,
  )
  expect(await git(directory.path, 'log', '--format=%s', 'HEAD')).toBe('first\n')
})

test('git.branch goes on from the branch of the same name on origin', async () => {
  await using directory = await temporaryDirectory()
  const [origin, clone] = [join(directory.path, 'origin'), join(directory.path, 'clone')]
  await userRepository(origin)
  await git(origin, 'branch', 'backups')
  await git(directory.path, 'clone', '-q', origin, clone)
  await snapshot(clone, content, { branch: 'backups' })
  expect(await git(clone, 'log', '--format=%s', 'backups')).toBe('a snapshot\nfirst\n')
})

test('a bare repository takes commits to a named branch', async () => {
  await using directory = await temporaryDirectory()
  const bare = join(directory.path, 'bare.git')
  await git(directory.path, 'init', '-q', '--bare', bare)
  const repository = await open(bare, { branch: 'snapshots' })
  expect(repository).toMatchObject({ bare: true, writesWorkTree: false, prefix: '' })
  await snapshot(bare, content, { branch: 'snapshots' })
  expect(await git(bare, 'fsck', '--strict', '--full')).toBe('')
  expect(await git(bare, 'log', '--format=%s', 'snapshots')).toBe('a snapshot\n')
})

test.each([
  ['http://x', false],
  ['-x', false],
  ['a..b', false],
  ['a.lock', false],
  ['feature/x', true],
])('the branch name %s is judged as git does', async (name, valid) => {
  await using directory = await temporaryDirectory()
  const opened = open(directory.path, { branch: name }).then(
    () => true,
    () => false,
  )
  const byGit = git(directory.path, 'check-ref-format', '--branch', name).then(
    () => true,
    () => false,
  )
  expect([await opened, await byGit]).toEqual([valid, valid])
})

test('a branch below another branch is refused with a reason', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  await expect(snapshot(directory.path, content, { branch: 'main/x' })).rejects.toMatchObject({
    code: 'branch-name-taken',
  })
})

test('packed objects, deltas, packed refs and alternates are read', async () => {
  await using directory = await temporaryDirectory()
  const [origin, borrower] = [join(directory.path, 'origin'), join(directory.path, 'borrower')]
  const lines = Array.from({ length: 4000 }, (_, number) => `row ${number * 7919}`)
  for (let version = 0; version < 5; version += 1) {
    lines[version * 100] = `changed ${version}`
    await snapshot(origin, { ...content, 'big.csv': lines.join('\n') })
  }
  await git(origin, 'gc', '-q', '--aggressive')
  await git(directory.path, 'clone', '-q', '--shared', origin, borrower)
  for (const place of [origin, borrower]) {
    const repository = await open(place)
    const files = await repository.readTree(subtree)
    expect([...files.keys()].sort()).toEqual([
      '.gitattributes',
      'big.csv',
      'tables/users.csv',
      'tables/users.sql',
    ])
    for (const [path, { oid }] of files) {
      const bytes = await committed(place, `HEAD:${subtree}/${path}`)
      expect(Buffer.compare(await repository.readBlob(oid), bytes)).toBe(0)
    }
    const all = await git(place, 'cat-file', '--batch-all-objects', '--batch-check')
    for (const [oid = '', type] of all
      .trim()
      .split('\n')
      .map((line) => line.split(' '))) {
      if (type !== 'blob') continue
      expect(Buffer.compare(await repository.readBlob(oid), await committed(place, oid))).toBe(0)
    }
    expect(
      (await snapshot(place, { ...content, 'big.csv': lines.join('\n') })).commit,
    ).toBeUndefined()
    expect(await git(place, 'count-objects')).toMatch(/^0 objects/)
    await snapshot(place, { new: 'n\n' })
    await expectHealthy(place)
  }
})

test('a large file is stored in blocks with the bytes that git gives back', async () => {
  await using directory = await temporaryDirectory()
  const repository = await open(directory.path)
  const bytes = Buffer.from(
    Array.from({ length: 900_000 }, (_, number) => `${number * 31}\r\n`).join(''),
  )
  await put(join(directory.path, 'large'), bytes)
  const oid = await repository.storeFile({ file: join(directory.path, 'large') })
  expect(oid).toBe(await repository.identifyFile({ bytes }))
  expect((await git(directory.path, 'hash-object', '--no-filters', 'large')).trim()).toBe(oid)
  expect(Buffer.compare(await committed(directory.path, oid), bytes)).toBe(0)
})

test('shallow clones take commits; a clone without trees says what it lacks', async () => {
  await using directory = await temporaryDirectory()
  const [origin, shallow, partial] = ['origin', 'shallow', 'partial'].map((name) =>
    join(directory.path, name),
  ) as [string, string, string]
  await snapshot(origin, content)
  await snapshot(origin, { a: 'a\n' })
  await git(origin, 'config', 'uploadpack.allowFilter', 'true')
  await git(directory.path, 'clone', '-q', '--depth=1', `file://${origin}`, shallow)
  await snapshot(shallow, content)
  await expectHealthy(shallow)
  await git(
    directory.path,
    'clone',
    '-q',
    '--no-checkout',
    '--filter=tree:0',
    `file://${origin}`,
    partial,
  )
  await expect(snapshot(partial, content)).rejects.toMatchObject({
    code: 'object-missing',
    status: 2,
  })
})

test('odd entries of the user survive byte for byte', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  await git(directory.path, 'stash', '-q')
  const blob = (await git(directory.path, 'rev-parse', 'HEAD:readme')).trim()
  const link = 'a'.repeat(40)
  const lines = [
    `100644 blob ${blob}\tdb.sql`,
    `100755 blob ${blob}\trun`,
    `120000 blob ${blob}\tlink`,
    `160000 commit ${link}\tsub`,
    `100664 blob ${blob}\told`,
    `100644 blob ${blob}\tz\\303\\244 b`,
  ]
  await put(
    join(directory.path, '.git/lines'),
    lines.map((line) => line.replace(/\t(.*\\.*)$/, '\t"$1"')).join('\n') + '\n',
  )
  await git(directory.path, 'config', 'alias.make', '!git mktree --missing < .git/lines')
  const tree = (await git(directory.path, 'make')).trim()
  const commit = (await git(directory.path, 'commit-tree', '-m', 'odd', tree)).trim()
  await git(directory.path, 'update-ref', 'refs/heads/odd', commit)
  await snapshot(join(directory.path, 'db'), content, { branch: 'odd' })
  const before = await git(directory.path, 'ls-tree', tree)
  const after = await git(directory.path, 'ls-tree', 'odd')
  expect(
    after
      .split('\n')
      .filter((line) => !line.endsWith('\tdb'))
      .join('\n'),
  ).toBe(before)
  expect(after.split('\n').map((line) => line.replace(/^.*\t/, ''))).toEqual([
    'db.sql',
    'db',
    'link',
    'old',
    'run',
    'sub',
    '"z\\303\\244 b"',
    '',
  ])
})

test('a dry run makes no repository', async () => {
  await using directory = await temporaryDirectory()
  const repository = await openRepository(directory.path, { environment, create: false })
  await repository.refuseIfBusy()
  expect(repository).toMatchObject({ branch: 'main', writesWorkTree: true, prefix: '' })
  expect([...(await repository.readTree(subtree))]).toEqual([])
  await expect(stat(join(directory.path, '.git'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a symbolic link to the backup directory leads to its repository', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(join(directory.path, 'project'))
  await mkdir(join(directory.path, 'project/db'))
  await symlink(join(directory.path, 'project/db'), join(directory.path, 'link'))
  expect(await open(join(directory.path, 'link'))).toMatchObject({ prefix: 'db' })
})

test('what a repository exposes is what git would add', async () => {
  await using directory = await temporaryDirectory()
  const project = join(directory.path, 'project')
  await userRepository(project)
  await put(join(project, '.gitignore'), 'private/\n/top\n*.secret\n!kept.secret\n')
  await put(join(project, 'app/.gitignore'), 'inner\n')
  await put(join(project, '.git/info/exclude'), 'excluded\n')
  const repository = await open(join(project, 'db'))
  for (const path of [
    'private',
    'deep/private',
    'top',
    'app/top',
    'app/inner',
    'inner',
    'a.secret',
    'kept.secret',
    'excluded',
    'plain',
    'private/below',
    'x/a.secret/y',
  ]) {
    const byGit = await git(project, 'check-ignore', '-q', `${path}/file`).then(
      () => false,
      () => true,
    )
    expect([path, await repository.exposes(join(project, path))]).toEqual([path, byGit])
  }
  expect(await repository.exposes(directory.path)).toBe(false)
  expect(await repository.exposes(join(directory.path, 'elsewhere'))).toBe(false)
  expect(await repository.exposes(join(project, '.git/x'))).toBe(false)
  await put(join(project, 'private/tracked'), 'tracked\n')
  await git(project, 'add', '-f', 'private/tracked')
  await git(project, 'commit', '-q', '-m', 'oops', 'private/tracked')
  expect(await (await open(join(project, 'db'))).exposes(join(project, 'private'))).toBe(true)
})
