import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openServerRoom } from '../../support/server-room.ts'
import { serverFrom, type Server, type ServerName } from '../../support/servers.ts'
import type { ServerFacts } from '../../support/start-server.ts'

const program = join(import.meta.dirname, '../../support/start-server.ts')

/** A server that no other test uses, so that all of its databases and sessions are the caller's. */
export async function startOwnServer(
  name: ServerName,
  ...options: readonly string[]
): Promise<{ readonly server: Server; stop(): Promise<void> }> {
  const room = await openServerRoom()
  const words = ['--disable-warning=ExperimentalWarning', program, name, room.directory, ...options]
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  if (status !== 0) {
    await room.close()
    throw new Error(`${name} did not start: ${stderr}`)
  }
  const text = readFileSync(join(room.directory, name, 'facts.json'), 'utf8')
  const facts = JSON.parse(text) as ServerFacts
  return { server: serverFrom(name, facts), stop: () => room.close() }
}
