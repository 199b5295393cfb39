import type { Client } from './client.ts'
import { quoteText } from './lexer.ts'
import type { Server } from './session.ts'

/** The transactions that a MySQL server has executed; undefined when it does not count them. */
export async function executedTransactions(
  client: Client,
  { product }: Server,
): Promise<string | undefined> {
  if (product !== 'MySQL') return undefined
  const [row] = await client.query<'gtids'>('SELECT @@GLOBAL.gtid_executed AS gtids')
  return row?.gtids?.replaceAll('\n', '')
}

/**
 * Where the open transaction stands in the binary log: `binlog mariadb-bin.000003:1234, GTID 0-1-42`. MariaDB remembers it
 * for the transaction; MySQL does not, so that it is known only when nothing was executed while the transaction began.
 * https://mariadb.com/docs/server/reference/sql-statements/transactions/start-transaction#with-consistent-snapshot
 *
 * @param before `executedTransactions` before the transaction began.
 */
export async function pointInTime(
  client: Client,
  server: Server,
  before: string | undefined,
): Promise<string | undefined> {
  if (server.product === 'MariaDB') return await binaryLogPosition(client)
  const after = await executedTransactions(client, server)
  return after === undefined || after === '' || after !== before ? undefined : `GTID ${after}`
}

async function binaryLogPosition(client: Client): Promise<string | undefined> {
  const rows = await client.query<'Variable_name' | 'Value'>(
    "SHOW SESSION STATUS WHERE Variable_name IN ('Binlog_snapshot_file', 'Binlog_snapshot_position')",
  )
  const values = new Map(rows.map((row) => [row.Variable_name?.toLowerCase(), row.Value ?? '']))
  const file = values.get('binlog_snapshot_file') ?? ''
  const position = values.get('binlog_snapshot_position') ?? ''
  if (file === '') return undefined
  const [row] = await client.query<'gtid'>(
    `SELECT BINLOG_GTID_POS(${quoteText(file)}, ${Number(position)}) AS gtid`,
  )
  const gtid = row?.gtid ?? ''
  return `binlog ${file}:${position}${gtid === '' ? '' : `, GTID ${gtid}`}`
}
