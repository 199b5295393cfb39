import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { asRowTooLong } from '../../src/engines/row-too-long.ts'

const tooLong: readonly (readonly [string, () => unknown])[] = [
  ['digits of many bytes', () => Buffer.alloc(2 ** 28).toString('hex')],
  ['many characters', () => 'x'.repeat(2 ** 30)],
  ['a value that SQLite does not make', () => makeInSqlite('zeroblob(2000000000)')],
]

function makeInSqlite(expression: string): unknown {
  const database = new DatabaseSync(':memory:')
  try {
    return database.prepare(`SELECT ${expression} AS v`).get()
  } finally {
    database.close()
  }
}

function errorOf(make: () => unknown): unknown {
  try {
    make()
  } catch (error) {
    return asRowTooLong(error, 'documents')
  }
  throw new Error('it was made')
}

describe('a row that is longer than a string can be', () => {
  test.each(tooLong)('%s', (_title, make) => {
    expect(errorOf(make)).toMatchObject({
      code: 'rows-not-readable',
      message: expect.stringMatching(/^The rows of "documents" can't be read/) as string,
    })
  })

  test('other errors stay what they are', () => {
    for (const make of [() => 'x'.repeat(-1), () => makeInSqlite('abs(-9223372036854775808)')])
      expect(errorOf(make)).not.toHaveProperty('code', 'rows-not-readable')
  })
})
