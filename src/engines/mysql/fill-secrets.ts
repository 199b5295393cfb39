import { ExpectedError } from '../../errors.ts'
import type { DbObject } from '../../model.ts'
import type { Client } from './client.ts'
import type { Versions } from './fill-errors.ts'
import { runScript } from './fill-session.ts'
import { errorNumber } from './failures.ts'
import { withoutCredentials } from './redact.ts'
import { splitStatements } from './split.ts'

/** Runs an object's `sqlSecrets`; throws `secrets-refused`, which quotes none of it. */
export async function setSecrets(
  client: Client,
  { sqlSecrets = '' }: DbObject,
  what: string,
): Promise<void> {
  try {
    for (const statement of splitStatements(sqlSecrets)) await client.query(statement)
  } catch (error) {
    throw secretRefused(what, error)
  }
}

/**
 * Makes a table, with its partitions and secrets where it has some. Those of a table that shows rows of another server are its whole definition: without its
 * password the server would not make it, when it asks the other one first.
 */
export async function createTable(
  client: Client,
  table: DbObject,
  what: string,
  versions: Versions,
): Promise<void> {
  const whole = splitStatements(table.sqlSecrets ?? '').find((statement) =>
    statement.startsWith('CREATE TABLE '),
  )
  if (whole === undefined) await runScript(client, table.sql, what, versions)
  else if (!splitStatements(table.sql).includes(withoutCredentials(whole).sql)) throw other(what)
  await runScript(client, table.sqlPartitions ?? '', what, versions)
  await setSecrets(client, table, what)
}

/** The server's text could quote the statement. */
function secretRefused(what: string, error: unknown): unknown {
  if (!(error instanceof ExpectedError) || error.code !== 'server-error') return error
  return new ExpectedError(
    'secrets-refused',
    `${what}: the server refused the statement that sets its password (error ${errorNumber(error) ?? 0}).`,
    'Look at its .secrets.sql in the private directory: the server may lack the plugin that it was made for, or not reach the other server that it names.',
    { cause: error.cause },
  )
}

function other(what: string): ExpectedError {
  return new ExpectedError(
    'secrets-refused',
    `${what}: its .secrets.sql in the private directory belongs to another definition of it.`,
    'Restore with --without-local, then set its password by hand.',
  )
}
