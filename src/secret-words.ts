/** The words by which names tell that they hold a secret: of options (engines), and of columns and settings (review). Pure. */

/** Names that hold one of these, written without separators, hold a secret. */
const secretNames =
  /passw|passphrase|pwd|secret(?!ar)|token(?!izer|filter)|credential|kennwort|motdepasse|(?:api|access|account|client|encryption|private|server|shared|signing|storage)key(?!word)|keytab/

/** Names that end so say where a secret is, or how it is used. */
const harmlessEnds = new Set(
  'column columns dir directory endpoint field file host issuer mechanism method mode name names passthrough path prefix provider required table type uri url'.split(
    ' ',
  ),
)

/** The words of a name in lower case: `smtpPassword`, `smtp-password` and `smtp_password` are `smtp` and `password`. */
export function wordsOfName(name: string): readonly string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
}

/** Whether a name says by itself that it holds a secret. */
export function saysSecret(words: readonly string[]): boolean {
  return secretNames.test(words.join(''))
}

/** Whether a name ends like that of something around a secret: `password_file`. */
export function endsHarmlessly(words: readonly string[]): boolean {
  return harmlessEnds.has(words.at(-1) ?? '')
}

/** Whether a value only says yes or no. */
export function isSwitch(value: string): boolean {
  return /^(?:true|false|on|off|yes|no|t|f|y|n|0|1)?$/i.test(value)
}
