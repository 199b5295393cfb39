import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cellReader } from '../../../src/engines/mysql/literals.ts'
import { neutralTexts } from '../../../src/engines/mysql/neutral.ts'
import {
  readLabels,
  readText,
  writeLabels,
  writeText,
} from '../../../src/engines/mysql/text-values.ts'
import { DoesNotFit } from '../../../src/engines/neutral.ts'

const digits = fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.tuple(fc.stringMatching(/^\\{0,3}x?$/), digits).map((parts) => parts.join('')),
)

test('every text comes back from its cell, and no cell of a text is one of bytes', () => {
  fc.assert(
    fc.property(text, (value) => {
      expect(readText(writeText(value))).toEqual({ text: value })
      expect(readLabels(writeLabels(value))).toEqual({ text: value })
    }),
  )
  fc.assert(
    fc.property(digits, (value) => {
      expect(readText(`\\x${value}`)).toEqual({ digits: value })
    }),
  )
  expect(writeText('\\xampp')).toBe('\\xampp')
})

test('what has a text of another engine has the same here', () => {
  const column = (definition: string) => ({ definition, objects: [] })
  const cell = String.raw`\\xab`
  for (const type of ['varchar(20)', 'text', String.raw`enum('\\xab')`]) {
    const value = neutralTexts.reader(column(type))(cell)
    expect(value).toEqual({ kind: 'text', text: String.raw`\xab` })
    expect(neutralTexts.writer(column(type))(value)).toBe(cell)
  }
  for (const [type, cell] of [
    ['text', '\\xff'],
    ["set('')", '\\1'],
    ["enum('a')", '\\0'],
  ] as const) {
    expect(() => neutralTexts.reader(column(type))(cell)).toThrow(DoesNotFit)
  }
})

test.each([
  ["enum('a')", '\\a', undefined],
  ["set('a')", '\\01', undefined],
  ["set('a')", '\\18446744073709551615', '18446744073709551615'],
  ['char(3) CHARACTER SET ucs2', '\\xd800', "x'd800'"],
  ['varchar(9)', '\\\\xd800', String.raw`'\\xd800'`],
  ['float(9,3)', '1000000', "'999999.999'"],
  ['float ( 9 , 3 )', '-1000000', "'-999999.999'"],
])('a cell of %s: %s', (type, cell, literal) => {
  expect(cellReader(type)(cell)?.literal).toBe(literal)
})
