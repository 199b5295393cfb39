import type { Client, QueryResultRow } from 'pg'
import { ExpectedError } from '../../errors.ts'
import { driverFacts, isLostConnection, type DriverFacts, type Words } from './errors.ts'
import { missingFeature } from './features.ts'
import type { CatalogSession } from './session.ts'

/** What was being done when a statement failed. */
export interface Step {
  /** For a sentence: `the table app.users`. */
  readonly what: string
  /** The text that ran; absent while rows are loaded. */
  readonly sql?: string
  /** Whether the text looks at rows, so that the server's words may quote them. */
  readonly seesRows: boolean
  /** `server_version_num` of the server. */
  readonly serverVersion: number
  /** The version of the server that wrote the definition, where it is known. */
  readonly sourceVersion?: string
}

const standbyMessage = 'The server is a standby and takes no changes.'

/** The refusal of a server that is in recovery. */
export function readOnlyServer(): ExpectedError {
  return new ExpectedError('read-only-server', standbyMessage, 'Restore on its primary.')
}

const again = 'Nothing was changed. Try again'

/** Failures of the server as a whole. */
function ofServer({ code = '' }: DriverFacts, what: string): Words | undefined {
  switch (code) {
    case '53100':
      return [
        'disk-full',
        `The server ran out of disk space at ${what}.`,
        'Nothing was changed. Make room on the server, then try again.',
      ]
    case '53200':
      return [
        'target-out-of-memory',
        `The server ran out of shared memory at ${what}.`,
        'Nothing was changed. Raise max_locks_per_transaction (every object takes a lock), restart the server, then try again.',
      ]
    case '55P03':
      return [
        'lock-timeout',
        `Another session holds a lock that ${what} needs.`,
        `${again} when the sessions that use the database have ended.`,
      ]
    case '25006':
      return ['read-only-server', standbyMessage, 'Restore on its primary.']
    case '40001':
    case '40P01':
      return [
        'lock-timeout',
        `Another session worked on the same rows as ${what}.`,
        `${again} when the sessions that use the database have ended.`,
      ]
    default:
      return undefined
  }
}

function ofPrivileges({ code = '', message }: DriverFacts, step: Step): Words | undefined {
  if (code === '42501' && step.what.startsWith('the role ')) {
    return [
      'missing-privilege',
      `The server lacks ${step.what}, and the user may not make it as it was: ${message}.`,
      'Nothing was changed. Create the role first, or restore as a superuser (or with CREATEROLE, where the role itself is no superuser).',
    ]
  }
  if (code === '42501') {
    return [
      'missing-privilege',
      `The user may not do what ${step.what} needs${step.seesRows ? '' : `: ${message}`}.`,
      'Nothing was changed. Restore as a superuser, or as a member of every role that owns objects.',
    ]
  }
  if (code === '42704' && /^role ".*" does not exist$/s.test(message)) {
    return [
      'no-such-account',
      `${capital(step.what)} needs a role that this server lacks: ${message}.`,
      'Nothing was changed. Create the role, or restore with everything that the objects depend on, then try again.',
    ]
  }
  return undefined
}

function ofAge({ code = '' }: DriverFacts, step: Step): Words | undefined {
  if (!/^(42|0A|22023)/.test(code) || step.sql === undefined) return undefined
  const here = `${Math.floor(step.serverVersion / 10_000)}`
  const missing = missingFeature(step.sql, step.serverVersion)
  if (missing !== undefined) {
    return [
      'server-too-old',
      `${capital(step.what)} needs PostgreSQL ${missing.version} (${missing.feature}); this server is version ${here}.`,
      `Nothing was changed. Restore on version ${missing.version} or newer, or leave this object out.`,
    ]
  }
  const source = /^\d+/.exec(step.sourceVersion ?? '')?.[0]
  if (source === undefined || Number(source) <= Number(here)) return undefined
  return [
    'server-too-old',
    `${capital(step.what)} was read from PostgreSQL ${source} and is not understood by this server, version ${here} (SQLSTATE ${code}).`,
    `Nothing was changed. Restore on version ${source} or newer, or leave this object out.`,
  ]
}

/** The label itself stands in no message. */
function ofLabels({ code = '', message }: DriverFacts, what: string): Words | undefined {
  const [, provider] = /^security label provider "(.*)" is not loaded$/s.exec(message) ?? []
  if (code !== '22023' || provider === undefined) return undefined
  return [
    'dependency-missing',
    `${capital(what)} needs the security label provider ${provider}, which this server has not loaded.`,
    `Nothing was changed. Name the provider's library in shared_preload_libraries and restart the server, or take the SECURITY LABEL statements out of the files.`,
  ]
}

const missingThings = new Set(['42704', '42P01', '42883', '3F000', '58P01', '0A000', '42703'])

function ofDefinition({ code = '', message }: DriverFacts, step: Step): Words | undefined {
  if (step.seesRows || step.sql === undefined) return undefined
  if (missingThings.has(code)) {
    return [
      'dependency-missing',
      `${capital(step.what)} needs something that is not there: ${message}.`,
      'Nothing was changed. Install or create what is missing, or restore with everything that it depends on.',
    ]
  }
  if (!/^(42|3|22023|2BP01)/.test(code)) return undefined
  return [
    'object-refused',
    `The server refuses ${step.what}: ${message} (SQLSTATE ${code}).`,
    'Nothing was changed. Correct the definition, or leave this object out.',
  ]
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

/** Names alone: the server's message, detail and context can quote rows. */
function ofRows(
  { code = '', constraint, column, line }: DriverFacts,
  step: Step,
): Words | undefined {
  if (!/^(22|23|21|P0|42|0A000)/.test(code)) return undefined
  const where = line === undefined ? '' : `, line ${line} of its rows`
  const by =
    constraint !== undefined
      ? `, constraint ${constraint}`
      : column !== undefined
        ? `, column ${column}`
        : ''
  const reasons: Readonly<Record<string, string>> = {
    '23505': 'the key exists already',
    '23502': 'a value is missing',
    '23503': 'a row that it refers to is missing',
    '23514': 'a check does not hold',
    '23P01': 'it excludes another row',
    '21000': 'two of the rows have the same key',
    '0A000': 'its type takes no value from outside',
  }
  const reason =
    reasons[code] ?? (code.startsWith('22') ? 'a value does not fit' : 'it was refused')
  return [
    'row-refused',
    `${capital(step.what)}${where}${by}: ${reason} (SQLSTATE ${code}).`,
    'Nothing was changed. Correct the row or the definition, then try again.',
  ]
}

/** A failure while a database is filled, as an ExpectedError that names the object; never quotes a row. */
export function fillingError(error: unknown, step: Step): Error {
  if (error instanceof ExpectedError) return error
  const facts = driverFacts(error)
  if (isLostConnection(facts)) {
    return new ExpectedError(
      'connection-lost',
      `The connection was lost at ${step.what}.`,
      'Nothing was changed: the server takes back what was not committed. Try again.',
      { cause: error },
    )
  }
  const words =
    ofServer(facts, step.what) ??
    ofPrivileges(facts, step) ??
    ofLabels(facts, step.what) ??
    ofAge(facts, step) ??
    ofDefinition(facts, step) ??
    ofRows(facts, step)
  if (words === undefined && facts.code === undefined) {
    return error instanceof Error ? error : new Error('an unknown failure', { cause: error })
  }
  const [code, message, next] = words ?? [
    'fill-failed',
    `The server failed at ${step.what} (SQLSTATE ${facts.code ?? 'unknown'}).`,
    "Nothing was changed. Look into the server's log.",
  ]
  return new ExpectedError(code, message, next, { cause: error })
}

/** A failure while the passwords of an object are set; the server's words can quote them, so they are left out. */
export function secretsError(error: unknown, what: string): Error {
  const facts = driverFacts(error)
  if (isLostConnection(facts))
    return fillingError(error, { what, seesRows: true, serverVersion: 0 })
  return new ExpectedError(
    'secrets-refused',
    `The server refuses the passwords or options that belong to ${what} (SQLSTATE ${facts.code ?? 'unknown'}).`,
    'Nothing was changed. Correct the file that holds them in the private directory, or move it away and set them by hand.',
  )
}

/** A session for queries and statements about the database as a whole. */
export function fillingSession(client: Client, serverVersion: number): CatalogSession {
  return {
    version: serverVersion,
    async query<Row extends QueryResultRow>(what: string, sql: string): Promise<Row[]> {
      try {
        return (await client.query<Row>(sql)).rows
      } catch (error) {
        throw fillingError(error, { what, sql, seesRows: false, serverVersion })
      }
    },
  }
}
