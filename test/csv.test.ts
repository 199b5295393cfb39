import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RowCounter, decodeRows, decodeTable, encodeRows } from '../src/csv.ts'
import type { Row } from '../src/csv.ts'
import { all, cuts as sizes, pieces, rowsOf } from './support/csv-text.ts'

const decode = async (text: string | Uint8Array, columnCount?: number) =>
  await all(
    decodeRows(
      pieces(text, [Buffer.byteLength(text)]),
      columnCount === undefined ? {} : { columnCount },
    ),
  )

const rows = fc.integer({ min: 1, max: 4 }).chain((columns) => rowsOf(columns))
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

test('the writer refuses half of a surrogate pair, which would become another text', () => {
  for (const half of ['\ud83d', 'a\ude00', '\ude00\ud83d'])
    expect(() => encodeRows([['x', half]])).toThrow(TypeError)
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

  test.each<[string, number, string]>([
    ['a,b\nc\n', 2, '1 value where there are 2 columns'],
    ['a,b\n\n', 2, '1 value where there are 2 columns'],
    ['a,b\nc,d,e\n', 2, '3 values where there are 2 columns'],
    ['a\nb,c\n', 2, '2 values where there is 1 column'],
    ['a\nb"c\n', 2, 'a quote within a value that is not quoted, in value 1'],
    ['a,b\n1,2"\n', 2, 'a quote within a value that is not quoted, in value 2'],
    ['a,b\n1, "2"\n', 2, 'a quote within a value that is not quoted, in value 2'],
    ['a\n"b"c\n', 2, 'text after a closing quote, in value 1'],
    ['\ufeff"a"\n', 1, 'a quote within a value that is not quoted, in value 1'],
    ['a\n\\.\n', 2, '\\\\\\. alone in a line'],
    ['"a" \n', 1, 'text after a closing quote'],
    ['"a"\r\n', 1, 'text after a closing quote'],
    ['\r\n', 1, 'a carriage return outside quotes, in value 1'],
    ['a,b\r\n', 1, 'a carriage return outside quotes, in value 2'],
    ['a\n"b\nc\n\n', 2, 'a quote is never closed, in value 1'],
    ['a,b\nc,"d\n', 2, 'a quote is never closed, in value 2'],
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
    await expect(read('a')).rejects.toThrow('x.csv, line 1: the text ends within a line')
    await expect(read('a,b,a\n')).rejects.toThrow('line 1: the header line names a column twice')
    await expect(read('a,\n')).rejects.toThrow('x.csv, line 1: the header line')
    await expect(read('\n1\n')).rejects.toThrow('x.csv, line 2: 1 value where there are 0 columns')
    expect(await decode('\n\n', 0)).toEqual([[], []])
  })
})
