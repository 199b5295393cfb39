import { randomBytes } from 'node:crypto'
import { ExpectedError } from '../../errors.ts'
import { literal } from './quote.ts'
import type { CatalogSession } from './session.ts'

/**
 * A subscription that is dropped as it is takes its replication slot on the publisher with it. A copy names the slot of
 * its original, which still needs it: here every subscription forgets its slot first.
 * https://www.postgresql.org/docs/current/sql-dropsubscription.html
 */

const what = 'the subscriptions'

/** The quoted names of the subscriptions of a database; the catalog is the server's, so any session sees them. */
export async function subscriptionsOf(
  session: CatalogSession,
  database: string,
): Promise<readonly string[]> {
  const rows = await session.query<{ quoted: string }>(
    what,
    `SELECT pg_catalog.quote_ident(s.subname) AS quoted FROM pg_catalog.pg_subscription s
     JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
     WHERE d.datname = ${literal(database)} ORDER BY s.subname COLLATE "C"`,
  )
  return rows.map(({ quoted }) => quoted)
}

async function forgetSlot(session: CatalogSession, subscription: string): Promise<void> {
  await session.query(what, `ALTER SUBSCRIPTION ${subscription} DISABLE`)
  await session.query(what, `ALTER SUBSCRIPTION ${subscription} SET (slot_name = NONE)`)
}

/** Drops subscriptions of the session's database; not inside a transaction that could be taken back. */
export async function dropSubscriptions(
  session: CatalogSession,
  subscriptions: readonly string[],
): Promise<void> {
  for (const subscription of subscriptions) {
    await forgetSlot(session, subscription)
    await session.query(what, `DROP SUBSCRIPTION ${subscription}`)
  }
}

/** The server drops no table that a subscription has not copied yet. */
async function refuseUnfinished(session: CatalogSession): Promise<void> {
  const rows = await session.query<{ name: string }>(
    what,
    `SELECT DISTINCT s.subname::text AS name FROM pg_catalog.pg_subscription_rel r
     JOIN pg_catalog.pg_subscription s ON s.oid = r.srsubid WHERE r.srsubstate NOT IN ('r', 's') ORDER BY 1`,
  )
  if (rows.length === 0) return
  throw new ExpectedError(
    'not-emptied',
    `The database still copies tables of its publishers: ${rows.map(({ name }) => name).join(', ')}.`,
    'Wait until its subscriptions have copied all tables, or drop them by hand (DROP SUBSCRIPTION), then try again.',
  )
}

/**
 * Gives the subscriptions of the session's database other names, under the caller's transaction; returns these names. A
 * DROP that is taken back would have lost how far each one had read, so they are dropped after the commit.
 */
export async function setSubscriptionsAside(session: CatalogSession): Promise<readonly string[]> {
  const [own] = await session.query<{ name: string }>(
    what,
    'SELECT pg_catalog.current_database()::text AS name',
  )
  const found = own === undefined ? [] : await subscriptionsOf(session, own.name)
  if (found.length === 0) return []
  await refuseUnfinished(session)
  const aside: string[] = []
  for (const subscription of found) {
    const name = `schema_backup_replaced_${randomBytes(4).toString('hex')}`
    await forgetSlot(session, subscription)
    await session.query(what, `ALTER SUBSCRIPTION ${subscription} RENAME TO ${name}`)
    aside.push(name)
  }
  return aside
}

/** Drops what was set aside; throws ExpectedError `subscription-left` when it can't. */
export async function dropSetAside(
  session: CatalogSession,
  subscriptions: readonly string[],
): Promise<void> {
  try {
    for (const subscription of subscriptions)
      await session.query(what, `DROP SUBSCRIPTION ${subscription}`)
  } catch (error) {
    throw new ExpectedError(
      'subscription-left',
      `The database is filled, but subscriptions that it had before could not be dropped: ${subscriptions.join(', ')}.`,
      'They are disabled and have no slot. Run DROP SUBSCRIPTION for each of them.',
      { cause: error },
    )
  }
}
