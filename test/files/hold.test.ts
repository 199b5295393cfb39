import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { holdFiles, holdTree } from '../../src/files/hold.ts'
import { temporaryDirectory } from '../support/servers.ts'

async function topWithFiles(): Promise<string> {
  const top = await temporaryDirectory()
  mkdirSync(join(top, 'h/d/tables'), { recursive: true })
  writeFileSync(join(top, 'h/d/database.yaml'), 'format: 1\n')
  writeFileSync(join(top, 'h/d/tables/a.csv'), 'old\n')
  return top
}

test('held files stay as they are while newer ones take their places, and go when they are let go', async () => {
  const top = await topWithFiles()
  const held = await holdTree(top, 'h/d')
  writeFileSync(join(top, 'new'), 'new\n')
  renameSync(join(top, 'new'), join(top, 'h/d/tables/a.csv'))
  expect(readFileSync(join(held.directory, 'tables/a.csv'), 'utf8')).toBe('old\n')
  expect(statSync(held.directory).mode & 0o777).toBe(0o700)
  await held[Symbol.asyncDispose]()
  expect(existsSync(held.directory)).toBe(false)
  expect(readFileSync(join(top, 'h/d/tables/a.csv'), 'utf8')).toBe('new\n')
})

test('files of a commit are held for the owner alone', async () => {
  const top = await temporaryDirectory()
  const files = async function* () {
    yield await Promise.resolve(['tables/a.csv', Buffer.from('x\n')] as const)
  }
  await using held = await holdFiles(top, files())
  const file = join(held.directory, 'tables/a.csv')
  expect(readFileSync(file, 'utf8')).toBe('x\n')
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('what a killed process left goes after a day, and not what another one holds', async () => {
  const top = await topWithFiles()
  const held = await holdTree(top, 'h/d')
  const stale = join(held.directory, '..', 'stale')
  mkdirSync(join(stale, 'tables'), { recursive: true })
  const longAgo = new Date(Date.now() - 25 * 3_600_000)
  utimesSync(stale, longAgo, longAgo)
  await using other = await holdTree(top, 'h/d')
  expect(readdirSync(join(held.directory, '..'))).toHaveLength(2)
  expect(existsSync(stale)).toBe(false)
  expect(existsSync(other.directory)).toBe(true)
  await held[Symbol.asyncDispose]()
})

test('links, and directories that are no snapshot, are refused with the name of the place', async () => {
  const top = await topWithFiles()
  symlinkSync('/etc/passwd', join(top, 'h/d/tables/b.csv'))
  await expect(holdTree(top, 'h/d')).rejects.toMatchObject({
    code: 'symbolic-link',
    message: expect.stringContaining(join(top, 'h/d/tables/b.csv')) as string,
  })
  mkdirSync(join(top, 'h/empty'))
  for (const path of ['h/empty', 'h/nothing']) {
    await expect(holdTree(top, path)).rejects.toMatchObject({
      code: 'not-a-snapshot',
      message: expect.stringContaining(join(top, path)) as string,
    })
  }
})
