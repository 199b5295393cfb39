import { grantStatements } from './grants.ts'
import { grantsJson, roleName, type CatalogContext, type Grant } from './parts.ts'

/** An object that its extension or initdb made, with privileges that are no longer those it was made with. */
interface ChangedRow {
  /** Null: an object of the server itself. */
  extension: string | null
  target: string
  suffix: string
  owner: string
  actual: Grant[]
  standard: Grant[]
}

/** Where the privileges of one kind of object stand; `o` is the catalog, `n` its schema. */
interface PrivilegeCatalog {
  readonly catalog: string
  readonly privileges: string
  readonly owner: string
  /** The letter of acldefault(), as SQL. */
  readonly letter: string
  /** SQL: the object as GRANT names it. */
  readonly target: string
  readonly from?: string
  readonly oid?: string
  readonly column?: string
  readonly suffix?: string
  readonly condition?: string
  /** Whether no privileges at all are stored as NULL, which elsewhere stands for the usual ones. */
  readonly storesNoneAsNull?: true
}

const inSchema = (name: string): string => `quote_ident(n.nspname) || '.' || quote_ident(${name})`

const relations = `pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace`
const relationWord = `CASE o.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END`

const catalogs: readonly PrivilegeCatalog[] = [
  {
    catalog: 'pg_class',
    from: relations,
    privileges: 'o.relacl',
    owner: 'o.relowner',
    letter: `CASE o.relkind WHEN 'S' THEN 's' ELSE 'r' END`,
    target: `${relationWord} || ${inSchema('o.relname')}`,
  },
  {
    catalog: 'pg_class',
    from: `${relations} JOIN pg_attribute a ON a.attrelid = o.oid AND NOT a.attisdropped`,
    privileges: 'a.attacl',
    owner: 'o.relowner',
    letter: `'c'`,
    target: `'TABLE ' || ${inSchema('o.relname')}`,
    column: 'a.attnum',
    storesNoneAsNull: true,
    suffix: `' (' || quote_ident(a.attname) || ')'`,
  },
  {
    catalog: 'pg_proc',
    from: 'pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace',
    privileges: 'o.proacl',
    owner: 'o.proowner',
    letter: `'f'`,
    target: `CASE o.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || ${inSchema('o.proname')}
      || '(' || pg_get_function_identity_arguments(o.oid) || ')'`,
  },
  {
    catalog: 'pg_type',
    from: 'pg_type o JOIN pg_namespace n ON n.oid = o.typnamespace',
    privileges: 'o.typacl',
    owner: 'o.typowner',
    letter: `'T'`,
    target: `'TYPE ' || ${inSchema('o.typname')}`,
  },
  {
    catalog: 'pg_namespace',
    privileges: 'o.nspacl',
    owner: 'o.nspowner',
    letter: `'n'`,
    target: `'SCHEMA ' || quote_ident(o.nspname)`,
    // What a new database has in its schema public is the business of the schema itself.
    condition: `o.nspname <> 'public'`,
  },
  {
    catalog: 'pg_language',
    privileges: 'o.lanacl',
    owner: 'o.lanowner',
    letter: `'l'`,
    target: `'LANGUAGE ' || quote_ident(o.lanname)`,
  },
  {
    catalog: 'pg_foreign_data_wrapper',
    privileges: 'o.fdwacl',
    owner: 'o.fdwowner',
    letter: `'F'`,
    target: `'FOREIGN DATA WRAPPER ' || quote_ident(o.fdwname)`,
  },
  {
    catalog: 'pg_foreign_server',
    privileges: 'o.srvacl',
    owner: 'o.srvowner',
    letter: `'S'`,
    target: `'FOREIGN SERVER ' || quote_ident(o.srvname)`,
  },
]

/** What initdb grants in information_schema stands in no catalog: PUBLIC may use the schema and read every view. */
function informationSchema({ catalog, owner, column, letter }: PrivilegeCatalog): string {
  const privilege = catalog === 'pg_namespace' ? 'USAGE' : 'SELECT'
  const condition =
    catalog === 'pg_namespace'
      ? `o.nspname = 'information_schema'`
      : catalog === 'pg_class' && column === undefined
        ? `n.nspname = 'information_schema'`
        : 'false'
  return `CASE WHEN ${condition} THEN acldefault((${letter})::"char", ${owner}) || makeaclitem(0, ${owner}, '${privilege}', false) END`
}

function query(part: PrivilegeCatalog): string {
  const { catalog, privileges, owner, letter, target, column = '0', suffix = `''` } = part
  const initial = `coalesce(i.initprivs, ${informationSchema(part)}, acldefault((${letter})::"char", ${owner}))`
  return `
  SELECT e.extname::text AS extension, ${target} AS target, ${suffix} AS suffix, ${roleName(owner)} AS owner,
    ${grantsJson(privileges)} AS actual, ${grantsJson(`(${initial})`)} AS standard
  FROM ${part.from ?? `${catalog} o`}
  LEFT JOIN pg_depend d ON d.classid = '${catalog}'::regclass AND d.objid = o.oid AND d.deptype = 'e'
  LEFT JOIN pg_extension e ON e.oid = d.refobjid AND e.oid >= 16384
  LEFT JOIN pg_init_privs i ON i.classoid = '${catalog}'::regclass AND i.objoid = o.oid AND i.objsubid = ${column}
  WHERE (o.oid < 16384 OR d.objid IS NOT NULL) AND ${privileges} IS DISTINCT FROM i.initprivs
    AND ${part.storesNoneAsNull === true ? 'true' : `${privileges} IS NOT NULL`}
    AND ${part.condition ?? 'true'}`
}

async function changedRows(
  context: Pick<CatalogContext, 'session'>,
): Promise<readonly ChangedRow[]> {
  return await context.session.query<ChangedRow>(
    'privileges of extensions',
    `SELECT * FROM (${catalogs.map(query).join('\n  UNION ALL')}) changed
     ORDER BY target COLLATE "C", suffix COLLATE "C"`,
  )
}

/**
 * What was granted and revoked on objects that extensions or initdb made, by the extension's name; null: objects of the
 * server itself. https://www.postgresql.org/docs/current/catalog-pg-init-privs.html
 */
export async function readChangedPrivileges(
  context: Pick<CatalogContext, 'session'>,
): Promise<ReadonlyMap<string | null, readonly string[]>> {
  const statements = new Map<string | null, string[]>()
  for (const row of await changedRows(context)) {
    const list = statements.get(row.extension) ?? []
    list.push(...grantStatements(row))
    statements.set(row.extension, list)
  }
  return statements
}

/** The statements that give the objects of the server the privileges that initdb gave them. */
export async function undoChangedPrivileges(
  context: Pick<CatalogContext, 'session'>,
): Promise<readonly string[]> {
  const rows = await changedRows(context)
  return rows
    .filter(({ extension }) => extension === null)
    .flatMap((row) => grantStatements({ ...row, actual: row.standard, standard: row.actual }))
}
