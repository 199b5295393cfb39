import { spawn } from 'node:child_process'
import { mkdirSync, openSync } from 'node:fs'
import { access, readFile, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { mariadb, newerMariadb, oldestMariadb } from './launch-mariadb.ts'
import { mysql } from './launch-mysql.ts'
import { postgres } from './launch-postgres.ts'
import type { ServerName } from './server-names.ts'

/** How to reach a running server; plain data. */
export interface ServerFacts {
  readonly name: ServerName
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** The path of the unix socket (PostgreSQL: the directory that holds it, as its clients want it). */
  readonly socket: string
  /** As the server itself says it: `15.18`, `10.11.14-MariaDB-0+deb12u2`. */
  readonly version: string
}

/** Where one server lives and how it is logged in to. */
export interface Place {
  readonly directory: string
  readonly port: number
  readonly password: string
  /** Options of the server besides its usual ones, from the beginning. */
  readonly options?: readonly string[]
}

/** What differs between the products. */
export interface Launcher {
  readonly user: string
  /** Makes an empty data directory. */
  initialize(place: Place): void
  /** The command that runs the server in the foreground; the process that it starts becomes the server itself. */
  command(place: Place): readonly string[]
  socket(place: Place): string
  /** The server's version once it answers with the password; throws until then. */
  version(place: Place): string
}

const launchers: Readonly<Record<ServerName, Launcher>> = {
  mariadb,
  mariadb11: newerMariadb,
  'mariadb10.5': oldestMariadb,
  mysql,
  postgres14: postgres(14),
  postgres15: postgres(15),
  postgres16: postgres(16),
  postgres17: postgres(17),
  postgres18: postgres(18),
}

const host = '127.0.0.1'
// Every sign that a URL must escape: a test that forgets to escape it can't log in.
const password = 'canary-Root p@ss:w/rd%41?#'

/** Starts a server in the room, or waits for the process that does so already. */
async function main(name: ServerName, room: string, options: readonly string[]): Promise<void> {
  const directory = join(room, name)
  try {
    mkdirSync(directory, { mode: 0o755 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    await waitForOther(directory)
    return
  }
  try {
    const facts = await start(name, directory, options)
    await writeFile(join(directory, 'facts.new'), JSON.stringify(facts))
    await rename(join(directory, 'facts.new'), join(directory, 'facts.json'))
  } catch (error) {
    await writeFile(join(directory, 'failure'), String(error))
    throw error
  }
}

async function start(
  name: ServerName,
  directory: string,
  options: readonly string[],
): Promise<ServerFacts> {
  const launcher = launchers[name]
  const place: Place = { directory, port: await freePort(), password, options }
  launcher.initialize(place)
  const log = join(directory, 'server.log')
  const output = openSync(log, 'a')
  const [program = '', ...words] = launcher.command(place)
  const server = spawn(program, words, { detached: true, stdio: ['ignore', output, output] })
  await writeFile(join(directory, 'server.pid'), `${server.pid ?? 0}\n`)
  server.unref()
  const version = await firstAnswer(launcher, place, () => server.exitCode !== null, log)
  const { user } = launcher
  return { name, host, port: place.port, user, password, socket: launcher.socket(place), version }
}

async function firstAnswer(
  launcher: Launcher,
  place: Place,
  isGone: () => boolean,
  log: string,
): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return launcher.version(place)
    } catch (error) {
      if (isGone() || attempt > 300) {
        throw new Error(`${String(error)}\n${await readFile(log, 'utf8')}`, { cause: error })
      }
    }
    await pause(50)
  }
}

async function waitForOther(directory: string): Promise<void> {
  for (let attempt = 0; attempt < 1200; attempt += 1) {
    if (await exists(join(directory, 'facts.json'))) return
    if (await exists(join(directory, 'failure'))) {
      throw new Error(await readFile(join(directory, 'failure'), 'utf8'))
    }
    await pause(50)
  }
  throw new Error(`no server in ${directory} after a minute`)
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, host, resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

if (import.meta.main) {
  const [name, room, ...options] = process.argv.slice(2)
  if (name === undefined || room === undefined || !Object.hasOwn(launchers, name)) {
    throw new Error('usage: start-server.ts SERVER ROOM [OPTION …]')
  }
  await main(name as ServerName, room, options)
}
