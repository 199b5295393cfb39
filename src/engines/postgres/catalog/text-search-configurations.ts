import { entryName } from './names.ts'
import {
  address,
  commentStatements,
  isNoMember,
  isUserSchema,
  roleName,
  type Captured,
  type CatalogContext,
  type Reading,
  type Refused,
} from './parts.ts'

interface ConfigurationRow {
  oid: number
  schema: string
  name: string
  quoted: string
  owner: string
  parser: string
  /** By token type, in the parser's order. */
  mappings: { token: string | null; dictionaries: string[] }[] | null
}

const mappings = `
  SELECT json_agg(json_build_object('token', m.token, 'dictionaries', m.dictionaries) ORDER BY m.token_type)
  FROM (SELECT p.maptokentype AS token_type,
      (SELECT quote_ident(t.alias) FROM ts_token_type(c.cfgparser) t WHERE t.tokid = p.maptokentype) AS token,
      json_agg(${entryName('pg_ts_dict', 'dict', 'p.mapdict')} ORDER BY p.mapseqno) AS dictionaries
    FROM pg_ts_config_map p WHERE p.mapcfg = c.oid GROUP BY p.maptokentype) m`

const query = `
  SELECT c.oid, n.nspname::text AS schema, c.cfgname::text AS name, quote_ident(n.nspname) || '.' || quote_ident(c.cfgname) AS quoted,
    ${roleName('c.cfgowner')} AS owner, ${entryName('pg_ts_parser', 'prs', 'c.cfgparser')} AS parser, (${mappings}) AS mappings
  FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace
  WHERE ${isUserSchema('n')} AND ${isNoMember('pg_ts_config', 'c.oid')}
  ORDER BY n.nspname COLLATE "C", c.cfgname COLLATE "C"`

function refusal({ oid, quoted, parser }: ConfigurationRow): Refused {
  return {
    address: address('pg_ts_config', oid),
    kind: 'text search configuration',
    name: quoted,
    reason: `It maps a token type that its parser ${parser} does not have any more. Drop that mapping, or make the configuration anew.`,
  }
}

const isWritable = ({ mappings: list }: ConfigurationRow): boolean =>
  list?.every(({ token }) => token !== null) ?? true

/** The configurations of text search, one line a mapping; https://www.postgresql.org/docs/current/sql-createtsconfig.html */
export async function readTextSearchConfigurations(context: CatalogContext): Promise<Reading> {
  const rows = await context.session.query<ConfigurationRow>('text search configurations', query)
  const objects = rows.filter(isWritable).map((row): Captured => {
    const entry = address('pg_ts_config', row.oid)
    const target = `TEXT SEARCH CONFIGURATION ${row.quoted}`
    return {
      kind: 'text_search_configuration',
      schema: row.schema,
      name: row.name,
      sql: [
        `CREATE ${target} (PARSER = ${row.parser});`,
        ...(row.mappings ?? []).map(
          ({ token, dictionaries }) =>
            `ALTER ${target} ADD MAPPING FOR ${token ?? ''} WITH ${dictionaries.join(', ')};`,
        ),
        `ALTER ${target} OWNER TO ${row.owner};`,
        ...commentStatements(context, target, entry),
      ],
      addresses: [entry],
    }
  })
  return { objects, refused: rows.filter((row) => !isWritable(row)).map(refusal) }
}
