import { DoesNotFit, type Neutral } from './neutral.ts'

/** Neutral values → numbers of a declared type, or a refusal: digits are never lost. */

const special = new Set(['NaN', 'Infinity', '-Infinity'])
const decimal = /^(-?)([0-9]+)(?:\.([0-9]*))?(?:e([+-]?[0-9]+))?$/i

/** A server's text of a number as a neutral one; throws DoesNotFit for anything else. */
export function numberValue(text: string): Neutral {
  if (special.has(text)) return { kind: 'number', text }
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = decimal.exec(text) ?? []
  if (whole === '') throw new DoesNotFit('is no number')
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  const before = digits.slice(0, Math.max(0, point)).padEnd(Math.max(0, point), '0')
  const after = '0'.repeat(Math.max(0, -point)) + digits.slice(Math.max(0, point))
  const plain = before.replace(/^0+(?=.)/, '') || '0'
  return { kind: 'number', text: sign + (after === '' ? plain : `${plain}.${after}`) }
}

/** Binary digits as a number; throws DoesNotFit for anything else. */
export function bitsValue(text: string): Neutral {
  if (!/^[01]+$/.test(text)) throw new DoesNotFit('is no row of bits')
  return { kind: 'number', text: BigInt(`0b${text}`).toString() }
}

/** Text as a person writes numbers: digits that would be written the same way again. */
const writtenNumber = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/

/** The digits of a value that is a number, or a text that is one. */
export function digitsOf(value: Neutral): string {
  if (value.kind === 'number') return value.text
  if (value.kind === 'boolean') return value.value ? '1' : '0'
  if (value.kind === 'text' && writtenNumber.test(value.text)) return value.text
  throw new DoesNotFit('is no number')
}

/** A whole number between two limits, both included. */
export function wholeNumber(value: Neutral, lowest: bigint, highest: bigint): bigint {
  const { sign, whole, fraction } = partsOf(digitsOf(value))
  if (fraction !== '') throw new DoesNotFit('is no whole number')
  const number = BigInt(sign + whole)
  if (sign === '-' && number === 0n) throw new DoesNotFit('has a sign that would be lost')
  if (number >= lowest && number <= highest) return number
  throw new DoesNotFit(`is not between ${lowest} and ${highest}`)
}

/** A whole number of so many bits. */
export function integerOf(value: Neutral, bits: number, isUnsigned = false): bigint {
  const half = 1n << BigInt(bits - 1)
  return isUnsigned ? wholeNumber(value, 0n, half * 2n - 1n) : wholeNumber(value, -half, half - 1n)
}

/** Digits for a column that keeps `precision` of them, `scale` behind the point; without them every digit. */
export function decimalOf(value: Neutral, precision?: number, scale = 0): string {
  const text = digitsOf(value)
  const { sign, whole, fraction } = partsOf(text)
  if (sign === '-' && /^0*$/.test(whole + fraction)) {
    throw new DoesNotFit('has a sign that would be lost')
  }
  if (precision === undefined) return text
  const rounded = scale < 0 ? !whole.padStart(1 - scale, '0').endsWith('0'.repeat(-scale)) : false
  const length = whole === '0' ? 0 : whole.length
  if (fraction.length > Math.max(0, scale) || rounded || length > precision - scale) {
    throw new DoesNotFit(`has more digits than ${precision}, ${scale} of them behind the point`)
  }
  return sign + whole + (fraction === '' ? '' : `.${fraction}`)
}

/** A floating-point number whose shortest text has the same digits; NaN and the infinities as they are. */
export function floatOf(value: Neutral, size: 'single' | 'double'): number {
  const text = digitsOf(value)
  const exact = size === 'single' ? Math.fround(Number(text)) : Number(text)
  if (special.has(text)) return exact
  const shortest = size === 'single' ? shortestSingle(exact) : String(exact)
  if (Number.isFinite(exact) && isSame(shortest, text)) return exact
  throw new DoesNotFit('has more digits than a floating-point number of this size keeps')
}

/** True and false, or a number that stands for them. */
export function booleanOf(value: Neutral): boolean {
  if (value.kind === 'boolean') return value.value
  const text = value.kind === 'number' || value.kind === 'text' ? value.text : ''
  if (['1', 't', 'true'].includes(text)) return true
  if (['0', 'f', 'false'].includes(text)) return false
  throw new DoesNotFit('is neither true nor false')
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => {
    const value = numberValue(text)
    const { sign, whole, fraction } = partsOf(value.kind === 'number' ? value.text : '')
    return `${sign}${whole}.${fraction}`
  })
  // String(-0) is 0.
  return left === right || (left === '0.' && right === '-0.')
}

/** The fraction without zeros at its end. */
function partsOf(text: string): { sign: string; whole: string; fraction: string } {
  if (special.has(text)) throw new DoesNotFit('is no finite number')
  const [, sign = '', whole = '0', fraction = ''] = decimal.exec(text) ?? []
  return { sign, whole, fraction: fraction.replace(/0+$/, '') }
}

function shortestSingle(value: number): string {
  for (let digits = 1; digits < 9; digits += 1) {
    const text = value.toPrecision(digits)
    if (Math.fround(Number(text)) === value) return text
  }
  return value.toPrecision(9)
}
