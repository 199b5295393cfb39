import {
  address,
  commentStatements,
  isNoMember,
  type CatalogContext,
  type Reading,
} from './parts.ts'
import { functionName } from './names.ts'

interface AccessMethodRow {
  oid: number
  name: string
  quoted: string
  /** `i` for indexes, `t` for tables. */
  type: string
  handler: string
}

/** The access methods; https://www.postgresql.org/docs/current/sql-create-access-method.html */
export async function readAccessMethods(context: CatalogContext): Promise<Reading> {
  const rows = await context.session.query<AccessMethodRow>(
    'access methods',
    `SELECT a.oid, a.amname::text AS name, quote_ident(a.amname) AS quoted, a.amtype::text AS type,
       ${functionName('a.amhandler')} AS handler
     FROM pg_am a
     WHERE a.oid >= 16384 AND ${isNoMember('pg_am', 'a.oid')}
     ORDER BY a.amname COLLATE "C"`,
  )
  return {
    objects: rows.map((row) => {
      const entry = address('pg_am', row.oid)
      const type = row.type === 't' ? 'TABLE' : 'INDEX'
      return {
        kind: 'access_method',
        name: row.name,
        sql: [
          `CREATE ACCESS METHOD ${row.quoted} TYPE ${type} HANDLER ${row.handler};`,
          ...commentStatements(context, `ACCESS METHOD ${row.quoted}`, entry),
        ],
        addresses: [entry],
      }
    }),
  }
}
