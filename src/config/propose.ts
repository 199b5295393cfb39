import type { ListName } from './categories.ts'

/** What is known about a table before anybody classified it. */
export interface UnknownTable {
  readonly name: string
  readonly columns: readonly string[]
}

/** A category for a table, and why, in words for a comment. */
export interface Proposal {
  readonly category: ListName
  readonly reason: string
  /** False: nothing was recognised, and the safe category was taken. */
  readonly sure: boolean
}

const secretWords = words(
  'password passwd passphrase passcode pwd secret token apikey credential salt otp totp mfa cookie csrf jwt oauth ' +
    'signature hash digest',
)

const personalWords = words(
  'user person people customer client member employee patient student contact subscriber account profile login ' +
    'username nickname realname firstname lastname surname fullname email mail phone mobile fax ssn passport birthday ' +
    'birthdate birth dob gender address addr street city zip zipcode postcode postal iban bic card ip payment invoice ' +
    'salary order message comment note letter chat owner author latitude longitude avatar signup ' +
    'history audit event notification request response archive visit',
)

/** Their loss harms nobody. */
const fleetingWords = words(
  'session cache cached log queue job lock temp tmp heartbeat metric statistic stat counter trace nonce watchdog',
)

const lookupWords = words(
  'config configuration setting option preference parameter type kind code category tag country currency ' +
    'language locale timezone unit role permission privilege migration version template feature flag plan level mime ' +
    'lookup enum label translation mapping region state provider rule',
)

/** What only counts together: `api_key`, `FirstName`. */
const sensitivePairs = new Set(
  (
    'api key|private key|secret key|access key|first name|last name|full name|user name|family name|given name|' +
    'date birth'
  ).split('|'),
)

/**
 * Proposes a category from the names of a table and its columns. What looks like users, passwords, tokens, sessions or
 * mail addresses is never `global`, and neither is what nothing is known about: its rows stay private.
 */
export function proposeCategory(table: UnknownTable): Proposal {
  const name = wordsOf(table.name)
  const fleeting = name.find((word) => fleetingWords.has(word))
  if (fleeting !== undefined) return proposal('ephemeral', `"${fleeting}" in its name`)
  const personal = sensitiveWord(table.name)
  if (personal !== undefined) return proposal('local', `"${personal}" in its name`)
  const column = table.columns.find((one) => sensitiveWord(one) !== undefined)
  if (column !== undefined) return proposal('local', `a column ${JSON.stringify(column)}`)
  const lookup = name.find((word) => lookupWords.has(word))
  if (lookup !== undefined) return proposal('global', `"${lookup}" in its name`)
  return { category: 'local', reason: 'nothing was recognised', sure: false }
}

/** What in a name looks like a secret or like something about a person. */
function sensitiveWord(name: string): string | undefined {
  const parts = wordsOf(name)
  const pairs = parts.slice(1).map((word, index) => `${parts[index] ?? ''} ${word}`)
  return (
    parts.find((word) => secretWords.has(word) || personalWords.has(word)) ??
    pairs.find((pair) => sensitivePairs.has(pair)) ??
    /passw|secret|token|e_?mail|apikey/i.exec(name)?.[0]
  )
}

function proposal(category: ListName, reason: string): Proposal {
  return { category, reason, sure: true }
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(' '))
}

/** `userSession_logs` → user, session, log: lower case, singular. */
function wordsOf(name: string): string[] {
  const spaced = name.replaceAll(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2').toLowerCase()
  const parts = spaced.split(/[^\p{L}]+/u).filter((word) => word !== '')
  return parts.map(singular)
}

function singular(word: string): string {
  if (/(?:ss|us|is|sh|x)es$/.test(word)) return word.slice(0, -2)
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`
  return /[^su]s$/.test(word) ? word.slice(0, -1) : word
}
