import type { DatabaseSync } from 'node:sqlite'
import { realpath } from 'node:fs/promises'
import { ExpectedError } from '../../errors.ts'
import type { FillRequest, Target } from '../target.ts'
import { isMalformedSchema, tolerateBrokenSchema } from './broken-schema.ts'
import { encodingOf, query, readEntries, readTableFacts } from './catalog.ts'
import { connect, patiently } from './connect.ts'
import { expectedError, fileFailure } from './failures.ts'
import { fillOfIndex, rebuildOf } from './full-text-index.ts'
import { ReplacementFile } from './replacement.ts'
import { foldName, statement, quoteName } from './sqltext.ts'
import { SqliteTarget } from './target.ts'
import { contentOf, isVirtual } from './virtual-text.ts'

/** Fills a file: by another one that takes its place, or within one transaction where rows go into what is there. */
export async function fillFile<T>(
  path: string,
  request: FillRequest,
  use: (target: Target) => Promise<T>,
): Promise<T> {
  const place = await realpath(path)
  return request.mode === 'rows'
    ? await fillInPlace(place, use)
    : await fillByReplacement(place, request.mode, use)
}

/** How many objects of a user a file holds, those that can't be understood among them. */
export function countObjects(connection: DatabaseSync): number {
  const sql = `SELECT count(*) AS objects FROM main.sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`
  const count = () => Number(query(connection, sql)[0]?.['objects'])
  try {
    return count()
  } catch (error) {
    if (!isMalformedSchema(error)) throw error
    tolerateBrokenSchema(connection)
    return count()
  }
}

async function fillByReplacement<T>(
  path: string,
  mode: 'empty' | 'replace',
  use: (target: Target) => Promise<T>,
): Promise<T> {
  using old = await holdAlone(path)
  const objects = countObjects(old.connection)
  if (mode === 'empty' && objects > 0) throw notEmpty(path, objects)
  await using file = await ReplacementFile.make(path)
  const target = new SqliteTarget(file.connection, path, () => {
    file.setJournalAside()
  })
  const result = await use(target)
  try {
    target.commit()
    await file.finish()
    old.leaveFile()
    await file.takePlace(() => {
      old[Symbol.dispose]()
    })
  } catch (error) {
    throw fileFailure(expectedError(error, path, 'put the new file in place'), path)
  }
  return result
}

/** The only connection to a file: no other program can read or write it until this one is closed. */
interface LoneConnection extends Disposable {
  readonly connection: DatabaseSync
  /** Ends WAL mode, so that no file beside it is left that would be taken for the new file's own. */
  leaveFile(): void
}

/**
 * Exclusive locking before the first access takes the whole file also in WAL mode, where BEGIN EXCLUSIVE alone keeps
 * no reader out. Source: https://www.sqlite.org/wal.html#use_of_wal_without_shared_memory
 */
async function holdAlone(path: string): Promise<LoneConnection> {
  const connection = connect(path, { readOnly: false })
  try {
    connection.exec('PRAGMA locking_mode = EXCLUSIVE')
    await patiently(path, 'take the file for itself', () => {
      connection.exec('BEGIN EXCLUSIVE')
    })
  } catch (error) {
    connection.close()
    throw error
  }
  return {
    connection,
    leaveFile() {
      connection.exec('ROLLBACK; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
    },
    [Symbol.dispose]() {
      if (connection.isOpen) connection.close()
    },
  }
}

function notEmpty(path: string, objects: number): ExpectedError {
  return new ExpectedError(
    'target-not-empty',
    `The SQLite database "${path}" holds ${objects} objects.`,
    'Name another target, or replace this one: --replace --confirm NAME.',
  )
}

async function fillInPlace<T>(path: string, use: (target: Target) => Promise<T>): Promise<T> {
  const connection = connect(path, { readOnly: false })
  try {
    const target = new SqliteTarget(connection, path)
    await patiently(path, 'begin to write', () => {
      target.begin()
    })
    const triggers = setTriggersAside(connection)
    const result = await use(target)
    fillIndexesOverText(connection, target)
    for (const sql of triggers) connection.exec(sql)
    target.commit()
    return result
  } catch (error) {
    throw expectedError(error, path, 'load rows')
  } finally {
    // Rolls back what was not committed.
    connection.close()
  }
}

/** Rows are loaded as they are: no trigger may write others because of them. */
function setTriggersAside(connection: DatabaseSync): string[] {
  const sql = `SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' ORDER BY rowid`
  const triggers = query(connection, sql)
  for (const { name } of triggers) connection.exec(`DROP TRIGGER main.${quoteName(String(name))}`)
  return triggers.map((trigger) => statement(String(trigger['sql'])))
}

/** Full-text indexes over other tables are kept up to date by triggers, which were set aside. */
function fillIndexesOverText(connection: DatabaseSync, target: SqliteTarget): void {
  const known = new Set([...readTableFacts(connection).keys()].map(foldName))
  for (const entry of readEntries(connection, encodingOf(connection)).entries) {
    const content = isVirtual(entry.sql) ? contentOf(entry.sql) : undefined
    if (content === undefined || !known.has(foldName(content))) continue
    const knowsSomeRows = target.wasLoaded(entry.name)
    connection.exec(knowsSomeRows ? fillOfIndex(entry) : rebuildOf(entry.name))
  }
}
