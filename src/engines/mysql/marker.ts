import { ExpectedError } from '../../errors.ts'
import type { Client } from './client.ts'
import { quoteName, quoteText } from './lexer.ts'

/** The table that stands in a database while a restore puts things in place: whoever finds it, finds a part. */
export const markerTable = 'schema_backup_restore_in_progress'

/** What a marker says. */
export interface Marker {
  /** The database that keeps the tables that were there before; absent when none were moved. */
  readonly aside?: string
  /** Statements that put back what had to go while rows were loaded. */
  readonly putBack?: string
}

const comment =
  'A restore was cut off here: this database is not whole. Drop it and run the same restore again.'

/** Marks a database; a crash from now on leaves the mark behind. */
export async function setMarker(client: Client, database: string, marker: Marker): Promise<void> {
  const table = `${quoteName(database)}.${quoteName(markerTable)}`
  await client.query(
    `CREATE TABLE ${table} (aside varchar(64) CHARACTER SET utf8mb4, put_back longtext CHARACTER SET utf8mb4)
     ENGINE = InnoDB COMMENT = ${quoteText(comment)}`,
  )
  const values = [marker.aside, marker.putBack].map((text) =>
    text === undefined ? 'NULL' : quoteText(text),
  )
  await client.query(`INSERT INTO ${table} VALUES (${values.join(', ')})`)
}

/** The marker of a database, or undefined when it is whole. */
export async function readMarker(client: Client, database: string): Promise<Marker | undefined> {
  const [found] = await client.query<'found'>(
    `SELECT 1 AS found FROM information_schema.tables
     WHERE table_schema = ${quoteText(database)} AND table_name = '${markerTable}'`,
  )
  if (found === undefined) return undefined
  const [record] = await client.query<'aside' | 'put_back'>(
    `SELECT aside, put_back FROM ${quoteName(database)}.${quoteName(markerTable)}`,
  )
  const { aside, put_back: putBack } = record ?? {}
  return {
    ...(typeof aside === 'string' ? { aside } : {}),
    ...(typeof putBack === 'string' ? { putBack } : {}),
  }
}

/** Takes the mark away: the database is whole. */
export async function removeMarker(client: Client, database: string): Promise<void> {
  await client.query(`DROP TABLE ${quoteName(database)}.${quoteName(markerTable)}`)
}

/** A database that a crashed restore left between two states can't be read as if it were one. */
export function restoreInProgress(database: string, { aside }: Marker): ExpectedError {
  const old = aside === undefined ? '' : ` What it held before is in ${aside}.`
  return new ExpectedError(
    'restore-in-progress',
    `The database ${database} is not whole: a restore is under way or was cut off (its table ${markerTable} says so).${old}`,
    `Wait for the restore's end; if none is under way, drop the database and run the same restore again.`,
  )
}
