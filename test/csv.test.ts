import { Readable } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import fc from 'fast-check'
import { Client } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { describe, expect, test } from 'vitest'
import { RowCounter, decodeRows, decodeTable, encodeRows } from '../src/csv.ts'
import type { Row } from '../src/csv.ts'
import { createDatabase, dropDatabase } from './support/databases.ts'
import { servers } from './support/servers.ts'

/** Text as bytes in pieces of these sizes, over and over. */
async function* pieces(text: string | Uint8Array, sizes: readonly number[]) {
  const bytes = Buffer.from(text)
  for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    const piece = bytes.subarray(start, start + size)
    yield await Promise.resolve(piece)
    // A source may use its memory again once it is asked for more.
    piece.fill(0x22)
    start += size
  }
}

async function all(batches: AsyncIterable<readonly Row[]>): Promise<Row[]> {
  const rows: Row[] = []
  for await (const batch of batches) rows.push(...batch)
  return rows
}

const decode = async (text: string | Uint8Array, columnCount?: number) =>
  await all(
    decodeRows(
      pieces(text, [Buffer.byteLength(text)]),
      columnCount === undefined ? {} : { columnCount },
    ),
  )

const value = fc.oneof(
  fc.constantFrom(
    null,
    '',
    '\\.',
    '"',
    ',',
    '\n',
    '\r',
    '\r\n',
    '\\N',
    'NULL',
    ' x ',
    '\u{feff}',
    '😀',
  ),
  fc.string({ unit: 'binary' }),
)
const rowsOf = (columns: number) =>
  fc.array(fc.array(value, { minLength: columns, maxLength: columns }), {
    minLength: 1,
    maxLength: 8,
  })
const rows = fc.integer({ min: 1, max: 4 }).chain(rowsOf)
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 })

describe('the writer', () => {
  test.each<[Row[], string]>([
    [[['a', null, '']], 'a,,""\n'],
    [[[null]], '\n'],
    [[['']], '""\n'],
    [[['\\.']], '"\\."\n'],
    [[['\\.', 'x']], '\\.,x\n'],
    [[[' a ', '#', "'"]], " a ,#,'\n"],
    [[['a\rb', 'a\nb', 'a"b', 'a,b']], '"a\rb","a\nb","a""b","a,b"\n'],
    [[[], []], '\n\n'],
    [[], ''],
  ])('%j → %j', (given, text) => {
    expect(encodeRows(given)).toBe(text)
  })
})

describe('the reader', () => {
  test('reads what the writer writes, cut anywhere, and counts its rows', async () => {
    await fc.assert(
      fc.asyncProperty(rows, sizes, async (given, cuts) => {
        const text = encodeRows(given)
        expect(await all(decodeRows(pieces(text, cuts)))).toEqual(given)
        const counter = new RowCounter()
        for await (const piece of pieces(text, cuts)) counter.add(piece)
        expect([counter.rows, counter.isAtRowEnd]).toEqual([given.length, true])
      }),
      { numRuns: 2000 },
    )
  })

  test('what it accepts, the writer writes', async () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '"', ',', '\n', '\r', 'é', '\\.'),
      maxLength: 12,
    })
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        const read = await decode(given).catch(() => undefined)
        if (read === undefined) return
        accepted += 1
        const again = encodeRows(read)
        expect(await decode(again)).toEqual(read)
      }),
      { numRuns: 2000 },
    )
    expect(accepted).toBeGreaterThan(100)
  })

  test.each<[string, number, string]>([
    ['a,b\nc\n', 2, '1 values where there are 2 columns'],
    ['a,b\nc,d,e\n', 2, '3 values where there are 2 columns'],
    ['a\nb"c\n', 2, 'a quote within a value'],
    ['a\n"b"c\n', 2, 'text after a closing quote'],
    ['"a" \n', 1, 'text after a closing quote'],
    ['"a"\r\n', 1, 'text after a closing quote'],
    ['a\n"b\nc\n\n', 2, 'a quote is never closed'],
    ['a\r\n', 1, 'a carriage return outside quotes'],
    ['a\nb', 2, 'the text ends within a line'],
    ['a,b\nc,', 2, 'the text ends within a line'],
    ['"a\n\n"\n"b"', 4, 'the text ends within a line'],
    ['"a\n\n"\nb\r', 4, 'a carriage return outside quotes'],
  ])('refuses %j at line %d: %s', async (text, line, what) => {
    for (const cuts of [[1], [2, 1], [100]]) {
      await expect(all(decodeRows(pieces(text, cuts), { name: 'x.csv' }))).rejects.toMatchObject({
        code: 'malformed-csv',
        message: expect.stringMatching(`^x\\.csv, line ${line}: ${what}`) as string,
      })
    }
  })

  test.each<[number[], number]>([
    [[0x61, 0x0a, 0x62, 0xff, 0x0a], 2],
    [[0x61, 0x0a, 0x0a, 0x80], 3],
    [[0xc3, 0x28, 0x0a], 1],
    [[0x61, 0x0a, 0xed, 0xa0, 0x80, 0x0a], 2],
    [[0x61, 0x0a, 0x62, 0xf0, 0x9f, 0x98], 2],
    [[0x61, 0x0a, 0xc0, 0x80, 0x0a], 2],
  ])('refuses invalid UTF-8 %j at line %d', async (bytes, line) => {
    for (const cuts of [[1], [2], [3], [100]]) {
      const read = all(decodeRows(pieces(Uint8Array.from(bytes), cuts)))
      await expect(read).rejects.toThrow(`line ${line}: invalid UTF-8`)
    }
  })

  test('no message holds a value', async () => {
    for (const text of [
      's3cret"x\n',
      '"s3cret"s3cret\n',
      's3cret\r',
      'a\ns3cret,s3cret\n',
      '"s3cret',
    ])
      await expect(decode(text)).rejects.toThrow(/^(?!.*s3cret)/)
  })

  test('reads a cell of many megabytes in small pieces without reading it again and again', async () => {
    const cell = 'x"y,\n'.repeat(2_000_000)
    const text = encodeRows([['1', cell]])
    const started = performance.now()
    expect(await all(decodeRows(pieces(text, [65_536])))).toEqual([['1', cell]])
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  test('tells a table of no columns from one column of NULLs', async () => {
    const read = async (text: string) => {
      const { columns, rows: batches } = await decodeTable(pieces(text, [1]), 'x.csv')
      return { columns, rows: await all(batches) }
    }
    expect(await read('\n\n\n')).toEqual({ columns: [], rows: [[], []] })
    expect(await read('a\n\n')).toEqual({ columns: ['a'], rows: [[null]] })
    expect(await read('""\n\n')).toEqual({ columns: [''], rows: [[null]] })
    expect(await read('a,"b,c"\n1,2\n')).toEqual({ columns: ['a', 'b,c'], rows: [['1', '2']] })
    await expect(read('')).rejects.toThrow('x.csv, line 1: the header line')
    await expect(read('a,\n')).rejects.toThrow('x.csv, line 1: the header line')
    await expect(read('\n1\n')).rejects.toThrow('x.csv, line 2: 1 values where there are 0 columns')
    expect(await decode('\n\n', 0)).toEqual([[], []])
  })
})

describe("PostgreSQL's COPY", () => {
  const cell = fc.oneof(value, fc.string({ unit: 'grapheme' }))
  const samples = (columns: number) =>
    fc
      .sample(fc.array(cell, { minLength: columns, maxLength: columns }), { numRuns: 500, seed: 7 })
      .filter((row) => row.every(canStandInPostgres))

  test.each([1, 3])('writes the same bytes and reads ours, %d columns', async (columns) => {
    const server = servers().postgres15
    const database = createDatabase(server)
    const { host, port, user, password } = server
    const client = new Client({ host, port, user, password, database })
    await client.connect()
    try {
      const given = samples(columns)
      const names = Array.from({ length: columns }, (_, index) => `c${index}`)
      await client.query(
        `create table t (n serial, ${names.map((name) => `${name} text`).join(', ')})`,
      )
      const text = encodeRows(given)
      const list = names.join(', ')
      await pipeline(
        Readable.from([Buffer.from(text)]),
        client.query(copyFrom(`copy t (${list}) from stdin (format csv, encoding 'UTF8')`)),
      )
      const stored = await client.query<(string | null)[]>({
        text: `select ${list} from t order by n`,
        rowMode: 'array',
      })
      expect(stored.rows).toEqual(given)
      const query = `copy (select ${list} from t order by n) to stdout (format csv, encoding 'UTF8')`
      expect(await textOf(client.query(copyTo(query)))).toBe(text)
    } finally {
      await client.end()
      dropDatabase(server, database)
    }
  })
})

function canStandInPostgres(sample: string | null): boolean {
  return sample === null || (!sample.includes('\0') && Buffer.from(sample).toString() === sample)
}
