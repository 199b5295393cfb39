import { hostname } from 'node:os'
import type { Environment } from '../model.ts'
import { configValue } from './config.ts'
import type { GitConfig } from './config.ts'

/** A name and an address that someone gave; either may be missing. */
export interface Person {
  readonly name?: string
  readonly email?: string
}

/** Who commits, in the form of a commit's line: `Name <address>`. */
export interface Identities {
  readonly author: string
  readonly committer: string
}

/**
 * Author and committer: from our own configuration, else `GIT_AUTHOR_*`/`GIT_COMMITTER_*`, else git's
 * configuration, else `schema_backup <schema_backup@host>`. Source: https://git-scm.com/docs/git-commit#_commit_information
 */
export function identitiesFrom(
  configured: Person,
  environment: Environment,
  config: GitConfig,
): Identities {
  const of = (role: 'author' | 'committer'): string => {
    const variable = `GIT_${role.toUpperCase()}`
    const name = firstUsable([
      configured.name,
      environment[`${variable}_NAME`],
      configValue(config, `${role}.name`),
      configValue(config, 'user.name'),
    ])
    const email = firstUsable([
      configured.email,
      environment[`${variable}_EMAIL`],
      configValue(config, `${role}.email`),
      configValue(config, 'user.email'),
      environment['EMAIL'],
    ])
    return `${name ?? 'schema_backup'} <${email ?? `schema_backup@${clean(hostname()) || 'localhost'}`}>`
  }
  return { author: of('author'), committer: of('committer') }
}

function firstUsable(values: readonly (string | undefined)[]): string | undefined {
  return values.map((value) => clean(value ?? '')).find((value) => value !== '')
}

/** What git takes out of a name: control characters, angle brackets, and punctuation at both ends. */
function clean(value: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is removed
  const kept = value.replace(/[\x00-\x1f\x7f<>]/g, '')
  return kept.replace(/^[\s.,:;"'\\]+|[\s.,:;"'\\]+$/g, '')
}

/** A point in time as a commit writes it: seconds and the local offset, `1700000000 +0200`. */
export function commitTime(time: Date): string {
  const minutesEast = -time.getTimezoneOffset()
  const [hours, minutes] = [Math.floor(Math.abs(minutesEast) / 60), Math.abs(minutesEast) % 60]
  const offset = String(hours * 100 + minutes).padStart(4, '0')
  const seconds = Math.max(0, Math.floor(time.getTime() / 1000))
  return `${seconds} ${minutesEast < 0 ? '-' : '+'}${offset}`
}
