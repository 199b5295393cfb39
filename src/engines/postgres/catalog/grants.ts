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

interface Group {
  readonly first: Grant
  readonly privileges: readonly string[]
}

/** Groups grants by grantor, grantee and grant option, sorted, each with its privileges. */
function grouped(grants: readonly Grant[]): readonly Group[] {
  const groups = new Map<string, { first: Grant; privileges: string[] }>()
  for (const grant of grants) {
    const key = JSON.stringify([grant.grantor, grant.grantee, grant.grantable])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { first: grant, privileges: [grant.privilege] })
    else group.privileges.push(grant.privilege)
  }
  return [...groups.entries()].sort(([a], [b]) => compareText(a, b)).map(([, group]) => group)
}

/** The owner's grants first, then those of grantors who by then hold the grant option for the privilege. */
function inGrantingOrder(
  grants: readonly Grant[],
  held: readonly Grant[],
  owner: string,
): readonly Group[] {
  const groups: Group[] = []
  const option = (role: string, privilege: string): string => JSON.stringify([role, privilege])
  const options = new Set<string>()
  const take = (taken: readonly Grant[]): void => {
    for (const { grantee, privilege, grantable } of taken)
      if (grantable) options.add(option(grantee, privilege))
  }
  take(held)
  let next: readonly Grant[] = grants.filter(({ grantor }) => grantor === owner)
  for (let waiting = grants; waiting.length > 0;) {
    groups.push(...grouped(next))
    take(next)
    waiting = waiting.filter((grant) => !next.includes(grant))
    const ready = waiting.filter(({ grantor, privilege }) =>
      options.has(option(grantor, privilege)),
    )
    // A grantor who holds no option any more can't come before anybody.
    next = ready.length > 0 ? ready : waiting
  }
  return groups
}

// The owner holds every grant option without its being stored.
function sameGrant(left: Grant, right: Grant, owner: string): boolean {
  return (
    left.grantor === right.grantor &&
    left.grantee === right.grantee &&
    left.privilege === right.privilege &&
    (left.grantee === owner || left.grantable === right.grantable)
  )
}

/**
 * A grant counts for the role that runs it, or for the owner where that role may act for the owner; GRANTED BY takes no
 * other role than the one that runs it. https://www.postgresql.org/docs/current/sql-grant.html
 */
function inTheNameOf(role: string, owner: string, statement: string): readonly string[] {
  return role === owner ? [statement] : [`SET ROLE ${role};`, statement, 'RESET ROLE;']
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
  const kept = standard.filter((grant) => isIn(actual, grant))
  const revoked = grouped(standard.filter((grant) => !isIn(actual, grant)))
  const granted = actual.filter((grant) => !isIn(standard, grant))
  return [
    ...revoked.flatMap(({ first, privileges }) =>
      inTheNameOf(
        first.grantor,
        owner,
        `REVOKE ${privilegeList(privileges, ownersPrivileges, suffix)} ON ${target} FROM ${first.grantee};`,
      ),
    ),
    ...inGrantingOrder(granted, kept, owner).flatMap(({ first, privileges }) => {
      const option = first.grantable && first.grantee !== owner ? ' WITH GRANT OPTION' : ''
      return inTheNameOf(
        first.grantor,
        owner,
        `GRANT ${privilegeList(privileges, ownersPrivileges, suffix)} ON ${target} TO ${first.grantee}${option};`,
      )
    }),
  ]
}
