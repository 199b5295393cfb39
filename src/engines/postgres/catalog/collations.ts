import { changedWhileReading } from '../errors.ts'
import { literal } from '../quote.ts'
import {
  address,
  commentStatements,
  isNoMember,
  isUserSchema,
  roleName,
  type CatalogContext,
  type Reading,
} from './parts.ts'

interface CollationRow {
  oid: number
  schema: string
  name: string
  quoted: string
  owner: string
  /** `c` libc, `i` ICU, `b` builtin. */
  provider: string
  is_deterministic: boolean
  /** The row of pg_collation; what it holds the locale in has changed with the versions. */
  facts: Readonly<Record<string, string | boolean | number | null>>
}

const query = `
  SELECT o.oid, n.nspname::text AS schema, o.collname::text AS name,
    quote_ident(n.nspname) || '.' || quote_ident(o.collname) AS quoted, ${roleName('o.collowner')} AS owner,
    o.collprovider::text AS provider, o.collisdeterministic AS is_deterministic, to_jsonb(o) AS facts
  FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace
  WHERE ${isUserSchema('n')} AND ${isNoMember('pg_collation', 'o.oid')}
  ORDER BY n.nspname COLLATE "C", o.collname COLLATE "C", o.collencoding`

const providers: Readonly<Record<string, string>> = { i: 'icu', b: 'builtin' }

function localeOptions({ provider, quoted, facts }: CollationRow): string[] {
  const text = (name: string): string | undefined => {
    const value = facts[name]
    return typeof value === 'string' ? value : undefined
  }
  const collate = text('collcollate')
  const characters = text('collctype')
  const locale =
    provider === 'c' ? collate : (text('colllocale') ?? text('colliculocale') ?? collate)
  if (locale === undefined) throw changedWhileReading(`the collation ${quoted}`)
  if (provider === 'c' && characters !== undefined && characters !== collate)
    return [`LC_COLLATE = ${literal(locale)}`, `LC_CTYPE = ${literal(characters)}`]
  const rules = text('collicurules')
  return [
    `LOCALE = ${literal(locale)}`,
    ...(rules === undefined ? [] : [`RULES = ${literal(rules)}`]),
  ]
}

function createStatement(row: CollationRow): string {
  const provider = providers[row.provider]
  const options = [
    ...(provider === undefined ? [] : [`PROVIDER = ${provider}`]),
    ...localeOptions(row),
    ...(row.is_deterministic ? [] : ['DETERMINISTIC = false']),
  ]
  return `CREATE COLLATION ${row.quoted} (\n  ${options.join(',\n  ')}\n);`
}

/**
 * The collations, without their versions, which are facts of the server's libraries;
 * https://www.postgresql.org/docs/current/sql-createcollation.html
 */
export async function readCollations(context: CatalogContext): Promise<Reading> {
  const rows = await context.session.query<CollationRow>('collations', query)
  return {
    objects: rows.map((row) => {
      const entry = address('pg_collation', row.oid)
      return {
        kind: 'collation',
        schema: row.schema,
        name: row.name,
        sql: [
          createStatement(row),
          `ALTER COLLATION ${row.quoted} OWNER TO ${row.owner};`,
          ...commentStatements(context, `COLLATION ${row.quoted}`, entry),
        ],
        addresses: [entry],
      }
    }),
  }
}
