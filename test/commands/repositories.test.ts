import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { host, lists, test, type Project } from '../cli/project.ts'
import {
  committedPaths,
  git,
  gitEnded,
  placedPaths,
  subjects,
  touchStates,
  treeOf,
} from '../cli/witness.ts'

const settings = `database: sqlite:../shop.db\n${lists}`

/** A project repository of the user, two directories above the backup directory, with changes that are nobody else's business. */
function userRepository(project: Project): string {
  const top = join(project.directory, 'app')
  project.configure(`csv2_backup_dir: ../app/db/backup\n${settings}`)
  mkdirSync(top)
  git(top, 'init', '-q', '-b', 'trunk')
  for (const name of ['one', 'two', 'db/three']) project.write(`app/${name}`, `${name}\n`)
  git(top, 'add', '.')
  git(top, 'commit', '-q', '-m', 'first')
  project.write('app/one', 'staged\n')
  git(top, 'add', 'one')
  project.write('app/two', 'not staged\n')
  project.write('app/untracked', '')
  project.write('app/added', 'staged and new\n')
  git(top, 'add', 'added')
  project.write('app/added', 'and changed again\n')
  return top
}

const userStatus = 'AM added\nM  one\n M two\n?? untracked\n'

/** What git shows of the user's own changes. */
function userChanges(top: string): readonly string[] {
  return [git(top, 'status', '--porcelain'), git(top, 'diff'), git(top, 'diff', '--cached')]
}

describe.concurrent('a repository of the user', () => {
  test('gets a commit of the backup alone; staged and unstaged changes stay as they are', async ({
    project,
  }) => {
    const top = userRepository(project)
    const before = userChanges(top)
    expect(before[0]).toBe(userStatus)
    await project.succeed()
    expect(userChanges(top)).toEqual(before)
    expect(subjects(top)).toEqual([`${host}/shop: first snapshot, 7 objects`, 'first'])
    const changed = git(top, 'show', '--format=', '--name-only').trim().split('\n')
    expect(changed.filter((path) => !path.startsWith(`db/backup/${host}/shop/`))).toEqual([])
    project.sql("UPDATE countries SET name = 'x'; DROP VIEW names")
    await project.succeed()
    expect(userChanges(top)).toEqual(before)
    expect(subjects(top)).toHaveLength(3)
    const states = touchStates(top)
    await project.succeed()
    expect(touchStates(top)).toEqual(states)
    expect(git(top, 'show', 'HEAD:one')).toBe('one\n')
  })

  test('has hooks, filters and a signing program: none of them runs', async ({ project }) => {
    const top = userRepository(project)
    const trace = join(project.directory, 'trace')
    const script = `#!/bin/sh\necho "$0" >> '${trace}'\nexit 1\n`
    for (const hook of [
      'pre-commit',
      'commit-msg',
      'prepare-commit-msg',
      'post-commit',
      'post-index-change',
      'reference-transaction',
    ]) {
      project.write(`app/.git/hooks/${hook}`, script, 0o755)
    }
    const signer = project.write('signer', script, 0o755)
    project.write('app/.gitattributes', '*.csv filter=evil\n')
    for (const [key, value] of Object.entries({
      'filter.evil.clean': signer,
      'filter.evil.smudge': signer,
      'core.fsmonitor': signer,
      'commit.gpgsign': 'true',
      'gpg.program': signer,
      'core.editor': signer,
    }))
      git(top, 'config', key, value)
    await project.succeed()
    expect(existsSync(trace)).toBe(false)
    for (const key of ['core.fsmonitor', 'commit.gpgsign']) git(top, 'config', '--unset', key)
    git(top, 'config', 'core.hooksPath', '/nonexistent')
    expect(git(top, 'status', '--porcelain', 'db')).toBe('')
  })

  test('is a linked worktree: its branch gets the commit, the main one stays', async ({
    project,
  }) => {
    const main = userRepository(project)
    const before = userChanges(main)
    const linked = join(project.directory, 'linked')
    git(main, 'worktree', 'add', '-q', '-b', 'data', linked)
    project.configure(`csv2_backup_dir: ../linked/backup\n${settings}`)
    await project.succeed()
    expect(userChanges(main)).toEqual(before)
    expect(git(linked, 'status', '--porcelain')).toBe('')
    expect(subjects(main, 'data')).toEqual([`${host}/shop: first snapshot, 7 objects`, 'first'])
    expect(subjects(main, 'trunk')).toEqual(['first'])
  })

  test('has a branch without a commit', async ({ project }) => {
    mkdirSync(project.shared)
    git(project.shared, 'init', '-q', '-b', 'unborn')
    project.write('schema_backup/staged', 'mine\n')
    git(project.shared, 'add', 'staged')
    await project.succeed()
    expect(git(project.shared, 'symbolic-ref', 'HEAD')).toBe('refs/heads/unborn\n')
    expect(subjects(project.shared)).toHaveLength(1)
    expect(git(project.shared, 'status', '--porcelain')).toBe('A  staged\n')
    expect(committedPaths(project.shared)).not.toContain('staged')
  })

  test('is bare: works with git.branch, puts no file in place', async ({ project }) => {
    mkdirSync(project.shared)
    git(project.shared, 'init', '-q', '--bare', '-b', 'main')
    project.configure(`${settings}git: {branch: snapshots}\n`)
    await project.succeed()
    expect(subjects(project.shared, 'snapshots')).toHaveLength(1)
    expect(subjects(project.shared, 'main')).toEqual([])
    expect(existsSync(join(project.shared, host))).toBe(false)
    await project.succeed()
    expect(subjects(project.shared, 'snapshots')).toHaveLength(1)
  })

  test('has another branch checked out than git.branch: that one gets the commit alone', async ({
    project,
  }) => {
    const top = userRepository(project)
    project.configure(`csv2_backup_dir: ../app/db/backup\n${settings}git: {branch: snapshots}\n`)
    const before = [userChanges(top), treeOf(top)['db']]
    await project.succeed()
    expect([userChanges(top), treeOf(top)['db']]).toEqual(before)
    expect(git(top, 'symbolic-ref', 'HEAD')).toBe('refs/heads/trunk\n')
    expect(subjects(top)).toEqual(['first'])
    expect(subjects(top, 'snapshots')[0]).toBe(`${host}/shop: first snapshot, 7 objects`)
    expect(placedPaths(join(top, 'db'))).toEqual(['three'])
    await project.succeed()
    project.sql("UPDATE countries SET name = 'x'")
    await project.succeed()
    expect(git(top, 'show', `snapshots:db/backup/${host}/shop/tables/countries.csv`)).toContain(
      'de,x',
    )
  })

  test('names the author: configuration, then git, then a default', async ({
    newProject,
    project,
  }) => {
    await project.succeed()
    const author = (directory: string) =>
      git(directory, 'log', '-1', '--format=%an <%ae>, %cn <%ce>')
    expect(author(project.shared)).toMatch(/^[^<]+ <[^>]+@[^>]+>, /)
    const second = await newProject()
    writeFileSync(
      join(second.home, '.gitconfig'),
      '[user]\n\tname = Ada\n\temail = ada@example.org\n',
    )
    await second.succeed()
    expect(author(second.shared)).toBe('Ada <ada@example.org>, Ada <ada@example.org>\n')
    second.configure(`${settings}git: {author: 'Back Up <backup@example.org>'}\n`)
    second.sql('DROP VIEW names')
    await second.succeed()
    expect(author(second.shared)).toBe(
      'Back Up <backup@example.org>, Back Up <backup@example.org>\n',
    )
  })
})

describe.concurrent('a repository in which something is under way', () => {
  /** Two branches that conflict, and a committed snapshot. */
  function conflicting(project: Project): string {
    const top = userRepository(project)
    git(top, 'reset', '-q', '--hard')
    git(top, 'switch', '-q', '-c', 'other')
    project.write('app/one', 'theirs\n')
    git(top, 'commit', '-q', '-a', '-m', 'theirs')
    git(top, 'switch', '-q', 'trunk')
    project.write('app/one', 'ours\n')
    git(top, 'commit', '-q', '-a', '-m', 'ours')
    return top
  }

  const refusals: readonly (readonly [
    what: string,
    begin: (top: string) => void,
    says: RegExp,
    abort: readonly string[],
  ])[] = [
    [
      'a detached HEAD',
      (top) => git(top, 'switch', '-q', '--detach'),
      /\[detached-head\].*\n {2}Check out a branch/,
      ['switch', '-q', 'trunk'],
    ],
    [
      'a merge',
      (top) => gitEnded(top, 'merge', 'other'),
      /\[repository-busy\] A merge is under way.*\n {2}Finish it/,
      ['merge', '--abort'],
    ],
    [
      'a rebase',
      (top) => gitEnded(top, 'rebase', 'other'),
      /\[repository-busy\] A rebase is under way.*\n {2}Finish it/,
      ['rebase', '--abort'],
    ],
    [
      'a cherry-pick',
      (top) => gitEnded(top, 'cherry-pick', 'other'),
      /\[repository-busy\] A cherry-pick is under way/,
      ['cherry-pick', '--abort'],
    ],
  ]
  test.for(refusals)(
    '%s: a refusal that says what to do; then it goes on',
    async ([, start, says, abort], { project }) => {
      const top = conflicting(project)
      start(top)
      const before = [treeOf(top), treeOf(project.private)]
      const ended = await project.run()
      expect([ended.status, ended.stdout]).toEqual([2, ''])
      expect(ended.stderr).toMatch(says)
      expect([treeOf(top), treeOf(project.private)]).toEqual(before)
      git(top, ...abort)
      await project.succeed()
      expect(git(top, 'status', '--porcelain', 'db')).toBe('')
    },
  )
})

describe.concurrent('what a killed program left behind', () => {
  test('a stale index.lock of ours or of long ago does not block', async ({ project }) => {
    await project.succeed()
    const lock = join(project.shared, '.git', 'index.lock')
    writeFileSync(lock, '')
    utimesSync(lock, new Date(0), new Date(0))
    project.sql('DROP VIEW names')
    await project.succeed()
    expect(existsSync(lock)).toBe(false)
    expect(project.git('status', '--porcelain')).toBe('')
  })

  test('an index.lock that is held: the commit is made, the next run mends the index', async ({
    project,
  }) => {
    await project.succeed()
    const lock = join(project.shared, '.git', 'index.lock')
    writeFileSync(lock, '')
    project.sql('DROP VIEW names')
    const { stdout } = await project.succeed()
    expect(stdout).toContain('index.lock')
    expect(readFileSync(lock, 'utf8')).toBe('')
    expect(subjects(project.shared)).toHaveLength(2)
    const { size } = statSync(join(project.shared, '.git', 'index'))
    rmSync(lock)
    await project.succeed()
    expect(project.git('status', '--porcelain')).toBe('')
    expect(statSync(join(project.shared, '.git', 'index')).size).toBeLessThan(size)
  })

  test('stale files of a run and orphaned objects do not matter', async ({ project }) => {
    await project.succeed()
    project.write('schema_backup/.schema_backup/staging/old/1', 'half')
    project.write('private/.schema_backup/staging/old/1', 'half', 0o600)
    project.write('schema_backup/.git/objects/17/tmp_obj_1', 'half')
    project.sql('DROP VIEW names')
    await project.succeed()
    expect(existsSync(join(project.shared, '.schema_backup', 'staging', 'old'))).toBe(false)
    expect(existsSync(join(project.private, '.schema_backup', 'staging', 'old'))).toBe(false)
    expect(project.git('status', '--porcelain')).toBe('')
  })
})
