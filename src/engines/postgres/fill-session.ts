import type { Client } from 'pg'
import type { FillMode } from '../target.ts'
import type { Connector } from './connect.ts'
import { emptyDatabase, requireEmpty } from './empty.ts'
import { fillingSession, readOnlyServer } from './fill-errors.ts'
import { pooledConnection } from './pooler.ts'
import type { CatalogSession } from './session.ts'

/** A session whose transaction has begun; the database is empty where the mode wants it so. */
export interface FillSession {
  readonly client: Client
  readonly catalog: CatalogSession
  /** The search path that RESET goes back to. */
  readonly searchPath: string
  /** Whether that path was the database's own until the database was emptied. */
  readonly hadOwnPath: boolean
  /** The subscriptions of before, to be dropped after the commit. */
  readonly asideSubscriptions: readonly string[]
}

interface SessionFacts {
  readonly version_number: string
  readonly search_path: string
  readonly reset_path: string
  readonly had_own_path: boolean
  readonly in_recovery: boolean
}

const factsQuery = `
  SELECT current_setting('server_version_num') AS version_number, current_setting('search_path') AS search_path,
    (SELECT reset_val FROM pg_settings WHERE name = 'search_path') AS reset_path,
    EXISTS (SELECT FROM pg_db_role_setting s, unnest(s.setconfig) v, pg_database d
      WHERE d.oid = s.setdatabase AND d.datname = current_database() AND s.setrole = 0 AND v LIKE 'search\\_path=%') AS had_own_path,
    pg_is_in_recovery() AS in_recovery`

function refuseUnfit(facts: SessionFacts | undefined): asserts facts is SessionFacts {
  if (facts === undefined || (facts.search_path !== '' && facts.search_path !== '""')) {
    throw pooledConnection()
  }
  if (!facts.in_recovery) return
  throw readOnlyServer()
}

async function sessionFacts(client: Client): Promise<SessionFacts> {
  const session = fillingSession(client, 0)
  const [facts] = await session.query<SessionFacts>('the state of the server', factsQuery)
  refuseUnfit(facts)
  return facts
}

/** Opens a session and begins the transaction. */
export async function beginFilling(
  connect: Connector,
  mode: FillMode,
  searchPath?: string,
): Promise<FillSession> {
  const client = await connect('fill', searchPath === undefined ? {} : { searchPath })
  try {
    const facts = await sessionFacts(client)
    const catalog = fillingSession(client, Number(facts.version_number))
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE')
    // The transaction stays with one server session: from here on no pooler can change it.
    await sessionFacts(client)
    if (mode === 'empty') await requireEmpty(catalog)
    const asideSubscriptions = mode === 'replace' ? await emptyDatabase(catalog) : []
    return {
      client,
      catalog,
      searchPath: facts.reset_path,
      hadOwnPath: facts.had_own_path,
      asideSubscriptions,
    }
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
}

/** Takes back what was not committed. */
export async function endFilling({ client }: FillSession): Promise<void> {
  await client.query('ROLLBACK').catch(() => undefined)
  await client.end().catch(() => undefined)
}
