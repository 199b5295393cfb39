import { quoteName } from '../lexer.ts'

/** What the server calls an account or a role. */
export interface AccountName {
  readonly user: string
  /** Absent for MariaDB's roles; MySQL's have one, and know accounts whose host is the empty text. */
  readonly host?: string
}

/** Who has what everybody has; a keyword, and the name under which the server keeps it. */
export const everybody = 'PUBLIC'

/** `` `app`@`%` ``, or `` `reader` `` for a role without a host. */
export function accountSql({ user, host }: AccountName): string {
  if (host !== undefined) return `${quoteName(user)}@${quoteName(host)}`
  return user === everybody ? everybody : quoteName(user)
}

/** `app@%`, or `reader`; an @ within the name of a role gets one at its end (`a@b@`), since `a@b` is somebody else. */
export function accountName({ user, host }: AccountName): string {
  return host === undefined && !user.includes('@') ? user : `${user}@${host ?? ''}`
}

/** The account of such a name; hosts hold no @. `isRole` tells apart what ends with one. */
export function accountNamed(name: string, isRole: boolean): AccountName {
  const [, user, host = ''] = /^(.*)@([^@]*)$/s.exec(name) ?? []
  if (user === undefined) return { user: name }
  return host === '' && isRole ? { user } : { user, host }
}
