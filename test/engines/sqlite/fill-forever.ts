import { setTimeout as sleep } from 'node:timers/promises'
import { sqlite } from '../../../src/engines/sqlite/index.ts'

/** Begins to replace a file, says so, and never ends. Argument: the file. */
const database = await sqlite.open({
  url: `sqlite:${encodeURI(process.argv[2] ?? '')}`,
  environment: {},
})
await database.fill({ mode: 'replace' }, async (target) => {
  await target.create({ kind: 'table', name: 'b', sql: 'CREATE TABLE b (x);\n', dependsOn: [] })
  process.stdout.write('filling\n')
  await sleep(3_600_000)
})
