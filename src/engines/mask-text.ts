import { DoesNotFit, type ColumnType, type NeutralTexts } from './neutral.ts'

/** Cell texts of masks for one column; a message of DoesNotFit goes on after "the mask". */
export interface MaskTexts {
  /** Hexadecimal digits, cut to the column's length. */
  digest(digits: string): string
  text(text: string): string
}

/** So many hexadecimal digits of a digest keep different values apart: 64 bits. */
const shortestDigest = 16

/** The types that hold any text up to a length, of all engines. */
const textType =
  /^(?:(?:[\w$]+|"(?:[^"]|"")+")\.)?(character varying|character|n?char|n?varchar|varying character|native character|bpchar|citext|(?:tiny|medium|long)?text|clob)(?:\s*\(\s*(\d+)\s*\))?(?=$|\s)/i

/**
 * How masks are written into a column; `printed` is its type as the engine prints it. The functions throw DoesNotFit when
 * the column takes no such value.
 */
export function maskTexts(texts: NeutralTexts, type: ColumnType, printed: string): MaskTexts {
  const { isText, length, isPadded } = describe(printed.trim())
  const write = texts.writer(type)
  const cell = (text: string) => {
    if (!isText) throw new DoesNotFit('needs a column of text')
    const value = write({ kind: 'text', text })
    return isPadded && length !== undefined ? padded(value, length) : value
  }
  return {
    text: cell,
    digest: (digits) => {
      if (isText && length !== undefined && length < shortestDigest) {
        throw new DoesNotFit(`needs ${shortestDigest} characters`)
      }
      return cell(digits.slice(0, length))
    },
  }
}

interface TextType {
  readonly isText: boolean
  /** In characters; absent: as long as one likes. */
  readonly length?: number
  /** Whether the server gives values back with blanks up to the length. */
  readonly isPadded: boolean
}

function describe(printed: string): TextType {
  // A column without a type takes everything.
  if (printed === '') return { isText: true, isPadded: false }
  const [, name, digits] = textType.exec(printed) ?? []
  const isArray = printed.endsWith(']')
  if (name === undefined || isArray) return { isText: false, isPadded: false }
  return {
    isText: true,
    isPadded: name.toLowerCase() === 'character',
    ...(digits === undefined ? {} : { length: Number(digits) }),
  }
}

function padded(text: string, length: number): string {
  return text + ' '.repeat(Math.max(0, length - Array.from(text).length))
}
