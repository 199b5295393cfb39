import { literal } from '../quote.ts'
import { publicConninfo } from './conninfo.ts'
import {
  address,
  commentStatements,
  roleName,
  type Captured,
  type CatalogContext,
  type Reading,
  type Refused,
} from './parts.ts'

interface SubscriptionRow {
  oid: number
  name: string
  quoted: string
  owner: string
  /** Null where the account may not read it. */
  conninfo: string | null
  slot: string | null
  quoted_slot: string | null
  publications: string[]
  synchronous_commit: string
  binary: boolean
  /** `true`, `t` on; `p` parallel. */
  streaming: string
  has_two_phase: boolean
  disables_on_error: boolean
  needs_password: boolean
  runs_as_owner: boolean
  has_failover: boolean
  /** `any`, or `none`. */
  origin: string
}

/** Columns of later versions, with what earlier ones do. */
function laterColumns(can: CatalogContext['can']): string {
  const { hasTwoPhaseSubscriptions: first, hasSubscriptionOrigins: second } = can
  return [
    `${first ? `s.subtwophasestate <> 'd'` : 'false'} AS has_two_phase`,
    `${first ? 's.subdisableonerr' : 'false'} AS disables_on_error`,
    `${second ? 's.subpasswordrequired' : 'true'} AS needs_password`,
    `${second ? 's.subrunasowner' : 'false'} AS runs_as_owner`,
    `${second ? 's.suborigin' : "'any'"} AS origin`,
    `${can.hasSubscriptionFailover ? 's.subfailover' : 'false'} AS has_failover`,
  ].join(', ')
}

function query({ can }: CatalogContext, readsConninfo: boolean): string {
  return `
  SELECT s.oid, s.subname::text AS name, quote_ident(s.subname) AS quoted, ${roleName('s.subowner')} AS owner,
    ${readsConninfo ? 's.subconninfo' : 'NULL'} AS conninfo, s.subslotname::text AS slot, quote_literal(s.subslotname) AS quoted_slot,
    (SELECT array_agg(quote_ident(p.name) ORDER BY p.place) FROM unnest(s.subpublications) WITH ORDINALITY p(name, place)) AS publications,
    s.subsynccommit AS synchronous_commit, s.subbinary AS binary, s.substream::text AS streaming, ${laterColumns(can)}
  FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
  WHERE d.datname = current_database()
  ORDER BY s.subname COLLATE "C"`
}

const streamingWords: Readonly<Record<string, string>> = { true: 'on', t: 'on', p: 'parallel' }

function parameters(row: SubscriptionRow): string[] {
  const slot = row.quoted_slot ?? 'NONE'
  return [
    // A restore must reach no other server: neither for a slot nor for rows.
    'connect = false',
    ...(row.slot === row.name ? [] : [`slot_name = ${slot}`]),
    ...(row.binary ? ['binary = true'] : []),
    // Always written: version 18 changed what a new one has.
    `streaming = ${streamingWords[row.streaming] ?? 'off'}`,
    ...(row.synchronous_commit === 'off'
      ? []
      : [`synchronous_commit = ${literal(row.synchronous_commit)}`]),
    ...(row.has_two_phase ? ['two_phase = true'] : []),
    ...(row.disables_on_error ? ['disable_on_error = true'] : []),
    ...(row.needs_password ? [] : ['password_required = false']),
    ...(row.runs_as_owner ? ['run_as_owner = true'] : []),
    ...(row.origin === 'any' ? [] : [`origin = ${row.origin}`]),
    ...(row.has_failover ? ['failover = true'] : []),
  ]
}

function subscriptionFrom(
  context: CatalogContext,
  row: SubscriptionRow,
  conninfo: string,
): Captured {
  const entry = address('pg_subscription', row.oid)
  const shared = publicConninfo(conninfo)
  const create = [
    `CREATE SUBSCRIPTION ${row.quoted}`,
    `  CONNECTION ${literal(shared)}`,
    `  PUBLICATION ${row.publications.join(', ')}`,
    `  WITH (\n    ${parameters(row).join(',\n    ')}\n  );`,
  ]
  return {
    kind: 'subscription',
    name: row.name,
    sql: [
      create.join('\n'),
      `ALTER SUBSCRIPTION ${row.quoted} OWNER TO ${row.owner};`,
      ...commentStatements(context, `SUBSCRIPTION ${row.quoted}`, entry),
    ],
    secrets:
      shared === conninfo
        ? []
        : [`ALTER SUBSCRIPTION ${row.quoted} CONNECTION ${literal(conninfo)};`],
    addresses: [entry],
  }
}

function refusedFrom({ oid, name }: SubscriptionRow): Refused {
  return {
    kind: 'subscription',
    name,
    reason:
      'The account may not read its connection string. Grant pg_read_all_data to it, or read as a superuser.',
    address: address('pg_subscription', oid),
  }
}

/**
 * The subscriptions, as pg_dump writes them: disabled, and without a connection when they are made.
 * https://www.postgresql.org/docs/current/sql-createsubscription.html
 */
export async function readSubscriptions(context: CatalogContext): Promise<Reading> {
  const { session } = context
  const [privilege] = await session.query<{ may_read: boolean }>(
    'the subscriptions',
    `SELECT has_column_privilege('pg_catalog.pg_subscription', 'subconninfo', 'SELECT') AS may_read`,
  )
  const readsConninfo = privilege?.may_read === true
  const rows = await session.query<SubscriptionRow>(
    'the subscriptions',
    query(context, readsConninfo),
  )
  return {
    objects: rows.flatMap((row) =>
      row.conninfo === null ? [] : [subscriptionFrom(context, row, row.conninfo)],
    ),
    refused: rows.filter(({ conninfo }) => conninfo === null).map(refusedFrom),
  }
}
