import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readFile, readdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { databaseDirectory } from '../../src/files/layout.ts'
import { placeTree } from '../../src/files/place.ts'
import { readTree } from '../../src/files/read-tree.ts'
import { isCountersPath, replaceCounters, stageTree } from '../../src/files/stage.ts'
import { compareTree } from '../../src/files/tree-changes.ts'
import type { DbObject, Snapshot } from '../../src/model.ts'
import {
  snapshotOf,
  stageOptions,
  standingIn,
  table,
  temporaryDirectory,
  textsIn,
} from './support.ts'

const place = databaseDirectory('db1.example.org', 'shop')
const users = table('users', { sqlCounters: 'ALTER TABLE users AUTO_INCREMENT=4;\n' })
const shop = snapshotOf(
  [
    users,
    table('Orders', { sqlAfterRows: 'ALTER TABLE Orders ADD FOREIGN KEY (id);\n' }),
    { kind: 'schema', name: 'app', sql: 'CREATE SCHEMA app;\n', dependsOn: [] },
    { kind: 'view', schema: 'app', name: 'v', sql: 'CREATE VIEW v;\n', dependsOn: [users] },
    table('parent', { hasRows: false }),
  ],
  {
    users: [
      ['1', 'a "quoted"\nnote'],
      ['2', null],
      ['3', ''],
    ],
  },
)

async function write(snapshot: Snapshot, top: string, options = stageOptions(top)) {
  const staged = await stageTree(snapshot, options)
  try {
    return await placeTree(staged, place)
  } finally {
    await staged.discard()
  }
}

/** Files with their text, mode, age and inode. */
async function filesIn(top: string) {
  return Object.entries(await standingIn(top)).filter(([, { text }]) => text !== null)
}

async function stagedNow(top: string): Promise<string[]> {
  return await readdir(join(top, '.schema_backup', 'staging'))
}

describe('writing a tree', () => {
  test('writes one file an object, rows below a header, and leaves nothing staged', async () => {
    await using top = await temporaryDirectory()
    const staged = await stageTree(shop, stageOptions(top.path))
    expect(Object.fromEntries(staged.rowCounts)).toEqual({
      'tables/users.csv': 3,
      'tables/+orders.csv': 0,
    })
    await placeTree(staged, place)
    await staged.discard()
    expect(await textsIn(join(top.path, place))).toEqual({
      '.gitattributes': '* -text -ident -filter !working-tree-encoding\n',
      'app/views/v.sql': '-- Depends on: tables/users.sql\n\nCREATE VIEW v;\n',
      'database.sql': '-- Object: schema/app\nCREATE SCHEMA app;\n',
      'database.yaml': 'format: 1\nproduct: Example\nserver_version: "1.0"\nversions: {}\n',
      'tables/+orders.csv': 'id,note\n',
      'tables/+orders.sql':
        '-- Ordered by: id\n\nCREATE TABLE Orders (id integer, note text);\n\n' +
        '-- After the rows:\nALTER TABLE Orders ADD FOREIGN KEY (id);\n',
      'tables/parent.sql': '-- Ordered by: id\n\nCREATE TABLE parent (id integer, note text);\n',
      'tables/users.counters.sql': 'ALTER TABLE users AUTO_INCREMENT=4;\n',
      'tables/users.csv': 'id,note\n1,"a ""quoted""\nnote"\n2,\n3,""\n',
      'tables/users.sql': '-- Ordered by: id\n\nCREATE TABLE users (id integer, note text);\n',
    })
    expect(await stagedNow(top.path)).toEqual([])
    expect(await readFile(join(top.path, '.schema_backup', '.gitignore'), 'utf8')).toBe('*\n')
  })

  test('leaves out what the caller leaves out', async () => {
    await using top = await temporaryDirectory()
    await write(
      shop,
      top.path,
      stageOptions(top.path, {
        include: ({ name }) => name !== 'Orders',
        rowsOf: () => false,
        countersOf: () => false,
        secretsOf: () => false,
      }),
    )
    expect(Object.keys(await textsIn(join(top.path, place, 'tables')))).toEqual([
      'parent.sql',
      'users.sql',
    ])
  })

  test('touches no file whose bytes are the same', async () => {
    await using top = await temporaryDirectory()
    await write(shop, top.path)
    const before = await standingIn(top.path)
    const changes = await write(shop, top.path)
    expect(await standingIn(top.path)).toEqual(before)
    expect(changes).toMatchObject({ written: [], removed: [], strangers: [] })
    expect(changes.unchanged).toHaveLength(10)
  })

  test('rewrites changed files of the same size, removes stale ones and emptied directories', async () => {
    await using top = await temporaryDirectory()
    await write(shop, top.path)
    const users2 = table('users', { sql: 'CREATE TABLE users (id integer, nope text);\n' })
    const changes = await write(snapshotOf([users2]), top.path)
    expect(changes.written).toEqual(['tables/users.csv', 'tables/users.sql'])
    expect(changes.removed).toEqual([
      'app/views/v.sql',
      'database.sql',
      'tables/+orders.csv',
      'tables/+orders.sql',
      'tables/parent.sql',
      'tables/users.counters.sql',
    ])
    expect(Object.keys(await standingIn(join(top.path, place)))).toEqual([
      '.gitattributes',
      'database.yaml',
      'tables',
      'tables/users.csv',
      'tables/users.sql',
    ])
  })

  test("leaves a stranger's file and names it", async () => {
    await using top = await temporaryDirectory()
    await write(shop, top.path)
    for (const path of ['README.md', 'app/views/notes.txt', 'tables/UPPER.sql', 'tables/x.csv'])
      await writeFile(join(top.path, place, path), 'mine')
    const changes = await write(snapshotOf([]), top.path)
    expect(changes.strangers).toEqual(['README.md', 'app/views/notes.txt', 'tables/UPPER.sql'])
    expect(changes.removed).toContain('tables/x.csv')
    expect(await readFile(join(top.path, place, 'app/views/notes.txt'), 'utf8')).toBe('mine')
  })

  test('git keeps the bytes, whatever attributes stand above', async () => {
    await using top = await temporaryDirectory()
    const git = (...words: string[]) => execFileSync('git', ['-C', top.path, ...words])
    git('init', '--quiet')
    git('config', 'filter.upper.clean', 'tr a-z A-Z')
    git('config', 'core.autocrlf', 'true')
    await writeFile(
      join(top.path, '.gitattributes'),
      '* text eol=crlf ident filter=upper\n*.sql working-tree-encoding=UTF-16\n',
    )
    const body = 'CREATE FUNCTION f AS $$\r\n$Id: kept$\n$$;\n'
    const odd = table('users', { sql: body })
    await write(snapshotOf([odd], { users: [['1', 'a\r\nb']] }), top.path)
    git('add', place)
    for (const [path, text] of Object.entries(await textsIn(join(top.path, place)))) {
      expect(git('show', `:${place}/${path}`).toString(), path).toBe(text)
    }
    expect(git('ls-files', '.schema_backup', place).toString().split('\n')).toHaveLength(5)
  })

  test('compares without changing anything', async () => {
    await using top = await temporaryDirectory()
    await write(shop, top.path)
    const before = await standingIn(top.path)
    const staged = await stageTree(snapshotOf([users]), stageOptions(top.path))
    const changes = await compareTree(staged, place)
    expect(changes.written).toEqual(['tables/users.csv'])
    expect(changes.removed).toHaveLength(5)
    expect(await standingIn(top.path)).toEqual(before)
  })
})

describe('a failure changes nothing in place', () => {
  test('when a table can not be read', async () => {
    await using top = await temporaryDirectory()
    await write(shop, top.path)
    const before = await standingIn(top.path)
    const failing: Snapshot = {
      schema: { ...shop.schema, objects: [table('users')] },
      rows: async function* () {
        yield Buffer.from('1,x\n')
        await Promise.reject(new Error('connection lost'))
      },
    }
    await expect(write(failing, top.path)).rejects.toThrow('connection lost')
    expect(await standingIn(top.path)).toEqual(before)
    expect(await stagedNow(top.path)).toEqual([])
  })

  test.each(['1,x', '1,"x\n', '1,x\n2'])('when the rows end within one: %j', async (text) => {
    await using top = await temporaryDirectory()
    const cut: Snapshot = {
      schema: { ...shop.schema, objects: [table('users')] },
      rows: async function* () {
        yield await Promise.resolve(Buffer.from(text))
      },
    }
    await expect(write(cut, top.path)).rejects.toThrow('end in the middle')
    expect(await stagedNow(top.path)).toEqual([])
  })

  test.each([
    ['a file where a directory should be', 'tables', 'not-a-directory', 'file'],
    ['a directory where a file should be', 'database.yaml', 'not-a-file', 'directory'],
    ['a link to a directory', 'tables', 'symbolic-link', 'link'],
    ['a link to a file', 'database.sql', 'symbolic-link', 'link'],
  ])('when there is %s', async (_, path, code, kind) => {
    await using top = await temporaryDirectory()
    await using outside = await temporaryDirectory()
    const standing = join(top.path, place, path)
    await mkdir(join(top.path, place), { recursive: true })
    if (kind === 'file') await writeFile(standing, 'mine')
    else if (kind === 'directory') await mkdir(standing)
    else await symlink(outside.path, standing)
    const before = await standingIn(top.path)
    await expect(write(shop, top.path)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(standing) as string,
    })
    expect(await standingIn(top.path)).toEqual(before)
    expect(await readdir(outside.path)).toEqual([])
  })

  test.each(['.schema_backup', '.schema_backup/staging', 'db1.example.org', place])(
    'when %s is a link that leads outside',
    async (path) => {
      await using top = await temporaryDirectory()
      await using outside = await temporaryDirectory()
      await mkdir(join(top.path, path, '..'), { recursive: true })
      await symlink(outside.path, join(top.path, path))
      await expect(write(shop, top.path)).rejects.toMatchObject({ code: 'symbolic-link' })
      expect(await readdir(outside.path)).toEqual([])
    },
  )

  test('when a rename fails half way: what was put in place is taken back', async () => {
    await using top = await temporaryDirectory()
    await write(shop, top.path)
    const before = await filesIn(top.path)
    const next = snapshotOf([
      table('users', { sql: 'CREATE TABLE users (id integer);\n' }),
      table('brand_new', { schema: 'fresh' }),
    ])
    const staged = await stageTree(next, stageOptions(top.path))
    // Two staged files with one source: the second rename finds it gone.
    const source = staged.files.get('tables/users.csv')
    if (source === undefined) throw new Error('no rows staged')
    const broken = { ...staged, files: new Map([...staged.files, ['tables/zzz.csv', source]]) }
    await expect(placeTree(broken, place)).rejects.toThrow(/ENOENT/)
    expect(await filesIn(top.path)).toEqual(before)
  })
})

describe('private mode', () => {
  test('gives every directory 0700 and every file 0600, and tightens what was looser', async () => {
    await using top = await temporaryDirectory()
    const options = stageOptions(top.path, { privateMode: true })
    await write(shop, top.path, options)
    const modes = async () =>
      Object.entries(await standingIn(top.path)).map(([, { text, mode }]) =>
        text === null ? mode === 0o700 : mode === 0o600,
      )
    expect(new Set(await modes())).toEqual(new Set([true]))
    const loose = join(top.path, place, 'tables/users.csv')
    await chmod(loose, 0o644)
    await chmod(join(top.path, place, 'tables'), 0o755)
    await utimes(loose, 1, 1)
    await write(shop, top.path, options)
    expect(new Set(await modes())).toEqual(new Set([true]))
    const standing = await standingIn(join(top.path, place))
    expect(standing['tables/users.csv']?.changedAt).toBe(1000)
  })
})

describe('secrets', () => {
  const server: DbObject = {
    kind: 'foreign_server',
    name: 'other',
    sql: 'CREATE SERVER;\n',
    sqlSecrets: "ALTER SERVER OPTIONS (ADD password 'canary');\n",
    dependsOn: [],
  }

  test('have a file of their own in a private directory', async () => {
    await using top = await temporaryDirectory()
    await write(snapshotOf([server]), top.path, stageOptions(top.path, { privateMode: true }))
    const texts = await textsIn(join(top.path, place, 'foreign_servers'))
    expect(texts).toEqual({ 'other.sql': server.sql, 'other.secrets.sql': server.sqlSecrets })
    expect((await readTree(join(top.path, place))).objects).toEqual([server])
  })

  test('never come into a shared one', async () => {
    await using top = await temporaryDirectory()
    await write(snapshotOf([server]), top.path, stageOptions(top.path, { secretsOf: () => false }))
    expect(JSON.stringify(await textsIn(top.path))).not.toContain('canary')
    await expect(stageTree(snapshotOf([server]), stageOptions(top.path))).rejects.toThrow(
      'foreign_servers/other.sql: secrets in a shared directory',
    )
    expect(await stagedNow(top.path)).toEqual([])
  })
})

describe('counters', () => {
  test('are replaced as a whole by older ones', async () => {
    await using top = await temporaryDirectory()
    const staged = await stageTree(shop, stageOptions(top.path))
    const old = Buffer.from('ALTER TABLE users AUTO_INCREMENT=2;\n')
    const kept = await replaceCounters(staged, new Map([['sequences/s.counters.sql', old]]))
    expect([...kept.files.keys()].filter(isCountersPath)).toEqual(['sequences/s.counters.sql'])
    await placeTree(kept, place)
    await kept.discard()
    const texts = await textsIn(join(top.path, place))
    expect(texts['sequences/s.counters.sql']).toBe(old.toString())
    expect(texts['tables/users.sql']).toBeDefined()
    expect(await stagedNow(top.path)).toEqual([])
  })
})
