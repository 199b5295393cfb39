import { mysqlScript } from '../../../src/engines/mysql/script.ts'
import type { ScriptRequest } from '../../../src/engines/script.ts'
import type { DbObject, Table } from '../../../src/model.ts'
import { inPieces, loadRequest } from './fill-support.ts'
import { inOrder, type Poured } from './round-trip.ts'

/** A whole script of what was read, as an export makes it. */
export async function snapshotScript(
  content: ScriptRequest['content'],
  poured: Poured,
): Promise<string> {
  const objects = inOrder(poured.schema.objects)
  const settings = objects.find(({ kind }) => kind === 'database')
  const others = objects.filter(({ kind }) => kind !== 'database')
  const writer = mysqlScript({ content, ...(settings === undefined ? {} : { settings }) })
  const pieces = [writer.begin()]
  if (content !== 'rows') pieces.push(...others.map((object) => writer.create(object)))
  if (content !== 'schema') {
    for (const table of others.filter(isTable)) {
      const csv = poured.rows.get(table.name)
      if (csv === undefined) continue
      const { columns } = loadRequest(table)
      for await (const text of writer.rows({ table, columns }, inPieces(csv))) {
        pieces.push(Buffer.from(text).toString('utf8'))
      }
    }
    pieces.push(...others.map((object) => writer.counters(object)))
  }
  if (content !== 'rows') pieces.push(...others.map((object) => writer.finish(object)))
  return [...pieces, writer.end()].join('')
}

function isTable(object: DbObject): object is Table {
  return object.kind === 'table'
}
