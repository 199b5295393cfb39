import type { Client, QueryResultRow } from 'pg'
import { readingError } from './errors.ts'
import { literal } from './quote.ts'

/**
 * Settings that change how the server prints a value or a definition, or that could cut a read short.
 * Each was seen to change text; pg_dump pins the same.
 */
const pins: Readonly<Record<string, string>> = {
  search_path: '',
  timezone: 'UTC',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  extra_float_digits: '3',
  bytea_output: 'hex',
  lc_monetary: 'C',
  lc_numeric: 'C',
  client_encoding: 'UTF8',
  xmlbinary: 'base64',
  row_security: 'off',
  quote_all_identifiers: 'off',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  client_min_messages: 'warning',
  statement_timeout: '0',
  transaction_timeout: '0',
  idle_session_timeout: '0',
  idle_in_transaction_session_timeout: '1h',
  lock_timeout: '10s',
  jit: 'off',
}

/** Settings that would change what statements and rows are understood as, or what objects are made like. */
const fillingPins: Readonly<Record<string, string>> = {
  check_function_bodies: 'off',
  xmloption: 'content',
  transform_null_equals: 'off',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  default_transaction_isolation: 'read committed',
  default_tablespace: '',
  default_table_access_method: 'heap',
}

async function setAll(client: Client, settings: Readonly<Record<string, string>>): Promise<void> {
  await client.query(
    `SELECT pg_catalog.set_config(s.name, p.value, false)
     FROM pg_catalog.jsonb_each_text($1::jsonb) p JOIN pg_catalog.pg_settings s ON pg_catalog.lower(s.name) = p.key`,
    [JSON.stringify(settings)],
  )
}

/** Pins a new session; settings that the server does not know are passed over. */
export async function pinSession(client: Client): Promise<void> {
  // First of all: the timeout of a role or database may be shorter than the next statement takes, and its path may lead to
  // operators of others.
  await client.query("SET statement_timeout = 0; SET search_path = ''")
  await setAll(client, pins)
}

/** Pins a pinned session further, for one that fills a database. */
export async function pinForFilling(client: Client): Promise<void> {
  await setAll(client, fillingPins)
}

/** The settings of a session that fills a database, as SET statements for a script; those of later versions are left out. */
export function pinStatements(): readonly string[] {
  const settings = { ...pins, ...fillingPins }
  return Object.entries(settings)
    .filter(([name]) => name !== 'transaction_timeout' && name !== 'lock_timeout')
    .map(([name, value]) => `SET ${name} = ${literal(value)};`)
}

/** Runs catalog queries of one transaction, with errors that say what was read. */
export interface CatalogSession {
  /** `server_version_num`: 150004. */
  readonly version: number
  query<Row extends QueryResultRow>(what: string, sql: string): Promise<Row[]>
}

/** A session for the catalog files. */
export function catalogSession(client: Client, version: number): CatalogSession {
  return {
    version,
    async query<Row extends QueryResultRow>(what: string, sql: string): Promise<Row[]> {
      try {
        return (await client.query<Row>(sql)).rows
      } catch (error) {
        throw readingError(error, what)
      }
    },
  }
}

/** What a server can do; the one place that compares versions. */
export interface Capabilities {
  /** Publications hold schemas, and of tables some columns and rows (15). */
  readonly hasPublicationParts: boolean
  /** Subscriptions have two_phase and disable_on_error (15). */
  readonly hasTwoPhaseSubscriptions: boolean
  /** Subscriptions have origin, password_required and run_as_owner (16). */
  readonly hasSubscriptionOrigins: boolean
  /** The slots of subscriptions can fail over (17). */
  readonly hasSubscriptionFailover: boolean
  /** NOT NULL is a constraint with a name of its own (18). */
  readonly hasNamedNotNull: boolean
  /** A child computes a column of its parents in its own way without more ado (16). */
  readonly hasOwnGeneration: boolean
  /** Constraints can be there without being enforced (18). */
  readonly hasUnenforcedConstraints: boolean
  /** Keys can be WITHOUT OVERLAPS (18). */
  readonly hasTemporalKeys: boolean
  /** The schema public belongs to the role pg_database_owner (15). */
  readonly hasDatabaseOwnerRole: boolean
  /** A sequence can be unlogged or not whatever its table is (15). */
  readonly hasUnloggedSequences: boolean
  /** CREATE TABLE … INHERITS takes a generated column of its own where the parents have one (16). */
  readonly mergesGeneratedColumns: boolean
  /** Memberships of roles say what they inherit and who granted them (16). */
  readonly hasMembershipOptions: boolean
  /** Settings can be granted (15). */
  readonly hasParameterPrivileges: boolean
}

export function capabilities(version: number): Capabilities {
  return {
    hasPublicationParts: version >= 150000,
    hasTwoPhaseSubscriptions: version >= 150000,
    hasSubscriptionOrigins: version >= 160000,
    hasSubscriptionFailover: version >= 170000,
    hasNamedNotNull: version >= 180000,
    hasOwnGeneration: version >= 160000,
    hasUnenforcedConstraints: version >= 180000,
    hasTemporalKeys: version >= 180000,
    hasDatabaseOwnerRole: version >= 150000,
    hasUnloggedSequences: version >= 150000,
    mergesGeneratedColumns: version >= 160000,
    hasMembershipOptions: version >= 160000,
    hasParameterPrivileges: version >= 150000,
  }
}
