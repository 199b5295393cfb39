import type { DbObject, ObjectKey, Table } from '../../../model.ts'
import { keyText, type Edge } from './dependencies.ts'
import { address, type Captured } from './parts.ts'
import type { OwnedSequence } from './sequences.ts'

/** Statements as a field of the model; none, and the field is left out. */
function field(
  name: 'sqlAfterRows' | 'sqlSecrets' | 'sqlCounters',
  statements: readonly string[] = [],
) {
  return statements.length === 0 ? {} : { [name]: text(statements) }
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
    ...field('sqlAfterRows', captured.afterRows),
    ...field('sqlSecrets', captured.secrets),
    ...field('sqlCounters', captured.counters),
    dependsOn,
  }
  return captured.table === undefined ? object : { ...object, ...captured.table, kind: 'table' }
}

/** What pg_depend leaves out: the schema of each object, and a table's serial sequences. */
export function plainEdges(objects: readonly Captured[], owned: readonly OwnedSequence[]): Edge[] {
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
    ...objects.flatMap((object) =>
      (object.needs ?? []).flatMap((entry) => edge(keyText(object), keys.get(entry), entry)),
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

/** The objects as the model has them, each with what it needs. */
export function withDependencies(
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
