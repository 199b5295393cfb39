/** One element of an array or the piece before and after it: where a text is neither in quotes nor in parentheses. */
interface Scan {
  /** The position of the closing bracket. */
  readonly end: number
  readonly elements: readonly string[]
}

/** The position after a quoted piece that begins at `start`. */
function afterQuoted(text: string, start: number): number {
  const quote = text.charAt(start)
  const hasEscapes = quote === "'" && /\bE$/.test(text.slice(Math.max(0, start - 2), start))
  for (let position = start + 1; position < text.length; position += 1) {
    const character = text.charAt(position)
    if (hasEscapes && character === '\\') position += 1
    else if (character === quote && text.charAt(position + 1) === quote) position += 1
    else if (character === quote) return position + 1
  }
  return text.length
}

/** The elements of `ARRAY[…]`, given the position after the opening bracket. */
function arrayElements(text: string, start: number): Scan | undefined {
  const elements: string[] = []
  let depth = 0
  let begin = start
  for (let position = start; position < text.length; position += 1) {
    const character = text.charAt(position)
    if (character === "'" || character === '"') {
      position = afterQuoted(text, position) - 1
    } else if (character === ']' && depth === 0) {
      return { end: position, elements: [...elements, text.slice(begin, position).trim()] }
    } else if ('([{'.includes(character)) {
      depth += 1
    } else if (')]}'.includes(character)) {
      depth -= 1
    } else if (character === ',' && depth === 0) {
      elements.push(text.slice(begin, position).trim())
      begin = position + 1
    }
  }
  return undefined
}

/** Where `::` stands outside of quotes and brackets, when all that stands before is one value. */
function castsOf(element: string): readonly number[] {
  const casts: number[] = []
  let depth = 0
  for (let position = 0; position < element.length; position += 1) {
    const character = element.charAt(position)
    if (character === "'" || character === '"') position = afterQuoted(element, position) - 1
    else if ('([{'.includes(character)) depth += 1
    else if (')]}'.includes(character)) depth -= 1
    else if (depth === 0 && element.startsWith('::', position)) {
      casts.push(position)
      position += 1
    } else if (depth === 0 && character === ' ' && casts.length === 0) return []
  }
  return casts
}

/** The type that an element is cast to last, or that its literal has; undefined where the text does not tell. */
function typeOf(element: string): string | undefined {
  if (/^-?\d+$/.test(element)) return 'integer'
  if (/^-?\d+\.\d+$/.test(element)) return 'numeric'
  if (/^(true|false)$/.test(element)) return 'boolean'
  const last = castsOf(element).at(-1)
  const type = last === undefined ? '' : element.slice(last + 2)
  return /^([a-z_][\w. ]*(\(\d+(,\d+)?\))?|"char")$/.test(type) ? type : undefined
}

/** The type of all elements, when it is one and can be told. */
function elementType(elements: readonly string[]): string | undefined {
  const [first, ...others] = elements.map(typeOf)
  return first !== undefined && others.every((type) => type === first) ? first : undefined
}

const extract = /\bEXTRACT\((\w*[A-Z]\w*) FROM /g

/** A field that was written with capitals and in quotes is printed without quotes, and would come back in small letters. */
function withFieldsQuoted(text: string): string {
  return text.replaceAll(extract, (found, field: string, position: number) =>
    isInQuotes(text, position) ? found : found.replace(field, `'${field}'`),
  )
}

const array = /\bARRAY\[/g

/**
 * The same expression in a form that the server prints as this one again. Where a list of one type is cast to another
 * (`varchar IN (…)` is `ANY ((ARRAY['a'::character varying])::text[])`), the parser would hand the cast down to each
 * element, and the next text would differ; with the list's own type named first it can't.
 */
export function stableText(text: string): string {
  return withFieldsQuoted(withListsTyped(text))
}

function withListsTyped(text: string): string {
  if (!text.includes('ARRAY[')) return text
  let result = ''
  let copied = 0
  for (const {
    index,
    0: { length },
  } of text.matchAll(array)) {
    const scan = isInQuotes(text, index) ? undefined : arrayElements(text, index + length)
    if (scan === undefined) continue
    const type = elementType(scan.elements)
    const after = /^\)?::([^[\](),]+)\[\]/.exec(text.slice(scan.end + 1))
    if (type === undefined || after === null || after[1] === type) continue
    result += `${text.slice(copied, scan.end + 1)}::${type}[]`
    copied = scan.end + 1
  }
  return result + text.slice(copied)
}

function isInQuotes(text: string, position: number): boolean {
  for (let start = 0; start < position; start += 1) {
    const character = text.charAt(start)
    if (character !== "'" && character !== '"') continue
    const end = afterQuoted(text, start)
    if (end > position) return true
    start = end - 1
  }
  return false
}
