import type { ConnectionRequest } from '../../../src/engines/connection.ts'
import { fillWith } from './fill-support.ts'
import { readWhole } from './round-trip.ts'

/** Fills the second database with what the first one holds, until it is killed. */
const [source, target] = JSON.parse(process.argv[2] ?? '[]') as readonly ConnectionRequest[]
if (source === undefined || target === undefined) throw new Error('usage: fill-child.ts REQUESTS')
await fillWith(target, 'replace', await readWhole(source))
