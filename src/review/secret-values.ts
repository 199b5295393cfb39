import { isSwitch } from '../secret-words.ts'

/** Values that look like secrets by themselves, and those that can't be one. Pure. */

/** A place in a text that looks like a secret. */
export interface SecretMatch {
  /** What reports and the configuration call it. */
  readonly rule: string
  readonly value: string
}

interface ValueRule {
  readonly rule: string
  /** Global; the group `secret`, if any, is what must not be a placeholder. */
  readonly pattern: RegExp
}

/** Each begins with something rare, so that a text without it costs next to nothing. */
const valueRules: readonly ValueRule[] = [
  {
    rule: 'private-key',
    pattern: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d/g,
  },
  { rule: 'password-hash', pattern: /\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}/g },
  {
    rule: 'password-hash',
    pattern: /\$(?:scrypt|pbkdf2(?:-\w+)?|bcrypt-sha256|y|7|gy)\$[^\s'",]{16,}/g,
  },
  { rule: 'password-hash', pattern: /\$argon2(?:id|i|d)\$[\w$=,+./-]{16,}/g },
  {
    rule: 'password-hash',
    pattern: /\$(?:1|5|6)\$(?:rounds=\d+\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{22,86}/g,
  },
  {
    rule: 'password-hash',
    pattern: /\$[PH]\$[./A-Za-z0-9]{31}|\$S\$[./A-Za-z0-9]{52}|\$apr1\$[^\s'",]{20,}|\$A\$\d{3}\$/g,
  },
  {
    rule: 'password-hash',
    pattern: /\b(?:pbkdf2_sha(?:1|256|512)|bcrypt_sha256|scrypt|argon2)\$[^\s'",]{20,}/g,
  },
  { rule: 'password-hash', pattern: /\b(?:pbkdf2:sha\d+:\d+|scrypt:\d+:\d+:\d+)\$[^\s'",]{20,}/g },
  {
    rule: 'password-hash',
    pattern: /\{(?:S?SHA(?:256|384|512)?|S?MD5|CRYPT|PBKDF2(?:-\w+)?|ARGON2)\}[\w$./+=-]{12,}/g,
  },
  { rule: 'password-hash', pattern: /\bSCRAM-SHA-(?:1|256|512)\$\d+:[^\s'",]{16,}/g },
  { rule: 'password-hash', pattern: /(?<=^|')(?:\*[0-9A-F]{40}|md5[0-9a-f]{32})(?=$|')/gm },
  { rule: 'token', pattern: /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/g },
  { rule: 'token', pattern: /\b(?:Bearer|Basic)\s+(?=\S*\d)(?<secret>[\w+/.~-]{16,}=*)/g },
  {
    rule: 'token',
    pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  },
  {
    rule: 'connection-string',
    pattern: /:\/\/[^\s:@/'"?#]{0,100}:(?<secret>[^\s@/'"]{1,200})@[\w[]/g,
  },
  {
    rule: 'connection-string',
    pattern:
      /\b(?:server|host|data source|uid|user id|user|dbname|database)=[^;\n]{1,100}?[;\s](?:[^\n]{0,200}?[;\s])?(?:password|pwd)=(?!(?:new|old)\.)'?(?<secret>[^;\s'"]{3,200})/gi,
  },
]

/** What of a text looks like a secret whatever its name is, the first of each rule. */
export function secretValues(text: string): readonly SecretMatch[] {
  const found = new Map<string, SecretMatch>()
  for (const { rule, pattern } of valueRules) {
    if (found.has(rule)) continue
    for (const match of text.matchAll(pattern)) {
      const value = match.groups?.['secret'] ?? match[0]
      if (isPlaceholder(value)) continue
      found.set(rule, { rule, value })
      break
    }
  }
  return [...found.values()]
}

const cardShape =
  /(?<![\w.-])(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|6(?:011|5\d\d)|35\d\d)(?<gap>[ -]?)\d{4}\k<gap>\d{4}\k<gap>\d{4}(?![\w-]|\.\d)|(?<![\w.-])3[47]\d\d[ -]?\d{6}[ -]?\d{5}(?![\w-]|\.\d)/g

/** Card numbers, and what has their shape and no right sum: where these are many, all are other numbers. */
export function cardNumbers(text: string): {
  readonly right: readonly string[]
  readonly wrong: number
} {
  const shaped = text.match(cardShape) ?? []
  const right = shaped.filter(hasLuhnSum)
  return { right, wrong: shaped.length - right.length }
}

/** Whether the digits of a number have the check sum of cards. */
export function hasLuhnSum(value: string): boolean {
  const digits = value.replace(/[ -]/g, '')
  if (!/^\d{12,19}$/.test(digits) || /^0+$/.test(digits)) return false
  const sum = Array.from(digits)
    .reverse()
    .reduce((total, digit, index) => {
      const doubled = Number(digit) * (1 + (index % 2))
      return total + (doubled > 9 ? doubled - 9 : doubled)
    }, 0)
  return sum % 10 === 0
}

/** Whether a text is an international account number with the right check sum. */
export function hasIbanSum(value: string): boolean {
  const text = value.replaceAll(' ', '').toUpperCase()
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(text)) return false
  const digits = (text.slice(4) + text.slice(0, 4)).replace(/[A-Z]/g, (letter) =>
    String(letter.charCodeAt(0) - 55),
  )
  return BigInt(digits) % 97n === 1n
}

/** Whether a whole value is one e-mail address. */
export function isEmailAddress(value: string): boolean {
  return (
    value.length < 255 && /^[^\s@<>()",;:]{1,64}@[^\s@<>()",;:]+\.[^\s@<>()",;:.]{2,}$/.test(value)
  )
}

/** What stands where a secret would stand and is none: nothing, yes and no, a date, a variable, stars. */
export function isPlaceholder(value: string): boolean {
  const text = value.slice(0, 500).trim()
  return (
    text.length < 3 ||
    isSwitch(text) ||
    /^(?:null|none|nil|n\/a|undefined|unset|unknown|default|disabled|enabled|required|optional|redacted|hidden|password|passwd|pass|pwd|secret|token|user|change_?me|example|xxx+)$/i.test(
      text,
    ) ||
    /^[-*.x#•!?_ ]+$/i.test(text) ||
    // A colour, an amount of money.
    /^#[0-9a-f]{3,8}$|^[$€£¥] ?[\d.,]+$/i.test(text) ||
    // A date or time.
    /^\d{4}-\d\d-\d\d(?:[T ][\d:.+Z-]*)?$|^\d\d:\d\d(?::\d\d)?$/.test(text) ||
    // A variable, a template, a reference to where the secret is.
    /^\$\{?\w+\}?$|^\{\{.*\}\}$|^<[^<>]*>$|^%[\w(].*%?s?$|^\[[^\]]*\]$|^:\w+$|^\$\(.*\)$|^(?:env|vault|file|secret|arn|ref|op):\S+$/i.test(
      text,
    )
  )
}

/** Whether a value looks made by a machine: one word, long, neither number nor plain word, nor a name of something. */
export function isOpaque(value: string): boolean {
  const text = value.slice(0, 500).trim()
  if (text.length < 8 || /\s/.test(text) || isPlaceholder(text)) return false
  if (/^[-+]?[\d.,:]+$/.test(text) || /^[{[].*[}\]]$/s.test(text)) return false
  // Addresses, paths, names of classes and files.
  if (/^(?:https?:)?\/|^\.{0,2}\/|^[\w.-]+@[\w.-]+$|\\\w+\\/.test(text)) return false
  if (
    /^[a-z]+(?:[A-Z][a-z]+)*$|^(?:[A-Z]?[a-z]+|[A-Z]+)(?:[._:-](?:[A-Z]?[a-z]+|[A-Z]+|\d{1,4}))*$/.test(
      text,
    )
  )
    return text.length > 40
  return true
}

/** Whether a value reads like a label or sentence about something. */
export function isProse(value: string): boolean {
  const text = value.slice(0, 500).trim()
  return (
    /\p{L}{2,}[,:;]? +\S*\p{L}{2,}/u.test(text) ||
    /^\p{Lu}\p{Ll}+[.:!?…*]*$/u.test(text) ||
    /[{}<>%]/.test(text)
  )
}
