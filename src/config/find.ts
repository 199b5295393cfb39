import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ExpectedError, exitStatus } from '../errors.ts'
import type { Environment } from '../model.ts'

/** Where a configuration may be named. */
export interface FindRequest {
  /** `--config`. */
  readonly explicit?: string
  readonly environment: Environment
  readonly workingDirectory: string
  /** The last place to look at. */
  readonly systemFile?: string
}

/**
 * The absolute path of the configuration: the named one, else `SCHEMA_BACKUP_CONFIG`, else the first that exists of
 * `etc/schema_backup.conf`, `schema_backup.conf` and `/etc/schema_backup.conf`. Throws ExpectedError
 * `configuration-not-found` (status 78) that lists the places.
 */
export async function findConfigFile(request: FindRequest): Promise<string> {
  const { environment, workingDirectory, systemFile = '/etc/schema_backup.conf' } = request
  const variable = environment['SCHEMA_BACKUP_CONFIG']
  if (request.explicit !== undefined) {
    return await namedFile('--config', resolve(workingDirectory, request.explicit))
  }
  if (variable !== undefined && variable !== '') {
    return await namedFile('SCHEMA_BACKUP_CONFIG', resolve(workingDirectory, variable))
  }
  const places = [
    join(workingDirectory, 'etc', 'schema_backup.conf'),
    join(workingDirectory, 'schema_backup.conf'),
    systemFile,
  ]
  for (const place of places) if (await exists(place)) return place
  throw notFound(
    `There is no configuration. Looked at:\n${places.map((place) => `  ${place}`).join('\n')}`,
  )
}

async function namedFile(source: string, file: string): Promise<string> {
  if (await exists(file)) return file
  throw notFound(`There is no configuration ${file}, which ${source} names.`)
}

/** A file that can't be looked at counts: passing over it would use another configuration than is meant. */
async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code !== 'ENOENT' && code !== 'ENOTDIR'
  }
}

function notFound(message: string): ExpectedError {
  return new ExpectedError(
    'configuration-not-found',
    message,
    'Name one: schema_backup --config FILE. Or make one: schema_backup init URL',
    { status: exitStatus.configuration },
  )
}
