import { DoesNotFit, type ColumnType, type Neutral, type NeutralTexts } from '../neutral.ts'
import { booleanOf, digitsOf, floatOf, integerOf, numberValue } from '../neutral-numbers.ts'
import { bytesOf, momentOf, textOf, type MomentKind } from '../neutral-values.ts'
import { affinityOf, decodeCell, encodeCell, type Affinity, type Cell } from './cells.ts'

/**
 * SQLite's values between engines. A value's storage class says what it is when it is read; what a column's declared
 * type means to the people who chose it says what it may be when it is written, although SQLite would store anything.
 */
export const neutralTexts: NeutralTexts = {
  reader(type) {
    const affinity = affinityOf(declaredType(type))
    return (text) => valueOf(decoded(text, affinity))
  },
  writer(type) {
    const declared = declaredType(type)
    const affinity = affinityOf(declared)
    const write = cellWriter(declared)
    return (value) => encodeCell(write(value), affinity, 'UTF-8') ?? ''
  },
  // The next rowid is one more than the largest.
  countersBehindRows: () => undefined,
}

/** The type ends where the column's constraints begin. Source: https://www.sqlite.org/syntax/column-def.html */
function declaredType({ definition }: ColumnType): string {
  const end =
    /\b(?:CONSTRAINT|PRIMARY|NOT|NULL|UNIQUE|CHECK|DEFAULT|COLLATE|REFERENCES|GENERATED|AS)\b[\s\S]*$/i
  return definition.replace(end, '').trim()
}

/** What stands in the file may have been edited. */
function decoded(text: string, affinity: Affinity): Cell {
  try {
    return decodeCell(text, affinity)
  } catch {
    throw new DoesNotFit('is none of the forms of a cell that docs/format.md names')
  }
}

function valueOf(cell: Cell): Neutral {
  if (typeof cell === 'string') return { kind: 'text', text: cell }
  if (typeof cell === 'bigint') return { kind: 'number', text: cell.toString() }
  if (typeof cell === 'number') return numberValue(Object.is(cell, -0) ? '-0' : String(cell))
  if (cell instanceof Uint8Array) {
    return { kind: 'bytes', hexadecimal: Buffer.from(cell).toString('hex') }
  }
  throw new DoesNotFit('is a text with a NUL or with invalid characters')
}

function cellWriter(declared: string): (value: Neutral) => Cell {
  if (/INT/i.test(declared)) return (value) => integerOf(value, 64)
  if (affinityOf(declared) === 'text') return textCell
  if (/BLOB/i.test(declared)) return (value) => Buffer.from(bytesOf(value), 'hex')
  if (affinityOf(declared) === 'real') return realCell
  if (/BOOL/i.test(declared)) return (value) => (booleanOf(value) ? 1n : 0n)
  const moment = momentKindOf(declared)
  if (moment !== undefined) return (value) => momentOf(value, moment)
  if (/NUM|DEC|MONEY|BIT|YEAR/i.test(declared)) return numberCell
  return declared === '' ? natural : naturalUnlessBent
}

function momentKindOf(declared: string): MomentKind | undefined {
  if (/DATE\s*TIME|TIMESTAMP/i.test(declared)) return 'timestamp'
  if (/DATE/i.test(declared)) return 'date'
  return /TIME/i.test(declared) ? 'time' : undefined
}

function textCell(value: Neutral): string {
  const text = textOf(value)
  if (text.includes('\0')) throw new DoesNotFit('holds a NUL')
  return text
}

function realCell(value: Neutral): number {
  const number = floatOf(value, 'double')
  // SQLite stores it as NULL.
  if (Number.isNaN(number)) throw new DoesNotFit('is not a number')
  return number
}

/** Whole numbers as such where 64 bits hold them. */
function numberCell(value: Neutral): Cell {
  const whole = /^(-?[0-9]+)(?:\.0*)?$/.exec(digitsOf(value))?.[1]
  const isInteger =
    whole !== undefined && whole !== '-0' && BigInt.asIntN(64, BigInt(whole)) === BigInt(whole)
  return isInteger ? BigInt(whole) : realCell(value)
}

/** Every value in its own storage class. */
function natural(value: Neutral): Cell {
  if (value.kind === 'bytes') return Buffer.from(value.hexadecimal, 'hex')
  return value.kind === 'number' || value.kind === 'boolean' ? numberCell(value) : textCell(value)
}

/** A column with NUMERIC affinity makes numbers of text that looks like one: '012' would become 12. */
function naturalUnlessBent(value: Neutral): Cell {
  const cell = natural(value)
  if (typeof cell === 'string' && /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i.test(cell)) {
    throw new DoesNotFit('is text that SQLite would turn into a number')
  }
  return cell
}
