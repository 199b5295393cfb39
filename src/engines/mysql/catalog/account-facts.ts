import { quoteName } from '../lexer.ts'
import { accountName, type AccountName } from './account-name.ts'
import { isExactly, type ListedAccounts } from './accounts-list.ts'
import { readProxyLine, readRestriction, type GrantLine } from './grant-line.ts'

/** An account as the server shows it. */
export interface ShownAccount {
  readonly account: AccountName
  /** The lines of SHOW GRANTS. */
  readonly lines: readonly string[]
  readonly grants: readonly GrantLine[]
}

/** What an account may do elsewhere, which belongs to no file, since the server adds it to what it may do here. */
export function elsewhereOf(
  { account, lines, grants }: ShownAccount,
  database: string,
): readonly (readonly [string, string])[] {
  const given = grants
    .filter((grant) => isElsewhere(grant, database))
    .map(
      (grant) =>
        `${grant.what} ON ${globalTarget(grant)}${grant.withOption ? ' WITH GRANT OPTION' : ''}`,
    )
  const others = lines.flatMap((line) => {
    const proxied = readProxyLine(line)
    const restriction = readRestriction(line)
    return [
      ...(proxied === undefined ? [] : [`PROXY ON ${proxied}`]),
      ...(restriction?.database === database ? [`but not ${restriction.what} here`] : []),
    ]
  })
  const texts = [...given, ...others].toSorted()
  return texts.length === 0 ? [] : [[`elsewhere ${accountName(account)}`, texts.join('; ')]]
}

/** Everything that is no right of this database alone, but holds for it too. */
function isElsewhere({ what, on }: GrantLine, database: string): boolean {
  if (on === undefined || isExactly(on.database, database)) return false
  const isPattern = on.object === '*' && /(?<!\\)[%_]/.test(on.database)
  return (on.database === '*' && what !== 'USAGE') || isPattern
}

function globalTarget({ on }: GrantLine): string {
  const database = on?.database ?? '*'
  return `${database === '*' ? '*' : quoteName(database)}.${on?.object === '*' ? '*' : quoteName(on?.object ?? '')}`
}

/** What a person should know of the accounts around a database that no file holds. */
export function accountWarnings({
  missingDefiners,
  leftOut,
  secondPasswords,
}: ListedAccounts): readonly string[] {
  return [
    ...missingDefiners.map(
      (name) =>
        `there is no account ${name}, and something in the database has it as its definer: what runs with its definer's rights can't be used`,
    ),
    ...leftOut.own.map(
      (name) =>
        `${name} has grants on the database itself; it is an account that every server has, so they are not saved`,
    ),
    ...leftOut.unknown.map(
      (name) => `there are grants to ${name}, and no such account: they are not saved`,
    ),
    ...secondPasswords.map(
      (name) =>
        `${name} has a second password (RETAIN CURRENT PASSWORD), which the server shows to nobody: it is not saved`,
    ),
  ]
}

/** Roles that the server gives to everybody (`mandatory_roles`), when one of them is among `names`. */
export function mandatoryRoles(
  setting: string,
  names: ReadonlySet<string>,
): Readonly<Record<string, string>> {
  const roles = setting.split(',').map((role) => {
    const [user = '', host = '%'] = role
      .split('@')
      .map((part) => part.trim().replaceAll(/^[`'"]|[`'"]$/g, ''))
    return accountName({ user, host })
  })
  return roles.some((role) => names.has(role)) ? { mandatory_roles: setting } : {}
}
