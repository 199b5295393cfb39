import process from 'node:process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const projectDirectory = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Where the set-up puts servers and clients that are no packages of the system. */
export const cacheDirectory = join(projectDirectory, 'node_modules', '.cache', 'schema_backup')

/** Installed PostgreSQL binaries of a major version: `bin/`, `lib/`, `share/`. */
export function postgresDirectory(major) {
  return join(cacheDirectory, `postgres${major}`, 'native')
}

/** A private tree of Debian packages, started through its own loader. */
export function debianTree(name) {
  return join(cacheDirectory, name)
}

/** The tree of PostgreSQL's own regression tests. */
export const regressionTree = 'regression15'

/** The path of a program on PATH or in the usual places of servers; undefined when there is none. */
export function findProgram(name) {
  const directories = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/bin',
    '/usr/sbin',
    '/usr/local/bin',
    '/usr/local/sbin',
  ]
  return directories.map((directory) => join(directory, name)).find((path) => existsSync(path))
}
