import type { Client } from 'pg'
import { ExpectedError } from '../../errors.ts'

/** The refusal of a connection whose statements go to different server sessions. */
export function pooledConnection(): ExpectedError {
  return new ExpectedError(
    'pooled-connection',
    'A connection pooler hands this session’s statements to different server sessions.',
    'Connect to the server itself, or to a pool in session mode.',
  )
}

async function serverProcess(client: Client): Promise<number> {
  const { rows } = await client.query<{ id: number }>('SELECT pg_catalog.pg_backend_pid() AS id')
  return rows[0]?.id ?? 0
}

/** The process that the other side said it was when the connection began; a pooler makes up its own. */
function announcedProcess(client: Client): unknown {
  return 'processID' in client ? client.processID : undefined
}

/**
 * Throws when a pooler in transaction or statement mode lies between: whatever is set in the session would reach
 * other clients, and not the next statement here. To be asked before anything is set. Behind a pooler it looks whether
 * two connections, both open, ever share a server process, or one moves between them; in session mode neither happens.
 * https://www.pgbouncer.org/features.html
 */
export async function refuseSharedSessions(
  client: Client,
  openAnother: () => Promise<Client>,
): Promise<void> {
  const own = await serverProcess(client)
  if (own === announcedProcess(client)) return
  const other = await openAnother()
  try {
    const others = await serverProcess(other)
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const seen = [await serverProcess(client), await serverProcess(other)]
      if (own === others || seen[0] !== own || seen[1] !== others) throw pooledConnection()
    }
  } finally {
    await other.end().catch(() => undefined)
  }
}
