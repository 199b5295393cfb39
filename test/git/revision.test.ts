import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { environment, open, put, subtree, temporaryDirectory } from './support.ts'

/** Runs git as if it were a time of November 2026. */
function gitAt(directory: string, time: string, ...words: readonly string[]): string {
  const date = `2026-11-${time} +0000`
  const env = { ...environment, GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date }
  return execFileSync('git', ['-C', directory, ...words], { encoding: 'utf8', env }).trim()
}

/** Five commits, of which the second and the fourth change nothing of the subtree. */
async function history(directory: string): Promise<readonly string[]> {
  const commits: string[] = []
  gitAt(directory, '01 12:00', 'init', '-q', '-b', 'main')
  for (const [index, path] of ['a', '', 'b', '', 'c'].entries()) {
    const time = `0${index + 1} 12:00`
    await put(join(directory, path === '' ? 'other' : `${subtree}/${path}`), `${index}`)
    gitAt(directory, time, 'add', '.')
    gitAt(directory, time, 'commit', '-q', '-m', `commit ${index}`)
    commits.push(gitAt(directory, time, 'rev-parse', 'HEAD'))
  }
  return commits
}

async function resolved(directory: string, revision: string): Promise<string> {
  const repository = await open(directory)
  return (await repository.resolve(revision, subtree)).commit
}

test('a commit is found by every name that git finds it by', async () => {
  await using directory = await temporaryDirectory()
  const { path } = directory
  const commits = await history(path)
  gitAt(path, '06 12:00', 'tag', 'light', 'HEAD~2')
  gitAt(path, '06 12:00', 'tag', '-a', '-m', 'x', 'v1.0', 'HEAD~1')
  gitAt(
    path,
    '06 12:00',
    '-c',
    'advice.nestedTag=false',
    'tag',
    '-a',
    '-m',
    'x',
    'tag-of-tag',
    'v1.0',
  )
  gitAt(path, '06 12:00', 'branch', 'feature/x', 'HEAD~3')
  gitAt(path, '06 12:00', 'merge', '-q', '--no-ff', '-m', 'merge', 'HEAD')
  const tree = `${commits[4] ?? ''}^{tree}`
  const merge = gitAt(
    path,
    '06 12:00',
    'commit-tree',
    tree,
    '-p',
    'HEAD',
    '-p',
    'feature/x',
    '-m',
    'x',
  )
  gitAt(path, '06 12:00', 'update-ref', 'refs/heads/main', merge)
  const names = [
    ...[
      'HEAD',
      '@',
      '@~1',
      'main',
      'heads/main',
      'refs/heads/main',
      'HEAD~',
      'HEAD~2',
      'HEAD^^',
      'HEAD^2',
      'HEAD^2~1',
    ],
    ...[
      'HEAD^0',
      'light',
      'tags/light',
      'v1.0',
      'tag-of-tag',
      'tag-of-tag~1',
      'feature/x',
      'feature/x^',
    ],
    ...commits.flatMap((commit) => [commit, commit.slice(0, 10), commit.slice(0, 7)]),
  ]
  for (const packed of [false, true]) {
    if (packed) gitAt(path, '06 12:00', 'gc', '-q')
    for (const name of names) {
      expect([name, await resolved(path, name)]).toEqual([
        name,
        gitAt(path, '06 12:00', 'rev-parse', `${name}^{commit}`),
      ])
    }
  }
})

test.each([
  '05 12:00:00',
  '05 11:59:59',
  '04 12:00',
  '03 12:00:01',
  '03 11:00',
  '02 23:00',
  '01 12:00',
])('2026-11-%s is the last change of the subtree by then, as git log says', async (time) => {
  await using directory = await temporaryDirectory()
  await history(directory.path)
  const words = ['log', '-1', '--format=%H', `--before=2026-11-${time} +0000`, '--', subtree]
  const expected = gitAt(directory.path, '09 12:00', ...words)
  expect(expected).toMatch(/^[0-9a-f]{40}$/)
  for (const zone of ['Z', ' +0000', '+00:00']) {
    expect(await resolved(directory.path, `2026-11-${time}${zone}`)).toBe(expected)
  }
})

test('a day means its end, and a time without a zone that of the machine', async () => {
  await using directory = await temporaryDirectory()
  const commits = await history(directory.path)
  const local = new Date('2026-11-03T12:00:30Z')
  const two = (value: number) => `${value}`.padStart(2, '0')
  const day = `${local.getFullYear()}-${two(local.getMonth() + 1)}-${two(local.getDate())}`
  const clock = `${two(local.getHours())}:${two(local.getMinutes())}:30`
  expect(await resolved(directory.path, `${day} ${clock}`)).toBe(commits[2])
  expect(await resolved(directory.path, '2026-11-01Z')).toBe(commits[0])
  expect(await resolved(directory.path, '2030-01-01')).toBe(commits[4])
})

test.each([
  ['nobody', 'no branch, tag or commit'],
  ['HEAD~9', 'does not go back that far'],
  ['HEAD^2', 'does not go back that far'],
  ['2001-01-01', 'begins later'],
  ['2026-13-45 12:00', 'no such day'],
  ['00000000', 'no commit begins so'],
  ['main@{0}', 'no branch'],
  ['HEAD:readme', 'no branch'],
  ['../HEAD', 'no branch'],
  ['-x', 'no branch'],
])('%s is nothing: %s', async (revision, reason) => {
  await using directory = await temporaryDirectory()
  await history(directory.path)
  const failed = resolved(directory.path, revision)
  await expect(failed).rejects.toMatchObject({ code: 'unknown-revision', status: 64 })
  await expect(failed).rejects.toThrow(reason)
})
