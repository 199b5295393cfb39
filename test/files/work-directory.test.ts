import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { databaseDirectory } from '../../src/files/layout.ts'
import { lockDirectory } from '../../src/files/lock.ts'
import { placeTree } from '../../src/files/place.ts'
import { stageTree } from '../../src/files/stage.ts'
import { preparePrivateDirectory } from '../../src/files/work-directory.ts'
import {
  loopSnapshots,
  snapshotOf,
  stageOptions,
  table,
  temporaryDirectory,
  textsIn,
} from './support.ts'

const child = join(import.meta.dirname, 'child.ts')
const isRoot = userInfo().uid === 0
const nobody = 65534

const modeOf = async (path: string) => (await stat(path)).mode & 0o7777

/** Runs the child in a shell that first makes its surroundings, as an account that permissions bind. */
function runChild(script: string, directory: string, ...words: string[]): unknown {
  const command = [process.execPath, child, 'write', directory, ...words]
  const drop = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']
  const [program, ...rest] = [...(isRoot ? drop : []), 'sh', '-c', `${script}\n"$@"`, 'sh']
  const text = execFileSync(program, [...rest, ...command], { encoding: 'utf8', stdio: 'pipe' })
  return JSON.parse(text)
}

/** A temporary directory that belongs to the account of runChild. */
async function directoryOfChild() {
  const directory = await temporaryDirectory()
  if (isRoot) await chown(directory.path, nobody, nobody)
  return directory
}

describe('the lock', () => {
  test('lets one run at a time into a backup directory', async () => {
    await using top = await temporaryDirectory()
    const first = await lockDirectory(top.path)
    await expect(lockDirectory(top.path)).rejects.toMatchObject({
      code: 'locked',
      status: 75,
      message: expect.stringContaining(top.path) as string,
    })
    await first[Symbol.asyncDispose]()
    const second = await lockDirectory(top.path)
    await second[Symbol.asyncDispose]()
  })

  test('is freed at once by kill -9, and the next run removes what was left staged', async () => {
    await using top = await temporaryDirectory()
    const holder = spawn(process.execPath, [child, 'lock', top.path])
    await once(holder.stdout, 'data')
    await expect(lockDirectory(top.path)).rejects.toMatchObject({ code: 'locked' })
    const staging = join(top.path, '.schema_backup', 'staging')
    expect(await readdir(staging)).toHaveLength(1)
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    const lock = await lockDirectory(top.path)
    expect(await readdir(join(top.path, '.schema_backup'))).not.toContain('staging')
    await lock[Symbol.asyncDispose]()
  })

  test('makes a directory that git ignores and others can not enter', async () => {
    await using top = await temporaryDirectory()
    execFileSync('git', ['init', '--quiet', top.path])
    const lock = await lockDirectory(join(top.path, 'deep/schema_backup'))
    const work = join(top.path, 'deep/schema_backup/.schema_backup')
    expect(await modeOf(work)).toBe(0o700)
    const status = execFileSync('git', ['-C', top.path, 'status', '--porcelain'])
    expect(status.toString()).toBe('')
    await lock[Symbol.asyncDispose]()
  })

  test('follows no link', async () => {
    await using top = await temporaryDirectory()
    await using outside = await temporaryDirectory()
    await mkdir(join(top.path, '.schema_backup'))
    await symlink(join(outside.path, 'lock'), join(top.path, '.schema_backup/lock'))
    await expect(lockDirectory(top.path)).rejects.toMatchObject({ code: 'symbolic-link' })
    expect(await readdir(outside.path)).toEqual([])
  })
})

describe('a run that is killed', () => {
  test('leaves whole files only, and the next run heals', async () => {
    const writeHere = async (top: string, index: number) => {
      const lock = await lockDirectory(top)
      const staged = await stageTree(loopSnapshots[index] ?? snapshotOf([]), stageOptions(top))
      await placeTree(staged, databaseDirectory('host', 'shop'))
      await staged.discard()
      await lock[Symbol.asyncDispose]()
      return await textsIn(top)
    }
    await using oldTop = await temporaryDirectory()
    await using newTop = await temporaryDirectory()
    const versions = [await writeHere(oldTop.path, 0), await writeHere(newTop.path, 1)] as const
    for (let round = 0; round < 8; round += 1) {
      await using top = await temporaryDirectory()
      const killed = spawn(process.execPath, [child, 'loop', top.path])
      await once(killed.stdout, 'data')
      await setTimeout(Math.random() * 150)
      killed.kill('SIGKILL')
      await once(killed, 'exit')
      for (const [path, text] of Object.entries(await textsIn(top.path)))
        expect([versions[0][path], versions[1][path]], path).toContain(text)
      expect(await writeHere(top.path, round % 2)).toEqual(versions[round % 2])
      expect(await readdir(join(top.path, '.schema_backup/staging'))).toEqual([])
    }
  })
})

describe('a private directory', () => {
  test('is made 0700 whatever the umask', async () => {
    await using top = await directoryOfChild()
    for (const umask of ['000', '077', '777']) {
      const directory = join(top.path, umask)
      await mkdir(directory)
      if (isRoot) await chown(directory, nobody, nobody)
      const result = runChild(`umask ${umask}`, join(directory, 'private'), '2', 'private')
      expect(result).toEqual({ code: 'none' })
      expect(await modeOf(join(directory, 'private'))).toBe(0o700)
      expect(await modeOf(join(directory, 'private/host/shop'))).toBe(0o700)
      expect(await modeOf(join(directory, 'private/host/shop/tables/users.csv'))).toBe(0o600)
    }
  })

  test('that others could enter is tightened, and the warning says so', async () => {
    await using top = await temporaryDirectory()
    const directory = join(top.path, 'private')
    expect(await preparePrivateDirectory(directory)).toBeUndefined()
    expect(await preparePrivateDirectory(directory)).toBeUndefined()
    await chmod(directory, 0o750)
    const warning = await preparePrivateDirectory(directory)
    expect(warning).toContain(`${directory} could be entered by other accounts (mode 0750)`)
    expect(await modeOf(directory)).toBe(0o700)
  })

  test('of another account is refused', async () => {
    // Root's own directory for an ordinary account, and another account's for root.
    await using top = await temporaryDirectory()
    if (isRoot) await chown(top.path, nobody, nobody)
    const directory = isRoot ? top.path : '/'
    await expect(preparePrivateDirectory(directory)).rejects.toMatchObject({ code: 'not-private' })
  })

  test('that is a file is refused', async () => {
    await using top = await temporaryDirectory()
    await writeFile(join(top.path, 'private'), '')
    const directory = join(top.path, 'private')
    await expect(preparePrivateDirectory(directory)).rejects.toMatchObject({
      code: 'not-a-directory',
    })
    await expect(lockDirectory(directory)).rejects.toMatchObject({ code: 'not-a-directory' })
    await expect(lockDirectory(join(directory, 'below'))).rejects.toMatchObject({
      code: 'not-a-directory',
      message: expect.stringContaining(directory) as string,
    })
  })
})

describe('a disk or permission that fails', () => {
  test('full: nothing in place changed', async () => {
    await using top = await directoryOfChild()
    const mount = `mount -t tmpfs -o size=256k tmpfs '${top.path}'`
    const inNamespace = `exec unshare --map-root-user --mount sh -c "${mount}"' && exec "$@"' sh "$@"`
    expect(runChild(inNamespace, top.path, '20000')).toEqual({
      name: 'ExpectedError',
      code: 'disk-full',
      message: expect.stringContaining(top.path) as string,
      same: true,
    })
  })

  test('not writable: the top', async () => {
    await using top = await directoryOfChild()
    await chmod(top.path, 0o500)
    expect(runChild('', top.path)).toMatchObject({ code: 'not-writable' })
  })

  test('not writable: a directory of the tree', async () => {
    await using top = await directoryOfChild()
    expect(runChild('', top.path, '2')).toEqual({ code: 'none' })
    const tables = join(top.path, 'host/shop/tables')
    await chmod(tables, 0o500)
    expect(runChild('', top.path, '3')).toMatchObject({
      code: 'not-writable',
      message: expect.stringContaining(tables) as string,
    })
    await chmod(tables, 0o700)
  })

  test('one staging never sees another', async () => {
    await using top = await temporaryDirectory()
    const options = stageOptions(top.path)
    const snapshot = snapshotOf([table('users')])
    const [one, other] = await Promise.all([
      stageTree(snapshot, options),
      stageTree(snapshot, options),
    ])
    expect(one.stagingDirectory).not.toBe(other.stagingDirectory)
    await one.discard()
    expect(await readdir(other.stagingDirectory)).toHaveLength(4)
  })
})
