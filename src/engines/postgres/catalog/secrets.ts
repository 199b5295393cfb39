import { isSecretValue, type Secrecy } from '../../secrets.ts'

/** The options of a user mapping that name an account and prove nothing. */
const accountNames = new Set(['user', 'username', 'userid', 'uid', 'login', 'role'])

/** What is secret of an option of a user mapping: everything but the name of the account. */
export function secrecyOfMappingOption(name: string, value: string): Secrecy {
  if (!accountNames.has(name.toLowerCase().replaceAll('_', ''))) return 'option'
  return isSecretValue(value) ? 'value' : 'none'
}
