import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { inject } from 'vitest'

/** A program beside the servers that a test starts and ends itself; when it can't, the room's caretaker does. */
export interface Service extends AsyncDisposable {
  /** What it printed so far. */
  log(): string
  readonly hasEnded: () => boolean
}

/** A directory in this run's room that other users can enter; its name begins with `postgres` for a server of PostgreSQL. */
export async function serviceDirectory(name: string): Promise<string> {
  const directory = await mkdtemp(join(inject('serverRoom'), `${name}-`))
  chmodSync(directory, 0o755)
  return directory
}

/** Starts a program that runs in the foreground; its command names the directory. SIGINT ends it. */
export function startService(
  directory: string,
  [program = '', ...words]: readonly string[],
): Service {
  const path = join(directory, 'service.log')
  const output = openSync(path, 'a')
  const child = spawn(program, words, {
    detached: true,
    stdio: ['ignore', output, output],
    cwd: '/',
  })
  writeFileSync(join(directory, 'server.pid'), `${child.pid ?? 0}\n`)
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  return {
    log: () => readFileSync(path, 'utf8'),
    hasEnded,
    [Symbol.asyncDispose]: async () => {
      if (!hasEnded()) await ended(child)
    },
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGINT')
  await exit
}

/** A port of this machine that nobody listens at. */
export async function unusedPort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
