import type { NotCaptured } from '../../../model.ts'
import { literal } from '../quote.ts'
import type { CatalogContext } from './parts.ts'

interface ConfigurationTable {
  extension: string
  quoted: string
  /** `WHERE …`, or empty: all rows are the user's. */
  condition: string
  may_read: boolean
}

const query = `
  SELECT e.extname::text AS extension, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS quoted,
    coalesce(e.extcondition[u.position], '') AS condition,
    has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') AS may_read
  FROM pg_extension e, unnest(e.extconfig) WITH ORDINALITY u(oid, position)
  JOIN pg_class c ON c.oid = u.oid AND c.relkind IN ('r', 'p') JOIN pg_namespace n ON n.oid = c.relnamespace
  ORDER BY e.extname COLLATE "C", n.nspname COLLATE "C", c.relname COLLATE "C"`

/**
 * Tables of extensions that hold rows of the user, which are not captured: the tables are the extension's own.
 * https://www.postgresql.org/docs/current/extend-extensions.html#EXTEND-EXTENSIONS-CONFIG-TABLES
 */
export async function readExtensionRows(context: CatalogContext): Promise<readonly NotCaptured[]> {
  const what = 'configuration tables of extensions'
  const tables = await context.session.query<ConfigurationTable>(what, query)
  const questions = tables
    .filter(({ may_read }) => may_read)
    .map(
      ({ quoted, condition }) =>
        `SELECT ${literal(quoted)} AS quoted WHERE EXISTS (SELECT FROM ${quoted} ${condition})`,
    )
  const filled =
    questions.length === 0
      ? []
      : await context.session.query<{ quoted: string }>(what, questions.join('\nUNION ALL\n'))
  const names = new Set(filled.map(({ quoted }) => quoted))
  return tables
    .filter(({ quoted, may_read }) => !may_read || names.has(quoted))
    .map(({ extension, quoted, may_read }) => ({
      kind: 'rows of an extension',
      name: quoted,
      reason: may_read
        ? `The rows that were added to this table of the extension ${extension} are not read yet; pg_dump keeps them.`
        : `Whether rows were added to this table of the extension ${extension} can't be seen; grant SELECT on it.`,
    }))
}
