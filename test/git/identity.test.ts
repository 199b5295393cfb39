import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { configFiles, configValue, readConfig } from '../../src/git/config.ts'
import { commitTime } from '../../src/git/identity.ts'
import { openRepository } from '../../src/git/repository.ts'
import { git, put, snapshot, temporaryDirectory, userRepository } from './support.ts'

const run = promisify(execFile)

async function identityOf(
  directory: string,
  environment: Record<string, string>,
  author?: { name?: string; email?: string },
): Promise<string> {
  const repository = await openRepository(directory, {
    environment: { GIT_CONFIG_NOSYSTEM: '1', ...environment },
    create: true,
    ...(author === undefined ? {} : { author }),
  })
  const file = await repository.storeFile({ bytes: Buffer.from(String(Math.random())) })
  const request = { subtree: 'h/d', files: new Map([['f', file]]), message: 'm', time: new Date() }
  await repository.commit(request)
  return (await git(directory, 'log', '-1', '--format=%an <%ae> %cn <%ce>')).trim()
}

test('who commits: our configuration, variables, git config, default, in this order', async () => {
  await using directory = await temporaryDirectory()
  const [repository, home] = [join(directory.path, 'repository'), join(directory.path, 'home')]
  const ours = `schema_backup <schema_backup@${hostname()}>`
  expect(await identityOf(repository, { HOME: home })).toBe(`${ours} ${ours}`)
  await put(
    join(home, '.gitconfig'),
    `[user]\n\tname = "Home # User" ; c\n\temail = home@example.org\n[includeIf "gitdir:${directory.path}/"]\n\tpath = work\n`,
  )
  const fromHome = 'Home # User <home@example.org>'
  expect(await identityOf(repository, { HOME: home })).toBe(`${fromHome} ${fromHome}`)
  await put(join(home, 'work'), '[User]\n  EMAIL = work@\\\nexample.org\n')
  expect(await identityOf(repository, { HOME: home })).toContain('<work@example.org>')
  await git(repository, 'config', 'committer.name', 'Local <Committer>')
  expect(await identityOf(repository, { HOME: home })).toContain(
    '> Local Committer <work@example.org>',
  )
  const variables = {
    HOME: home,
    GIT_AUTHOR_NAME: 'Variable',
    GIT_COMMITTER_EMAIL: 'v@example.org',
  }
  expect(await identityOf(repository, variables)).toBe(
    'Variable <work@example.org> Local Committer <v@example.org>',
  )
  expect(
    await identityOf(repository, variables, { name: 'Ours\nEvil <x', email: 'o@example.org' }),
  ).toBe('OursEvil x <o@example.org> OursEvil x <o@example.org>')
  expect(await git(repository, 'fsck', '--strict', '--full')).toBe('')
})

test('the configuration is read as git reads it', async () => {
  await using directory = await temporaryDirectory()
  await git(directory.path, 'init', '-q')
  const text = `
[core] bare = false ; one line
[a "S ub\\"q"]
  key = "quoted # ;" tail \\t x  # comment
  key2=1
  last = a\\\\
  empty =
  flag
[a.OLD]
  k = v \\
    more
`
  await put(join(directory.path, '.git/config'), text)
  const gitDirectory = join(directory.path, '.git')
  const environment = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' }
  const files = configFiles(environment, { gitDirectory, commonDirectory: gitDirectory })
  const config = await readConfig(files, { gitDirectory, home: undefined })
  const listed = (await git(directory.path, 'config', '--local', '--list', '-z'))
    .split('\0')
    .slice(0, -1)
  expect(listed.length).toBe(7)
  for (const line of listed) {
    const [key = '', ...value] = line.split('\n')
    // Without a value git prints the key alone and means true.
    expect([key, configValue(config, key)]).toEqual([
      key,
      value.length === 0 ? 'true' : value.join('\n'),
    ])
  }
})

test('the time of a commit is the local one', async () => {
  const zones = ['UTC', 'Asia/Kolkata', 'America/St_Johns', 'Australia/Sydney']
  const url = new URL('../../src/git/identity.ts', import.meta.url).href
  const script = `import(${JSON.stringify(url)}).then((m) => console.log(m.commitTime(new Date(1700000000999))))`
  for (const zone of zones) {
    const env = { ...process.env, TZ: zone }
    const { stdout } = await run(process.execPath, ['-e', script], { env })
    const date = await run('date', ['-d', '@1700000000', '+%s %z'], { env })
    expect([zone, stdout]).toEqual([zone, date.stdout])
  }
  expect(commitTime(new Date(-5000))).toMatch(/^0 /)
})

test.each([
  [['--object-format=sha256'], 'extensions.objectformat = sha256'],
  [[], 'extensions.refstorage = reftable'],
])('a repository of another format is refused by name %j', async (words, reason) => {
  await using directory = await temporaryDirectory()
  await git(directory.path, 'init', '-q', ...words)
  if (words.length === 0) {
    await git(directory.path, 'config', 'core.repositoryFormatVersion', '1')
    await git(directory.path, 'config', 'extensions.refStorage', 'reftable')
  }
  await expect(snapshot(directory.path, {})).rejects.toMatchObject({
    code: 'repository-not-supported',
    message: expect.stringContaining(reason) as string,
  })
})

test("inside of git's own directory, or with a broken .git, there is a reason", async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  await expect(snapshot(join(directory.path, '.git/x'), {})).rejects.toMatchObject({
    code: 'repository-not-supported',
  })
  await put(join(directory.path, 'broken/.git'), 'gitdir: /nonexistent\n')
  await expect(snapshot(join(directory.path, 'broken'), {})).rejects.toMatchObject({
    code: 'repository-broken',
  })
  await git(directory.path, 'stash', '-q')
  await expect(snapshot(join(directory.path, 'readme/x'), {})).rejects.toThrow()
})

test('a file of the user where the backup directory is: refused, not replaced', async () => {
  await using directory = await temporaryDirectory()
  await userRepository(directory.path)
  await git(directory.path, 'rm', '-q', '--cached', 'readme')
  await run('rm', [join(directory.path, 'readme')])
  await expect(snapshot(join(directory.path, 'readme'), { a: 'a' })).rejects.toMatchObject({
    code: 'path-in-the-way',
  })
})

test('root leaves the repository to its owner, and a shared one to its group', async () => {
  await using directory = await temporaryDirectory()
  await snapshot(directory.path, { a: 'a\n' })
  await git(directory.path, 'config', 'core.sharedRepository', 'group')
  // Only root can give files away; for others the owner is the one who runs.
  const { uid, gid } = userInfo()
  const owner = uid === 0 ? '1234:2345' : `${uid}:${gid}`
  await run('chown', ['-R', owner, directory.path])
  // A new object may come into a directory that is older than the sharing; git leaves that as it is, too.
  const there = new Set(await readdir(join(directory.path, '.git/objects')))
  const before = (Date.now() - 1) / 1000
  await snapshot(directory.path, { a: 'b\n' })
  const words = ['-newermt', `@${before}`, '-printf', '%U:%G %M %P\n']
  const { stdout } = await run('find', [join(directory.path, '.git'), ...words])
  const lines = stdout.trim().split('\n')
  const withMode = (mode: string, path: string): string => `${owner} ${mode} ${path}`
  expect(lines).toContain(withMode('-rw-rw-r--', 'index'))
  expect(lines).toContain(withMode('-rw-rw-r--', 'refs/heads/main'))
  const isOld = (line: string) => there.has(line.slice(line.indexOf(' objects/') + 9))
  const objects = lines.filter((line) => line.includes(' objects/') && !isOld(line))
  expect(objects.length).toBeGreaterThan(5)
  for (const line of objects) {
    expect(line).toMatch(new RegExp(`^${owner} (-r--r--r--|drwxrwsr-x) objects/`))
  }
})
