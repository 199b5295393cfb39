import {
  address,
  commentStatements,
  isNoMember,
  isUserSchema,
  type Captured,
  type CatalogContext,
} from './parts.ts'
import { functionName } from './names.ts'

interface ProgramRow {
  catalog: 'pg_ts_parser' | 'pg_ts_template'
  oid: number
  schema: string
  name: string
  quoted: string
  /** `START = app.start`, in the order in which the documentation has them. */
  options: string[]
}

function programs(
  catalog: string,
  prefix: string,
  functions: Readonly<Record<string, string>>,
): string {
  const options = Object.entries(functions).map(
    ([option, column]) => `'${option} = ' || ${functionName(`o.${prefix}${column}::oid`)}`,
  )
  return `SELECT '${catalog}' AS catalog, o.oid, n.nspname::text AS schema, o.${prefix}name::text AS name,
      quote_ident(n.nspname) || '.' || quote_ident(o.${prefix}name) AS quoted,
      array_remove(ARRAY[${options.join(', ')}], NULL) AS options
    FROM ${catalog} o JOIN pg_namespace n ON n.oid = o.${prefix}namespace
    WHERE ${isUserSchema('n')} AND ${isNoMember(catalog, 'o.oid')}`
}

const parserFunctions = {
  START: 'start',
  GETTOKEN: 'token',
  END: 'end',
  LEXTYPES: 'lextype',
  HEADLINE: 'headline',
}

const query = `SELECT * FROM (
    ${programs('pg_ts_parser', 'prs', parserFunctions)}
    UNION ALL
    ${programs('pg_ts_template', 'tmpl', { INIT: 'init', LEXIZE: 'lexize' })}
  ) programs ORDER BY catalog, schema COLLATE "C", name COLLATE "C"`

/**
 * The parsers and templates of text search, which are functions with a name and have no owner;
 * https://www.postgresql.org/docs/current/sql-createtsparser.html, https://www.postgresql.org/docs/current/sql-createtstemplate.html
 */
export async function readTextSearchPrograms(
  context: CatalogContext,
): Promise<readonly Captured[]> {
  const rows = await context.session.query<ProgramRow>('text search parsers and templates', query)
  return rows.map((row) => {
    const isParser = row.catalog === 'pg_ts_parser'
    const entry = address(row.catalog, row.oid)
    const target = `TEXT SEARCH ${isParser ? 'PARSER' : 'TEMPLATE'} ${row.quoted}`
    return {
      kind: isParser ? 'text_search_parser' : 'text_search_template',
      schema: row.schema,
      name: row.name,
      sql: [
        `CREATE ${target} (\n  ${row.options.join(',\n  ')}\n);`,
        ...commentStatements(context, target, entry),
      ],
      addresses: [entry],
    }
  })
}
