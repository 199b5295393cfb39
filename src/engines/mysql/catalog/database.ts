import type { DbObject } from '../../../model.ts'
import type { Client } from '../client.ts'
import { quoteName, quoteText } from '../lexer.ts'
import { isThisDatabase, type Server } from '../session.ts'

/** The database's own settings. */
export interface DatabaseRead {
  readonly object: DbObject
  readonly collation: string
  readonly warnings: readonly string[]
}

/** Reads the default character set and collation, and what else a database has, without its name. */
export async function readDatabase(client: Client, server: Server): Promise<DatabaseRead> {
  const comment = server.can.commentDatabases ? ', schema_comment AS comment' : ''
  const [record] = await client.query<'charset' | 'collation' | 'comment'>(
    `SELECT default_character_set_name AS charset, default_collation_name AS collation${comment}
     FROM information_schema.schemata WHERE ${isThisDatabase('schema_name', server)}`,
  )
  const [shown] = await client.query(`SHOW CREATE DATABASE ${quoteName(server.database)}`)
  const text = shown?.['Create Database'] ?? ''
  const isEncrypted = /\bENCRYPTION='Y'/.test(text)
  const collation = record?.collation ?? ''
  const options = [
    `CHARACTER SET = ${record?.charset ?? ''} COLLATE = ${collation}`,
    ...(record?.comment ? [`COMMENT = ${quoteText(record.comment)}`] : []),
    ...(isEncrypted ? ["ENCRYPTION = 'Y'"] : []),
  ]
  const sql = options.map((option) => `ALTER DATABASE ${option};\n`).join('')
  // Nothing could be restored into such a database.
  const warnings = text.includes(' READ ONLY = 1 ')
    ? ['the database is READ ONLY; one that is restored is not, until somebody says so']
    : []
  const object: DbObject = { kind: 'database', name: 'settings', sql, dependsOn: [] }
  return { object, collation, warnings }
}
