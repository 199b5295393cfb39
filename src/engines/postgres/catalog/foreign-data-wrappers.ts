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

interface WrapperRow {
  oid: number
  name: string
  quoted: string
  owner: string
  handler: string | null
  validator: string | null
  options: GenericOption[] | null
  actual: Grant[] | null
  standard: Grant[]
}

const query = `
  SELECT w.oid, w.fdwname::text AS name, quote_ident(w.fdwname) AS quoted, ${roleName('w.fdwowner')} AS owner,
    CASE WHEN w.fdwhandler <> 0 THEN w.fdwhandler::regproc::text END AS handler,
    CASE WHEN w.fdwvalidator <> 0 THEN w.fdwvalidator::regproc::text END AS validator,
    ${genericOptions('w.fdwoptions')} AS options,
    CASE WHEN w.fdwacl IS NOT NULL THEN ${grantsJson('w.fdwacl')} END AS actual,
    ${grantsJson("acldefault('F', w.fdwowner)")} AS standard
  FROM pg_foreign_data_wrapper w
  WHERE ${isNoMember('pg_foreign_data_wrapper', 'w.oid')}
  ORDER BY w.fdwname COLLATE "C"`

function wrapperFrom(context: CatalogContext, row: WrapperRow): Captured {
  const entry = address('pg_foreign_data_wrapper', row.oid)
  const target = `FOREIGN DATA WRAPPER ${row.quoted}`
  const { shared, secret } = splitOptions(row.options, secrecyOfOption)
  const clauses = [
    ...(row.handler === null ? [] : [`HANDLER ${row.handler}`]),
    ...(row.validator === null ? [] : [`VALIDATOR ${row.validator}`]),
    ...optionsClause(shared),
  ]
  return {
    kind: 'foreign_data_wrapper',
    name: row.name,
    sql: [
      `${[`CREATE ${target}`, ...clauses].join('\n  ')};`,
      `ALTER ${target} OWNER TO ${row.owner};`,
      ...commentStatements(context, target, entry),
      ...grantStatements({ ...row, target }),
    ],
    secrets: changeOptions(`ALTER ${target}`, secret),
    addresses: [entry],
  }
}

/** The foreign data wrappers. https://www.postgresql.org/docs/current/sql-createforeigndatawrapper.html */
export async function readForeignDataWrappers(context: CatalogContext): Promise<Reading> {
  const rows = await context.session.query<WrapperRow>('foreign data wrappers', query)
  return { objects: rows.map((row) => wrapperFrom(context, row)) }
}
