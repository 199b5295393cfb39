import type { TableName } from '../../model.ts'
import { identifier } from './quote.ts'

/**
 * Large objects as the rows of one table, each in parts that fit into memory: they have numbers and no names.
 * https://www.postgresql.org/docs/current/largeobjects.html
 */

/** Under which name they are a table. */
export const largeObjects = { schema: 'pg_catalog', name: 'pg_largeobject' } as const

export function isLargeObjects({ schema, name }: TableName): boolean {
  return schema === largeObjects.schema && name === largeObjects.name
}

/** The longest part, in bytes. */
const partLength = 262_144

/** What stands in the row of the first part alone is NULL in the others. */
export const largeObjectColumns: readonly { readonly name: string; readonly type: string }[] = [
  { name: 'oid', type: 'oid' },
  { name: 'start', type: 'bigint' },
  { name: 'owner', type: 'text' },
  { name: 'grants', type: 'text' },
  { name: 'comment', type: 'text' },
  { name: 'labels', type: 'text' },
  { name: 'data', type: 'bytea' },
]

/** What the rows are ordered by. */
export const largeObjectKey = ['oid', 'start'] as const

/**
 * SQL behind FROM: one row a part. Only a superuser sees how long an object is; whoever may read it can look whether
 * there is another byte.
 */
const parts = `pg_catalog.pg_largeobject_metadata m CROSS JOIN LATERAL (
    WITH RECURSIVE part(start) AS (
      SELECT 0::bigint
      UNION ALL SELECT start + ${partLength} FROM part WHERE pg_catalog.lo_get(m.oid, start + ${partLength}, 1) <> '')
    SELECT start FROM part) part`

const grants = `(SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'to', CASE WHEN i.grantee <> 0 THEN pg_catalog.pg_get_userbyid(i.grantee) END, 'by', pg_catalog.pg_get_userbyid(i.grantor),
      'privilege', i.privilege_type, 'grantable', i.is_grantable)
      ORDER BY i.grantor <> m.lomowner, i.is_grantable DESC, pg_catalog.pg_get_userbyid(i.grantor) COLLATE "C",
        CASE WHEN i.grantee <> 0 THEN pg_catalog.pg_get_userbyid(i.grantee) END COLLATE "C", i.privilege_type COLLATE "C")
    FROM pg_catalog.aclexplode(m.lomacl) i)`

const labels = `(SELECT pg_catalog.jsonb_object_agg(l.provider, l.label) FROM pg_catalog.pg_seclabel l
    WHERE l.classoid = 'pg_catalog.pg_largeobject'::regclass AND l.objoid = m.oid)`

const comment = `(SELECT d.description FROM pg_catalog.pg_description d
    WHERE d.classoid = 'pg_catalog.pg_largeobject'::regclass AND d.objoid = m.oid)`

const inFirst = (value: string): string => `CASE start WHEN 0 THEN ${value} END`

/** SQL behind FROM: the rows. Sorted in here, so that the parts themselves are read after the sort. */
export const largeObjectRows = `(
  SELECT m.oid, start, ${inFirst('pg_catalog.pg_get_userbyid(m.lomowner)::text')} AS owner,
    ${inFirst(`CASE WHEN m.lomacl IS NOT NULL THEN coalesce(${grants}, '[]')::text END`)} AS grants,
    ${inFirst(comment)} AS comment, ${inFirst(`${labels}::text`)} AS labels,
    pg_catalog.lo_get(m.oid, start, ${partLength}) AS data
  FROM ${parts} ORDER BY m.oid, start) AS large_objects`

/** SQL behind FROM: as many rows, for those who count them. */
export const largeObjectParts = parts

/** SQL: the numbers of objects that the account may not read. */
export const unreadableLargeObjects = `
  SELECT m.oid::text AS oid FROM pg_catalog.pg_largeobject_metadata m
  WHERE NOT pg_catalog.current_setting('lo_compat_privileges')::boolean
    AND NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
    AND NOT EXISTS (
      SELECT FROM pg_catalog.aclexplode(coalesce(m.lomacl, pg_catalog.acldefault('L', m.lomowner))) i
      WHERE i.privilege_type = 'SELECT' AND (i.grantee = 0 OR pg_catalog.pg_has_role(i.grantee, 'USAGE')))
  ORDER BY m.oid`

/** What to tell somebody who may not read some of them; undefined: all may be read. */
export function deniedLargeObjects(
  oids: readonly string[],
  user: string,
): { readonly message: string; readonly next: string } | undefined {
  if (oids.length === 0) return undefined
  const list = oids.slice(0, 10).join(', ')
  const more = oids.length > 10 ? ` and ${oids.length - 10} more` : ''
  return {
    message: `The user ${user} may not read the large objects ${list}${more}.`,
    next: `Run: GRANT SELECT ON LARGE OBJECT ${list} TO ${identifier(user)}; or read as a superuser.`,
  }
}

/** Where the rows stand until they are made into objects. */
export const largeObjectStaging = 'pg_temp.schema_backup_large_objects'

const columnList = largeObjectColumns.map(({ name, type }) => `${name} ${type}`).join(', ')

/** Makes the table that takes the rows. */
export const stageLargeObjects = `CREATE TEMPORARY TABLE schema_backup_large_objects (${columnList});`

/** Objects of the same numbers make room. */
export const replaceLargeObjects = `SELECT pg_catalog.lo_unlink(m.oid) FROM pg_catalog.pg_largeobject_metadata m
  WHERE m.oid IN (SELECT s.oid FROM ${largeObjectStaging} s);`

/** Makes the objects of the rows, with their numbers, owners and privileges. */
export const makeLargeObjects = `DO $large_objects$
DECLARE
  part record;
  given record;
  attached record;
BEGIN
  FOR part IN SELECT * FROM ${largeObjectStaging} ORDER BY oid, start LOOP
    IF part.start > 0 THEN
      PERFORM pg_catalog.lo_put(part.oid, part.start, part.data);
      CONTINUE;
    END IF;
    -- A change of the owner would take a lock for each, of which there are not many.
    RESET ROLE;
    IF part.owner <> current_user THEN
      EXECUTE pg_catalog.format('SET LOCAL ROLE %I', part.owner);
    END IF;
    PERFORM pg_catalog.lo_from_bytea(part.oid, part.data);
  END LOOP;
  RESET ROLE;
  FOR part IN SELECT oid, owner, grants, comment, labels FROM ${largeObjectStaging} WHERE start = 0 ORDER BY oid LOOP
    IF part.comment IS NOT NULL THEN
      EXECUTE pg_catalog.format('COMMENT ON LARGE OBJECT %s IS %L', part.oid, part.comment);
    END IF;
    FOR attached IN SELECT l.key, l.value FROM pg_catalog.jsonb_each_text(part.labels::jsonb) l LOOP
      EXECUTE pg_catalog.format('SECURITY LABEL FOR %I ON LARGE OBJECT %s IS %L', attached.key, part.oid, attached.value);
    END LOOP;
    CONTINUE WHEN part.grants IS NULL;
    EXECUTE pg_catalog.format('REVOKE ALL ON LARGE OBJECT %s FROM %I', part.oid, part.owner);
    FOR given IN SELECT i.item ->> 'by' AS grantor, i.item ->> 'to' AS grantee, i.item ->> 'privilege' AS privilege,
        (i.item ->> 'grantable')::boolean AND i.item ->> 'to' <> part.owner AS grantable
      FROM pg_catalog.jsonb_array_elements(part.grants::jsonb) WITH ORDINALITY i(item, place) ORDER BY i.place LOOP
      IF given.grantor <> part.owner THEN
        EXECUTE pg_catalog.format('SET LOCAL ROLE %I', given.grantor);
      END IF;
      EXECUTE pg_catalog.format('GRANT %s ON LARGE OBJECT %s TO %s%s', CASE given.privilege WHEN 'SELECT' THEN 'SELECT' ELSE 'UPDATE' END,
        part.oid, coalesce(pg_catalog.quote_ident(given.grantee), 'PUBLIC'), CASE WHEN given.grantable THEN ' WITH GRANT OPTION' ELSE '' END);
      RESET ROLE;
    END LOOP;
  END LOOP;
END $large_objects$;
DROP TABLE ${largeObjectStaging};`
