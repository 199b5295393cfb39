import { once } from 'node:events'
import { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { postgres } from '../../../src/engines/postgres/index.ts'
import type { DbObject, Environment, ObjectKey, Schema, Table } from '../../../src/model.ts'

/** A snapshot held in memory: the schema, and the rows of every table as CSV text. */
export interface HeldSnapshot {
  readonly schema: Schema
  readonly rows: ReadonlyMap<string, Buffer>
}

/** A text that is equal for equal keys. */
export function keyText(key: ObjectKey): string {
  return JSON.stringify([key.kind, key.schema ?? null, key.name, key.signature ?? null])
}

/** Reads a database with the engine, every row of every table included. */
export async function heldSnapshot(
  url: string,
  environment: Environment = {},
): Promise<HeldSnapshot> {
  await using database = await postgres.open({ url, environment })
  return await database.read({ wantsRows: () => true }, async (snapshot) => {
    const rows = new Map<string, Buffer>()
    for (const object of snapshot.schema.objects) {
      if (!isTable(object) || !object.hasRows) continue
      const blocks: Uint8Array[] = []
      for await (const block of snapshot.rows(object)) blocks.push(block)
      rows.set(keyText(object), Buffer.concat(blocks))
    }
    return { schema: snapshot.schema, rows }
  })
}

/** The objects as the shared files hold them. */
export function withoutSecrets({ schema }: HeldSnapshot): readonly DbObject[] {
  return schema.objects.map((object) =>
    object.sqlSecrets === undefined ? object : { ...object, sqlSecrets: '' },
  )
}

export function isTable(object: DbObject): object is Table {
  return object.kind === 'table'
}

/** Objects in an order in which each comes after what it depends on; ties by key. */
export function inOrder(objects: readonly DbObject[]): readonly DbObject[] {
  const byKey = new Map(objects.map((object) => [keyText(object), object]))
  const ordered = new Map<string, DbObject>()
  const open = new Set<string>()
  const visit = (object: DbObject): void => {
    const key = keyText(object)
    if (ordered.has(key)) return
    if (open.has(key)) throw new Error(`${key} depends on itself`)
    open.add(key)
    for (const needed of object.dependsOn) {
      const found = byKey.get(keyText(needed))
      if (found === undefined)
        throw new Error(`${key} depends on ${keyText(needed)}, which is no object`)
      visit(found)
    }
    open.delete(key)
    ordered.set(key, object)
  }
  for (const [, object] of [...byKey].sort(([left], [right]) => (left < right ? -1 : 1)))
    visit(object)
  return [...ordered.values()]
}

async function runEach(
  client: Client,
  objects: readonly DbObject[],
  part: (object: DbObject) => string | undefined,
): Promise<void> {
  for (const object of objects) {
    const sql = part(object)
    if (sql === undefined) continue
    try {
      await client.query(sql)
    } catch (error) {
      throw new Error(
        `${keyText(object)}: ${error instanceof Error ? error.message : ''}\n${sql}`,
        { cause: error },
      )
    }
  }
}

async function loadRows(client: Client, table: Table, csv: Buffer): Promise<void> {
  const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`
  const columns = table.columns.filter(({ generated }) => !generated).map(({ name }) => quote(name))
  const name = `${quote(table.schema ?? '')}.${quote(table.name)}`
  if (columns.length === 0) {
    const count = csv.filter((byte) => byte === 0x0a).length
    for (let row = 0; row < count; row += 1)
      await client.query(`INSERT INTO ${name} DEFAULT VALUES`)
    return
  }
  const stream = client.query(
    copyFrom(`COPY ${name} (${columns.join(', ')}) FROM STDIN (FORMAT csv)`),
  )
  const ended = once(stream, 'finish')
  stream.end(csv)
  await ended
}

/** Pours a snapshot into an empty database: SQL, rows with the path that the database itself sets, counters, the rest. */
export async function pour(snapshot: HeldSnapshot, url: string): Promise<void> {
  const objects = inOrder(snapshot.schema.objects)
  const ofDatabase = objects.filter(({ kind }) => kind === 'database')
  // Roles belong to the server, which has those of the tests.
  const others = objects.filter(({ kind }) => kind !== 'database' && kind !== 'role')
  // Settings of the database are seen by the sessions that come after.
  await withSession(url, (client) => runEach(client, ofDatabase, ({ sql }) => sql))
  await withSession(url, async (client) => {
    await client.query(
      "SET search_path = ''; SET check_function_bodies = off; SET client_min_messages = error",
    )
    await runEach(client, others, ({ sql }) => sql)
    await client.query('RESET search_path')
    for (const table of objects.filter(isTable)) {
      const csv = snapshot.rows.get(keyText(table))
      if (csv !== undefined && csv.length > 0) await loadRows(client, table, csv)
    }
    await client.query("SET search_path = ''")
    await runEach(client, objects, ({ sqlCounters }) => sqlCounters)
    await runEach(client, objects, ({ sqlAfterRows }) => sqlAfterRows)
  })
}

async function withSession(url: string, use: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await use(client)
  } finally {
    await client.end()
  }
}

/**
 * A dump as a list of lines that is equal for equal databases. Sorted, because physical row order, the order of grants
 * and that of equal-ranking objects (by oid) are no content. Storage parameters are sorted too: we write them sorted.
 */
export function dumpLines(dump: string): readonly string[] {
  return dump
    .split('\n')
    .filter((line) => !/^\\(un)?restrict /.test(line) && !line.startsWith('--') && line !== '')
    .map((line) =>
      line.replace(
        /\bWITH \(([^()]*)\)/,
        (_, list: string) => `WITH (${list.split(', ').sort().join(', ')})`,
      ),
    )
    .sort()
}

/** Lines of one list that are not in the other, `-` or `+` before them. */
export function differingLines(
  before: readonly string[],
  after: readonly string[],
): readonly string[] {
  const counts = new Map<string, number>()
  for (const line of before) counts.set(line, (counts.get(line) ?? 0) - 1)
  for (const line of after) counts.set(line, (counts.get(line) ?? 0) + 1)
  return [...counts].flatMap(([line, count]) =>
    Array.from({ length: Math.abs(count) }, () => `${count < 0 ? '-' : '+'}${line}`),
  )
}

/** Where two snapshots differ in text or rows; versions and counters of untouched sequences included. */
export function snapshotDifferences(before: HeldSnapshot, after: HeldSnapshot): readonly string[] {
  const texts = (snapshot: HeldSnapshot): ReadonlyMap<string, string> =>
    new Map(
      snapshot.schema.objects.map((object) => [
        // The database's own name is no content.
        object.kind === 'database' ? 'database' : keyText(object),
        JSON.stringify([
          object.sql,
          object.sqlAfterRows,
          object.sqlSecrets,
          object.sqlCounters,
          object.dependsOn.map(keyText),
        ]),
      ]),
    )
  const [left, right] = [texts(before), texts(after)]
  const keys = new Set([...left.keys(), ...right.keys()])
  const objects = [...keys].filter((key) => left.get(key) !== right.get(key))
  const tables = [...before.rows].filter(
    ([key, csv]) => !(after.rows.get(key)?.equals(csv) ?? false),
  )
  return [
    ...objects.map((key) => `${key}\n${left.get(key) ?? ''}\n${right.get(key) ?? ''}`),
    ...tables.map(([key]) => `rows of ${key}`),
  ]
}
