import { realpath } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { absolutePath, type PathBase } from './url.ts'

/** Where a configuration's files go, absolute. */
export interface Directories {
  readonly backup: string
  readonly private?: string
}

/**
 * The directories of a configuration. The default backup directory is `schema_backup/` beside the `etc/` that
 * holds the file, or beside the file itself where it is in no `etc/`.
 */
export function resolveDirectories(
  file: string,
  written: { backup: string | null | undefined; private: string | null | undefined },
  base: PathBase,
): Directories {
  const directory = dirname(file)
  const home = basename(directory) === 'etc' ? dirname(directory) : directory
  const isDefault = (written.backup ?? 'default') === 'default'
  const backup = isDefault ? join(home, 'schema_backup') : absolutePath(written.backup ?? '', base)
  const secret = written.private ?? undefined
  return { backup, ...(secret === undefined ? {} : { private: absolutePath(secret, base) }) }
}

/** Why two directories can't be used together, in words without their paths; undefined when they can. */
export function directoryConflict(directories: Directories): string | undefined {
  if (directories.private === undefined) return undefined
  const { backup, private: secret } = directories
  if (backup === secret) return 'it is the backup directory itself'
  if (isInside(backup, secret)) return 'the backup directory is inside it'
  if (isInside(secret, backup)) return 'it is inside the backup directory'
  return undefined
}

function isInside(path: string, parent: string): boolean {
  const way = relative(parent, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`)
}

/** Directories with the symbolic links of their existing part followed. */
export async function realDirectories(directories: Directories): Promise<Directories> {
  const backup = await realPath(directories.backup)
  if (directories.private === undefined) return { backup }
  return { backup, private: await realPath(directories.private) }
}

async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(await realPath(parent), basename(path))
  }
}
