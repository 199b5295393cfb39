import type { DbObject } from '../../model.ts'
import { query } from './catalog.ts'
import type { TextEncoding } from './cells.ts'
import type { Reading } from './connect.ts'
import { quoteText } from './sqltext.ts'

/**
 * What stands in the file's header and belongs to no table, as statements for an empty file, to be run first and outside
 * a transaction. Encoding, page size and auto_vacuum can't be changed once there is a table; application_id and
 * user_version are the application's own; WAL is kept in the file, the other journal modes are each connection's own.
 * Left out: counters of the file (schema version, change counter, free pages) and default_cache_size, which is of no
 * use any more. Source: https://www.sqlite.org/fileformat2.html#the_database_header
 */
export function databaseObject(
  { connection, isLoggedAtRest }: Reading,
  encoding: TextEncoding,
): DbObject {
  const value = (pragma: string): unknown =>
    Object.values(query(connection, `PRAGMA main.${pragma}`)[0] ?? {})[0]
  const lines = [
    `PRAGMA encoding = ${quoteText(encoding)};`,
    `PRAGMA page_size = ${String(value('page_size'))};`,
    `PRAGMA auto_vacuum = ${autoVacuum(value('auto_vacuum'))};`,
    `PRAGMA application_id = ${String(value('application_id'))};`,
    `PRAGMA user_version = ${String(value('user_version'))};`,
    ...(isLoggedAtRest || value('journal_mode') === 'wal' ? ['PRAGMA journal_mode = WAL;'] : []),
  ]
  return { kind: 'database', name: 'settings', sql: `${lines.join('\n')}\n`, dependsOn: [] }
}

function autoVacuum(value: unknown): string {
  return value === 1 ? 'FULL' : value === 2 ? 'INCREMENTAL' : 'NONE'
}
