import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { ExpectedError } from '../../../src/errors.ts'
import { patiently } from '../../../src/engines/sqlite/connect.ts'
import { sqlite } from '../../../src/engines/sqlite/index.ts'
import { pathOfUrl } from '../../../src/engines/sqlite/location.ts'
import { blocksOf, hold, scratchDirectory, sqlite3, textOf } from './round-trip.ts'

const scratch = scratchDirectory()
afterAll(scratch.remove)

async function failureOf(work: Promise<unknown>): Promise<ExpectedError> {
  const error: unknown = await work.then(
    () => new Error('nothing failed'),
    (reason: unknown) => reason,
  )
  if (error instanceof ExpectedError) return error
  throw error
}

describe('the URL', () => {
  it.each([
    ['sqlite:/a/b.db', '/a/b.db'],
    ['sqlite:///a/b.db', '/a/b.db'],
    ['sqlite://localhost/a/b.db', '/a/b.db'],
    ['SQLite:/a/b.db?mode=ro', '/a/b.db'],
    ['sqlite:/a/50%25%20of%3Fit.db', '/a/50% of?it.db'],
    ['sqlite:/a/with blank+plus.db', '/a/with blank+plus.db'],
    ['sqlite:relative.db', resolve('relative.db')],
    ['sqlite:file:x.db', resolve('file:x.db')],
  ])('%s is the file %s', (url, path) => {
    expect(pathOfUrl(url)).toBe(path)
  })

  it.each([
    'sqlite:',
    'sqlite://',
    'sqlite:/a/100%.db',
    'sqlite:/a/%00.db',
    'sqlite:/a.db?cipher=x',
  ])('%s is refused', (url) => {
    expect(() => pathOfUrl(url)).toThrow(ExpectedError)
  })
})

describe('a file that can not be opened', () => {
  it('is not made when it is missing', async () => {
    const path = scratch.path('missing.db')
    expect(await failureOf(hold(path))).toMatchObject({ code: 'unknown-database', status: 2 })
    expect(existsSync(path)).toBe(false)
  })

  it('is refused when it is a directory', async () => {
    mkdirSync(scratch.path('directory'))
    expect(await failureOf(hold(scratch.path('directory')))).toMatchObject({
      code: 'unknown-database',
    })
  })

  it.each([
    ['text', 'just some text, longer than a header, '.repeat(50), /plain text/],
    [
      'encrypted',
      Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 197 + 13) % 251)),
      /encrypted/,
    ],
  ])('is refused when it is %s, and named', async (name, content, expected) => {
    const path = scratch.path(`${name}.db`)
    writeFileSync(path, content)
    const failure = await failureOf(hold(path))
    expect(failure).toMatchObject({ code: 'not-a-database' })
    expect(failure.message).toMatch(expected)
    expect(failure.message).toContain(path)
  })

  it('is refused when a writer crashed in it and nobody has cleaned up', async () => {
    const path = scratch.path('running.db')
    const crashed = scratch.path('crashed.db')
    const writer = new DatabaseSync(path)
    writer.exec('CREATE TABLE t (x); PRAGMA cache_size = 1; BEGIN')
    writer.exec(
      'WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) INSERT INTO t SELECT i FROM n',
    )
    copyFileSync(path, crashed)
    copyFileSync(`${path}-journal`, `${crashed}-journal`)
    writer.close()
    const failure = await failureOf(hold(crashed))
    expect(failure.code).toBe('database-error')
    expect(failure.message).toContain(`"${crashed}-journal" must be rolled back first`)
    sqlite3(crashed, 'SELECT count(*) FROM t;')
    expect((await hold(crashed)).rows.get('t')).toBe('')
  })
})

describe('a damaged file', () => {
  const values =
    "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) SELECT printf('key %05d', i), hex(randomblob(50)) FROM n"

  it('fails when the rows are read, and never looks empty', async () => {
    const path = scratch.path('damaged.db')
    sqlite3(path, `CREATE TABLE t (k TEXT, v TEXT); INSERT INTO t ${values};`)
    const file = readFileSync(path)
    file.fill(0x55, 4096 * 10, 4096 * 12)
    writeFileSync(path, file)
    const failure = await failureOf(hold(path))
    expect(failure.code).toBe('database-corrupt')
    expect(failure.message).toContain(path)
    await using database = await sqlite.open({ url: `sqlite:${path}`, environment: {} })
    expect((await database.findings())[0]?.message).toContain(path)
  })

  it('fails when its end is cut off', async () => {
    const path = scratch.path('cut.db')
    sqlite3(path, `CREATE TABLE t (k TEXT, v TEXT); INSERT INTO t ${values};`)
    truncateSync(path, 4096 * 5)
    expect((await failureOf(hold(path))).code).toBe('database-corrupt')
  })

  it('gives all rows when only an index is damaged, and check says so', async () => {
    const path = scratch.path('index.db')
    sqlite3(
      path,
      `CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT); INSERT INTO t ${values};\n` +
        `.imposter sqlite_autoindex_t_1 hidden\nDELETE FROM hidden WHERE k > 'key 00100';\n`,
    )
    expect(sqlite3(path, 'SELECT count(*) FROM (SELECT k FROM t ORDER BY k);').trim()).toBe('100')
    expect((await hold(path)).rows.get('t')?.split('\n')).toHaveLength(2001)
    await using database = await sqlite.open({ url: `sqlite:${path}`, environment: {} })
    expect(await database.findings()).not.toHaveLength(0)
  })

  it('is not found where all is well', async () => {
    const path = scratch.path('well.db')
    sqlite3(path, 'CREATE TABLE t (x);')
    await using database = await sqlite.open({ url: `sqlite:${path}`, environment: {} })
    expect(await database.findings()).toStrictEqual([])
  })
})

describe('a locked file', () => {
  it('is waited for', async () => {
    const path = scratch.path('locked.db')
    sqlite3(path, 'CREATE TABLE t (x); INSERT INTO t VALUES (1);')
    const writer = new DatabaseSync(path)
    writer.exec('BEGIN EXCLUSIVE; INSERT INTO t VALUES (2)')
    const reading = hold(path)
    setTimeout(() => {
      writer.exec('COMMIT')
      writer.close()
    }, 200)
    expect((await reading).rows.get('t')).toBe('1\n2\n')
  })

  it('is given up in the end', async () => {
    const path = scratch.path('locked for long.db')
    sqlite3(path, 'CREATE TABLE t (x);')
    const writer = new DatabaseSync(path)
    writer.exec('BEGIN EXCLUSIVE')
    const reader = new DatabaseSync(path, { readOnly: true })
    const attempt = patiently(path, 'read', () => reader.prepare('SELECT * FROM t').get(), 100)
    expect(await failureOf(attempt)).toMatchObject({ code: 'database-locked' })
    writer.close()
    reader.close()
  })
})

describe('an account without permission', () => {
  const nobody = 65534
  const module = resolve('src/engines/sqlite/index.ts')
  const directory = scratch.path('theirs')

  /** Reads the schema as another account and gives the code of what failed. */
  function readAsNobody(path: string): string {
    return execFileSync(process.execPath, nodeOptions(path), { encoding: 'utf8' }).trim()
  }

  /** `meanwhile` runs while the snapshot stands, when the process has written a line of errors. */
  function nodeOptions(path: string, meanwhile = ''): string[] {
    const script = `
      import { once } from 'node:events'
      const { sqlite } = await import(${JSON.stringify(module)})
      ${process.getuid?.() === 0 ? `process.setgroups([]); process.setgid(${nobody}); process.setuid(${nobody})` : ''}
      try {
        const database = await sqlite.open({ url: ${JSON.stringify(`sqlite:${path}`)}, environment: {} })
        console.log(await database.read({ wantsRows: () => true }, async ({ schema }) => {
          ${meanwhile === '' ? '' : `console.error('reading'); ${meanwhile}`}
          return schema.objects.length + (/WAL/.test(schema.objects[0].sql) ? ' WAL' : '')
        }))
      } catch (error) {
        console.log(error.code ?? error)
      }
      process.stdin.unref?.()`
    return ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script]
  }

  it('is told so', () => {
    chmodSync(scratch.path('.'), 0o755)
    mkdirSync(directory)
    const path = scratch.path('theirs/private.db')
    sqlite3(path, 'CREATE TABLE t (x);')
    expect(readAsNobody(path)).toBe('2')
    chmodSync(path, 0)
    expect(readAsNobody(path)).toBe('permission-denied')
  })

  it('reads a database in WAL mode that nobody has open, where nothing can be written beside it', () => {
    const path = scratch.path('theirs/wal.db')
    sqlite3(path, 'PRAGMA journal_mode = WAL; CREATE TABLE t (x); CREATE TABLE u (x);')
    chmodSync(directory, 0o555)
    expect(readAsNobody(path)).toBe('3 WAL')
    expect(readdirSync(directory).filter((name) => name.startsWith('wal.db'))).toEqual(['wal.db'])
    chmodSync(directory, 0o755)
  })

  it('leaves nothing of its own beside a database in WAL mode, which its owner could not write', () => {
    const path = scratch.path('theirs/shared.db')
    sqlite3(path, 'PRAGMA journal_mode = WAL; CREATE TABLE t (x); CREATE TABLE u (x);')
    chmodSync(directory, 0o777)
    expect(readAsNobody(path)).toBe('3 WAL')
    const beside = readdirSync(directory).filter((name) => name.startsWith('shared.db'))
    const owners = beside.map((name) => statSync(scratch.path(`theirs/${name}`)).uid)
    expect(new Set(owners)).toEqual(new Set([statSync(path).uid]))
    chmodSync(directory, 0o755)
  })

  it('is told so where a program opens such a database while it is read', async () => {
    const path = scratch.path('theirs/opened.db')
    sqlite3(path, 'PRAGMA journal_mode = WAL; CREATE TABLE t (x);')
    chmodSync(directory, 0o555)
    const reader = spawn(process.execPath, nodeOptions(path, `await once(process.stdin, 'data')`))
    await once(reader.stderr, 'data')
    sqlite3(path, 'INSERT INTO t VALUES (1);')
    reader.stdin.end('go on')
    const [printed] = (await once(reader.stdout, 'data')) as [Buffer]
    await once(reader, 'exit')
    expect(printed.toString().trim()).toBe('changed-while-reading')
    chmodSync(directory, 0o755)
  })

  it('is told about the directory where WAL mode needs one that it can write to', () => {
    const path = scratch.path('theirs/crashed.db')
    sqlite3(path, 'PRAGMA journal_mode = WAL; CREATE TABLE t (x);')
    const writer = new DatabaseSync(path)
    writer.exec('INSERT INTO t VALUES (1)')
    copyFileSync(`${path}-wal`, `${path}-kept`)
    writer.close()
    renameSync(`${path}-kept`, `${path}-wal`)
    chmodSync(directory, 0o555)
    expect(readAsNobody(path)).toBe('directory-not-writable')
    chmodSync(directory, 0o777)
    expect(readAsNobody(path)).toBe('2 WAL')
    chmodSync(directory, 0o755)
  })
})

describe('one point in time', () => {
  const url = (path: string) => `sqlite:${encodeURI(path)}`

  it('stands still while a writer goes on in WAL mode', async () => {
    const path = scratch.path('moving.db')
    sqlite3(path, 'PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1);')
    await using database = await sqlite.open({ url: url(path), environment: {} })
    const read = database.read({ wantsRows: () => true }, async (snapshot) => {
      sqlite3(path, 'INSERT INTO t VALUES (2); CREATE TABLE u (y); PRAGMA wal_checkpoint;')
      await database.execute('INSERT INTO t VALUES (3)')
      await database.sizes()
      expect(await namesAndRows(database)).toStrictEqual(['settings', 't', 'u', '1\n2\n3\n'])
      return await textOf(snapshot, 't')
    })
    expect(await read).toBe('1\n')
  })

  async function namesAndRows(database: Awaited<ReturnType<typeof sqlite.open>>) {
    return await database.read({ wantsRows: () => true }, async (snapshot) => {
      const names = snapshot.schema.objects.map(({ name }) => name)
      return [...names, await textOf(snapshot, 't')]
    })
  }

  it('lets other work of the process go on, in blocks of bounded size', async () => {
    const path = scratch.path('large.db')
    sqlite3(
      path,
      'CREATE TABLE t (x); WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) INSERT INTO t SELECT i FROM n; INSERT INTO t SELECT hex(zeroblob(1000000)) FROM t LIMIT 8;',
    )
    await using database = await sqlite.open({ url: url(path), environment: {} })
    let turns = 0
    const timer = setInterval(() => (turns += 1), 1)
    const largest = await database.read({ wantsRows: () => true }, async (snapshot) => {
      let bytes = 0
      for await (const block of blocksOf(snapshot, 't')) bytes = Math.max(bytes, block.length)
      return bytes
    })
    clearInterval(timer)
    expect(turns).toBeGreaterThan(10)
    expect(largest).toBeLessThan(4_000_000)
  })

  it('leaves a reader who stops early without a trace', async () => {
    const path = scratch.path('large.db')
    await using database = await sqlite.open({ url: url(path), environment: {} })
    await database.read({ wantsRows: () => true }, async (snapshot) => {
      for await (const block of blocksOf(snapshot, 't')) {
        expect(block.length).toBeGreaterThan(0)
        break
      }
    })
    await database.execute('DELETE FROM t')
  })

  it('survives a writer that is killed', async () => {
    const path = scratch.path('killed.db')
    sqlite3(path, 'PRAGMA journal_mode = WAL; CREATE TABLE t (x);')
    const writer = spawn('sqlite3', [path], { stdio: ['pipe', 'pipe', 'inherit'] })
    writer.stdin.write(
      'INSERT INTO t VALUES (1); BEGIN; INSERT INTO t VALUES (2); SELECT count(*) FROM t;\n',
    )
    await once(writer.stdout, 'data')
    writer.kill('SIGKILL')
    await once(writer, 'exit')
    expect((await hold(path)).rows.get('t')).toBe('1\n')
  })
})

describe('a configured statement', () => {
  it('keeps its session until the database is closed', async () => {
    const path = scratch.path('session.db')
    sqlite3(path, 'CREATE TABLE t (x);')
    const database = await sqlite.open({ url: `sqlite:${path}`, environment: {} })
    await database.execute('BEGIN IMMEDIATE')
    await database.execute('INSERT INTO t VALUES (1)')
    await database.execute('COMMIT')
    const failure = await failureOf(database.execute('INSERT INTO missing VALUES (1)'))
    await database[Symbol.asyncDispose]()
    expect(failure).toMatchObject({ code: 'database-error' })
    expect(sqlite3(path, 'SELECT count(*) FROM t;').trim()).toBe('1')
  })
})

describe('sizes', () => {
  it('count the rows and the bytes with the indexes', async () => {
    const path = scratch.path('sizes.db')
    sqlite3(
      path,
      `CREATE TABLE a (x PRIMARY KEY, y); INSERT INTO a SELECT value, hex(zeroblob(100)) FROM json_each('[${Array.from({ length: 500 }, (_, index) => index).join()}]'); CREATE TABLE b (z); CREATE VIRTUAL TABLE f USING fts5 (t); INSERT INTO f VALUES ('x');`,
    )
    await using database = await sqlite.open({ url: `sqlite:${path}`, environment: {} })
    const pages = Number(
      sqlite3(path, `SELECT sum(pgsize) FROM dbstat WHERE name IN ('a', 'sqlite_autoindex_a_1');`),
    )
    expect(await database.sizes()).toMatchObject([
      { name: 'a', rows: 500, bytes: pages },
      { name: 'b', rows: 0, bytes: 4096 },
      { name: 'f', rows: 1 },
    ])
  })
})
