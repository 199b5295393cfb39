import { isNoMember, isUserSchema } from './parts.ts'

const isUsersType = `EXISTS (SELECT FROM pg_type ut JOIN pg_namespace un ON un.oid = ut.typnamespace
      WHERE ut.oid = type AND ${isUserSchema('un')} AND ${isNoMember('pg_type', 'ut.oid')})`

/** SQL: functions that need a type which needs them: its input and output, a range's canonical function. */
const functionsInCircles = `SELECT needs.refobjid AS function, needs.objid AS type, false AS is_made_by_type
    FROM pg_depend needs JOIN pg_depend mentions
      ON mentions.classid = needs.refclassid AND mentions.objid = needs.refobjid
      AND mentions.refclassid = needs.classid AND mentions.refobjid = needs.objid
    WHERE needs.classid = 'pg_type'::regclass AND needs.refclassid = 'pg_proc'::regclass AND needs.deptype = 'n'`

/** SQL: functions that CREATE TYPE … AS RANGE makes: the constructors. */
const functionsOfRanges = `SELECT made.objid, coalesce(r.rngtypid, made.refobjid), true
    FROM pg_depend made LEFT JOIN pg_range r ON r.rngmultitypid = made.refobjid
    WHERE made.classid = 'pg_proc'::regclass AND made.refclassid = 'pg_type'::regclass AND made.deptype = 'i'`

/** SQL: the functions that stand in the file of a type, each with one such type and whether that makes it by itself. */
export const functionsOfTypes = `SELECT DISTINCT ON (function) function, type, is_made_by_type
  FROM (${functionsInCircles} UNION ALL ${functionsOfRanges}) found JOIN pg_type t ON t.oid = type
    JOIN pg_namespace tn ON tn.oid = t.typnamespace
  WHERE ${isUsersType}
  ORDER BY function, tn.nspname COLLATE "C", t.typname COLLATE "C"`
