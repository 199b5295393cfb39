import type { DbObject, NotCaptured, ObjectKey, Table } from '../../../model.ts'
import { capabilities, type CatalogSession } from '../session.ts'
import { readCensus } from './census.ts'
import { readComments } from './comments.ts'
import { readDatabase } from './database.ts'
import {
  circularEdges,
  edgesOf,
  keyText,
  readDependencies,
  withoutCircles,
  type Dependencies,
  type Edge,
} from './dependencies.ts'
import { readDomains } from './domains.ts'
import { readExtensionRows } from './extension-rows.ts'
import { readExtensions } from './extensions.ts'
import { address, type Captured, type CatalogContext } from './parts.ts'
import { readRelationParts, type RelationParts } from './relation-parts.ts'
import { readRelations, type RelationRow } from './relations.ts'
import { readRoutines } from './routines.ts'
import { readSchemas } from './schemas.ts'
import { readSequences, type OwnedSequence } from './sequences.ts'
import { tableFrom } from './tables.ts'
import { readTypes } from './types.ts'
import { materializedViewFrom, viewFrom } from './views.ts'

/** The structure of the database as the catalogs have it. */
export interface CatalogContent {
  readonly objects: readonly (DbObject | Table)[]
  readonly versions: Readonly<Record<string, string>>
  readonly notCaptured: readonly NotCaptured[]
  readonly warnings: readonly string[]
}

function relationFrom(context: CatalogContext, row: RelationRow, parts: RelationParts): Captured {
  if (row.kind === 'v') return viewFrom(context, row, parts)
  if (row.kind === 'm') return materializedViewFrom(context, row, parts)
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

/** Renders tables and views, and again when defaults must be put off to break circles. */
function relationsFrom(
  context: CatalogContext,
  rows: readonly RelationRow[],
  parts: Omit<RelationParts, 'deferredDefaults'>,
  others: readonly Captured[],
  dependencies: Dependencies,
): readonly Captured[] {
  const render = (deferredDefaults: ReadonlySet<number>): Captured[] =>
    rows.map((row) => relationFrom(context, row, { ...parts, deferredDefaults }))
  const relations = render(new Set())
  const deferred = defaultsInCircles(edgesOf([...others, ...relations], dependencies), parts)
  return deferred.size === 0 ? relations : render(deferred)
}

function text(statements: readonly string[]): string {
  return statements.map((statement) => `${statement}\n`).join('')
}

function keyOf({ kind, schema, name, signature }: ObjectKey): ObjectKey {
  return {
    kind,
    ...(schema === undefined ? {} : { schema }),
    name,
    ...(signature === undefined ? {} : { signature }),
  }
}

function modelObject(captured: Captured, dependsOn: readonly ObjectKey[]): DbObject | Table {
  const object = {
    ...keyOf(captured),
    sql: text(captured.sql),
    ...(captured.afterRows.length === 0 ? {} : { sqlAfterRows: text(captured.afterRows) }),
    ...(captured.counters.length === 0 ? {} : { sqlCounters: text(captured.counters) }),
    dependsOn,
  }
  return captured.table === undefined ? object : { ...object, ...captured.table, kind: 'table' }
}

/** What pg_depend leaves out: the schema of each object, and a table's serial sequences. */
function plainEdges(objects: readonly Captured[], owned: readonly OwnedSequence[]): Edge[] {
  const keys = new Map(
    objects.flatMap((object) => object.addresses.map((entry) => [entry, keyText(object)])),
  )
  const schemas = new Set(objects.filter(({ kind }) => kind === 'schema').map(({ name }) => name))
  const edge = (from: string | undefined, to: string | undefined, because: string): Edge[] =>
    from === undefined || to === undefined ? [] : [{ from, to, because }]
  return [
    ...objects.flatMap((object) =>
      object.schema !== undefined && schemas.has(object.schema)
        ? edge(keyText(object), keyText({ kind: 'schema', name: object.schema }), 'schema')
        : [],
    ),
    ...owned
      .filter(({ isIdentity }) => !isIdentity)
      .flatMap(({ table, sequence }) =>
        edge(
          keys.get(address('pg_class', table)),
          keys.get(address('pg_class', sequence)),
          'owned sequence',
        ),
      ),
  ]
}

function withDependencies(
  objects: readonly Captured[],
  edges: readonly Edge[],
): readonly (DbObject | Table)[] {
  const keys = new Map(objects.map((object) => [keyText(object), keyOf(object)]))
  const needs = new Map<string, Set<string>>()
  for (const { from, to } of edges) {
    const set = needs.get(from)
    if (set === undefined) needs.set(from, new Set([to]))
    else set.add(to)
  }
  return objects.map((object) => {
    const needed = [...(needs.get(keyText(object)) ?? [])].sort()
    return modelObject(
      object,
      needed.flatMap((key) => keys.get(key) ?? []),
    )
  })
}

/** Reads the whole catalog of one database by a fixed number of queries, under the caller's transaction. */
export async function readCatalog(session: CatalogSession): Promise<CatalogContent> {
  const comments = await readComments(session)
  const context: CatalogContext = { session, can: capabilities(session.version), comments }
  const sequences = await readSequences(context)
  const parts = await readRelationParts(context, sequences.owned)
  const types = await readTypes(context, parts.columns)
  const extensions = await readExtensions(context)
  const others: Captured[] = [
    ...(await readDatabase(context)),
    ...(await readSchemas(context)),
    ...extensions.objects,
    ...types.objects,
    ...(await readDomains(context)),
    ...sequences.objects,
    ...(await readRoutines(context)),
  ]
  const dependencies = await readDependencies(context)
  const relations = relationsFrom(
    context,
    await readRelations(context),
    parts,
    others,
    dependencies,
  )
  const objects = [...others, ...relations]
  const { edges, broken } = withoutCircles([
    ...edgesOf(objects, dependencies),
    ...plainEdges(objects, sequences.owned),
  ])
  return {
    objects: withDependencies(objects, edges),
    versions: extensions.versions,
    notCaptured: [
      ...(await readCensus(context)),
      ...(await readExtensionRows(context)),
      ...types.uncaptured.map(rangeNotCaptured),
    ],
    warnings: [
      ...[...parts.indexes.values()].flat().flatMap(({ warning }) => warning ?? []),
      ...sequences.unreadable.map(
        (name) => `The position of the sequence ${name} may not be read.`,
      ),
      ...broken.map(
        (key) => `${key} needs itself by way of others; a restore may need two passes.`,
      ),
    ],
  }
}

function rangeNotCaptured(name: string): NotCaptured {
  return {
    kind: 'range type',
    name,
    reason: 'Ranges with a canonical function are not read yet; pg_dump keeps them.',
  }
}
