import { literal } from '../quote.ts'
import {
  changeOptions,
  genericOptions,
  optionsClause,
  splitOptions,
  type GenericOption,
} from './generic-options.ts'
import { grantStatements } from './grants.ts'
import {
  address,
  commentStatements,
  grantsJson,
  isNoMember,
  roleName,
  type Captured,
  type CatalogContext,
  type Grant,
  type Reading,
} from './parts.ts'
import { secrecyOfOption } from '../../secrets.ts'
import { readUserMappings, type UserMapping } from './user-mappings.ts'

interface ServerRow {
  oid: number
  name: string
  quoted: string
  owner: string
  wrapper: string
  type: string | null
  version: string | null
  options: GenericOption[] | null
  actual: Grant[] | null
  standard: Grant[]
}

const query = `
  SELECT s.oid, s.srvname::text AS name, quote_ident(s.srvname) AS quoted, ${roleName('s.srvowner')} AS owner,
    quote_ident(w.fdwname) AS wrapper, s.srvtype AS type, s.srvversion AS version, ${genericOptions('s.srvoptions')} AS options,
    CASE WHEN s.srvacl IS NOT NULL THEN ${grantsJson('s.srvacl')} END AS actual,
    ${grantsJson("acldefault('S', s.srvowner)")} AS standard
  FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
  WHERE ${isNoMember('pg_foreign_server', 's.oid')}
  ORDER BY s.srvname COLLATE "C"`

function serverFrom(
  context: CatalogContext,
  row: ServerRow,
  mappings: readonly UserMapping[],
): Captured {
  const entry = address('pg_foreign_server', row.oid)
  const { shared, secret } = splitOptions(row.options, secrecyOfOption)
  const clauses = [
    ...(row.type === null ? [] : [`TYPE ${literal(row.type)}`]),
    ...(row.version === null ? [] : [`VERSION ${literal(row.version)}`]),
    `FOREIGN DATA WRAPPER ${row.wrapper}`,
    ...optionsClause(shared),
  ]
  return {
    kind: 'foreign_server',
    name: row.name,
    sql: [
      `${[`CREATE SERVER ${row.quoted}`, ...clauses].join('\n  ')};`,
      `ALTER SERVER ${row.quoted} OWNER TO ${row.owner};`,
      ...commentStatements(context, `SERVER ${row.quoted}`, entry),
      // GRANT has a word of its own for them.
      ...grantStatements({ ...row, target: `FOREIGN SERVER ${row.quoted}` }),
      ...mappings.flatMap(({ statements }) => statements),
    ],
    secrets: [
      ...changeOptions(`ALTER SERVER ${row.quoted}`, secret),
      ...mappings.flatMap(({ secrets }) => secrets),
    ],
    addresses: [entry, ...mappings.map((mapping) => mapping.address)],
  }
}

/** The foreign servers with their user mappings. https://www.postgresql.org/docs/current/sql-createserver.html */
export async function readForeignServers(context: CatalogContext): Promise<Reading> {
  const rows = await context.session.query<ServerRow>('foreign servers', query)
  const { mappings, refused } = await readUserMappings(context)
  return {
    objects: rows.map((row) =>
      serverFrom(
        context,
        row,
        mappings.filter(({ server }) => server === row.oid),
      ),
    ),
    refused,
  }
}
