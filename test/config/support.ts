import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { rm } from 'node:fs/promises'
import { loadConfig, type LoadedConfig } from '../../src/config/load.ts'
import { urlSchemes } from '../../src/engines/index.ts'
import { ExpectedError } from '../../src/errors.ts'
import type { Environment } from '../../src/model.ts'

/** A new directory that goes when the test ends. */
export async function scratchDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'schema_backup-config-'))
  onTestFinished(async () => {
    await rm(directory, { recursive: true, force: true })
  })
  return directory
}

/** A configuration file with this content, in `etc/` of a new directory. */
export async function configFile(content: string | Uint8Array): Promise<string> {
  const file = join(await scratchDirectory(), 'etc', 'schema_backup.conf')
  await mkdir(dirname(file))
  await writeFile(file, content, { mode: 0o600 })
  return file
}

export interface LoadOptions {
  readonly environment?: Environment
  readonly host?: string
}

/** Loads a file with nothing in its environment but what the test gives. */
export async function load(file: string, options: LoadOptions = {}): Promise<LoadedConfig> {
  return await loadConfig(file, { environment: {}, schemes: urlSchemes, ...options })
}

/** Loads a content with a database in it. */
export async function loadText(content: string, options: LoadOptions = {}): Promise<LoadedConfig> {
  return await load(await configFile(content), options)
}

/** The ExpectedError that a promise is rejected with. */
export async function expectedError(promise: Promise<unknown>): Promise<ExpectedError> {
  const result = await promise.then(
    () => new Error('nothing was thrown'),
    (error: unknown) => error,
  )
  if (result instanceof ExpectedError) return result
  throw new Error('expected an ExpectedError', { cause: result })
}

/** What is wrong with a content: its findings with `LINE:COLUMN` instead of the file's full place. */
export async function findingsOf(
  content: string | Uint8Array,
  environment: Environment = {},
): Promise<string> {
  const file = await configFile(content)
  const error = await expectedError(load(file, { environment }))
  return error.message.replaceAll(`${file}:`, '')
}
