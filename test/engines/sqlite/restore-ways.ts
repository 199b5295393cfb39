import { writeFileSync } from 'node:fs'
import { sqlite } from '../../../src/engines/sqlite/index.ts'
import { sqliteScript } from '../../../src/engines/sqlite/script.ts'
import type { DbObject, Table } from '../../../src/model.ts'
import { isTable, sqlite3, type Held } from './round-trip.ts'

const isDatabase = (object: DbObject) => object.kind === 'database'

async function* cut(text: string): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let start = 0; start < bytes.length; start += 65_521) {
    yield await Promise.resolve(bytes.subarray(start, start + 65_521))
  }
}

const storedColumns = (table: Table): string[] =>
  table.columns.filter(({ generated }) => !generated).map(({ name }) => name)

/** Makes a new database from a snapshot by the engine itself. */
export async function fillFile({ schema, rows }: Held, path: string): Promise<void> {
  const { objects } = schema
  writeFileSync(path, '')
  await using database = await sqlite.open({ url: `sqlite:${encodeURI(path)}`, environment: {} })
  await database.fill({ mode: 'empty' }, async (target) => {
    for (const object of [...objects].sort((a, b) => Number(isDatabase(b)) - Number(isDatabase(a))))
      await target.create(object)
    for (const table of objects.filter(isTable).filter(({ hasRows }) => hasRows)) {
      const columns = storedColumns(table)
      await target.load({ table, columns }, cut(rows.get(table.name) ?? ''))
    }
    for (const object of objects) await target.finish(object)
  })
}

/** Makes a new database by the sqlite3 program from the script that the engine writes of a snapshot. */
export async function runScriptOf({ schema, rows }: Held, path: string): Promise<void> {
  const settings = schema.objects.find(isDatabase)
  const objects = schema.objects.filter((object) => !isDatabase(object))
  const writer = sqliteScript({
    content: 'everything',
    ...(settings === undefined ? {} : { settings }),
  })
  const parts = [writer.begin(), ...objects.map((object) => writer.create(object))]
  for (const table of objects.filter(isTable).filter(({ hasRows }) => hasRows)) {
    const request = { table, columns: storedColumns(table) }
    for await (const piece of writer.rows(request, cut(rows.get(table.name) ?? '')))
      parts.push(Buffer.from(piece).toString('utf8'))
  }
  parts.push(...objects.map((object) => writer.finish(object)), writer.end())
  sqlite3(path, parts.join(''))
}
