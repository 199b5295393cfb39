/**
 * Names ↔ path components (docs/format.md, "Names"): lower-case ASCII only, so that no file system folds,
 * normalises or refuses one, and no name can leave its directory. Pure.
 */

/** The most bytes of a name's encoding that stand in one path component. */
const componentBytes = 200
/** What the empty name is written as; it can't be the encoding of another name. */
const emptyName = '%-'

const plain = /^[a-z0-9_$-]+$/
const unit = /\+[a-z]|%[0-9a-f]{2}|%-|[^+%]/g
const wholeUnits = /^(?:\+[a-z]|%[0-9a-f]{2}|[^+%])+$/
/** https://learn.microsoft.com/windows/win32/fileio/naming-a-file */
const device = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$|clock\$)$/

/** Bytes of UTF-8 as text of `a-z 0-9 _ - $ + %` and of `kept` characters, which are left as they are. */
export function escapeName(name: string, kept = ''): string {
  if (plain.test(name)) return name
  if (name === '') return emptyName
  const bytes = Buffer.from(name, 'utf8')
  if (bytes.toString('utf8') !== name) throw new Error(`not Unicode text: ${JSON.stringify(name)}`)
  return Array.from(bytes, (byte) => escapeByte(byte, kept)).join('')
}

/** The name that an escaped text spells, or undefined; the caller checks that escaping it gives the same text. */
export function unescapeName(escaped: string): string | undefined {
  if (escaped === emptyName) return ''
  if (!wholeUnits.test(escaped)) return undefined
  const bytes = Array.from(escaped.matchAll(unit), ([text]) => byteOf(text))
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes))
  } catch {
    return undefined
  }
}

/** An escaped name as path components; each but the last ends with `%`. */
export function componentsOf(escaped: string): string[] {
  const pieces: string[] = []
  let piece = ''
  for (const [text] of escaped.matchAll(unit)) {
    if (piece.length + text.length > componentBytes) {
      pieces.push(piece)
      piece = ''
    }
    piece += text
  }
  pieces.push(piece)
  return pieces.map((text, index) => guardComponent(text) + (index < pieces.length - 1 ? '%' : ''))
}

/** Path components → one text for each name that they spell, or undefined when the last name never ends. */
export function joinComponents(components: readonly string[]): string[] | undefined {
  const names: string[] = []
  let begun = ''
  for (const component of components) {
    if (component === '') return undefined
    if (component.endsWith('%')) {
      begun += component.slice(0, -1)
    } else {
      names.push(begun + component)
      begun = ''
    }
  }
  return begun === '' ? names : undefined
}

/** No component is a Windows device, and none begins or ends with a dot. */
function guardComponent(component: string): string {
  const [firstPart = ''] = component.split('.', 1)
  const guarded = device.test(firstPart)
    ? `${escapedAscii(component.charAt(0))}${component.slice(1)}`
    : component
  return guarded.replace(/^\.|\.$/g, escapedAscii)
}

function escapedAscii(character: string): string {
  return `%${character.charCodeAt(0).toString(16)}`
}

function escapeByte(byte: number, kept: string): string {
  const character = String.fromCharCode(byte)
  if (plain.test(character) || (byte < 0x80 && kept.includes(character))) return character
  if (character >= 'A' && character <= 'Z') return `+${character.toLowerCase()}`
  return `%${byte.toString(16).padStart(2, '0')}`
}

function byteOf(text: string): number {
  if (text.startsWith('+')) return text.toUpperCase().charCodeAt(1)
  if (text.startsWith('%')) return Number.parseInt(text.slice(1), 16)
  return text.charCodeAt(0)
}
