import { functionSignature } from './names.ts'
import { changedWhileReading } from '../errors.ts'
import {
  address,
  commentStatements,
  isNoMember,
  type CatalogContext,
  type Reading,
} from './parts.ts'

interface CastRow {
  oid: number
  source: string
  target: string
  /** `f` by a function, `b` without one, `i` by the types' own input and output. */
  method: string
  function: string | null
  /** `e` only where written, `a` in assignments, `i` everywhere. */
  context: string
}

// CREATE TYPE … AS RANGE makes the cast to the multirange by itself.
const query = `
  SELECT k.oid, format_type(k.castsource, NULL) AS source, format_type(k.casttarget, NULL) AS target,
    k.castmethod::text AS method, ${functionSignature('k.castfunc')} AS function, k.castcontext::text AS context
  FROM pg_cast k
  WHERE k.oid >= 16384 AND ${isNoMember('pg_cast', 'k.oid')}
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = k.oid AND d.deptype = 'i')
  ORDER BY format_type(k.castsource, NULL) COLLATE "C", format_type(k.casttarget, NULL) COLLATE "C"`

const contexts: Readonly<Record<string, string>> = { a: ' AS ASSIGNMENT', i: ' AS IMPLICIT' }

function methodClause(row: CastRow): string {
  if (row.method === 'b') return 'WITHOUT FUNCTION'
  if (row.method === 'i') return 'WITH INOUT'
  if (row.function === null) throw changedWhileReading(`the cast ${row.source} AS ${row.target}`)
  return `WITH FUNCTION ${row.function}`
}

/** The casts; https://www.postgresql.org/docs/current/sql-createcast.html */
export async function readCasts(context: CatalogContext): Promise<Reading> {
  const rows = await context.session.query<CastRow>('casts', query)
  return {
    objects: rows.map((row) => {
      const entry = address('pg_cast', row.oid)
      const name = `${row.source} AS ${row.target}`
      return {
        kind: 'cast',
        name,
        sql: [
          `CREATE CAST (${name})\n  ${methodClause(row)}${contexts[row.context] ?? ''};`,
          ...commentStatements(context, `CAST (${name})`, entry),
        ],
        addresses: [entry],
      }
    }),
  }
}
