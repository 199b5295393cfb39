import type { NotCaptured } from '../../../model.ts'
import type { CatalogSession } from '../session.ts'
import { isNoMember } from './parts.ts'

const memberName = `(SELECT i.type || ' ' || i.identity FROM pg_identify_object(m.classid, m.objid, 0) i)`

const ownerColumns = {
  pg_class: 'relowner',
  pg_proc: 'proowner',
  pg_type: 'typowner',
  pg_namespace: 'nspowner',
  pg_operator: 'oprowner',
}

/** Members of extensions whose owner is neither that of the extension nor the superuser who made the trusted ones. */
const foreignOwners = Object.entries(ownerColumns)
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

/** Objects of the server that were given to another role than the superuser who made the cluster. */
const systemOwners = Object.entries(ownerColumns)
  .map(
    ([
      catalog,
      owner,
    ]) => `SELECT (SELECT i.type || ' ' || i.identity FROM pg_identify_object('${catalog}'::regclass, o.oid, 0) i)
      FROM ${catalog} o WHERE o.oid < 16384 AND o.${owner} <> 10 AND ${isNoMember(catalog, 'o.oid')}
        AND o.oid <> coalesce(to_regnamespace('public')::oid, 0)`,
  )
  .join('\n      UNION ALL ')

/** Whether one transaction made most members: pg_upgrade makes each by itself, and so tells nothing about their making. */
const isMadeAtOnce = `(SELECT count(DISTINCT u.xmin::text) * 2 <= count(*) + 1 FROM pg_depend u
          WHERE u.deptype = 'e' AND u.refclassid = m.refclassid AND u.refobjid = m.refobjid)`

/** Comments on members that were made in a transaction that made no member: not by the extension itself. */
const foreignComments = `SELECT DISTINCT ${memberName} FROM pg_depend m
      JOIN pg_description d ON d.classoid = m.classid AND d.objoid = m.objid
      WHERE m.deptype = 'e' AND m.refclassid = 'pg_extension'::regclass AND d.xmin <> m.xmin
        AND NOT EXISTS (SELECT FROM pg_depend u WHERE u.deptype = 'e' AND u.refclassid = m.refclassid AND u.refobjid = m.refobjid AND u.xmin = d.xmin)
        AND ${isMadeAtOnce}`

/** SQL that gives one column, the name of each, by what it is called. */
const queries = {
  'owner of a member of an extension': foreignOwners,
  'comment on a member of an extension': foreignComments,
  'owner of an object of the server': systemOwners,
}

const reason =
  'The object belongs to an extension or the server, which makes it anew; pg_dump leaves this out as well.'

/** What users changed in objects that are not theirs: those of extensions and of the server. */
export async function readOutsideChanges(session: CatalogSession): Promise<readonly NotCaptured[]> {
  const query = Object.entries(queries)
    .map(
      ([kind, names]) =>
        `SELECT '${kind}'::text AS kind, q.name::text AS name FROM (${names}) q(name)`,
    )
    .join('\nUNION ALL\n')
  const rows = await session.query<{ kind: string; name: string }>('changes of extensions', query)
  return rows.map(({ kind, name }) => ({ kind, name, reason }))
}
