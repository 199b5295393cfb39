import { changedWhileReading } from '../errors.ts'
import { grantStatements } from './grants.ts'
import { functionName } from './names.ts'
import {
  address,
  commentStatements,
  grantsJson,
  isNoMember,
  roleName,
  type CatalogContext,
  type Grant,
  type Reading,
} from './parts.ts'

interface LanguageRow {
  oid: number
  name: string
  quoted: string
  owner: string
  is_trusted: boolean
  handler: string | null
  inline: string | null
  validator: string | null
  actual: Grant[] | null
  standard: Grant[]
}

const query = `
  SELECT l.oid, l.lanname::text AS name, quote_ident(l.lanname) AS quoted, ${roleName('l.lanowner')} AS owner,
    l.lanpltrusted AS is_trusted, ${functionName('l.lanplcallfoid')} AS handler,
    ${functionName('l.laninline')} AS inline, ${functionName('l.lanvalidator')} AS validator,
    CASE WHEN l.lanacl IS NOT NULL THEN ${grantsJson('l.lanacl')} END AS actual,
    ${grantsJson("acldefault('l', l.lanowner)")} AS standard
  FROM pg_language l
  WHERE l.oid >= 16384 AND l.lanispl AND ${isNoMember('pg_language', 'l.oid')}
  ORDER BY l.lanname COLLATE "C"`

function createStatement(row: LanguageRow): string {
  if (row.handler === null) throw changedWhileReading(`the language ${row.quoted}`)
  const clauses = [
    `HANDLER ${row.handler}`,
    ...(row.inline === null ? [] : [`INLINE ${row.inline}`]),
    ...(row.validator === null ? [] : [`VALIDATOR ${row.validator}`]),
  ]
  return `${[`CREATE ${row.is_trusted ? 'TRUSTED ' : ''}LANGUAGE ${row.quoted}`, ...clauses].join('\n  ')};`
}

/** The procedural languages; https://www.postgresql.org/docs/current/sql-createlanguage.html */
export async function readLanguages(context: CatalogContext): Promise<Reading> {
  const rows = await context.session.query<LanguageRow>('languages', query)
  return {
    objects: rows.map((row) => {
      const entry = address('pg_language', row.oid)
      const target = `LANGUAGE ${row.quoted}`
      return {
        kind: 'language',
        name: row.name,
        sql: [
          createStatement(row),
          `ALTER ${target} OWNER TO ${row.owner};`,
          ...commentStatements(context, target, entry),
          // The server refuses grants on a language that is not trusted.
          ...(row.is_trusted ? grantStatements({ ...row, target }) : []),
        ],
        addresses: [entry],
      }
    }),
  }
}
