import type { DbObject, NotCaptured, Table } from '../../../model.ts'
import { objectText } from '../object-text.ts'
import { qualifiedIdentifier } from '../quote.ts'
import { capabilities, type CatalogSession } from '../session.ts'
import { readAccessMethods } from './access-methods.ts'
import { readBaseTypes } from './base-types.ts'
import { readCasts } from './casts.ts'
import { readCensus } from './census.ts'
import { readCollations } from './collations.ts'
import { readComments } from './comments.ts'
import { readConversions } from './conversions.ts'
import { readDatabase } from './database.ts'
import { readDefaultPrivileges } from './default-privileges.ts'
import {
  apartInCircles,
  circularEdges,
  edgesOf,
  keyText,
  readDependencies,
  withoutCircles,
  type Dependencies,
  type Edge,
} from './dependencies.ts'
import { readDisabledReferences } from './disabled-references.ts'
import { readDomains } from './domains.ts'
import { readEventTriggers } from './event-triggers.ts'
import { readExtensionRows } from './extension-rows.ts'
import { readExtensions } from './extensions.ts'
import { readForeignDataWrappers } from './foreign-data-wrappers.ts'
import { readForeignServers } from './foreign-servers.ts'
import { foreignTableFrom } from './foreign-tables.ts'
import { readAttachments } from './labels.ts'
import { readLanguages } from './languages.ts'
import { readLargeObjects } from './large-objects.ts'
import { readOperatorClasses } from './operator-classes.ts'
import { readOperatorFamilies } from './operator-families.ts'
import { readOperators } from './operators.ts'
import { readOutside } from './outside.ts'
import { plainEdges, withDependencies } from './model-objects.ts'
import { address, type Captured, type CatalogContext, type Reading } from './parts.ts'
import { readPublications } from './publications.ts'
import { readRelationParts, type RelationParts } from './relation-parts.ts'
import { readRelations, type RelationRow } from './relations.ts'
import { readRoles } from './roles.ts'
import { readRoutines } from './routines.ts'
import { readSchemas } from './schemas.ts'
import { readSequences } from './sequences.ts'
import { readSubscriptions } from './subscriptions.ts'
import { tableFrom } from './tables.ts'
import { readTextSearch } from './text-search.ts'
import { readTransforms } from './transforms.ts'
import { readTypes } from './types.ts'
import { readValuesWithoutInput } from './values-without-input.ts'
import { materializedViewFrom, viewFrom } from './views.ts'

/** The structure of the database as the catalogs have it. */
export interface CatalogContent {
  readonly objects: readonly (DbObject | Table)[]
  readonly versions: Readonly<Record<string, string>>
  readonly notCaptured: readonly NotCaptured[]
  readonly warnings: readonly string[]
  /** SQL behind FROM that gives the rows of the tables, by qualifiedIdentifier, that are not just read as they are. */
  readonly rowsFrom: ReadonlyMap<string, string>
}

function relationFrom(context: CatalogContext, row: RelationRow, parts: RelationParts): Captured {
  if (row.kind === 'v') return viewFrom(context, row, parts)
  if (row.kind === 'm') return materializedViewFrom(context, row, parts)
  if (row.kind === 'f') return foreignTableFrom(context, row, parts)
  return tableFrom(context, row, parts)
}

/** Defaults whose function needs, by some way round, the very table: they are set after the rows. */
function defaultsInCircles(
  edges: readonly Edge[],
  parts: Omit<RelationParts, 'deferredDefaults'>,
): ReadonlySet<number> {
  const entries = new Set(circularEdges(edges).map(({ because }) => because))
  return new Set(
    [...parts.columns.values()]
      .flat()
      .filter(({ expression_oid, generated }) => expression_oid !== null && generated === '')
      .map(({ expression_oid }) => expression_oid ?? 0)
      .filter((oid) => entries.has(address('pg_attrdef', oid))),
  )
}

/** All objects, with tables and views; what is in circles is made in two steps: functions, then defaults, then views. */
function objectsFrom(
  context: CatalogContext,
  rows: readonly RelationRow[],
  parts: Omit<RelationParts, 'deferredDefaults'>,
  others: readonly Captured[],
  dependencies: Dependencies,
): readonly Captured[] {
  const render = (deferredDefaults: ReadonlySet<number>): Captured[] =>
    rows.map((row) => relationFrom(context, row, { ...parts, deferredDefaults }))
  const relations = render(new Set())
  const plain = apartInCircles([...others, ...relations], dependencies, [
    'function',
    'procedure',
    'domain',
  ])
  const deferred = defaultsInCircles(edgesOf(plain, dependencies), parts)
  const objects =
    deferred.size === 0 ? plain : [...plain.slice(0, others.length), ...render(deferred)]
  return apartInCircles(objects, dependencies, ['view'])
}

/** The kinds that need nothing but the catalogs, each with one query of its own. */
const readers: readonly ((context: CatalogContext) => Promise<Reading>)[] = [
  readDatabase,
  readRoles,
  readLanguages,
  readAccessMethods,
  readCollations,
  readConversions,
  readBaseTypes,
  readCasts,
  readTransforms,
  readOperators,
  readOperatorFamilies,
  readOperatorClasses,
  readTextSearch,
  readForeignDataWrappers,
  readForeignServers,
  readPublications,
  readSubscriptions,
  readEventTriggers,
  readDisabledReferences,
  readLargeObjects,
  readExtensionRows,
  readValuesWithoutInput,
]

async function readAll(context: CatalogContext): Promise<Required<Reading>> {
  const readings: Reading[] = []
  for (const read of readers) readings.push(await read(context))
  return {
    objects: readings.flatMap(({ objects }) => objects),
    refused: readings.flatMap(({ refused = [] }) => refused),
    warnings: readings.flatMap(({ warnings = [] }) => warnings),
  }
}

/** What the catalog files found: the objects with the entries that they account for, and what goes with them. */
export async function readObjects(session: CatalogSession) {
  const context: CatalogContext = {
    session,
    can: capabilities(session.version),
    comments: await readComments(session),
    defaultPrivileges: await readDefaultPrivileges({ session }),
    outside: await readOutside(session),
    ...(await readAttachments(session)),
  }
  const sequences = await readSequences(context)
  const parts = await readRelationParts(context, sequences.owned)
  const types = await readTypes(context, parts.columns)
  const extensions = await readExtensions(context)
  const plain = await readAll(context)
  const others: Captured[] = [
    ...(await readSchemas(context)),
    ...extensions.objects,
    ...types,
    ...(await readDomains(context)),
    ...sequences.objects,
    ...(await readRoutines(context)),
    ...plain.objects,
  ]
  const dependencies = await readDependencies(context)
  const objects = objectsFrom(context, await readRelations(context), parts, others, dependencies)
  return { context, objects, plain, sequences, parts, dependencies, versions: extensions.versions }
}

/** Reads the whole catalog of one database by a fixed number of queries, under the caller's transaction. */
export async function readCatalog(session: CatalogSession): Promise<CatalogContent> {
  const found = await readObjects(session)
  const { context, objects, plain, sequences, parts, dependencies, versions } = found
  const { edges, broken } = withoutCircles([
    ...edgesOf(objects, dependencies),
    ...plainEdges(objects, sequences.owned),
  ])
  return {
    objects: withDependencies(objects, edges),
    rowsFrom: new Map(
      objects.flatMap((object) =>
        object.rowsFrom === undefined ? [] : [[qualifiedIdentifier(object), object.rowsFrom]],
      ),
    ),
    versions,
    notCaptured: [...(await readCensus(context, objects, plain.refused))],
    warnings: [
      ...plain.warnings,
      ...[...parts.indexes.values()].flat().flatMap(({ warning }) => warning ?? []),
      ...sequences.unreadable.map(
        (name) => `The position of the sequence ${name} may not be read.`,
      ),
      ...objects
        .filter((object) => broken.has(keyText(object)))
        .map(
          (object) =>
            `A restore can fail at ${objectText(object)}, which needs itself by way of others.`,
        ),
    ],
  }
}
