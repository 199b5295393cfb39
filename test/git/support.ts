import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { openRepository } from '../../src/git/repository.ts'
import type { IndexRefresh, Repository } from '../../src/git/repository.ts'

const run = promisify(execFile)

/** git's own configuration must not come from the machine that runs the tests. */
export const environment = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'A User',
  GIT_AUTHOR_EMAIL: 'user@example.org',
  GIT_COMMITTER_NAME: 'A User',
  GIT_COMMITTER_EMAIL: 'user@example.org',
}

/** Runs the real git in a directory; its output, or an error with its status and messages. */
export async function git(directory: string, ...words: readonly string[]): Promise<string> {
  const options = { env: environment, maxBuffer: 1 << 26 }
  const { stdout } = await run('git', ['-C', directory, ...words], options)
  return stdout
}

/** A directory that goes when the test ends. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'schema_backup-git-')))
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await rm(path, { recursive: true, force: true })
    },
  }
}

/** Writes a file and the directories above it. */
export async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
}

/** A user's repository with a commit, a staged change, an unstaged change and an untracked file. */
export async function userRepository(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  await git(directory, 'init', '-q', '-b', 'main')
  for (const name of ['app/one.txt', 'app/two.txt', 'readme'])
    await put(join(directory, name), `${name}\n`)
  await git(directory, 'add', '.')
  await git(directory, 'commit', '-q', '-m', 'first')
  await put(join(directory, 'app/one.txt'), 'staged\n')
  await git(directory, 'add', 'app/one.txt')
  await put(join(directory, 'app/two.txt'), 'not staged\n')
  await put(join(directory, 'untracked'), 'untracked\n')
}

/** What the user's repository must look like before and after each of our runs. */
export const userStatus = 'M  app/one.txt\n M app/two.txt\n?? untracked\n'

export type Content = Readonly<Record<string, string | Uint8Array>>

export const subtree = 'db1.example.org/shop'

/** Opens the repository of a backup directory as a run does. */
export async function open(
  directory: string,
  options: { branch?: string; author?: { name?: string; email?: string } } = {},
): Promise<Repository> {
  return await openRepository(directory, { environment, create: true, ...options })
}

/** As the files' room writes it: git keeps every byte of the files below as it is. */
export const attributes = '* -text -ident -filter !working-tree-encoding\n'

/** What a run does: writes the files, stores them, commits, refreshes the index. */
export async function snapshot(
  directory: string,
  content: Content,
  options: { branch?: string; author?: { name?: string; email?: string } } = {},
): Promise<{ commit: string | undefined; index: IndexRefresh }> {
  const repository = await open(directory, options)
  await repository.refuseIfBusy()
  const files = new Map<string, string>()
  if (repository.writesWorkTree) {
    await rm(join(directory, subtree), { recursive: true, force: true })
  }
  for (const [path, bytes] of Object.entries({ '.gitattributes': attributes, ...content })) {
    const file = join(directory, subtree, path)
    if (repository.writesWorkTree) await put(file, bytes)
    files.set(path, await repository.storeFile({ bytes: Buffer.from(bytes) }))
  }
  const request = { subtree, files }
  const done = await repository.commit({ ...request, message: 'a snapshot\n', time: new Date() })
  return { commit: done?.commit, index: await repository.refreshIndex(request) }
}

/** git finds nothing wrong, and says of the work tree exactly what is expected; `heads`: check these, not the index. */
export async function expectHealthy(
  directory: string,
  status = '',
  ...heads: readonly string[]
): Promise<void> {
  const words = ['-C', directory, 'fsck', '--strict', '--full', '--no-dangling', ...heads]
  const { stdout, stderr } = await run('git', words, { env: environment })
  expect(stdout + stderr).toBe('')
  expect(await git(directory, 'status', '--porcelain', '--untracked-files=all')).toBe(status)
}

/** The committed bytes of a file, as git gives them. */
export async function committed(directory: string, revision: string): Promise<Buffer> {
  const { stdout } = await run('git', ['-C', directory, 'cat-file', 'blob', revision], {
    env: environment,
    encoding: 'buffer',
    maxBuffer: 1 << 26,
  })
  return stdout
}

export async function textOf(path: string): Promise<string> {
  return await readFile(path, 'utf8')
}
