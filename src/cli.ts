import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { Command, CommanderError, Option } from 'commander'
import type { CommandContext } from './commands/context.ts'
import { failureOf, statusOf } from './commands/report.ts'
import { renderFailure } from './commands/render.ts'
import { ExpectedError, exitStatus, type ExitStatus } from './errors.ts'
import { terminalProgress } from './progress.ts'

/** What every command's options have in common. */
interface CommonOptions {
  readonly config?: string
  readonly database?: string
  readonly host?: string
  readonly json?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
}

interface SnapshotFlags extends CommonOptions {
  readonly model?: boolean
  readonly target?: boolean
  readonly ephemeralDirectory?: string
  readonly dryRun?: boolean
  readonly strict?: boolean
}

interface InitFlags {
  readonly output?: string
  readonly yes?: boolean
}

/** What a command leaves behind: text for stdout and the exit status. */
interface Result {
  readonly output: string
  readonly errors?: string
  readonly status: ExitStatus
}

const version = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
).version

const examples = `
Examples:
  schema_backup                                snapshot of every configured database
  schema_backup --config /etc/shop.conf        the same with another configuration
  schema_backup --dry-run --verbose            what would be committed; nothing is written
  schema_backup --database csv2 --json         one database, the report as JSON
  schema_backup --model                        stop the consumers, snapshot, start them again
  schema_backup check                          is everything in place for a run?
  schema_backup init postgres://localhost/shop a configuration for that database

Exit status: 0 done, 1 check found something, 2 failed (nothing committed), 4 committed but incomplete,
64 bad usage, 75 another run is at work, 78 bad configuration.`

function build(run: (work: (context: CommandContext) => Promise<Result>) => Promise<void>) {
  const program = new Command('schema_backup')
    .description('Snapshots of database schemas and configuration rows as plain text in git.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
    .exitOverride()
    .allowExcessArguments(false)
    .showSuggestionAfterError()
  common(program)
    .addOption(
      new Option(
        '-m, --model',
        'stop consumers, restart providers, back up, restart consumers',
      ).conflicts('target'),
    )
    .option('-t, --target', 'the same, leaving the consumers stopped')
    .option('-e, --ephemeral-directory <dir>', 'also write the rows of ephemeral tables there')
    .option('--dry-run', 'say what would be committed; write nothing')
    .option('--strict', 'a table in no category is an error (status 4)')
    .action((flags: SnapshotFlags) => run((context) => runSnapshot(flags, context)))
  common(program.command('check'))
    .description('look for everything that would go wrong or be left out; change nothing')
    .action((_: unknown, command: Command) =>
      run((context) => runCheck(command.optsWithGlobals<CommonOptions>(), context)),
    )
  program
    .command('init')
    .argument('<url>', 'the database, e.g. postgres://localhost/shop or sqlite:shop.db')
    .description(
      'write a commented configuration for a database, with a category proposed for each table',
    )
    .option('-o, --output <file>', 'the file to write (default: etc/schema_backup.conf)')
    .option('-y, --yes', 'take every proposal without asking')
    .action((url: string, flags: InitFlags) => run((context) => runInit(url, flags, context)))
  for (const command of program.commands) command.exitOverride()
  return program
}

function common(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the configuration file')
    .option('-d, --database <name>', 'only this one of the configured databases')
    .option('--host <name>', "the host's directory instead of the configured one")
    .option('--json', 'print the report as one JSON object')
    .option('-q, --quiet', 'print nothing but errors')
    .option('-v, --verbose', 'print every change and every warning')
}

async function configure(flags: CommonOptions, context: CommandContext) {
  const { findConfigFile, loadConfig } = await import('./config/load.ts')
  const { urlSchemes } = await import('./engines/index.ts')
  const file = await findConfigFile({
    ...(flags.config === undefined ? {} : { explicit: flags.config }),
    environment: context.environment,
    workingDirectory: process.cwd(),
  })
  const loaded = await loadConfig(file, {
    environment: context.environment,
    schemes: urlSchemes,
    ...(flags.host === undefined ? {} : { host: flags.host }),
  })
  secrets = loaded.config.secrets
  return loaded
}

async function runSnapshot(flags: SnapshotFlags, context: CommandContext): Promise<Result> {
  const { config } = await configure(flags, context)
  const { snapshot } = await import('./commands/snapshot.ts')
  const report = await snapshot(
    config,
    {
      dryRun: flags.dryRun ?? false,
      strict: flags.strict ?? config.strict,
      ...(flags.database === undefined ? {} : { database: flags.database }),
      ...(flags.ephemeralDirectory === undefined
        ? {}
        : { ephemeralDirectory: resolve(flags.ephemeralDirectory) }),
      ...(flags.model === true ? { services: 'model' as const } : {}),
      ...(flags.target === true ? { services: 'target' as const } : {}),
    },
    context,
  )
  const { status } = report
  if (flags.json === true) return { output: asJson(report), status }
  const { renderRun } = await import('./commands/render.ts')
  const silentWhenUnchanged = !process.stdout.isTTY && flags.verbose !== true && !report.dryRun
  return { ...renderRun(report, { ...reading(flags), silentWhenUnchanged }), status }
}

async function runCheck(flags: CommonOptions, context: CommandContext): Promise<Result> {
  const { config, warnings } = await configure(flags, context)
  const { check } = await import('./commands/check.ts')
  const report = await check(config, warnings, { ...flags }, context)
  const { status } = report
  if (flags.json === true) return { output: asJson(report), status }
  const { renderCheck } = await import('./commands/render.ts')
  return { output: renderCheck(report, reading(flags)), status }
}

async function runInit(url: string, flags: InitFlags, context: CommandContext): Promise<Result> {
  const { init } = await import('./commands/init.ts')
  const interactive = process.stdin.isTTY && process.stdout.isTTY
  using terminal = interactive
    ? createInterface({ input: process.stdin, output: process.stdout })
    : undefined
  const { output } = flags
  const made = await init(
    { url, yes: flags.yes ?? false, ...(output === undefined ? {} : { output }) },
    {
      environment: context.environment,
      workingDirectory: process.cwd(),
      ...(terminal === undefined
        ? {}
        : { ask: async (question: string) => await terminal.question(question) }),
    },
  )
  const { renderInit } = await import('./commands/render.ts')
  return { output: renderInit(made, coloursWanted(process.stdout)), status: exitStatus.done }
}

/** How a person at this terminal wants to read. */
function reading(flags: CommonOptions) {
  const verbosity = flags.quiet === true ? 'quiet' : flags.verbose === true ? 'verbose' : 'normal'
  return { verbosity, colours: coloursWanted(process.stdout) } as const
}

function coloursWanted(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && stream.hasColors()
}

function asJson(report: unknown): string {
  return JSON.stringify(report, undefined, 2) + '\n'
}

/** Known once a configuration is loaded; the last defence against one in an error's text. */
let secrets: () => readonly string[] = () => []

async function main(): Promise<ExitStatus> {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      stop.abort(
        new ExpectedError(
          'interrupted',
          `Stopped by ${name}; what was paused or stopped has been resumed.`,
          'Run again: nothing of the interrupted run is in the way.',
        ),
      )
    })
  }
  const context: CommandContext = {
    environment: process.env,
    signal: stop.signal,
    now: () => new Date(),
    progress: terminalProgress(process.stderr),
    version,
  }
  let status: ExitStatus = exitStatus.done
  const json = process.argv.includes('--json')
  const program = build(async (work) => {
    const result = await work(context)
    await print(process.stdout, result.output)
    await print(process.stderr, result.errors ?? '')
    status = result.status
  })
  try {
    await program.parseAsync(process.argv)
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? exitStatus.done : exitStatus.usage
    context.progress.stop()
    const failure = failureOf(error)
    status = statusOf(error)
    if (json) await print(process.stdout, asJson({ failure, status }))
    else await print(process.stderr, renderFailure(failure, coloursWanted(process.stderr)))
  }
  return status
}

/** Waits until the text is written: a pipe may be slow, and the process ends right after. */
async function print(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (text === '') return
  const { redactSecrets } = await import('./config/secret.ts')
  await new Promise<void>((written) => {
    // A reader that went away (head, a closed terminal) is no failure of the run.
    stream.once('error', () => {
      written()
    })
    stream.write(redactSecrets(text, secrets()), () => {
      written()
    })
  })
}

process.exit(await main())
