import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { inject } from 'vitest'
import { serverNames, type ServerName } from './server-names.ts'
import type { ServerFacts } from './start-server.ts'

export { majorVersion, outerPostgresServers, postgresServers } from './server-names.ts'
export type { MysqlServer, PostgresServer, ServerName } from './server-names.ts'

/** A running server that is thrown away at the end; `user` may do everything. */
export interface Server extends ServerFacts {
  /** A configuration URL of one of its databases, with user and password. */
  url(database: string): string
}

/** The servers of this run. Each starts when it is first asked for, which takes a second or two. */
export function servers(): Readonly<Record<ServerName, Server>> {
  return running
}

const running = Object.defineProperties(
  {},
  Object.fromEntries(
    serverNames.map((name) => [name, { enumerable: true, get: () => server(name) }]),
  ),
) as Readonly<Record<ServerName, Server>>

/** An empty directory that is removed after the run. */
export async function temporaryDirectory(): Promise<string> {
  return await mkdtemp(join(inject('serverRoom'), 'scratch', 'd-'))
}

const started = new Map<ServerName, Server>()

function server(name: ServerName): Server {
  const known = started.get(name)
  if (known !== undefined) return known
  const made = serverFrom(name, startedFacts(name))
  started.set(name, made)
  return made
}

/** A running server with the URLs of its databases. */
export function serverFrom(name: ServerName, facts: ServerFacts): Server {
  const scheme = name.replace(/[\d.]+$/, '')
  const login = `${encodeURIComponent(facts.user)}:${encodeURIComponent(facts.password)}`
  const url = (database: string) =>
    `${scheme}://${login}@${facts.host}:${facts.port}/${encodeURIComponent(database)}`
  return { ...facts, url }
}

/** Another thread may have started it already; start-server.ts starts each one once. */
function startedFacts(name: ServerName): ServerFacts {
  const program = join(import.meta.dirname, 'start-server.ts')
  const room = inject('serverRoom')
  const words = ['--disable-warning=ExperimentalWarning', program, name, room]
  const result = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 120_000 })
  if (result.status !== 0) {
    throw new Error(`${name} did not start: ${result.stderr}${result.stdout}\nTry: npm run setup`)
  }
  return JSON.parse(readFileSync(join(room, name, 'facts.json'), 'utf8')) as ServerFacts
}
