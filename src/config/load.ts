import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Environment } from '../model.ts'
import type { Config, ConfigWarning, DatabaseConfig } from './config.ts'
import { readDatabases } from './databases.ts'
import { directoryConflict, realDirectories, resolveDirectories } from './directories.ts'
import { parseYaml, type ValuePath, type YamlFile } from './document.ts'
import { expandData } from './expand.ts'
import { configurationError, exampleUrl, yamlExample, type Finding } from './finding.ts'
import { fullHostName } from './host.ts'
import type { Settings } from './schema.ts'
import { checkShape, unknownKeys } from './shape.ts'
import { readConfigText } from './source.ts'
import { urlPaths } from './targets.ts'
import { holdsPlainSecret, type PathBase, type UrlSchemes } from './url.ts'

export { findConfigFile, type FindRequest } from './find.ts'

/** What a configuration is read with. */
export interface LoadRequest {
  readonly environment: Environment
  /** `--host`: wins over the file's. */
  readonly host?: string
  readonly schemes: UrlSchemes
}

export interface LoadedConfig {
  readonly config: Config
  /** What works but is probably not meant, in the order of the file. */
  readonly warnings: readonly ConfigWarning[]
}

/**
 * Reads, validates and completes a configuration file. Throws one ExpectedError `configuration-invalid` (status 78)
 * with everything that is wrong, each with `file:line:column`, what was expected and what to write.
 */
export async function loadConfig(file: string, request: LoadRequest): Promise<LoadedConfig> {
  const path = resolve(file)
  const yaml = parseYaml(path, await readConfigText(path))
  const base: PathBase = { directory: dirname(path), environment: request.environment }
  const secrets = new Set<string>()
  const { data, findings } = readData(yaml, request.environment)
  const shape = checkShape(data, yaml)
  const databases = readDatabases({ yaml, data, schemes: request.schemes, base, secrets })
  const found = [
    ...hostFindings(request.host),
    ...findings,
    ...shape.findings,
    ...databases.findings,
  ]
  if (shape.settings === undefined || found.length > 0) throw configurationError(found)
  const config = await complete(path, shape.settings, databases.databases, { base, yaml, request })
  const warnings = [
    ...unknownKeys(data, yaml),
    ...databases.warnings,
    ...(await readablePasswords(path, yaml)),
  ]
  return { config: frozen({ ...config, secrets: () => [...secrets] }), warnings }
}

/** The file's content with its variables filled in; throws where nothing can be said about the content. */
function readData(
  yaml: YamlFile,
  environment: Environment,
): { data: unknown; findings: readonly Finding[] } {
  if (yaml.data === undefined && yaml.findings.length > 0) throw configurationError(yaml.findings)
  if (yaml.data === undefined || yaml.data === null) {
    const write = yamlExample('database', exampleUrl)
    throw configurationError([
      { where: yaml.where([]), message: 'expected a configuration, found an empty file', write },
    ])
  }
  const expanded = expandData(yaml, environment)
  return { data: expanded.data, findings: [...yaml.findings, ...expanded.findings] }
}

function hostFindings(host: string | undefined): Finding[] {
  if (host === undefined || /^\P{Cc}+$/u.test(host)) return []
  return [{ where: '--host', message: 'expected a name without control characters' }]
}

async function complete(
  file: string,
  settings: Settings,
  databases: readonly DatabaseConfig[],
  { base, yaml, request }: { base: PathBase; yaml: YamlFile; request: LoadRequest },
): Promise<Omit<Config, 'secrets'>> {
  const directories = await checkedDirectories(file, settings, base, yaml)
  const command = settings.service_command ?? 'systemctl'
  return {
    file,
    backupDirectory: directories.backup,
    ...(directories.private === undefined ? {} : { privateDirectory: directories.private }),
    host: request.host ?? settings.host ?? (await fullHostName(request.environment)),
    databases,
    services: {
      providers: settings.providers ?? [],
      consumers: settings.consumers ?? [],
      serviceCommand: typeof command === 'string' ? command.trim().split(/\s+/) : command,
    },
    pauseIntervalSeconds: settings.pause_interval ?? 0,
    git: gitSettings(settings),
    strict: settings.strict ?? false,
  }
}

async function checkedDirectories(
  file: string,
  settings: Settings,
  base: PathBase,
  yaml: YamlFile,
) {
  const written = { backup: settings.csv2_backup_dir, private: settings.user_data_backup_dir }
  const directories = resolveDirectories(file, written, base)
  const conflict =
    directoryConflict(directories) ?? directoryConflict(await realDirectories(directories))
  if (conflict === undefined) return directories
  const key = 'user_data_backup_dir'
  const write = yamlExample(key, '/var/local/project/schema_backups')
  const message = `expected a \`${key}\` apart from the backup directory, but ${conflict}`
  throw configurationError([{ where: yaml.where([key]), message, write }])
}

function gitSettings(settings: Settings): Config['git'] {
  const [, name, email] = /^(.*) <(.*)>$/.exec(settings.git?.author ?? '') ?? []
  const branch = settings.git?.branch ?? undefined
  return {
    ...(name === undefined ? {} : { authorName: name.trim() }),
    ...(email === undefined ? {} : { authorEmail: email }),
    ...(branch === undefined ? {} : { branch }),
  }
}

async function readablePasswords(file: string, yaml: YamlFile): Promise<ConfigWarning[]> {
  const { mode } = await stat(file)
  if ((mode & 0o044) === 0) return []
  return urlPaths(yaml.data)
    .filter((path) => holdsPlainSecret(textAt(yaml.data, path)))
    .map((path) => ({
      code: 'readable-password',
      where: yaml.where(path),
      message: 'The URL holds a password, and others can read this file.',
      next: `Use \`password_file\`, or run: chmod 600 '${file}'`,
    }))
}

function textAt(data: unknown, path: ValuePath): string {
  const value = path.reduce<unknown>(
    (inner, key) => (inner instanceof Object ? Reflect.get(inner, key) : undefined),
    data,
  )
  return typeof value === 'string' ? value : ''
}

function frozen<T>(value: T): T {
  if (value instanceof Object && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(frozen)
  }
  return value
}
