import { basename } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sqlite } from '../../../src/engines/sqlite/index.ts'
import type { Target } from '../../../src/engines/target.ts'
import type { DbObject } from '../../../src/model.ts'
import { hold, isTable, type Held } from './round-trip.ts'

/** What the engine takes for a file. */
export function requestFor(path: string) {
  return { url: `sqlite:${encodeURI(path)}`, environment: {} }
}

/** Makes a database with the SQLite of Node.js, which has modules that the sqlite3 program may lack; foreign keys are not enforced. */
export function makeDatabase(path: string, sql: string): void {
  const database = new DatabaseSync(path, {
    enableDoubleQuotedStringLiterals: true,
    enableForeignKeyConstraints: false,
    defensive: false,
  })
  database.exec(sql)
  database.close()
}

/** Reads a database by the engine and fills a new file with what was read; gives what was read. */
export async function refill(original: string, copy: string): Promise<Held> {
  const held = await hold(original)
  await using server = await sqlite.openServer(requestFor(copy))
  await server.create(basename(copy), {})
  await using database = await sqlite.open(requestFor(copy))
  await database.fill({ mode: 'empty' }, async (target) => {
    await pourInto(target, held)
  })
  return held
}

async function pourInto(target: Target, { schema, rows }: Held): Promise<void> {
  const objects = inOrder(schema.objects)
  for (const object of objects) await target.create(object)
  for (const table of objects.filter(isTable).filter(({ hasRows }) => hasRows)) {
    const columns = table.columns.filter(({ generated }) => !generated).map(({ name }) => name)
    await target.load({ table, columns }, inOnePiece(rows.get(table.name) ?? ''))
  }
  for (const object of objects) await target.setCounters(object)
  for (const object of objects) await target.finish(object)
}

/** The settings first, and nothing before what it depends on. */
export function inOrder(objects: readonly DbObject[]): DbObject[] {
  const ordered = objects.filter(({ kind }) => kind === 'database')
  const keyOf = ({ kind, name }: { kind: string; name: string }) => `${kind} ${name}`
  const done = new Set(ordered.map(keyOf))
  let left = objects.filter(({ kind }) => kind !== 'database')
  while (left.length > 0) {
    const ready = left.filter(({ dependsOn }) => dependsOn.every((key) => done.has(keyOf(key))))
    if (ready.length === 0) throw new Error('objects depend on each other in a circle')
    for (const object of ready) done.add(keyOf(object))
    ordered.push(...ready)
    left = left.filter((object) => !ready.includes(object))
  }
  return ordered
}

async function* inOnePiece(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(Buffer.from(text))
}

/** What the SQLite of Node.js answers, each value with its class and bytes; the message where it refuses. */
export function answersOf(path: string, query: string): string[] {
  const database = new DatabaseSync(path, {
    readOnly: true,
    enableDoubleQuotedStringLiterals: true,
  })
  try {
    const statement = database.prepare(query)
    statement.setReadBigInts(true)
    statement.setReturnArrays(true)
    const rows = statement.all() as unknown as readonly unknown[][]
    return rows.map((row) => row.map(described).join(' | '))
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  } finally {
    database.close()
  }
}

function described(value: unknown): string {
  if (value instanceof Uint8Array) return `blob ${Buffer.from(value).toString('hex')}`
  return `${typeof value} ${String(value)}`
}
