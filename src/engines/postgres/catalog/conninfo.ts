import { isSecretValue, secrecyOfOption } from '../../secrets.ts'

/**
 * Connection strings by the rules of libpq. Pure.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
 */

/** Parameters that say who may connect. */
const secretParameters = new Set([
  'password',
  'sslpassword',
  'oauth_client_secret',
  'scram_client_key',
  'scram_server_key',
])

function isSecretParameter(name: string, value: string): boolean {
  return secretParameters.has(name) || secrecyOfOption(name, value) !== 'none'
}

// The blanks that C's isspace() knows.
const pair =
  /[ \t\n\v\f\r]*([^= \t\n\v\f\r]+)[ \t\n\v\f\r]*=[ \t\n\v\f\r]*('(?:[^'\\]|\\[^])*'|(?!')(?:[^\\ \t\n\v\f\r]|\\[^]|\\$)*)/y

/** The pairs of `keyword = value` that are no secret; undefined: the text is no such list. */
function publicPairs(text: string): string | undefined {
  const kept: string[] = []
  pair.lastIndex = 0
  while (/[^ \t\n\v\f\r]/.test(text.slice(pair.lastIndex))) {
    const [found, name = '', value = ''] = pair.exec(text) ?? []
    if (found === undefined) return undefined
    const inner = value.startsWith("'") ? value.slice(1, -1) : value
    const isSecret = isSecretParameter(name, inner.replace(/\\([^])/g, '$1'))
    if (!isSecret) kept.push(found.trim())
  }
  return kept.join(' ')
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

// A second @ would leave the end of a password in the place: such a text is not understood.
const uri =
  /^(?<scheme>postgres(?:ql)?:\/\/)(?:(?<user>[^:@/]*)(?::(?<password>[^@]*))?@)?(?<place>[^?@]*)(?:\?(?<query>[^]*))?$/

/** A connection URI without its secrets; undefined: it can't be understood. */
function publicUri(text: string): string | undefined {
  const groups = uri.exec(text)?.groups
  if (groups === undefined) return undefined
  const { scheme = '', user, place = '', query } = groups
  const parameters = query === undefined ? [] : query.split('&')
  const kept: string[] = []
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=')
    const name = decoded(parameter.slice(0, Math.max(0, equals)))
    const value = decoded(parameter.slice(equals + 1))
    if (name === undefined || name === '' || value === undefined) return undefined
    if (!isSecretParameter(name, value)) kept.push(parameter)
  }
  const account = user === undefined ? '' : `${user}@`
  return scheme + account + place + (kept.length === 0 ? '' : `?${kept.join('&')}`)
}

/** A connection string without its secrets; one that can't be understood is secret as a whole: ''. */
export function publicConninfo(conninfo: string): string {
  const isUri = /^postgres(?:ql)?:\/\//.test(conninfo)
  const text = isUri ? publicUri(conninfo) : publicPairs(conninfo)
  return text === undefined || isSecretValue(text) ? '' : text
}
