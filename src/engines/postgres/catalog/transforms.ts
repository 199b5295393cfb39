import { functionSignature } from './names.ts'
import {
  address,
  commentStatements,
  isNoMember,
  type CatalogContext,
  type Reading,
} from './parts.ts'

interface TransformRow {
  oid: number
  type: string
  language: string
  quoted_language: string
  from_sql: string | null
  to_sql: string | null
}

const query = `
  SELECT r.oid, format_type(r.trftype, NULL) AS type, l.lanname::text AS language, quote_ident(l.lanname) AS quoted_language,
    ${functionSignature('r.trffromsql')} AS from_sql, ${functionSignature('r.trftosql')} AS to_sql
  FROM pg_transform r JOIN pg_language l ON l.oid = r.trflang
  WHERE r.oid >= 16384 AND ${isNoMember('pg_transform', 'r.oid')}
  ORDER BY format_type(r.trftype, NULL) COLLATE "C", l.lanname COLLATE "C"`

/** The transforms of procedural languages; https://www.postgresql.org/docs/current/sql-createtransform.html */
export async function readTransforms(context: CatalogContext): Promise<Reading> {
  const rows = await context.session.query<TransformRow>('transforms', query)
  return {
    objects: rows.map((row) => {
      const entry = address('pg_transform', row.oid)
      const target = `TRANSFORM FOR ${row.type} LANGUAGE ${row.quoted_language}`
      const functions = [
        ...(row.from_sql === null ? [] : [`FROM SQL WITH FUNCTION ${row.from_sql}`]),
        ...(row.to_sql === null ? [] : [`TO SQL WITH FUNCTION ${row.to_sql}`]),
      ]
      return {
        kind: 'transform',
        name: row.type,
        signature: row.language,
        sql: [
          `CREATE ${target} (\n  ${functions.join(',\n  ')}\n);`,
          ...commentStatements(context, target, entry),
        ],
        addresses: [entry],
      }
    }),
  }
}
