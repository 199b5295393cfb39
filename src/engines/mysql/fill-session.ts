import { createHash } from 'node:crypto'
import { ExpectedError } from '../../errors.ts'
import type { Client } from './client.ts'
import { connect } from './connect.ts'
import { errorNumber, serverErrors } from './failures.ts'
import { naming, type Versions } from './fill-errors.ts'
import { quoteText } from './lexer.ts'
import { pinSession, type Server } from './session.ts'
import type { ConnectionSettings } from './settings.ts'
import { splitStatements } from './split.ts'

/** A session that fills databases; `server.database` is the target. */
export interface FillSession {
  readonly client: Client
  readonly server: Server
}

/** The sql_mode under which definitions are made: what was once accepted is accepted again. */
export const definitionMode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'
/** The sql_mode under which rows are loaded: a value that does not fit is refused and never bent. */
export const rowMode = `${definitionMode},STRICT_ALL_TABLES`

/**
 * Session variables of a fill that not every server has, or lets every account set. Rows are checked when they are made,
 * not when they come back; a definition that was once accepted is accepted again, and nothing is added to it.
 */
const variables: Readonly<Record<string, string>> = {
  check_constraint_checks: '0',
  system_versioning_alter_history: "'KEEP'",
  system_versioning_insert_history: '1',
  innodb_strict_mode: '0',
  explicit_defaults_for_timestamp: '1',
  sql_require_primary_key: '0',
  sql_generate_invisible_primary_key: '0',
}

/** Opens a session on the target, alone: throws `target-busy` when another fill of it is under way. */
export async function openFillSession(settings: ConnectionSettings): Promise<FillSession> {
  const client = await connect(settings)
  try {
    const server = await pinSession(client, settings.database)
    // Unique keys stay checked: without, MariaDB tells of a duplicate at the COMMIT, and not which it is.
    await client.query(`SET SESSION sql_mode = '${definitionMode}', SESSION foreign_key_checks = 0`)
    const known = await client.query<'Variable_name'>(
      `SHOW SESSION VARIABLES WHERE Variable_name IN (${Object.keys(variables).map(quoteText).join(', ')})`,
    )
    for (const { Variable_name: name } of known) await setVariable(client, name ?? '')
    if (!(await takeLock(client, targetLock(server.database)))) throw busy(server.database)
    return { client, server }
  } catch (error) {
    await client[Symbol.asyncDispose]()
    throw error
  }
}

/** Older servers have some of them for all sessions alone; MySQL wants a privilege for others. */
async function setVariable(client: Client, name: string): Promise<void> {
  try {
    await client.query(`SET SESSION ${name} = ${variables[name] ?? 'DEFAULT'}`)
  } catch (error) {
    const { readOnlyVariable, globalVariable, privilegeNeeded } = serverErrors
    const isRefused = [readOnlyVariable, globalVariable, privilegeNeeded].some(
      (number) => number === errorNumber(error),
    )
    if (!isRefused) throw error
  }
}

/** Takes a named lock of the server without waiting; it is freed with the session, also after a kill. */
export async function takeLock(client: Client, name: string): Promise<boolean> {
  const [record] = await client.query<'taken'>(`SELECT GET_LOCK(${quoteText(name)}, 0) AS taken`)
  return record?.taken === '1'
}

/** Frees a lock of this session. */
export async function freeLock(client: Client, name: string): Promise<void> {
  await client.query(`DO RELEASE_LOCK(${quoteText(name)})`)
}

/** Names of locks have 64 characters at most. */
function targetLock(database: string): string {
  return `schema_backup.${createHash('sha256').update(database).digest('hex').slice(0, 32)}`
}

function busy(database: string): ExpectedError {
  return new ExpectedError(
    'target-busy',
    `Another restore fills the database ${database} right now.`,
    'Wait for its end, then run again.',
  )
}

/** Runs the statements of a script for the vendor's client; throws as `naming` does. */
export async function runScript(
  client: Client,
  script: string,
  what: string,
  versions?: Versions,
): Promise<void> {
  const run = async () => {
    for (const statement of splitStatements(script)) await client.query(statement)
  }
  await naming(what, run, versions)
}
