import { literal } from '../quote.ts'
import { grantStatements } from './grants.ts'
import { undoChangedPrivileges } from './initial-privileges.ts'
import { labelStatements } from './labels.ts'
import {
  address,
  grantsJson,
  roleName,
  type Captured,
  type CatalogContext,
  type Grant,
  type Reading,
  type Refused,
} from './parts.ts'
import { isSecretSetting, settingClause, settingEntry } from './setting-clause.ts'

interface DatabaseRow {
  oid: number
  name: string
  owner: string
  encoding: string
  collate: string
  ctype: string
  provider: string
  locale: string | null
  rules: string | null
  actual: Grant[] | null
  standard: Grant[]
  /** `name=value` entries; role null: for every role. */
  settings: { role: string | null; setting: string }[]
}

const query = `
  SELECT d.oid, d.datname::text AS name, ${roleName('d.datdba')} AS owner,
    pg_encoding_to_char(d.encoding)::text AS encoding, d.datcollate::text AS collate, d.datctype::text AS ctype,
    coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') AS provider,
    coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') AS locale,
    to_jsonb(d) ->> 'daticurules' AS rules,
    CASE WHEN d.datacl IS NOT NULL THEN ${grantsJson('d.datacl')} END AS actual,
    ${grantsJson("acldefault('d', d.datdba)")} AS standard,
    (SELECT coalesce(json_agg(json_build_object(
        'role', CASE WHEN s.setrole <> 0 THEN ${roleName('s.setrole')} END, 'setting', ${settingEntry('v')})
        ORDER BY s.setrole <> 0, pg_get_userbyid(s.setrole) COLLATE "C", v COLLATE "C"), '[]')
      FROM pg_db_role_setting s, unnest(s.setconfig) v WHERE s.setdatabase = d.oid) AS settings
  FROM pg_database d WHERE d.datname = current_database()`

/** A statement about the database whose name is filled in when it runs, so that it fits any copy. */
function onThisDatabase(statement: string): string {
  const [before = '', after = ''] = statement.split('\u0000')
  const format = literal(`${before.replaceAll('%', '%%')}%I${after.replaceAll('%', '%%')}`)
  const quote = quoteMissingIn(format)
  return `DO ${quote} BEGIN EXECUTE pg_catalog.format(${format}, pg_catalog.current_database()); END ${quote};`
}

/** A comment or setting that held the quote would end the block. */
function quoteMissingIn(text: string): string {
  let quote = '$database$'
  for (let number = 1; text.includes(quote); number += 1) quote = `$database${number}$`
  return quote
}

const providers: Readonly<Record<string, string>> = { i: 'ICU', b: 'builtin' }

/** What only CREATE DATABASE can set, for the person who makes the copy. */
function creationFacts(row: DatabaseRow): string {
  const provider = providers[row.provider]
  // As JSON, because rules may have several lines.
  const rules = row.rules === null ? '' : ` with rules ${JSON.stringify(row.rules)}`
  const locale = provider === undefined ? '' : `, locale ${row.locale ?? ''} by ${provider}${rules}`
  const facts = `encoding ${row.encoding}, collation ${row.collate}, character type ${row.ctype}${locale}, owner ${row.owner}`
  // What follows a line end in a name would be no comment any more.
  return facts.replaceAll(/[\n\r]/g, ' ')
}

const itsName = '\u0000'

/** The statements that make the database's own comment, settings and privileges those of a new one. */
export async function undoDatabase(
  context: Pick<CatalogContext, 'session'>,
): Promise<readonly string[]> {
  const rows = await context.session.query<DatabaseRow>('the database', query)
  const statements = rows.flatMap((row) => {
    const roles = new Set(row.settings.flatMap(({ role }) => role ?? []))
    const grants = grantStatements({
      target: `DATABASE ${itsName}`,
      owner: row.owner,
      actual: row.standard,
      standard: row.actual ?? row.standard,
    })
    return [
      `COMMENT ON DATABASE ${itsName} IS NULL`,
      `ALTER DATABASE ${itsName} RESET ALL`,
      ...[...roles].map((role) => `ALTER ROLE ${role} IN DATABASE ${itsName} RESET ALL`),
      ...grants.map((statement) => statement.replace(/;$/, '')),
    ].map((statement) =>
      statement.includes(itsName) ? onThisDatabase(statement) : `${statement};`,
    )
  })
  return [...statements, ...(await undoChangedPrivileges(context))]
}

/** Settings of roles in this database that hold a credential: they can't wait for the roles in a file of their own. */
function secretRoleSettings(row: DatabaseRow): readonly Refused[] {
  const names = row.settings.flatMap(({ role, setting }) =>
    role !== null && isSecretSetting(setting) ? [`${role}: ${setting.split('=', 1).join('')}`] : [],
  )
  return names.map((name) => ({
    address: address('pg_database', row.oid),
    kind: 'setting of a role in this database',
    name,
    reason:
      'Its value looks like a credential, which no shared file may hold; set it for the role or the database alone.',
  }))
}

/** The settings that hold for every role, apart from the others where the value is a credential. */
function settingStatements(row: DatabaseRow, secret: boolean): readonly string[] {
  return row.settings
    .filter(({ role, setting }) => role === null && isSecretSetting(setting) === secret)
    .map(({ setting }) => onThisDatabase(`ALTER DATABASE ${itsName} ${settingClause(setting)}`))
}

/** What roles and schemas must be there for. */
function statementsAfterRows(context: CatalogContext, row: DatabaseRow): readonly string[] {
  const grants = grantStatements({ ...row, target: `DATABASE ${itsName}` })
  return [
    ...row.settings
      .filter(({ role, setting }) => role !== null && !isSecretSetting(setting))
      .map(({ role, setting }) =>
        onThisDatabase(`ALTER ROLE ${role ?? ''} IN DATABASE ${itsName} ${settingClause(setting)}`),
      ),
    ...grants.map((statement) =>
      statement.includes(itsName) ? onThisDatabase(statement.replace(/;$/, '')) : statement,
    ),
    ...(context.outside.get(null) ?? []),
    ...(context.defaultPrivileges.get(null)?.statements ?? []),
  ]
}

function databaseFrom(context: CatalogContext, row: DatabaseRow): Captured {
  const entry = address('pg_database', row.oid)
  const comment = context.comments.get(`${entry}:0`)
  const labels = context.labels.get(`${entry}:0`) ?? []
  const { addresses = [] } = context.defaultPrivileges.get(null) ?? {}
  return {
    kind: 'database',
    name: 'settings',
    sql: [
      `-- ${creationFacts(row)}`,
      ...(comment === undefined
        ? []
        : [onThisDatabase(`COMMENT ON DATABASE ${itsName} IS ${literal(comment)}`)]),
      ...labelStatements(labels, `DATABASE ${itsName}`).map((statement) =>
        onThisDatabase(statement.replace(/;$/, '')),
      ),
      // Before everything else: the search path matters while rows are loaded.
      ...settingStatements(row, false),
    ],
    secrets: settingStatements(row, true),
    afterRows: statementsAfterRows(context, row),
    addresses: [entry, ...addresses],
    lateAddresses: addresses,
  }
}

/** What belongs to the database as a whole: comment, settings, privileges, default privileges without a schema. */
export async function readDatabase(context: CatalogContext): Promise<Reading> {
  const rows = await context.session.query<DatabaseRow>('the database', query)
  return {
    objects: rows.map((row) => databaseFrom(context, row)),
    refused: rows.flatMap(secretRoleSettings),
  }
}
