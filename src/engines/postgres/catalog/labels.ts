import { literal } from '../quote.ts'
import type { CatalogSession } from '../session.ts'
import { AskedMap, type Asked } from './asked.ts'

/** What a security module knows of an object. https://www.postgresql.org/docs/current/sql-security-label.html */
export interface Label {
  /** Quoted. */
  readonly provider: string
  readonly label: string
}

/** Labels and needed extensions of objects by `catalog:oid:column` (0: the object itself), each list in a fixed order. */
export interface Attachments {
  readonly labels: Asked<readonly Label[]>
  /** The quoted names of the extensions with which an object is dropped (ALTER … DEPENDS ON EXTENSION). */
  readonly extensions: Asked<readonly string[]>
}

function grouped<Row extends { readonly key: string }, Item>(
  rows: readonly Row[],
  itemOf: (row: Row) => Item,
): Asked<readonly Item[]> {
  const groups = new Map<string, Item[]>()
  for (const row of rows) {
    const group = groups.get(row.key)
    if (group === undefined) groups.set(row.key, [itemOf(row)])
    else group.push(itemOf(row))
  }
  return new AskedMap<readonly Item[]>(groups)
}

/** Reads the labels and needed extensions of everything, by two queries. */
export async function readAttachments(session: CatalogSession): Promise<Attachments> {
  const labels = await session.query<Label & { key: string }>(
    'security labels',
    `SELECT key, provider, label FROM (
     SELECT classoid::regclass::text || ':' || objoid || ':' || objsubid AS key, quote_ident(provider) AS provider, label
     FROM pg_seclabel WHERE classoid <> 'pg_largeobject'::regclass
     UNION ALL
     SELECT classoid::regclass::text || ':' || objoid || ':0', quote_ident(provider), label FROM pg_shseclabel
     WHERE classoid = 'pg_authid'::regclass
       OR (classoid = 'pg_database'::regclass AND objoid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
     ) labels ORDER BY provider COLLATE "C"`,
  )
  const extensions = await session.query<{ key: string; extension: string }>(
    'dependencies',
    `SELECT d.classid::regclass::text || ':' || d.objid || ':0' AS key, quote_ident(e.extname) AS extension
     FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
     WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'x' ORDER BY e.extname COLLATE "C"`,
  )
  return {
    labels: grouped(labels, ({ provider, label }) => ({ provider, label })),
    extensions: grouped(extensions, ({ extension }) => extension),
  }
}

/** The SECURITY LABEL statements of an object, as COMMENT ON names it: `TABLE app.users`. */
export function labelStatements(labels: readonly Label[], target: string): string[] {
  return labels.map(
    ({ provider, label }) => `SECURITY LABEL FOR ${provider} ON ${target} IS ${literal(label)};`,
  )
}

/** `table column` → `COLUMN`, as SECURITY LABEL names what pg_identify_object() names. */
function kindWords(type: string): string {
  return type.replace(/^.* column$/, 'column').toUpperCase()
}

/** The SECURITY LABEL statements of objects that extensions made, by the extension's name; null: of objects of the server. */
export async function readOutsideLabels(
  session: CatalogSession,
): Promise<ReadonlyMap<string | null, readonly string[]>> {
  const rows = await session.query<
    Label & { extension: string | null; type: string; identity: string }
  >(
    'security labels of extensions',
    `SELECT e.extname::text AS extension, i.type, i.identity, quote_ident(l.provider) AS provider, l.label
     FROM pg_seclabel l
     LEFT JOIN pg_depend d ON d.classid = l.classoid AND d.objid = l.objoid AND d.deptype = 'e'
     LEFT JOIN pg_extension e ON e.oid = d.refobjid AND e.oid >= 16384
     CROSS JOIN LATERAL pg_identify_object(l.classoid, l.objoid, l.objsubid) i
     WHERE d.objid IS NOT NULL OR (l.objoid < 16384 AND i.identity <> 'public')
     ORDER BY i.identity COLLATE "C", i.type COLLATE "C", l.provider COLLATE "C"`,
  )
  const statements = new Map<string | null, string[]>()
  for (const { extension, type, identity, ...label } of rows) {
    const list = statements.get(extension) ?? []
    list.push(...labelStatements([label], `${kindWords(type)} ${identity}`))
    statements.set(extension, list)
  }
  return statements
}
