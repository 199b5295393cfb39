import { compareText } from '../quote.ts'
import type { Grant } from './parts.ts'

/** What GRANT and REVOKE need to know of one object. */
export interface GrantTarget {
  /** As GRANT names it: `TABLE app.users`, `FUNCTION app.f(integer)`. */
  readonly target: string
  readonly owner: string
  /** The ACL as stored; null: nothing was ever granted or revoked. */
  readonly actual: readonly Grant[] | null
  /** What a new object has (acldefault()). */
  readonly standard: readonly Grant[]
  /** Appended to each privilege, for column grants: `(email)`. */
  readonly suffix?: string
}

function privilegeList(
  privileges: readonly string[],
  all: ReadonlySet<string>,
  suffix: string,
): string {
  const isAll = all.size > 1 && privileges.length === all.size
  const names = isAll ? ['ALL'] : [...privileges].sort(compareText)
  return names.map((name) => name + suffix).join(', ')
}

/** Groups grants by grantor, grantee and grant option, sorted, each with its privileges. */
function grouped(
  grants: readonly Grant[],
): { readonly first: Grant; readonly privileges: readonly string[] }[] {
  const groups = new Map<string, { first: Grant; privileges: string[] }>()
  for (const grant of grants) {
    const key = JSON.stringify([grant.grantor, grant.grantee, grant.grantable])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { first: grant, privileges: [grant.privilege] })
    else group.privileges.push(grant.privilege)
  }
  return [...groups.entries()].sort(([a], [b]) => compareText(a, b)).map(([, group]) => group)
}

/** The owner's grants first, then those of grantors who by then hold the grant option. */
function inGrantingOrder<Group extends { readonly first: Grant }>(
  groups: readonly Group[],
  owner: string,
): Group[] {
  const ordered: Group[] = []
  const mayGrant = new Set([owner])
  let waiting = groups
  while (waiting.length > 0) {
    const ready = waiting.filter(({ first }) => mayGrant.has(first.grantor))
    // A grantor who holds no option any more can't come before anybody.
    const next = ready.length > 0 ? ready : waiting
    ordered.push(...next)
    for (const { first } of next) if (first.grantable) mayGrant.add(first.grantee)
    waiting = waiting.filter((group) => !next.includes(group))
  }
  return ordered
}

// The owner holds every grant option without its being stored.
function sameGrant(left: Grant, right: Grant, owner: string): boolean {
  return (
    left.grantee === right.grantee &&
    left.privilege === right.privilege &&
    (left.grantee === owner || left.grantable === right.grantable)
  )
}

/**
 * The statements that turn the privileges of a new object into those stored, sorted, one line a grantee.
 * Grants by others than the owner are made in that role's name.
 */
export function grantStatements(object: GrantTarget): string[] {
  const { actual, standard, owner, target } = object
  if (actual === null) return []
  const suffix = object.suffix ?? ''
  const ownersPrivileges = new Set(
    standard.filter(({ grantee }) => grantee === owner).map(({ privilege }) => privilege),
  )
  const isIn = (grants: readonly Grant[], grant: Grant): boolean =>
    grants.some((other) => sameGrant(other, grant, owner))
  const revoked = grouped(standard.filter((grant) => !isIn(actual, grant)))
  const granted = inGrantingOrder(grouped(actual.filter((grant) => !isIn(standard, grant))), owner)
  return [
    ...revoked.map(
      ({ first, privileges }) =>
        `REVOKE ${privilegeList(privileges, ownersPrivileges, suffix)} ON ${target} FROM ${first.grantee};`,
    ),
    ...granted.flatMap(({ first, privileges }) => {
      const option = first.grantable && first.grantee !== owner ? ' WITH GRANT OPTION' : ''
      const statement = `GRANT ${privilegeList(privileges, ownersPrivileges, suffix)} ON ${target} TO ${first.grantee}${option};`
      return first.grantor === owner
        ? [statement]
        : [`SET SESSION AUTHORIZATION ${first.grantor};`, statement, 'RESET SESSION AUTHORIZATION;']
    }),
  ]
}
