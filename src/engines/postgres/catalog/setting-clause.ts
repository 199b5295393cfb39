import { literal } from '../quote.ts'
import { isSecretValue, secrecyOfOption } from '../../secrets.ts'

/** Lists are stored as SQL text that is already quoted: https://www.postgresql.org/docs/current/catalog-pg-db-role-setting.html */
const listSettings = new Set([
  'datestyle',
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
])

/** SQL: an entry `name=value` with a name that SET takes; words behind a dot can be keywords: `app."user"`. */
export function settingEntry(entry: string): string {
  const name = `split_part(${entry}, '=', 1)`
  return `(CASE WHEN strpos(${name}, '.') = 0 THEN ${entry} ELSE (
    SELECT string_agg(quote_ident(w.word), '.' ORDER BY w.place)
    FROM unnest(string_to_array(${name}, '.')) WITH ORDINALITY w(word, place)) || substr(${entry}, strpos(${entry}, '=')) END)`
}

function partsOf(entry: string): { readonly name: string; readonly value: string } {
  const equals = entry.indexOf('=')
  return { name: entry.slice(0, equals), value: entry.slice(equals + 1) }
}

/** Whether an entry `name=value` holds a credential. The server's own settings, which have no dot, are none by their name. */
export function isSecretSetting(entry: string): boolean {
  const { name, value } = partsOf(entry)
  return isSecretValue(value) || (name.includes('.') && secrecyOfOption(name, value) !== 'none')
}

/** `SET name TO value` of an entry `name=value`. */
export function settingClause(entry: string): string {
  const { name, value } = partsOf(entry)
  const isList = listSettings.has(name.toLowerCase()) && value !== ''
  return `SET ${name} TO ${isList ? value : literal(value)}`
}
