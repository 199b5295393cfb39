import { endsHarmlessly, isSwitch, saysSecret, wordsOfName } from '../secret-words.ts'

/**
 * Which options are secret. Pure. In doubt an option is one: what is taken for a secret goes to the private directory and
 * comes back from there.
 */

/** Names with one of these words hold a secret, unless the value only says yes or no. */
const secretWords = new Set(
  'auth authentication authorization bearer cookie jwt key keys pass passcode pem pin psk salt sas'.split(
    ' ',
  ),
)

const harmlessNames = new Set(['require_auth', 'use_scram_passthrough'])

const secretValues: readonly RegExp[] = [
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY/,
  // A URL with a password.
  /:\/\/[^\s@/]*:\S*@/,
  // Oracle's, with a password after a slash.
  /\bjdbc:oracle:\w+:[^/@]*\/[^@]+@/i,
  // A connection string, query string or JSON with one.
  /(?:passw\w*|passphrase|pwd|secret\w*|token|credentials?|signature|(?:api|access|account|client|private|server|shared)[_-]?key(?:[_-]?id)?)["']?\s*[=:]/i,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\beyJ[\w-]{8,}\.[\w-]+\./,
  /\bgh[opsru]_\w{20,}/,
  /\bxox[abeprs]-/,
  /\b(?:Bearer|Basic)\s+[\w+/=.-]{8,}/i,
]

function isSecretName(name: string, value: string): boolean {
  const words = wordsOfName(name)
  if (harmlessNames.has(words.join('_')) || endsHarmlessly(words)) return false
  if (saysSecret(words)) return true
  return words.some((word) => secretWords.has(word)) && !isSwitch(value)
}

/** Whether a text holds something that looks like a credential. */
export function isSecretValue(value: string): boolean {
  return secretValues.some((pattern) => pattern.test(value))
}

/** What of an option nobody may read: nothing, its value, or that and the option itself. */
export type Secrecy = 'none' | 'value' | 'option'

/** What is secret of an option of a wrapper, server, table that leads elsewhere, column, or of a connection. */
export function secrecyOfOption(name: string, value: string): Secrecy {
  if (isSecretName(name, value)) return 'option'
  return isSecretValue(value) ? 'value' : 'none'
}
