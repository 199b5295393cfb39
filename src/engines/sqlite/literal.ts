import { textToBytes, type Cell, type TextEncoding } from './cells.ts'
import { quoteText } from './sqltext.ts'

/** A value as SQL text that every SQLite reads back exactly, whatever stands around it in a script. */
export function literalOf(cell: Cell, encoding: TextEncoding): string {
  if (cell === null) return 'NULL'
  if (typeof cell === 'bigint') return integerLiteral(cell)
  if (typeof cell === 'number') return realLiteral(cell)
  if (typeof cell === 'string') return textLiteral(cell, encoding)
  if ('textBytes' in cell) return `CAST(${blobLiteral(cell.textBytes)} AS TEXT)`
  return blobLiteral(cell)
}

/** -9223372036854775808 is a minus before a number that is too large for an integer. */
function integerLiteral(value: bigint): string {
  return value === -(2n ** 63n) ? '(-9223372036854775807-1)' : value.toString()
}

/** The sqlite3 program reads a script line by line and stops at a NUL; a CR before a LF is lost. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const notInLines = /[\u0000-\u0008\u000b-\u001f\u007f\ufeff]/

function textLiteral(text: string, encoding: TextEncoding): string {
  if (!notInLines.test(text)) return quoteText(text)
  return `CAST(${blobLiteral(textToBytes(text, encoding))} AS TEXT)`
}

function blobLiteral(bytes: Uint8Array): string {
  return `x'${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}'`
}

/**
 * SQLite's reading of decimals is right to 15 digits alone (https://www.sqlite.org/floatingpoint.html), so a number whose
 * decimals are not exactly it is written as an integer and powers of two, which every version computes exactly.
 */
function realLiteral(value: number): string {
  if (value === Infinity) return '9e999'
  if (value === -Infinity) return '-9e999'
  if (Object.is(value, -0)) return '(0.0*-1)'
  if (hasExactDecimals(value)) {
    return Number.isInteger(value) ? `${value}.0` : String(value)
  }
  const { mantissa, exponent } = partsOf(value)
  return `CAST(${mantissa} AS REAL)${powerOfTwo(exponent)}`
}

function hasExactDecimals(value: number): boolean {
  const magnitude = Math.abs(value)
  if (magnitude !== 0 && (magnitude >= 1e15 || magnitude < 1e-6)) return false
  return Number.isInteger(value * 2 ** 20) && String(magnitude).length <= 16
}

/** The odd integer and the exponent with value = mantissa · 2^exponent. */
function partsOf(value: number): { mantissa: bigint; exponent: number } {
  const bits = Buffer.alloc(8)
  bits.writeDoubleBE(value)
  const word = bits.readBigUInt64BE()
  const biased = Number((word >> 52n) & 0x7ffn)
  const fraction = word & (2n ** 52n - 1n)
  let mantissa = biased === 0 ? fraction : fraction | (2n ** 52n)
  let exponent = Math.max(biased, 1) - 1075
  while (mantissa % 2n === 0n) {
    mantissa /= 2n
    exponent += 1
  }
  return { mantissa: value < 0 ? -mantissa : mantissa, exponent }
}

/** Factors that fit a 64-bit integer. */
function powerOfTwo(exponent: number): string {
  let text = ''
  const operator = exponent < 0 ? '/' : '*'
  for (let left = Math.abs(exponent); left > 0; left -= 62) {
    text += `${operator}(1<<${Math.min(left, 62)})`
  }
  return text
}
