import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeRows, decodeTable, encodeRows } from '../src/csv.ts'
import type { Row } from '../src/csv.ts'
import { ExpectedError } from '../src/errors.ts'
import { all, cuts, pieces, rowsOf } from './support/csv-text.ts'

/** Bytes that mean something in CSV or in UTF-8. */
const meaningful = fc.constantFrom(
  ...Array.from('",\n\r\\. aé', (character) => Buffer.from(character)).flatMap((bytes) => [
    ...bytes,
  ]),
  ...[0x00, 0x80, 0xbf, 0xc0, 0xed, 0xef, 0xf0, 0xf4, 0xff],
)

interface Change {
  readonly kind: 'remove' | 'repeat' | 'replace' | 'insert' | 'cut'
  /** Where, as a part of the text's length. */
  readonly place: number
  readonly byte: number
}

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('remove', 'repeat', 'replace', 'insert', 'cut'),
  place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  byte: meaningful,
})

function changed(text: Buffer, { kind, place, byte }: Change): Buffer {
  const at = Math.floor(place * text.length)
  const [before, after] = [text.subarray(0, at), text.subarray(at)]
  switch (kind) {
    case 'remove':
      return Buffer.concat([before, after.subarray(1)])
    case 'repeat':
      return Buffer.concat([before, after.subarray(0, 1), after])
    case 'replace':
      return Buffer.concat([before, Buffer.of(byte), after.subarray(1)])
    case 'insert':
      return Buffer.concat([before, Buffer.of(byte), after])
    case 'cut':
      return Buffer.from(before)
  }
}

/** What the writer writes, byte for byte. */
function written(rows: readonly Row[]): string {
  return Buffer.from(encodeRows(rows)).toString('latin1')
}

/** The same bytes without the quotes that the writer would not write; each stands between two borders. */
function withoutNeedlessQuotes(text: Buffer, columnCount: number): string {
  return text
    .toString('latin1')
    .replaceAll(/(?<=^|[,\n])"([^",\r\n]+)"(?=[,\n])/g, (whole, value: string) =>
      columnCount === 1 && value === '\\.' ? whole : value,
    )
}

interface Outcome {
  readonly rows?: readonly Row[]
  readonly error?: unknown
}

async function outcomeOf(text: Uint8Array, columnCount: number, sizes: number[]): Promise<Outcome> {
  try {
    const options = { name: 'x.csv', columnCount }
    return { rows: await all(decodeRows(pieces(text, sizes), options)) }
  } catch (error) {
    return { error }
  }
}

describe('a file in which one byte was changed', () => {
  test.each([1, 2, 3])('%d columns: is refused, or is what the writer writes', async (columns) => {
    const counted = { accepted: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(rowsOf(columns, 5), change, cuts, async (rows, difference, sizes) => {
        const text = changed(Buffer.from(encodeRows(rows)), difference)
        const { rows: read, error } = await outcomeOf(text, columns, sizes)
        if (read === undefined) {
          counted.refused += 1
          expectRefusal(error, text)
        } else {
          counted.accepted += 1
          expect(written(read)).toBe(withoutNeedlessQuotes(text, columns))
        }
      }),
      { numRuns: 1500 },
    )
    expect(Math.min(counted.accepted, counted.refused)).toBeGreaterThan(100)
  })

  test('with its header: is refused, or is what the writer writes', async () => {
    const names = fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', 'é') }), {
      minLength: 2,
      maxLength: 2,
    })
    await fc.assert(
      fc.asyncProperty(names, rowsOf(2, 3), change, async (header, rows, difference) => {
        const text = changed(Buffer.from(encodeRows([header, ...rows])), difference)
        try {
          const table = await decodeTable(pieces(text, [3]), 'x.csv')
          const read = written([table.columns, ...(await all(table.rows))])
          expect(read).toBe(withoutNeedlessQuotes(text, table.columns.length))
        } catch (error) {
          if (!(error instanceof ExpectedError)) throw error
          expectRefusal(error, text)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

/** An error that names a line of the text. */
function expectRefusal(error: unknown, text: Buffer): void {
  expect(error).toBeInstanceOf(ExpectedError)
  expect(error).toHaveProperty('code', 'malformed-csv')
  const line = Number(/^x\.csv, line (\d+): /.exec((error as Error).message)?.[1])
  expect(line).toBeGreaterThan(0)
  expect(line).toBeLessThanOrEqual(text.toString('latin1').split('\n').length)
}

describe('what the writer would not write, and the reader takes', () => {
  test.each([
    ['quotes that were not needed', '"a","b c"\n', 'a,b c\n'],
    ['quotes around \\. in a table of two columns', '"\\.",x\n', '\\.,x\n'],
  ])('%s', async (_title, text, written) => {
    expect(encodeRows(await all(decodeRows(pieces(text, [1]))))).toBe(written)
  })
})
