/** A process that is killed in the middle of a fill: `fill-child.ts URL`; it prints `loading` and never ends on its own. */
import { setTimeout } from 'node:timers/promises'
import { postgres } from '../../../src/engines/postgres/index.ts'

async function* endlessRows(): AsyncGenerator<Uint8Array> {
  for (let row = 1; ; row += 1) {
    yield Buffer.from(`${row},text\n`)
    if (row === 10_000) console.log('loading')
    if (row >= 10_000) await setTimeout(20)
  }
}

const [url = ''] = process.argv.slice(2)
await using database = await postgres.open({ url, environment: {} })
await database.fill({ mode: 'replace' }, async (target) => {
  await target.create({
    kind: 'table',
    schema: 'public',
    name: 'half',
    sql: 'CREATE TABLE public.half (id integer, v text);\n',
    dependsOn: [],
  })
  await target.load(
    { table: { schema: 'public', name: 'half' }, columns: ['id', 'v'] },
    endlessRows(),
  )
})
