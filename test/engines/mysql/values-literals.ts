import fc from 'fast-check'

/** A column of a type, and literals of values that it takes, edges first. */
export interface ColumnOfType {
  readonly definition: string
  readonly values: fc.Arbitrary<string>
}

/** A column of a type that takes NULL, these literals and perhaps others. */
export function of(
  definition: string,
  edges: readonly string[],
  others?: fc.Arbitrary<string>,
): ColumnOfType {
  const known = fc.constantFrom('NULL', ...edges)
  const values = others === undefined ? known : fc.oneof({ weight: 2, arbitrary: known }, others)
  return { definition, values }
}

/** Bytes as a literal. */
export const hex = (bytes: Uint8Array) => `x'${Buffer.from(bytes).toString('hex')}'`
/** Some bytes as a literal. */
export const bytes = (maxLength: number, minLength = 0) =>
  fc.uint8Array({ minLength, maxLength }).map(hex)
/** Some text as a literal. */
export const characters = (maxLength: number, unit: 'grapheme' | 'binary' = 'binary') =>
  fc
    .string({ unit, maxLength })
    .filter((text) => Array.from(text).length <= maxLength)
    .map((text) => `_utf8mb4 ${hex(Buffer.from(text))}`)

/** A whole number between two. */
export const number = (min: number, max: number) => fc.integer({ min, max })
/** Digits with zeros before them. */
export const padded = (value: number, width: number) => String(value).padStart(width, '0')
/** So many digits. */
export const digits = (length: number) =>
  fc.array(number(0, 9), { minLength: length, maxLength: length }).map((all) => all.join(''))
/** A text without quotes in it as a literal. */
export const quoted = (text: string) => `'${text}'`
