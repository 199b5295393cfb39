import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { CategoryProblem } from '../config/categories.ts'
import type { Config, ConfigWarning, DatabaseConfig } from '../config/config.ts'
import { engineOfProduct } from '../engines/index.ts'
import { ExpectedError, exitStatus, type ExitStatus } from '../errors.ts'
import { openRepository } from '../git/repository.ts'
import { categorise, unknownEntries } from './categorise.ts'
import type { Schema, TableName } from '../model.ts'
import type { CommandContext } from './context.ts'
import { planMasks } from './mask.ts'
import { authorOf, refuseInRepository } from './destinations.ts'
import { interruptible } from './interrupt.ts'
import { openDatabase } from './open-database.ts'
import { failureOf } from './report.ts'
import { keyText } from './selection.ts'
import { selectDatabases } from './snapshot.ts'

/** One thing that would go wrong in a run (`error`), or that a person should know before it (`warning`). */
export interface CheckFinding {
  readonly severity: 'error' | 'warning'
  /** What it is about: a database, a directory, `file:line:column`. */
  readonly where: string
  readonly message: string
  readonly next: string
}

/** What `check` found; `--json` prints it as it is. */
export interface CheckReport {
  readonly host: string
  readonly findings: readonly CheckFinding[]
  /** What was looked at and is well, one line each. */
  readonly passed: readonly string[]
  readonly status: ExitStatus
}

/** What was found in one database, and what the lists say that does not fit it. */
interface Examined {
  readonly findings: readonly CheckFinding[]
  readonly misfits: readonly CategoryProblem[]
}

/** Less free space than this is a finding. */
const scarceBytes = 200 * 1024 * 1024

/** Looks for everything that would go wrong or be left out in a run, and changes nothing. */
export async function check(
  config: Config,
  configWarnings: readonly ConfigWarning[],
  options: { readonly database?: string },
  context: CommandContext,
): Promise<CheckReport> {
  const databases = selectDatabases(config, options.database)
  const findings: CheckFinding[] = configWarnings.map(({ where, message, next }) => ({
    severity: 'warning',
    where,
    message,
    next,
  }))
  const passed: string[] = []
  const examine = async (where: string, examination: () => Promise<readonly CheckFinding[]>) => {
    const found = await examination().catch((error: unknown) => {
      context.signal.throwIfAborted()
      const { message, next } = failureOf(error)
      return [{ severity: 'error', where, message, next } as const]
    })
    findings.push(...found)
    if (found.length === 0) passed.push(where)
  }
  for (const directory of [config.backupDirectory, config.privateDirectory]) {
    if (directory !== undefined) {
      await examine(directory, async () => await examineDirectory(directory))
    }
  }
  if (config.privateDirectory === undefined) findings.push(noPrivateDirectory(config))
  await examine(`the repository of ${config.backupDirectory}`, async () =>
    examineRepository(config, context),
  )
  const misfits: CategoryProblem[] = []
  const unseen = new Set(databases)
  for (const database of databases) {
    await examine(`${config.host}/${database.name}`, async () => {
      const examined = await interruptible(
        examineDatabase(config, database, context),
        context.signal,
      )
      misfits.push(...examined.misfits)
      unseen.delete(database)
      return examined.findings
    })
  }
  const mayKnow = config.databases.filter((database) => !unseen.has(database))
  findings.push(...listFindings(misfits, mayKnow))
  const status = findings.length > 0 ? exitStatus.different : exitStatus.done
  return { host: config.host, findings, passed, status }
}

function noPrivateDirectory(config: Config): CheckFinding {
  return {
    severity: 'warning',
    where: config.file,
    message: 'The rows of local tables are not backed up: user_data_backup_dir is not configured.',
    next: 'Add `user_data_backup_dir: /a/private/directory`, outside every repository.',
  }
}

async function examineDirectory(directory: string): Promise<readonly CheckFinding[]> {
  const existing = await nearestExisting(directory)
  await access(existing, constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw new ExpectedError(
      'not-writable',
      `The account that runs this can't write in ${existing}.`,
      'Give it the directory, or configure another one.',
      { cause: error },
    )
  })
  const { bavail, bsize } = await statfs(existing)
  if (bavail * bsize >= scarceBytes) return []
  const megabytes = Math.floor((bavail * bsize) / 1024 / 1024)
  return [
    {
      severity: 'warning',
      where: directory,
      message: `Only ${megabytes} MB are free on its file system.`,
      next: 'Make room: a run needs space for all files that it writes, twice for a moment.',
    },
  ]
}

async function examineRepository(
  config: Config,
  context: CommandContext,
): Promise<readonly CheckFinding[]> {
  const repository = await openRepository(config.backupDirectory, {
    create: false,
    author: authorOf(config),
    environment: context.environment,
    ...(config.git.branch === undefined ? {} : { branch: config.git.branch }),
  })
  await repository.refuseIfBusy()
  if (config.privateDirectory !== undefined) {
    await refuseInRepository(config.privateDirectory, repository)
  }
  return []
}

async function examineDatabase(
  config: Config,
  target: DatabaseConfig,
  context: CommandContext,
): Promise<Examined> {
  const where = `${config.host}/${target.name}`
  await using database = await openDatabase(target, context)
  const missing = await database.findings()
  const schema = await database.read({ wantsRows: () => false, texts: target.texts }, (snapshot) =>
    Promise.resolve(snapshot.schema),
  )
  const categorised = categorise(schema.objects, target.categories)
  const { neutral } = await engineOfProduct(schema.product)
  const { categories } = categorised
  const masks = planMasks({ schema, categories, entries: target.masks ?? [], neutral })
  const saved = config.privateDirectory === undefined ? ['global'] : ['global', 'local']
  const isSaved = (table: TableName) => {
    const category = categorised.categories.get(keyText({ kind: 'table', ...table }))
    return category === undefined || saved.includes(category)
  }
  const errors = missing.flatMap(({ table, message, next }) =>
    table === undefined || isSaved(table)
      ? [{ severity: 'error' as const, where, message, next }]
      : [],
  )
  return {
    findings: [...errors, ...describeSchema(where, schema, categorised.unclassified)],
    misfits: [...categorised.problems, ...masks.problems],
  }
}

/** What the lists say that doesn't fit the databases, each entry once. */
function listFindings(
  misfits: readonly CategoryProblem[],
  databases: readonly DatabaseConfig[],
): CheckFinding[] {
  const isUnknown = ({ code }: CategoryProblem) => code === 'unknown-table'
  const places = misfits.filter(isUnknown).map(({ where }) => where)
  const unknown = unknownEntries(places, databases)
  const mistakes = misfits.filter((misfit) => !isUnknown(misfit) || unknown.has(misfit.where))
  const each = new Map(mistakes.map((misfit) => [`${misfit.where} ${misfit.message}`, misfit]))
  return [...each.values()].map(({ where, message, next }) => ({
    severity: 'warning',
    where,
    message,
    next,
  }))
}

function describeSchema(
  where: string,
  schema: Schema,
  unclassified: readonly string[],
): readonly CheckFinding[] {
  const warning = (message: string, next: string) =>
    ({ severity: 'warning', where, message, next }) as const
  return [
    ...unclassified.map((table) =>
      warning(
        `The table ${table} is in no list: its rows are saved nowhere.`,
        'Put it in `global`, `local`, `ephemeral` or `ignore`.',
      ),
    ),
    ...schema.notCaptured.map(({ kind, name, reason }) =>
      warning(`Not captured: ${kind} ${name}.`, reason),
    ),
    ...schema.warnings.map((text) => warning(text, 'Look at it; the run goes on without.')),
  ]
}

async function nearestExisting(path: string): Promise<string> {
  const exists = await access(path).then(
    () => true,
    () => false,
  )
  return exists || dirname(path) === path ? path : await nearestExisting(dirname(path))
}
