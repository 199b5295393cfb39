/** What a commit message says; every text may hold any character, as names of objects do. */
export interface MessageParts {
  readonly host: string
  readonly database: string
  /** The version of this program. */
  readonly version: string
  /** What changed in a few words each, the most telling first: `csv2_user +email`. */
  readonly changes: readonly string[]
  /** One line an object for the body. */
  readonly details: readonly string[]
  /** More lines for machines after those that every message has: `['Schema-Backup-Point-In-Time', 'LSN 0/16B3748']`. */
  readonly trailers?: readonly (readonly [key: string, value: string])[]
}

const width = 72

/**
 * The message of a snapshot's commit: a first line within 72 characters, the details as a list, and trailers for
 * host, database and version. Source: https://git-scm.com/docs/git-commit#_discussion
 */
export function formatMessage(parts: MessageParts): string {
  const { host, database, version, changes, details, trailers = [] } = parts
  const subject = formatSubject(
    `${visible(host)}/${visible(database)}`,
    changes.map(visible).filter(Boolean),
  )
  const list = details
    .filter((detail) => visible(detail) !== '')
    .map((detail) => wrap(`* ${visible(detail)}`, '  '))
    .join('\n')
  const lines = [
    ['Schema-Backup-Host', host],
    ['Schema-Backup-Database', database],
    ['Schema-Backup-Version', version],
    ...trailers,
  ].map(([key = '', value = '']) => `${key}: ${visible(value)}`)
  return `${[subject, list, lines.join('\n')].filter((block) => block !== '').join('\n\n')}\n`
}

function formatSubject(place: string, changes: readonly string[]): string {
  if (changes.length === 0) return shorten(`${place}: snapshot`, width)
  for (let shown = changes.length; shown > 0; shown -= 1) {
    const more = changes.length - shown
    const suffix = more === 0 ? '' : ` and ${more} more`
    const subject = `${place}: ${changes.slice(0, shown).join(', ')}${suffix}`
    if (lengthOf(subject) <= width) return subject
  }
  const suffix = changes.length === 1 ? '' : ` and ${changes.length - 1} more`
  const room = width - lengthOf(`${place}: ${suffix}`)
  // Too little of a name says less than the number.
  if (room >= 16) return `${place}: ${shorten(changes[0] ?? '', room)}${suffix}`
  const count = changes.length === 1 ? '1 change' : `${changes.length} changes`
  return `${shorten(place, width - lengthOf(`: ${count}`))}: ${count}`
}

function shorten(text: string, length: number): string {
  const characters = Array.from(text)
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`
}

function lengthOf(text: string): number {
  return Array.from(text).length
}

/** Control characters, line separators and marks that turn the writing direction become escapes: `\n`, `\u{202e}`. */
function visible(text: string): string {
  const names: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
  return text
    .replace(
      /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
      (character) => names[character] ?? `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
    )
    .trim()
}

/** Breaks a line at blanks; a word that is longer than a line stays whole. */
function wrap(line: string, indent: string): string {
  const lines = ['']
  for (const word of line.split(/ +/)) {
    const current = lines.at(-1) ?? ''
    const longer = current === '' ? word : `${current} ${word}`
    if (lengthOf(longer) <= width || current === '' || current.trim() === '*')
      lines[lines.length - 1] = longer
    else lines.push(indent + word)
  }
  return lines.join('\n')
}
