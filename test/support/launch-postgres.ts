import { spawnSync } from 'node:child_process'
import { chownSync, cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { postgresDirectory } from '../../scripts/setup/places.mjs'
import { treeCommand } from './debian-tree.ts'
import { program, run } from './program.ts'
import type { Launcher, Place } from './start-server.ts'

const user = 'postgres'
const nobody = 65534

/** PostgreSQL of a major version, from the binaries that the set-up put into the cache. */
export function postgres(major: number): Launcher {
  return {
    user,
    socket: (place) => place.directory,
    initialize(place) {
      const data = join(place.directory, 'data')
      const passwordFile = join(place.directory, 'password')
      mkdirSync(data, { mode: 0o700 })
      writeFileSync(passwordFile, place.password, { mode: 0o600 })
      if (isRoot()) {
        for (const path of [data, passwordFile, place.directory]) chownSync(path, nobody, nobody)
      }
      const initdb = [binary(major, place, 'initdb'), '-D', data, '-U', user, '--no-sync']
      const login = ['--auth=scram-sha-256', `--pwfile=${passwordFile}`]
      const [first = '', ...rest] = unprivileged([
        ...initdb,
        ...login,
        '--encoding=UTF8',
        '--locale=C.UTF-8',
      ])
      run(first, rest)
    },
    command: (place) => unprivileged([binary(major, place, 'postgres'), ...serverOptions(place)]),
    version(place) {
      const environment = { ...process.env, PGPASSWORD: place.password }
      const words = [
        '-XAtq',
        '-h',
        '127.0.0.1',
        '-p',
        `${place.port}`,
        '-U',
        user,
        '-d',
        'postgres',
      ]
      return run(program('psql'), [...words, '-c', 'SHOW server_version'], environment).trim()
    },
  }
}

function serverOptions(place: Place): readonly string[] {
  const settings = [
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${place.directory}`,
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    'shared_buffers=32MB',
    'wal_level=logical',
    'max_prepared_transactions=2',
  ]
  const named = settings.flatMap((setting) => ['-c', setting])
  return ['-D', join(place.directory, 'data'), '-p', `${place.port}`, ...named]
}

/** What runs a server on a data directory that is the server's copy, `data` in the place's directory. */
export function standbyCommand(major: number, place: Place): readonly string[] {
  const data = join(place.directory, 'data')
  if (isRoot()) run('chown', ['-R', `${nobody}:${nobody}`, place.directory])
  run('chmod', ['0700', data])
  return unprivileged([binary(major, place, 'postgres'), ...serverOptions(place)])
}

/** The command of a program that refuses to run as root, as the user that servers run as. */
export function commandOfServerUser(
  command: readonly string[],
  directory: string,
): readonly string[] {
  if (isRoot()) run('chown', ['-R', `${nobody}:${nobody}`, directory])
  return unprivileged(command)
}

/** The path of a server binary that the server's user can reach: a checkout below a private home is copied first. */
function binary(major: number, place: Place, name: string): string {
  const installed = postgresDirectory(major)
  const path = join(installed, 'bin', name)
  if (!existsSync(path))
    throw new Error(`PostgreSQL ${major} is not installed: run "npm run setup"`)
  const [first = '', ...rest] = unprivileged(['test', '-x', path])
  if (spawnSync(first, rest).status === 0) return path
  const copy = join(place.directory, 'native')
  if (!existsSync(copy)) cpSync(installed, copy, { recursive: true, verbatimSymlinks: true })
  return join(copy, 'bin', name)
}

/** PostgreSQL refuses to run as root. */
function unprivileged(command: readonly string[]): readonly string[] {
  if (!isRoot()) return command
  const identity = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']
  return [program('setpriv'), ...identity, '--', ...command]
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** The command of pg_basebackup, which copies servers of every version. */
export function baseBackup(): readonly string[] {
  return treeCommand('postgres-client', 'usr/lib/postgresql/18/bin/pg_basebackup')
}

/** The command of a PostgreSQL client that is no older than the server: pg_dump refuses newer servers. */
export function postgresClient(server: string, name: 'pg_dump' | 'psql'): readonly string[] {
  if (server === 'postgres14' || server === 'postgres15') return [program(name)]
  return treeCommand('postgres-client', `usr/lib/postgresql/18/bin/${name}`)
}
