import type { NotCaptured } from '../../../model.ts'
import { isNoMember, isUserSchema, type CatalogContext } from './parts.ts'

interface Kind {
  readonly kind: string
  /** SQL that gives one column, the name of each. */
  readonly names: string
  /** Why none of them is captured, where it is not that the kind is not read yet. */
  readonly reason?: string
}

/** Objects of a catalog with schema: its name column and the columns' prefix. */
function inSchemas(
  kind: string,
  catalog: string,
  name: string,
  namespace: string,
  condition = 'true',
): Kind {
  return {
    kind,
    names: `SELECT n.nspname || '.' || o.${name} FROM ${catalog} o JOIN pg_namespace n ON n.oid = o.${namespace}
      WHERE o.oid >= 16384 AND ${isUserSchema('n')} AND ${isNoMember(catalog, 'o.oid')} AND ${condition}`,
  }
}

function withoutSchema(kind: string, catalog: string, name: string, condition = 'true'): Kind {
  return {
    kind,
    names: `SELECT ${name} FROM ${catalog} o WHERE o.oid >= 16384 AND ${isNoMember(catalog, 'o.oid')} AND ${condition}`,
  }
}

const memberName = `(SELECT i.type || ' ' || i.identity FROM pg_identify_object(m.classid, m.objid, 0) i)`

/** Members of extensions whose owner is neither that of the extension nor the superuser who made the trusted ones. */
const foreignOwners = Object.entries({
  pg_class: 'relowner',
  pg_proc: 'proowner',
  pg_type: 'typowner',
  pg_namespace: 'nspowner',
  pg_operator: 'oprowner',
})
  .map(
    ([
      catalog,
      owner,
    ]) => `SELECT ${memberName} FROM pg_depend m JOIN pg_extension e ON e.oid = m.refobjid
      JOIN ${catalog} o ON o.oid = m.objid
      WHERE m.deptype = 'e' AND m.refclassid = 'pg_extension'::regclass AND m.classid = '${catalog}'::regclass
        AND o.${owner} NOT IN (e.extowner, 10)`,
  )
  .join('\n      UNION ALL ')

/** Comments on members that were made in a transaction that made no member: not by the extension itself. */
const foreignComments = `SELECT DISTINCT ${memberName} FROM pg_depend m
      JOIN pg_description d ON d.classoid = m.classid AND d.objoid = m.objid
      WHERE m.deptype = 'e' AND m.refclassid = 'pg_extension'::regclass AND d.xmin <> m.xmin
        AND NOT EXISTS (SELECT FROM pg_depend u WHERE u.deptype = 'e' AND u.refclassid = m.refclassid AND u.refobjid = m.refobjid AND u.xmin = d.xmin)`

const ofExtension =
  'It belongs to an extension, which makes it anew; pg_dump leaves it out as well.'

const isNoArray = `NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = o.oid)`

/** Every kind of object that a user can make and that no catalog file reads. */
const kinds: readonly Kind[] = [
  inSchemas('base type', 'pg_type', 'typname', 'typnamespace', `o.typtype = 'b' AND ${isNoArray}`),
  inSchemas('shell type', 'pg_type', 'typname', 'typnamespace', `o.typtype = 'p'`),
  inSchemas('operator', 'pg_operator', 'oprname', 'oprnamespace'),
  inSchemas('operator class', 'pg_opclass', 'opcname', 'opcnamespace'),
  inSchemas('operator family', 'pg_opfamily', 'opfname', 'opfnamespace'),
  inSchemas('collation', 'pg_collation', 'collname', 'collnamespace'),
  inSchemas('conversion', 'pg_conversion', 'conname', 'connamespace'),
  inSchemas('text search configuration', 'pg_ts_config', 'cfgname', 'cfgnamespace'),
  inSchemas('text search dictionary', 'pg_ts_dict', 'dictname', 'dictnamespace'),
  inSchemas('text search parser', 'pg_ts_parser', 'prsname', 'prsnamespace'),
  inSchemas('text search template', 'pg_ts_template', 'tmplname', 'tmplnamespace'),
  inSchemas('foreign table', 'pg_class', 'relname', 'relnamespace', `o.relkind = 'f'`),
  withoutSchema(
    'cast',
    'pg_cast',
    `format_type(o.castsource, NULL) || ' AS ' || format_type(o.casttarget, NULL)`,
    // CREATE TYPE … AS RANGE makes this one by itself.
    `NOT EXISTS (SELECT FROM pg_range r WHERE r.rngtypid = o.castsource AND r.rngmultitypid = o.casttarget)`,
  ),
  withoutSchema('language', 'pg_language', 'o.lanname'),
  withoutSchema('access method', 'pg_am', 'o.amname'),
  withoutSchema('event trigger', 'pg_event_trigger', 'o.evtname'),
  withoutSchema('publication', 'pg_publication', 'o.pubname'),
  withoutSchema('foreign data wrapper', 'pg_foreign_data_wrapper', 'o.fdwname'),
  withoutSchema('server', 'pg_foreign_server', 'o.srvname'),
  withoutSchema('transform', 'pg_transform', `format_type(o.trftype, NULL)`),
  {
    kind: 'subscription',
    names: `SELECT o.subname FROM pg_subscription o JOIN pg_database d ON d.oid = o.subdbid WHERE d.datname = current_database()`,
  },
  { kind: 'user mapping', names: `SELECT srvname || ' for ' || usename FROM pg_user_mappings` },
  {
    kind: 'large objects',
    names: `SELECT count(*) || ' large objects' FROM pg_largeobject_metadata HAVING count(*) > 0`,
  },
  {
    kind: 'security labels',
    names: `SELECT count(*) || ' security labels' FROM pg_seclabel HAVING count(*) > 0`,
  },
  {
    kind: 'object in pg_catalog',
    names: `SELECT 'pg_catalog.' || o.proname FROM pg_proc o WHERE o.oid >= 16384 AND o.pronamespace = 'pg_catalog'::regnamespace
        AND ${isNoMember('pg_proc', 'o.oid')}
      UNION ALL SELECT 'pg_catalog.' || o.relname FROM pg_class o WHERE o.oid >= 16384 AND o.relnamespace = 'pg_catalog'::regnamespace
        AND ${isNoMember('pg_class', 'o.oid')}`,
  },
  { kind: 'owner of a member of an extension', names: foreignOwners, reason: ofExtension },
  { kind: 'comment on a member of an extension', names: foreignComments, reason: ofExtension },
  // What initdb gives on information_schema stands in no catalog to compare with.
  {
    kind: 'changed privileges of a system object or extension member',
    names: `SELECT n.nspname || '.' || o.relname FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
        LEFT JOIN pg_init_privs i ON i.classoid = 'pg_class'::regclass AND i.objoid = o.oid AND i.objsubid = 0
        WHERE (n.nspname = 'pg_catalog' OR NOT ${isNoMember('pg_class', 'o.oid')}) AND o.relacl IS DISTINCT FROM i.initprivs
      UNION ALL SELECT n.nspname || '.' || o.proname FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace
        LEFT JOIN pg_init_privs i ON i.classoid = 'pg_proc'::regclass AND i.objoid = o.oid
        WHERE (n.nspname = 'pg_catalog' OR NOT ${isNoMember('pg_proc', 'o.oid')}) AND o.proacl IS DISTINCT FROM i.initprivs
      UNION ALL SELECT o.nspname FROM pg_namespace o
        LEFT JOIN pg_init_privs i ON i.classoid = 'pg_namespace'::regclass AND i.objoid = o.oid
        WHERE o.nspname = 'pg_catalog' AND o.nspacl IS DISTINCT FROM i.initprivs`,
  },
]

const reasons = new Map(kinds.map(({ kind, reason }) => [kind, reason]))

/** Every object of a kind that no catalog file reads, by one query. Names only: options can hold passwords. */
export async function readCensus(
  context: Pick<CatalogContext, 'session'>,
): Promise<readonly NotCaptured[]> {
  const query = kinds
    .map(
      ({ kind, names }) =>
        `SELECT '${kind}'::text AS kind, q.name::text AS name FROM (${names}) q(name)`,
    )
    .join('\nUNION ALL\n')
  const rows = await context.session.query<{ kind: string; name: string }>(
    'the census',
    `SELECT * FROM (${query}) everything ORDER BY kind COLLATE "C", name COLLATE "C"`,
  )
  return rows.map(({ kind, name }) => ({
    kind,
    name,
    reason: reasons.get(kind) ?? 'Objects of this kind are not read yet; pg_dump keeps them.',
  }))
}
