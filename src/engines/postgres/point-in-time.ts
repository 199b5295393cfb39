import type { Client } from 'pg'

interface PointRow {
  snapshot: string
  position: string | null
}

/** Some hosted servers refuse to tell their log's position. */
async function logPosition(client: Client): Promise<string | null> {
  await client.query('SAVEPOINT log_position')
  try {
    const { rows } = await client.query<Pick<PointRow, 'position'>>(
      `SELECT (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
         ELSE pg_catalog.pg_current_wal_lsn() END)::text AS position`,
    )
    return rows[0]?.position ?? null
  } catch {
    await client.query('ROLLBACK TO SAVEPOINT log_position')
    return null
  } finally {
    await client.query('RELEASE SAVEPOINT log_position')
  }
}

/**
 * Which transactions the client's open snapshot sees, and how far the log was about then: `snapshot 745:745:, LSN 0/16B3748`.
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
export async function pointInTime(client: Client): Promise<string> {
  const { rows } = await client.query<Pick<PointRow, 'snapshot'>>(
    'SELECT pg_catalog.pg_current_snapshot()::text AS snapshot',
  )
  const position = await logPosition(client)
  const parts = [
    `snapshot ${rows[0]?.snapshot ?? ''}`,
    ...(position === null ? [] : [`LSN ${position}`]),
  ]
  return parts.join(', ')
}
