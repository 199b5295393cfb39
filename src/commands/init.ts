import { access, mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { listNames, tableText, type ListName } from '../config/categories.ts'
import { proposeCategory, type Proposal } from '../config/propose.ts'
import { readDatabaseUrl, withoutPlainSecrets } from '../config/url.ts'
import { expandUrlVariables } from '../config/variables.ts'
import { configurationText, literalText, type ListedTable } from '../config/write.ts'
import type { ConnectionRequest } from '../engines/connection.ts'
import type { TableSize } from '../engines/engine.ts'
import { engineFor, urlSchemes } from '../engines/index.ts'
import { ExpectedError, exitStatus } from '../errors.ts'
import type { Environment, Table } from '../model.ts'
import { isTable } from './selection.ts'

export interface InitOptions {
  /** The database; may hold `${VARIABLE}`, and a password, which is used and not written. */
  readonly url: string
  /** Default: etc/schema_backup.conf in the working directory. */
  readonly output?: string
  /** Takes every proposal. */
  readonly yes: boolean
}

/** What `init` gets from the process it runs in. */
export interface InitPorts {
  readonly environment: Environment
  readonly workingDirectory: string
  /** Asks a person at a terminal; absent where there is none. */
  readonly ask?: (question: string) => Promise<string>
}

export interface InitResult {
  /** The file that was written, absolute. */
  readonly file: string
  readonly text: string
  readonly tables: readonly ListedTable[]
  /** Environment variables that the file needs to be set. */
  readonly secretVariables: readonly string[]
}

/** Writes a commented configuration for a database, with a category for each of its tables; never over a file. */
export async function init(options: InitOptions, ports: InitPorts): Promise<InitResult> {
  const file = resolve(ports.workingDirectory, options.output ?? 'etc/schema_backup.conf')
  const choose = chooser(options, ports)
  await refuseExisting(file)
  const source = readSource(options.url, ports)
  const tables: ListedTable[] = []
  for (const table of await readTables(source.request)) tables.push(await choose(table))
  const text = configurationText({ ...source, tables })
  await writeNew(file, text)
  return { file, text, tables, secretVariables: source.secretVariables }
}

interface SizedTable {
  readonly table: Table
  readonly size: TableSize | undefined
}

/** The tables that need a category, by name; a partition has its parent's. */
async function readTables(request: ConnectionRequest): Promise<readonly SizedTable[]> {
  const engine = await engineFor(request.url)
  await using database = await engine.open(request)
  const sizes = new Map((await database.sizes()).map((size) => [tableText(size), size]))
  const objects = await database.read({ wantsRows: () => false }, (snapshot) =>
    Promise.resolve(snapshot.schema.objects),
  )
  const tables = objects
    .filter(isTable)
    .filter((table) => table.partitionOf === undefined && table.holdsRowsOf === undefined)
  return tables
    .map((table) => ({ table, size: sizes.get(tableText(table)) }))
    .toSorted((one, other) => (tableText(one.table) < tableText(other.table) ? -1 : 1))
}

function readSource(template: string, { environment, workingDirectory }: InitPorts) {
  const expanded = expandUrlVariables(template, environment)
  const [problem] = expanded.problems
  if (problem !== undefined) throw badUrl(problem)
  const parts = readDatabaseUrl(expanded.text, urlSchemes, {
    directory: workingDirectory,
    environment,
  })
  if ('problem' in parts) throw badUrl(parts.problem)
  if (parts.name === undefined) throw badUrl('it ends with no database name')
  const isFile = urlSchemes.ofFiles.some((scheme) => parts.url.startsWith(`${scheme}:`))
  const written = isFile
    ? { url: literalText(parts.url), variables: [] }
    : withoutPlainSecrets(template)
  const request: ConnectionRequest = {
    url: parts.url,
    ...(parts.password === undefined ? {} : { password: parts.password }),
    environment,
  }
  return { request, url: written.url, secretVariables: written.variables }
}

function badUrl(problem: string): ExpectedError {
  return new ExpectedError(
    'invalid-url',
    `The database URL can't be used: ${problem}.`,
    'Write for example: schema_backup init scheme://user@host/database',
    { status: exitStatus.usage },
  )
}

function chooser(
  options: InitOptions,
  { ask }: InitPorts,
): (table: SizedTable) => Promise<ListedTable> {
  if (!options.yes && ask === undefined) {
    throw new ExpectedError(
      'nobody-to-ask',
      'There is no terminal on which each table’s category could be asked for.',
      'Run it with --yes to take the proposals, or at a terminal.',
      { status: exitStatus.usage },
    )
  }
  return async ({ table, size }) => {
    const columns = table.columns.map(({ name }) => name)
    const proposal = proposeCategory({ name: table.name, columns })
    const text = tableText(table)
    const comment = [sizeText(size), proposal.reason].join('; ')
    const category =
      options.yes || ask === undefined
        ? proposal.category
        : await askCategory(`${text} (${comment})`, proposal, ask)
    return { text, category, comment }
  }
}

async function askCategory(
  subject: string,
  proposal: Proposal,
  ask: (question: string) => Promise<string>,
): Promise<ListName | undefined> {
  const question = `${subject}\n  global, local, ephemeral, ignore or skip? [${proposal.category}] `
  for (;;) {
    const answer = (await ask(question)).trim().toLowerCase()
    if (answer === '') return proposal.category
    const meant = [...listNames, 'skip' as const].find((word) => word.startsWith(answer))
    if (meant !== undefined) return meant === 'skip' ? undefined : meant
  }
}

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const

function sizeText(size: TableSize | undefined): string {
  if (size === undefined) return 'size unknown'
  const rows = size.rows < 0 ? 'unknown' : Math.round(size.rows).toLocaleString('en-US')
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, size.bytes)) / 10))
  return `about ${rows} ${rows === '1' ? 'row' : 'rows'}, ${Math.round(size.bytes / 1024 ** power)} ${units[power] ?? ''}`
}

async function refuseExisting(file: string): Promise<void> {
  const exists = await access(file).then(
    () => true,
    () => false,
  )
  if (exists) throw alreadyThere(file)
}

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text, { flag: 'wx' })
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && syscall === 'open') throw alreadyThere(file)
    throw new ExpectedError(
      'not-writable',
      `The configuration ${file} can't be written (${code ?? 'unknown reason'}).`,
      'Name another file with --output FILE.',
      { cause: error },
    )
  }
}

function alreadyThere(file: string): ExpectedError {
  return new ExpectedError(
    'file-exists',
    `${file} exists already and is left as it is.`,
    'Name another file with --output FILE, or move that one away.',
    { status: exitStatus.usage },
  )
}
