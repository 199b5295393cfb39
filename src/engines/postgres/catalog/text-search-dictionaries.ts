import { entryName } from './names.ts'
import {
  address,
  commentStatements,
  isNoMember,
  isUserSchema,
  roleName,
  type Captured,
  type CatalogContext,
} from './parts.ts'

interface DictionaryRow {
  oid: number
  schema: string
  name: string
  quoted: string
  owner: string
  template: string
  /** As the server keeps them: `language = 'english', accept = 'false'`. */
  options: string | null
}

const query = `
  SELECT d.oid, n.nspname::text AS schema, d.dictname::text AS name, quote_ident(n.nspname) || '.' || quote_ident(d.dictname) AS quoted,
    ${roleName('d.dictowner')} AS owner, ${entryName('pg_ts_template', 'tmpl', 'd.dicttemplate')} AS template,
    d.dictinitoption AS options
  FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace
  WHERE ${isUserSchema('n')} AND ${isNoMember('pg_ts_dict', 'd.oid')}
  ORDER BY n.nspname COLLATE "C", d.dictname COLLATE "C"`

/** Cuts a list at the commas that stand in no quotes; a doubled quote closes and opens again. */
function optionLines(options: string): readonly string[] {
  return options.match(/(?:'[^']*'|"[^"]*"|[^,'"])+/g)?.map((option) => option.trim()) ?? []
}

/** The dictionaries of text search; https://www.postgresql.org/docs/current/sql-createtsdictionary.html */
export async function readTextSearchDictionaries(
  context: CatalogContext,
): Promise<readonly Captured[]> {
  const rows = await context.session.query<DictionaryRow>('text search dictionaries', query)
  return rows.map((row) => {
    const entry = address('pg_ts_dict', row.oid)
    const target = `TEXT SEARCH DICTIONARY ${row.quoted}`
    const lines = [`TEMPLATE = ${row.template}`, ...optionLines(row.options ?? '')]
    return {
      kind: 'text_search_dictionary',
      schema: row.schema,
      name: row.name,
      sql: [
        `CREATE ${target} (\n  ${lines.join(',\n  ')}\n);`,
        `ALTER ${target} OWNER TO ${row.owner};`,
        ...commentStatements(context, target, entry),
      ],
      addresses: [entry],
    }
  })
}
