import { endsHarmlessly, saysSecret, wordsOfName } from '../secret-words.ts'
import { hasIbanSum, hasLuhnSum, isOpaque, isPlaceholder, isProse } from './secret-values.ts'

/** A name of a column or setting → which of its values would be a secret. Pure. */

/** A rule that a name calls for. */
export interface NameRule {
  /** What reports and the configuration call it. */
  readonly rule: string
  /** Whether a value that stands under the name is what the name says. */
  readonly matches: (value: string) => boolean
}

/** These say what belongs to a secret, not that it is one: `password_policy`, `token_ttl`, `secret_version`. */
const besideSecrets = new Set(
  `age algorithm alphabet at attempts backend body caption charset class code cost count created date days default description disabled domain driver duration enabled encoder
   expired expires expiration expiry format grant group hasher header help hint hours icon info input interval kind label length level
   lifetime lost limit link max message min minutes note number option page param parameter pattern per placeholder policy position price
   regex reset rotation route rule rules screen scope seconds size state status strength subject suffix template text time
   timeout title tooltip ttl updated usage used valid validity version visible widget`.split(/\s+/),
)

/** These ask about a secret: `has_password`, `max_tokens`. */
const questions = new Set(
  'allow allowed change changed check cost count enable expire force forgot has hide is last lost max min must need needs num number per price require requires reset show use uses verify'.split(
    ' ',
  ),
)

/** Names with one of these words hold a secret where the value looks made by a machine. */
const opaqueWords = new Set(
  'auth authentication authorization bearer cookie cookies csrf jwt mfa pass passcode pem psk salt sas session sessions sid totp webhook'.split(
    ' ',
  ),
)

const hashWords = new Set(['digest', 'hash', 'signature'])

/** Hashes and signatures of these prove who one is; of anything else they are check sums. */
const personWords =
  /^(?:users?|accounts?|logins?|pass\w*|pw|tokens?|auth|credentials?|members?|customers?|admins?|staff|persons?|people)$/

/** People choose the values of these themselves, or nothing else is ever called so. */
const chosenNames =
  /passw|passphrase|pwd|secret|kennwort|motdepasse|(?:api|access|auth|refresh|private|encryption|signing)(?:key|token)/

/** Hashes and signatures of these are no secrets. */
const publicThings = new Set(
  'block blob body change checksum commit content data diff file git image migration migrations object page public query row schema sha source template url version'.split(
    ' ',
  ),
)

const codeWords = new Set(['cvc', 'cvc2', 'cvv', 'cvv2', 'pin', 'otp', 'mtan', 'puk'])

const card: NameRule = { rule: 'card-number', matches: hasLuhnSum }
const socialNumber: NameRule = { rule: 'ssn', matches: isSocialNumber }
const wholeNames: ReadonlyMap<string, NameRule> = new Map([
  ['ssn', socialNumber],
  ['socialsecuritynumber', socialNumber],
  ['iban', { rule: 'iban', matches: hasIbanSum }],
  ['cardnumber', card],
  ['creditcard', card],
  ['creditcardnumber', card],
  ['ccnumber', card],
])

/** What a name says of its values; undefined when it says nothing. `owner`: the name of the table that it stands in. */
export function nameRule(name: string, owner = ''): NameRule | undefined {
  const words = wordsOfName(name)
  const [first = '', last = ''] = [words[0], words.at(-1)]
  const whole = wholeNames.get(words.join('')) ?? wholeNames.get(last)
  if (whole !== undefined) return whole
  if (endsHarmlessly(words) || besideSecrets.has(last)) return undefined
  if (saysSecret(words)) return secretRule(words, first)
  if (words.some((word) => codeWords.has(word))) return { rule: 'code', matches: isCode }
  const isHash =
    words.some((word) => hashWords.has(word)) &&
    [...words, ...wordsOfName(owner)].some((word) => personWords.test(word)) &&
    !words.some((word) => publicThings.has(word))
  if (isHash || words.some((word) => opaqueWords.has(word)))
    return { rule: 'secret-name', matches: isOpaque }
  return ownerRule(last, owner)
}

function secretRule(words: readonly string[], first: string): NameRule | undefined {
  const joined = words.join('')
  if (joined.includes('public') && !/secret|private/.test(joined)) return undefined
  const isVague = questions.has(first) || !chosenNames.test(joined)
  if (isVague || /id$|uid$/.test(words.at(-1) ?? ''))
    return { rule: 'secret-name', matches: isOpaque }
  return { rule: 'secret-name', matches: isChosen }
}

/** Columns of tables that are called after secrets: `api_keys.value`, `sessions.data`. */
function ownerRule(last: string, owner: string): NameRule | undefined {
  const words = wordsOfName(owner)
  const isSecretTable =
    saysSecret(words) || words.some((word) => /^sessions?$|^cookies?$/.test(word))
  const isAboutThem = /^(?:types?|polic(?:y|ies)|kinds?|settings?|rules?)$/.test(words.at(-1) ?? '')
  if (!isSecretTable || isAboutThem || besideSecrets.has(last)) return undefined
  if (!/^(?:id|sid|key|value|val|data|payload|content)$/.test(last)) return undefined
  return {
    rule: 'secret-table',
    matches: (value) => isOpaque(value) && value.length >= 16 && !(last === 'id' && isUuid(value)),
  }
}

/** A value that a person may have chosen as a password: short ones and plain words too. */
function isChosen(value: string): boolean {
  return !isPlaceholder(value) && !/^[-+]?(?:\d{1,5}|\d+\.\d*)$/.test(value)
}

/** The same for a value that stands beside a name in a row, where labels and messages about passwords stand, too. */
export function isChosenBeside(rule: NameRule, value: string): boolean {
  return rule.matches(value) && !isProse(value)
}

function isCode(value: string): boolean {
  return /^\d{3,8}$/.test(value) || isOpaque(value)
}

/** Every kind of row is numbered with these. */
function isUuid(value: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)
}

function isSocialNumber(value: string): boolean {
  return /^(?!000|666|9)\d{3}-?(?!00)\d{2}-?(?!0000)\d{4}$/.test(value)
}
