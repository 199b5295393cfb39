import { createHash } from 'node:crypto'
import { postgres } from '../../../src/engines/postgres/index.ts'
import { heldSnapshot } from './round-trip.ts'

// Prints a digest of everything in a database, under the process's own locale, time zone and variables.
const [url = ''] = process.argv.slice(2)
const { schema, rows } = await heldSnapshot(url, process.env)
const hash = createHash('sha256').update(JSON.stringify(schema))
for (const [key, csv] of rows) hash.update(key).update(csv)
await using database = await postgres.open({ url, environment: process.env })
hash.update(JSON.stringify((await database.findings()).length))
process.stdout.write(hash.digest('hex'))
