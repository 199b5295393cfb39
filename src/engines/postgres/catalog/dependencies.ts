import type { ObjectKey } from '../../../model.ts'
import { compareText } from '../quote.ts'
import type { Address, Captured, CatalogContext } from './parts.ts'

/** One row of pg_depend: `from` needs `to`. */
export interface DependencyRow {
  readonly from: Address
  readonly to: Address
  /** Whether it is one column of `to` that is needed. */
  readonly names_column: boolean
}

/** What pg_depend and the catalogs say about who needs whom. */
export interface Dependencies {
  readonly rows: readonly DependencyRow[]
  /** Entries that stand for another one: row types, array types, the rule of a view, members of an extension. */
  readonly standsFor: ReadonlyMap<Address, Address>
}

// A sequence that a column owns needs that column only for OWNED BY, which is written with the table. A function is said
// to need the transforms that were there when it was made, used or not: only TRANSFORM FOR TYPE makes it need one.
const dependencyQuery = `
  SELECT d.classid::regclass::text || ':' || d.objid AS "from", d.refclassid::regclass::text || ':' || d.refobjid AS "to",
    d.refobjsubid > 0 AS names_column
  FROM pg_depend d
  WHERE d.objid >= 16384 AND d.deptype <> 'e'
    -- The schema public has a small number until it is dropped and made again.
    AND (d.refobjid >= 16384 OR (d.refclassid = 'pg_namespace'::regclass AND d.refobjid = to_regnamespace('public')))
    AND NOT (d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
      AND d.deptype = 'a' AND EXISTS (SELECT FROM pg_sequence s WHERE s.seqrelid = d.objid))
    AND NOT (d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_transform'::regclass
      AND EXISTS (SELECT FROM pg_proc p WHERE p.oid = d.objid AND p.protrftypes IS NULL))`

const standInQuery = `
  SELECT 'pg_type:' || t.oid AS entry,
    CASE WHEN t.typrelid <> 0 THEN 'pg_class:' || t.typrelid ELSE 'pg_type:' || t.typelem END AS stands_for
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE t.oid >= 16384 AND (t.typrelid <> 0 OR (t.typelem <> 0 AND t.typcategory = 'A')) AND n.nspname !~ '^pg_t'
  UNION ALL
  SELECT 'pg_rewrite:' || r.oid, 'pg_class:' || r.ev_class FROM pg_rewrite r WHERE r.ev_type = '1' AND r.oid >= 16384
  UNION ALL
  SELECT d.classid::regclass::text || ':' || d.objid, 'pg_extension:' || d.refobjid
  FROM pg_depend d WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass`

/** Reads pg_depend as far as it is about objects of users. */
export async function readDependencies(context: CatalogContext): Promise<Dependencies> {
  const rows = await context.session.query<DependencyRow>('dependencies', dependencyQuery)
  const standIns = await context.session.query<{ entry: string; stands_for: string }>(
    'dependencies',
    standInQuery,
  )
  return { rows, standsFor: new Map(standIns.map(({ entry, stands_for }) => [entry, stands_for])) }
}

/** A text that is equal for equal keys. */
export function keyText({ kind, schema, name, signature }: ObjectKey): string {
  return JSON.stringify([kind, schema ?? null, name, signature ?? null])
}

/** An edge of the graph of objects and the catalog entry that makes it. */
export interface Edge {
  readonly from: string
  readonly to: string
  readonly because: Address
  /** True where it needs a key that its table gets after the rows: GROUP BY such a key takes the other columns as well. */
  readonly needsLateKey?: boolean
}

/** Who must exist before whose `sql` can run; entries that wait for the rows need nothing. */
export function edgesOf(objects: readonly Captured[], dependencies: Dependencies): readonly Edge[] {
  const ownerOf = new Map<Address, string>()
  const late = new Set<Address>()
  for (const object of objects) {
    for (const entry of object.addresses) ownerOf.set(entry, keyText(object))
    for (const entry of object.lateAddresses ?? []) late.add(entry)
  }
  const resolve = (entry: Address): string | undefined => {
    let current: Address | undefined = entry
    for (let steps = 0; current !== undefined && steps < 5; steps += 1) {
      const owner = ownerOf.get(current)
      if (owner !== undefined) return owner
      current = dependencies.standsFor.get(current)
    }
    return undefined
  }
  return dependencies.rows.flatMap(({ from, to, names_column }) => {
    if (late.has(from)) return []
    const source = resolve(from)
    const target = resolve(to)
    // A function that calls itself can't be made in one step.
    const callsItself = from === to && from.startsWith('pg_proc:')
    // Nor can a view that reads its own columns.
    const readsItself = names_column && from.startsWith('pg_rewrite:')
    const isWithin = source === target && !callsItself && !readsItself
    return source === undefined || target === undefined || isWithin
      ? []
      : [
          {
            from: source,
            to: target,
            because: from,
            needsLateKey: to.startsWith('pg_constraint:') && late.has(to),
          },
        ]
  })
}

/** What is left when objects that need nothing left, or that nothing left needs, are taken away. */
function withoutEnds(edges: readonly Edge[]): readonly Edge[] {
  let left = edges
  for (;;) {
    const sources = new Set(left.map(({ from }) => from))
    const targets = new Set(left.map(({ to }) => to))
    const remaining = left.filter(({ from, to }) => sources.has(to) && targets.has(from))
    if (remaining.length === left.length) return remaining
    left = remaining
  }
}

function reachableFrom(start: string, edges: ReadonlyMap<string, readonly Edge[]>): Set<string> {
  const found = new Set([start])
  // A set takes what is added while it is walked through.
  for (const key of found) for (const { to } of edges.get(key) ?? []) found.add(to)
  return found
}

/** The edges that lie on circles: from where they lead, there is a way back. */
export function circularEdges(edges: readonly Edge[]): readonly Edge[] {
  const left = withoutEnds(edges)
  const bySource = Map.groupBy(left, ({ from }) => from)
  const reached = new Map([...bySource.keys()].map((key) => [key, reachableFrom(key, bySource)]))
  return left.filter(({ from, to }) => reached.get(to)?.has(from) ?? false)
}

/**
 * The objects, in their other form those of the given kinds that need themselves by way of others, or a key made late.
 * What they need and is in no circle with them is made before them all the same.
 */
export function apartInCircles(
  objects: readonly Captured[],
  dependencies: Dependencies,
  kinds: readonly ObjectKey['kind'][],
): readonly Captured[] {
  const edges = edgesOf(objects, dependencies)
  const circular = new Set(circularEdges(edges))
  const bySource = Map.groupBy(edges, ({ from }) => from)
  const entries = new Map(objects.map((object) => [keyText(object), object.addresses[0]]))
  return objects.map((object) => {
    const { inCircle } = object
    const own = bySource.get(keyText(object)) ?? []
    const isApart = own.some((edge) => circular.has(edge) || edge.needsLateKey === true)
    if (inCircle === undefined || !kinds.includes(object.kind) || !isApart) return object
    const kept = own
      .filter((edge) => !circular.has(edge))
      .flatMap(({ to }) => entries.get(to) ?? [])
    return { ...object, ...inCircle, needs: [...new Set([...(inCircle.needs ?? []), ...kept])] }
  })
}

/**
 * Takes edges out until no circle is left: first those from functions, whose bodies are not looked into
 * when they are made. Returns the edges kept and the keys of the objects whose order is a guess.
 */
export function withoutCircles(edges: readonly Edge[]): {
  readonly edges: readonly Edge[]
  readonly broken: ReadonlySet<string>
} {
  let kept = edges
  const broken = new Set<string>()
  for (;;) {
    const circle = [...circularEdges(kept)].sort(
      (left, right) =>
        Number(right.from.startsWith('["function"')) -
          Number(left.from.startsWith('["function"')) ||
        compareText(left.from + left.to, right.from + right.to),
    )
    const [first] = circle
    if (first === undefined) return { edges: kept, broken }
    broken.add(first.from)
    kept = kept.filter(({ from, to }) => from !== first.from || to !== first.to)
  }
}
