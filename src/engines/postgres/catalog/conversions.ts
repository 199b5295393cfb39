import { changedWhileReading } from '../errors.ts'
import { functionName } from './names.ts'
import {
  address,
  commentStatements,
  isNoMember,
  isUserSchema,
  roleName,
  type CatalogContext,
  type Reading,
} from './parts.ts'

interface ConversionRow {
  oid: number
  schema: string
  name: string
  quoted: string
  owner: string
  is_default: boolean
  source: string
  target: string
  function: string | null
}

const query = `
  SELECT v.oid, n.nspname::text AS schema, v.conname::text AS name,
    quote_ident(n.nspname) || '.' || quote_ident(v.conname) AS quoted, ${roleName('v.conowner')} AS owner,
    v.condefault AS is_default, quote_literal(pg_encoding_to_char(v.conforencoding)) AS source,
    quote_literal(pg_encoding_to_char(v.contoencoding)) AS target, ${functionName('v.conproc')} AS function
  FROM pg_conversion v JOIN pg_namespace n ON n.oid = v.connamespace
  WHERE ${isUserSchema('n')} AND ${isNoMember('pg_conversion', 'v.oid')}
  ORDER BY n.nspname COLLATE "C", v.conname COLLATE "C"`

function createStatement(row: ConversionRow): string {
  if (row.function === null) throw changedWhileReading(`the conversion ${row.quoted}`)
  const word = row.is_default ? 'DEFAULT CONVERSION' : 'CONVERSION'
  return `CREATE ${word} ${row.quoted}\n  FOR ${row.source} TO ${row.target} FROM ${row.function};`
}

/** The conversions between encodings; https://www.postgresql.org/docs/current/sql-createconversion.html */
export async function readConversions(context: CatalogContext): Promise<Reading> {
  const rows = await context.session.query<ConversionRow>('conversions', query)
  return {
    objects: rows.map((row) => {
      const entry = address('pg_conversion', row.oid)
      return {
        kind: 'conversion',
        schema: row.schema,
        name: row.name,
        sql: [
          createStatement(row),
          `ALTER CONVERSION ${row.quoted} OWNER TO ${row.owner};`,
          ...commentStatements(context, `CONVERSION ${row.quoted}`, entry),
        ],
        addresses: [entry],
      }
    }),
  }
}
