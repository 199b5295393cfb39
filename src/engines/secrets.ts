/**
 * Which options are secret. Pure. In doubt an option is one: what is taken for a secret goes to the private directory and
 * comes back from there.
 */

/** Names that hold one of these hold a secret. */
const secretNames =
  /passw|passphrase|pwd|secret|token|credential|(?:api|access|account|client|encryption|private|server|shared|storage)key|keytab/

/** Names with one of these words hold a secret, unless the value only says yes or no. */
const secretWords = new Set(
  'auth authentication authorization bearer cookie jwt key keys pass passcode pem pin psk salt sas'.split(
    ' ',
  ),
)

/** Names that end so say where a secret is, or how it is used. */
const harmlessEnds = new Set(
  'column columns dir directory endpoint field file host issuer mechanism method mode name names passthrough path prefix provider required table type uri url'.split(
    ' ',
  ),
)

const harmlessNames = new Set(['require_auth', 'use_scram_passthrough'])

const secretValues: readonly RegExp[] = [
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY/,
  // A URL with a password.
  /:\/\/[^\s@/]*:\S*@/,
  // A connection string, query string or JSON with one.
  /(?:passw\w*|passphrase|pwd|secret\w*|token|credentials?|signature|(?:api|access|account|client|private|server|shared)[_-]?key(?:[_-]?id)?)["']?\s*[=:]/i,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\beyJ[\w-]{8,}\.[\w-]+\./,
  /\bgh[opsru]_\w{20,}/,
  /\bxox[abeprs]-/,
  /\b(?:Bearer|Basic)\s+[\w+/=.-]{8,}/i,
]

function isSwitch(value: string): boolean {
  return /^(?:true|false|on|off|yes|no|t|f|y|n|0|1)?$/i.test(value)
}

function isSecretName(name: string, value: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
  if (harmlessNames.has(words.join('_')) || harmlessEnds.has(words.at(-1) ?? '')) return false
  if (secretNames.test(words.join(''))) return true
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
