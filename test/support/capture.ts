import { engineFor } from '../../src/engines/index.ts'
import type { ConnectionRequest } from '../../src/engines/connection.ts'
import type { Database } from '../../src/engines/engine.ts'
import type { DbObject, ObjectKey, Schema, Snapshot, Table } from '../../src/model.ts'

/** Everything that one read says about a database. */
export interface Capture {
  readonly schema: Schema
  /** Name of an object (`table app.users`) → the object, in the order of names. */
  readonly objects: ReadonlyMap<string, DbObject>
  /** Name of a table → its rows as CSV. */
  readonly rows: ReadonlyMap<string, string>
}

/** Opens the database that a request names. */
export async function open(request: ConnectionRequest): Promise<Database> {
  const engine = await engineFor(request.url)
  return await engine.open(request)
}

/** Reads all objects and all rows. */
export async function capture(request: ConnectionRequest): Promise<Capture> {
  await using database = await open(request)
  return await database.read({ wantsRows: () => true }, captureSnapshot)
}

async function captureSnapshot(snapshot: Snapshot): Promise<Capture> {
  const named = snapshot.schema.objects.map((object) => [nameOf(object), object] as const)
  const objects = new Map(named.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  const rows = new Map<string, string>()
  for (const [name, object] of objects) {
    if (isTable(object) && object.hasRows) rows.set(name, await rowsOf(snapshot, object))
  }
  return { schema: snapshot.schema, objects, rows }
}

/** The rows of a table as text. */
export async function rowsOf(snapshot: Snapshot, table: Table): Promise<string> {
  const blocks: Uint8Array[] = []
  for await (const block of snapshot.rows(table)) blocks.push(Uint8Array.from(block))
  return Buffer.concat(blocks).toString('utf8')
}

/** The table of that name; throws when the snapshot has none. */
export function tableNamed(schema: Schema, name: string): Table {
  const found = schema.objects.find((object) => isTable(object) && object.name === name)
  if (found === undefined || !isTable(found)) throw new Error(`no table ${name} was read`)
  return found
}

/** `function app.slug(integer, text)`. */
export function nameOf(key: ObjectKey): string {
  const schema = key.schema === undefined ? '' : `${key.schema}.`
  return `${key.kind} ${schema}${key.name}${key.signature === undefined ? '' : `(${key.signature})`}`
}

/** All bytes that would reach files, to compare two reads; counters are data and left out. */
export function bytesOf(read: Capture): string {
  const objects = [...read.objects].map(([name, object]) => {
    const waits = object.dependsOn.map(nameOf).toSorted()
    return [name, object.sql, object.sqlAfterRows ?? '', waits.join(', ')].join('\n')
  })
  const rows = [...read.rows].map(([name, text]) => `${name}\n${text}`)
  return [...objects, ...rows].join('\n')
}

/** The script that makes the structure again: every object after those that it depends on. */
export function scriptOf(read: Capture): string {
  const script: string[] = []
  const written = new Set<string>()
  const write = (name: string, trail: readonly string[]): void => {
    const object = read.objects.get(name)
    if (object === undefined)
      throw new Error(`${trail.at(-1) ?? ''} depends on ${name}, which was not read`)
    if (trail.includes(name)) throw new Error(`${[...trail, name].join(' → ')} is a cycle`)
    if (written.has(name)) return
    for (const needed of object.dependsOn) write(nameOf(needed), [...trail, name])
    written.add(name)
    script.push(object.sql)
  }
  for (const name of read.objects.keys()) write(name, [])
  const later = [...read.objects.values()].map((object) => object.sqlAfterRows ?? '')
  return [...script, ...later].join('\n')
}

function isTable(object: DbObject): object is Table {
  return object.kind === 'table'
}
