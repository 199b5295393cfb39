import fc from 'fast-check'
import type { Row } from '../../src/csv.ts'

/** Text as bytes in pieces of these sizes, over and over. */
export async function* pieces(text: string | Uint8Array, sizes: readonly number[]) {
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

/** All rows of all batches. */
export async function all(batches: AsyncIterable<readonly Row[]>): Promise<Row[]> {
  const rows: Row[] = []
  for await (const batch of batches) rows.push(...batch)
  return rows
}

const tricky = [
  ...[
    null,
    null,
    '',
    '\\.',
    'a\\.',
    '\\.\n',
    'a\n\\.\nb',
    '\\.,',
    '"',
    '""',
    ',',
    '\n',
    '\r',
    '\r\n',
  ],
  ...['\\N', 'NULL', ' ', ' x ', '\t', '\u{feff}', '\u{feff}x', '\u2028', '\u0085', '\u007f'],
  ...['😀', '"😀"', 'é,ß', "'", '\\', '#', '=1+1', '\u{10ffff}', '\ufffd', '\u0000', '\u001a'],
]

/** A value: NULL, what is easily read as something else, or any text. */
export const csvValue: fc.Arbitrary<string | null> = fc.oneof(
  fc.constantFrom(...tricky),
  fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', '\\', '.', 'é', '😀') }),
  fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
)

/** Rows of so many columns. */
export const rowsOf = (columns: number, maxLength = 8): fc.Arbitrary<(string | null)[][]> =>
  fc.array(fc.array(csvValue, { minLength: columns, maxLength: columns }), {
    minLength: 1,
    maxLength,
  })

/** Sizes of pieces. */
export const cuts: fc.Arbitrary<number[]> = fc.array(fc.integer({ min: 1, max: 9 }), {
  minLength: 1,
  maxLength: 4,
})
