import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { openServerRoom } from './server-room.ts'

// A runner with one server that never ends by itself: servers.test.ts kills it.
const room = await openServerRoom()
const program = join(import.meta.dirname, 'start-server.ts')
execFileSync(process.execPath, [program, 'postgres15', room.directory])
process.stdout.write(`${room.directory}\n`)
setInterval(() => undefined, 60_000)
