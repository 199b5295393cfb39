/** What looks like a secret → how it is told. Pure. */

/** Enough to find a value again and too little to use it: its first two characters where it is long, and its length. */
export function redactedSample(value: string): string {
  const length = Array.from(value).length
  const start = length >= 12 ? (/^[\w$*{+/.@-]{2}/.exec(value)?.[0] ?? '') : ''
  return start === '' ? `${length} characters` : `${start}…, ${length} characters`
}

/** What a rule finds, as a sentence says it. */
export function wordsOfRule(rule: string): string {
  return wordsOfRules[rule] ?? `a secret (${rule})`
}

const wordsOfRules: Readonly<Record<string, string>> = {
  'card-number': 'a card number',
  code: 'a secret code',
  'connection-string': 'a connection string with a password',
  'email-addresses': 'many e-mail addresses',
  iban: 'an account number',
  'password-hash': 'a password hash',
  'private-key': 'a private key',
  'secret-literal': 'a secret',
  'secret-name': 'a secret',
  'secret-setting': 'a secret setting',
  'secret-table': 'a secret',
  ssn: 'a social security number',
  token: 'a token',
}
