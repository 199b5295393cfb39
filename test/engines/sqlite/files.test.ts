import {
  appendFileSync,
  existsSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createHash, randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { answersOf, refill } from './refill.ts'
import { hold, scratchDirectory, sqlite3 } from './round-trip.ts'

const scratch = scratchDirectory()
afterAll(scratch.remove)

const rows = `WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT i, hex(randomblob(40)) FROM n;`

function bytesOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

describe('a file', () => {
  it('without a byte is an empty database, and stays without a byte', async () => {
    const path = scratch.path('zero.db')
    writeFileSync(path, '')
    const { schema } = await hold(path)
    expect(schema.objects.map(({ kind }) => kind)).toStrictEqual(['database'])
    expect(schema.notCaptured).toStrictEqual([])
    expect(statSync(path).size).toBe(0)
  })

  it.each([
    ['within its header', 60, 'database-corrupt'],
    ['within its first page', 700, 'database-corrupt'],
    ['at a page', 4096 * 9, 'database-corrupt'],
    ['within a page', 4096 * 9 + 17, 'database-corrupt'],
  ])('that is cut off %s is an error, and never looks like less', async (name, size, code) => {
    const path = scratch.path(`cut ${name}.db`)
    sqlite3(path, `CREATE TABLE t (a, b); CREATE TABLE u (c); ${rows}`)
    truncateSync(path, size)
    await expect(hold(path)).rejects.toMatchObject({ code, status: 2 })
  })

  it.each(['SQLCipher', 'SEE'])('that is encrypted is said to be so: %s', async (kind) => {
    const path = scratch.path(`${kind}.db`)
    // SQLCipher encrypts the whole header (16 bytes of salt first); SEE leaves bytes 16 to 23 readable.
    const bytes = randomBytes(8192)
    if (kind === 'SEE') bytes.set([0x10, 0, 1, 1, 0, 64, 32, 32], 16)
    writeFileSync(path, bytes)
    await expect(hold(path)).rejects.toMatchObject({
      code: 'not-a-database',
      message: expect.stringMatching(/encrypted one \(SQLCipher, SEE\)/) as string,
    })
  })

  it('behind a symbolic link is read, with what its log holds; a link that leads nowhere makes none', async () => {
    const [path, link] = [scratch.path('real.db'), scratch.path('link.db')]
    const writer = new DatabaseSync(path)
    writer.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1)')
    symlinkSync(path, link)
    expect((await hold(link)).rows.get('t')).toBe('1\n')
    writer.close()
    symlinkSync(scratch.path('nowhere.db'), scratch.path('dangling.db'))
    await expect(hold(scratch.path('dangling.db'))).rejects.toMatchObject({
      code: 'unknown-database',
    })
    expect(existsSync(scratch.path('nowhere.db'))).toBe(false)
  })

  it.each(['DELETE', 'WAL'])('is not changed by being read: %s', async (mode) => {
    const path = scratch.path(`untouched ${mode}.db`)
    sqlite3(path, `PRAGMA journal_mode = ${mode}; CREATE TABLE t (a, b); ${rows}`)
    const before = bytesOf(path)
    await hold(path)
    expect(bytesOf(path)).toBe(before)
    expect(existsSync(`${path}-journal`)).toBe(false)
    // In WAL mode SQLite leaves an empty log.
    expect(existsSync(`${path}-wal`) ? statSync(`${path}-wal`).size : 0).toBe(0)
  })

  it('with bytes behind its end is read as SQLite reads it', async () => {
    const path = scratch.path('longer.db')
    sqlite3(path, `CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2);`)
    appendFileSync(path, 'some bytes that are no page')
    expect((await hold(path)).rows.get('t')).toBe('1,2\n')
  })
})

describe('the header of a file', () => {
  const header = `PRAGMA encoding; PRAGMA page_size; PRAGMA auto_vacuum; PRAGMA application_id; PRAGMA user_version; PRAGMA journal_mode; PRAGMA integrity_check;`

  it.each(
    ['UTF-8', 'UTF-16le', 'UTF-16be'].flatMap((encoding) =>
      [
        [512, 'NONE', 'DELETE'],
        [65536, 'FULL', 'WAL'],
        [4096, 'INCREMENTAL', 'WAL'],
      ].map((settings) => [encoding, ...settings] as const),
    ),
  )(
    'comes back: %s, pages of %s bytes, auto_vacuum %s, %s',
    async (encoding, size, vacuum, mode) => {
      const path = scratch.path(`${encoding}-${size}.db`)
      const copy = `${path}-copy`
      sqlite3(
        path,
        `PRAGMA encoding = '${encoding}'; PRAGMA page_size = ${size}; PRAGMA auto_vacuum = ${vacuum}; PRAGMA application_id = -5; PRAGMA user_version = -2147483648;
       CREATE TABLE "ü😀" ("é" TEXT COLLATE NOCASE PRIMARY KEY, b AS (upper("é")) STORED); INSERT INTO "ü😀" VALUES ('ß'), (CAST(x'00d8' AS TEXT)), ('a' || char(0) || 'b');
       CREATE VIRTUAL TABLE f USING fts5 (w); INSERT INTO f VALUES ('größe 😀'); PRAGMA journal_mode = ${mode};`,
      )
      const held = await refill(path, copy)
      expect(sqlite3(copy, header)).toBe(sqlite3(path, header))
      expect(sqlite3(copy, header)).toMatch(new RegExp(`^${encoding}\n${size}\n`))
      const cells = `SELECT typeof("é"), hex("é"), hex(b) FROM "ü😀" ORDER BY 2`
      expect(answersOf(copy, cells)).toStrictEqual(answersOf(path, cells))
      expect(answersOf(copy, cells)).toHaveLength(3)
      expect(sqlite3(copy, `SELECT rowid FROM f('größe');`)).toBe('1\n')
      expect(await hold(copy)).toStrictEqual(held)
    },
  )
})
