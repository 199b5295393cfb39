import { scriptWriter } from '../../../src/engines/postgres/script.ts'
import { blocks, restoreOrder, storedColumns } from './restore.ts'
import { isTable, keyText, type HeldSnapshot } from './round-trip.ts'

/** The whole snapshot as a script for psql. */
export async function scriptOf(snapshot: HeldSnapshot): Promise<string> {
  const objects = restoreOrder(snapshot)
  const settings = objects.find(({ kind }) => kind === 'database')
  const writer = scriptWriter({
    content: 'everything',
    ...(settings === undefined ? {} : { settings }),
  })
  const others = objects.filter(({ kind }) => kind !== 'database')
  const texts = [writer.begin(), ...others.map((object) => writer.create(object))]
  for (const table of objects.filter(isTable)) {
    const csv = snapshot.rows.get(keyText(table)) ?? Buffer.alloc(0)
    const rows = writer.rows({ table, columns: storedColumns(table) }, blocks(csv))
    for await (const text of rows) texts.push(Buffer.from(text).toString())
  }
  texts.push(...objects.map((object) => writer.counters(object)))
  texts.push(...objects.map((object) => writer.finish(object)), writer.end())
  return texts.join('')
}
