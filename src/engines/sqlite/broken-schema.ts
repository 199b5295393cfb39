import type { DatabaseSync } from 'node:sqlite'
import type { NotCaptured } from '../../model.ts'
import { query, type Entry } from './catalog.ts'
import { foldName, tokens } from './sqltext.ts'

/** Whether SQLite gave up on the whole file because of one line of sqlite_schema that it can't understand. */
export function isMalformedSchema(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('malformed database schema (')
}

/**
 * Lets a connection that is for reading use those lines of sqlite_schema that SQLite understands. The statement behind this
 * one still fails. Source: https://www.sqlite.org/pragma.html#pragma_writable_schema
 */
export function tolerateBrokenSchema(connection: DatabaseSync): void {
  connection.exec('PRAGMA writable_schema = ON')
  try {
    query(connection, 'SELECT count(*) FROM sqlite_schema')
  } catch (error) {
    if (!isMalformedSchema(error) && !isCorrupt(error)) throw error
  }
}

function isCorrupt(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 11
}

/**
 * Parts the lines that SQLite understands from those that it does not, where `tolerateBrokenSchema` was needed. Throws
 * SQLite's own error for a line whose text is well and whose table can't be reached all the same: then the file is damaged.
 */
export function withoutBroken(
  connection: DatabaseSync,
  entries: readonly Entry[],
): { whole: Entry[]; broken: NotCaptured[] } {
  if (query(connection, 'PRAGMA writable_schema')[0]?.['writable_schema'] !== 1) {
    return { whole: [...entries], broken: [] }
  }
  const whole: Entry[] = []
  const broken: NotCaptured[] = []
  const names = new Set<string>()
  for (const entry of entries) {
    const { type, name } = entry
    const reason = whyNotLoaded(connection, entry)
    if (reason !== undefined) {
      broken.push({
        kind: type,
        name,
        reason: `SQLite can't understand its definition: ${reason}.`,
      })
    } else if (!names.has(`${type} ${foldName(name)}`)) {
      names.add(`${type} ${foldName(name)}`)
      whole.push(entry)
    }
  }
  return { whole, broken }
}

/** A definition that is in use can't be used again: SQLite says that there is such an object. */
function whyNotLoaded(connection: DatabaseSync, { name, sql }: Entry): string | undefined {
  if (!tokens(sql).some(({ text }) => foldName(text) === foldName(name))) {
    return 'it defines something of another name'
  }
  try {
    connection.prepare(sql)
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    return / already exists$|^there is already /.test(message) ? undefined : message
  }
  throw Object.assign(new Error(`malformed database schema (${name})`), { errcode: 11 })
}
