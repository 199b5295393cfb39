import { ExpectedError } from '../../errors.ts'
import { undoDatabase } from './catalog/database.ts'
import { undoDefaultPrivileges } from './catalog/default-privileges.ts'
import { countObjects, objectNames } from './catalog/object-count.ts'
import { isNoMember, isUserSchema } from './catalog/parts.ts'
import { publicComment, publicOwner } from './catalog/schemas.ts'
import { setSubscriptionsAside } from './old-subscriptions.ts'
import { literal } from './quote.ts'
import { capabilities, type CatalogSession } from './session.ts'

const eventTriggers = `SELECT 'DROP EVENT TRIGGER ' || quote_ident(evtname)
  FROM pg_event_trigger e WHERE ${isNoMember('pg_event_trigger', 'e.oid')}`

/** Queries for statements that drop, each run when those before it have done their work. */
const drops: readonly string[] = [
  `SELECT 'DROP PUBLICATION ' || quote_ident(pubname) FROM pg_publication p WHERE ${isNoMember('pg_publication', 'p.oid')}`,
  `SELECT 'DROP EXTENSION IF EXISTS ' || quote_ident(extname) || ' CASCADE' FROM pg_extension WHERE oid >= 16384`,
  `SELECT 'DROP SCHEMA ' || quote_ident(n.nspname) || ' CASCADE' FROM pg_namespace n WHERE ${isUserSchema('n')}`,
  `SELECT 'DROP FOREIGN DATA WRAPPER IF EXISTS ' || quote_ident(fdwname) || ' CASCADE' FROM pg_foreign_data_wrapper`,
  `SELECT 'DROP TRANSFORM IF EXISTS FOR ' || format_type(t.trftype, NULL) || ' LANGUAGE ' || quote_ident(l.lanname) || ' CASCADE'
   FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE t.oid >= 16384`,
  `SELECT 'DROP LANGUAGE IF EXISTS ' || quote_ident(lanname) || ' CASCADE' FROM pg_language WHERE oid >= 16384`,
  `SELECT 'DROP CAST IF EXISTS (' || format_type(castsource, NULL) || ' AS ' || format_type(casttarget, NULL) || ') CASCADE'
   FROM pg_cast WHERE oid >= 16384`,
  `SELECT 'DROP ACCESS METHOD IF EXISTS ' || quote_ident(amname) || ' CASCADE' FROM pg_am WHERE oid >= 16384`,
  `SELECT 'SELECT pg_catalog.lo_unlink(' || oid || ')' FROM pg_largeobject_metadata`,
]

const what = 'what the database holds already'

async function run(session: CatalogSession, statements: readonly string[]): Promise<void> {
  if (statements.length === 0) return
  await session.query(
    'the removal of what the database holds',
    statements.map((each) => `${each};`).join('\n'),
  )
}

function newPublicSchema(session: CatalogSession): readonly string[] {
  const can = capabilities(session.version)
  const owner = publicOwner({ can })
  return [
    'CREATE SCHEMA public',
    ...(owner === undefined ? [] : [`ALTER SCHEMA public OWNER TO ${owner}`]),
    `GRANT ${can.hasDatabaseOwnerRole ? 'USAGE' : 'ALL'} ON SCHEMA public TO PUBLIC`,
    `COMMENT ON SCHEMA public IS ${literal(publicComment)}`,
  ]
}

async function runFound(session: CatalogSession, query: string): Promise<void> {
  const found = await session.query<{ statement: string }>(
    what,
    `SELECT statement FROM (${query}) found(statement) ORDER BY statement`,
  )
  await run(
    session,
    found.map(({ statement }) => statement),
  )
}

/**
 * Takes everything out of the database, under the caller's transaction, so that it is as a new one. Returns the quoted names
 * of subscriptions that must be dropped after the commit.
 */
export async function emptyDatabase(session: CatalogSession): Promise<readonly string[]> {
  // First of all: they would run at every other step.
  await runFound(session, eventTriggers)
  const aside = await setSubscriptionsAside(session)
  await run(session, [
    ...(await undoDatabase({ session })),
    ...(await undoDefaultPrivileges({ session })),
  ])
  for (const query of drops) await runFound(session, query)
  await run(session, newPublicSchema(session))
  const ours = new Set(aside.map((name) => `subscription ${name}`))
  const left = (await objectNames(session)).filter((name) => !ours.has(name))
  if (left.length === 0) return aside
  throw new ExpectedError(
    'not-emptied',
    `${left.length} objects of the database can't be dropped: ${left.join(', ')}.`,
    'Drop them by hand, or restore into a new database.',
  )
}

/** Throws when the database holds anything, and takes away privileges that new objects would get. */
export async function requireEmpty(session: CatalogSession): Promise<void> {
  const count = await countObjects(session)
  if (count > 0) {
    throw new ExpectedError(
      'target-not-empty',
      `The database holds ${count} ${count === 1 ? 'object' : 'objects'}.`,
      'Restore into an empty database, or allow that this one is replaced.',
    )
  }
  await run(session, await undoDefaultPrivileges({ session }))
}
