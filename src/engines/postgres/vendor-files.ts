import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ExpectedError, exitStatus } from '../../errors.ts'
import type { ConnectionRequest } from '../connection.ts'
import type { Place } from './errors.ts'

type Environment = ConnectionRequest['environment']

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (
      error instanceof Error &&
      'code' in error &&
      (error.code === 'ENOENT' || error.code === 'ENOTDIR')
    )
      return undefined
    throw new ExpectedError(
      'unreadable-file',
      `${path} could not be read.`,
      'Make it readable for the user that runs this.',
      {
        status: exitStatus.configuration,
        cause: error,
      },
    )
  }
}

/** The `name=value` lines of one section of a service file, or undefined when there is no such section. */
function section(text: string, service: string): Record<string, string> | undefined {
  let found: Record<string, string> | undefined
  let inside = false
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('[')) {
      inside = found === undefined && line === `[${service}]`
      if (inside) found = {}
      continue
    }
    const equals = line.indexOf('=')
    if (inside && found !== undefined && equals > 0)
      found[line.slice(0, equals).trim()] = line.slice(equals + 1).trim()
  }
  return found
}

/** The settings of a service; https://www.postgresql.org/docs/current/libpq-pgservice.html */
export async function serviceSettings(
  service: string,
  environment: Environment,
): Promise<Readonly<Record<string, string>>> {
  const home = environment['HOME']
  const directory = environment['PGSYSCONFDIR']
  const named = environment['PGSERVICEFILE']
  const files = [
    ...(named !== undefined ? [named] : home !== undefined ? [join(home, '.pg_service.conf')] : []),
    ...(directory !== undefined ? [join(directory, 'pg_service.conf')] : []),
    '/etc/postgresql-common/pg_service.conf',
  ]
  for (const file of files) {
    const text = await textOf(file)
    const found = text === undefined ? undefined : section(text, service)
    if (found !== undefined) return found
  }
  throw new ExpectedError(
    'unknown-service',
    `No service file defines the service "${service}".`,
    `Add a section [${service}] to one of: ${files.join(', ')}.`,
    { status: exitStatus.configuration },
  )
}

/** The five fields of a line of a password file, `\:` and `\\` undone; undefined for other lines. */
function fields(line: string): string[] | undefined {
  if (line.startsWith('#')) return undefined
  const parts = [...line.matchAll(/((?:\\[\s\S]|[^:\\])*)(?::|$)/g)].map((match) => match[1] ?? '')
  const head = parts.slice(0, 4)
  if (head.length < 4) return undefined
  // The password is the rest of the line: an unescaped colon in it belongs to it.
  const consumed = head.reduce((length, part) => length + part.length + 1, 0)
  return [...head, line.slice(consumed)].map((part) => part.replace(/\\([\s\S])/g, '$1'))
}

async function secureText(path: string, isNamed: boolean): Promise<string | undefined> {
  const handle = await open(path, 'r').catch(() => undefined)
  if (handle === undefined) return undefined
  try {
    const facts = await handle.stat()
    if (!facts.isFile()) return undefined
    if ((facts.mode & 0o077) !== 0) {
      if (!isNamed) return undefined
      throw new ExpectedError(
        'unsafe-password-file',
        `The password file ${path} can be read by others.`,
        `Run: chmod 600 ${path}`,
        { status: exitStatus.configuration },
      )
    }
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

/**
 * The password of the first line of the password file that fits, as libpq finds it: a file that others can read
 * is passed over (`~/.pgpass`) or refused (one that was named). https://www.postgresql.org/docs/current/libpq-pgpass.html
 */
export async function passwordFromFile(
  place: Place,
  named: string | undefined,
  environment: Environment,
): Promise<string | undefined> {
  const home = environment['HOME']
  const path = named ?? (home === undefined ? undefined : join(home, '.pgpass'))
  const text = path === undefined ? undefined : await secureText(path, named !== undefined)
  // libpq looks for a socket in a default directory under the name localhost.
  const hosts = /^\/(?:tmp|var\/run\/postgresql|run\/postgresql)$/.test(place.host)
    ? [place.host, 'localhost']
    : [place.host]
  const wanted = [hosts, [String(place.port)], [place.database], [place.user]]
  for (const line of text?.split(/\r?\n/) ?? []) {
    const entry = fields(line)
    if (entry === undefined) continue
    const fits = wanted.every(
      (values, index) => entry[index] === '*' || values.includes(entry[index] ?? ''),
    )
    if (fits && entry[4] !== '') return entry[4]
  }
  return undefined
}
