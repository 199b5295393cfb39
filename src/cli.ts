import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { CommanderError } from 'commander'
import {
  commandLine,
  type CloneFlags,
  type CommonOptions,
  type ExportFlags,
  type InitFlags,
  type RestoreFlags,
  type SnapshotFlags,
  type VerifyFlags,
} from './command-line.ts'
import type { CommandContext } from './commands/context.ts'
import { failureOf, statusOf } from './commands/report.ts'
import { renderFailure } from './commands/render.ts'
import { ExpectedError, exitStatus, type ExitStatus } from './errors.ts'
import { terminalProgress } from './progress.ts'

/** What is printed as one JSON object. */
interface Json {
  readonly json: unknown
}

/** What a command leaves behind: text or JSON for stdout and the exit status. */
interface Result {
  readonly output: string | Json
  readonly errors?: string
  readonly status: ExitStatus
}

const version = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
).version

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
  const { config, warnings } = await configure(flags, context)
  const { snapshot } = await import('./commands/snapshot.ts')
  const made = await snapshot(
    config,
    {
      dryRun: flags.dryRun ?? false,
      strict: flags.strict ?? config.strict,
      ...definedOnly(flags, ['acceptShrink']),
      ...(flags.database === undefined ? {} : { database: flags.database }),
      ...(flags.ephemeralDirectory === undefined
        ? {}
        : { ephemeralDirectory: resolve(flags.ephemeralDirectory) }),
      ...(flags.model === true ? { services: 'model' as const } : {}),
      ...(flags.target === true ? { services: 'target' as const } : {}),
    },
    context,
  )
  // Keys that mean nothing are the business of `check` alone.
  const told = warnings.filter(({ code }) => code !== 'unknown-key')
  const report = { ...made, warnings: [...told, ...made.warnings] }
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

async function runExport(flags: ExportFlags, context: CommandContext): Promise<Result> {
  const { config } = await configure(flags, context)
  const { exportDatabase } = await import('./commands/export.ts')
  const { renderExport } = await import('./commands/render-results.ts')
  const { database, at, output, table } = flags
  const report = await exportDatabase(
    config,
    {
      content:
        flags.schemaOnly === true ? 'schema' : flags.dataOnly === true ? 'rows' : 'everything',
      withoutLocal: flags.withoutLocal ?? false,
      gzip: flags.gzip ?? false,
      ...(database === undefined ? {} : { database }),
      ...(at === undefined ? {} : { at }),
      ...(output === undefined ? {} : { output }),
      ...(table === undefined ? {} : { tables: table }),
    },
    process.stdout,
    context,
  )
  const status = exitStatus.done
  if (flags.json === true && output !== undefined) return { output: asJson(report), status }
  // Standard output is the script's.
  return { output: '', errors: renderExport(report, reading(flags)), status }
}

async function runRestore(flags: RestoreFlags, context: CommandContext): Promise<Result> {
  const { config } = await configure(flags, context)
  const { restore } = await import('./commands/restore.ts')
  const { secretsOfTarget } = await import('./commands/restore-target.ts')
  const { renderPlan, renderRestore } = await import('./commands/render-restore.ts')
  const { table, to } = flags
  const known = secrets
  const typed = secretsOfTarget(to)
  secrets = () => [...known(), ...typed]
  const report = await restore(
    config,
    {
      ...definedOnly(flags, ['database', 'at', 'fromHost', 'owner', 'to', 'confirm']),
      ...(table === undefined ? {} : { tables: table }),
      workingDirectory: process.cwd(),
      withoutLocal: flags.withoutLocal ?? false,
      replace: flags.replace ?? false,
      withDependencies: flags.dependencies,
      schemaOnly: flags.schemaOnly ?? false,
      dataOnly: flags.dataOnly ?? false,
      upsert: flags.upsert ?? false,
      checkReferences: flags.riCheck,
      dryRun: flags.dryRun ?? false,
      showPlan: async (plan) => {
        if (flags.json !== true) await print(process.stdout, renderPlan(plan, reading(flags)))
      },
    },
    context,
  )
  const { status } = report
  if (flags.json === true) return { output: asJson(report), status }
  return { output: renderRestore(report, reading(flags)), status }
}

/** Some options, without those that were not given. */
function definedOnly<Flags extends object, Key extends keyof Flags>(
  flags: Flags,
  keys: readonly Key[],
): { readonly [key in Key]?: Exclude<Flags[key], undefined> } {
  return Object.fromEntries(
    keys.flatMap((key) => (flags[key] === undefined ? [] : [[key, flags[key]]])),
  ) as { readonly [key in Key]?: Exclude<Flags[key], undefined> }
}

async function runVerify(flags: VerifyFlags, context: CommandContext): Promise<Result> {
  const { config } = await configure(flags, context)
  const { verify } = await import('./commands/verify.ts')
  const { renderVerify } = await import('./commands/render-results.ts')
  const { database, at } = flags
  const report = await verify(
    config,
    {
      all: flags.all ?? false,
      vendor: flags.vendor ?? false,
      ...(database === undefined ? {} : { database }),
      ...(at === undefined ? {} : { at }),
    },
    context,
  )
  const { status } = report
  if (flags.json === true) return { output: asJson(report), status }
  return { ...renderVerify(report, reading(flags)), status }
}

async function runClone(flags: CloneFlags, context: CommandContext): Promise<Result> {
  const { config } = await configure(flags, context)
  const { clone } = await import('./commands/clone.ts')
  const { renderClone } = await import('./commands/render-results.ts')
  const { database, owner, suffix } = flags
  const report = await clone(
    config,
    {
      suffix,
      ...(database === undefined ? {} : { database }),
      ...(owner === undefined ? {} : { owner }),
    },
    context,
  )
  const { status } = report
  if (flags.json === true) return { output: asJson(report), status }
  return { output: renderClone(report, reading(flags)), status }
}

async function runInit(url: string, flags: InitFlags, context: CommandContext): Promise<Result> {
  const { init } = await import('./commands/init.ts')
  const { renderInit } = await import('./commands/render.ts')
  const interactive = process.stdin.isTTY && process.stdout.isTTY
  // Not `using`: in a function that has it, the compiler leaves the paths of dynamic imports as they are.
  const terminal = interactive
    ? createInterface({ input: process.stdin, output: process.stdout })
    : undefined
  const { output } = flags
  const ports = {
    environment: context.environment,
    workingDirectory: process.cwd(),
    ...(terminal === undefined
      ? {}
      : { ask: async (question: string) => await terminal.question(question) }),
  }
  try {
    const options = { url, yes: flags.yes ?? false, ...(output === undefined ? {} : { output }) }
    const made = await init(options, ports)
    return { output: renderInit(made, coloursWanted(process.stdout)), status: exitStatus.done }
  } finally {
    terminal?.close()
  }
}

/** How a person at this terminal wants to read. */
function reading(flags: CommonOptions) {
  const verbosity = flags.quiet === true ? 'quiet' : flags.verbose === true ? 'verbose' : 'normal'
  return { verbosity, colours: coloursWanted(process.stdout) } as const
}

function coloursWanted(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && stream.hasColors()
}

function asJson(json: unknown): Json {
  return { json }
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
          `Stopped by ${name}.`,
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
  const finish = async (working: Promise<Result>) => {
    const result = await working
    await print(process.stdout, result.output)
    await print(process.stderr, result.errors ?? '')
    status = result.status
  }
  const program = commandLine(version, {
    snapshot: (flags) => finish(runSnapshot(flags, context)),
    check: (flags) => finish(runCheck(flags, context)),
    export: (flags) => finish(runExport(flags, context)),
    restore: (flags) => finish(runRestore(flags, context)),
    verify: (flags) => finish(runVerify(flags, context)),
    clone: (flags) => finish(runClone(flags, context)),
    init: (url, flags) => finish(runInit(url, flags, context)),
  })
  try {
    await program.parseAsync(process.argv)
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitStatus.done
      if (json) await print(process.stdout, asJson(usageFailure(error)))
      return exitStatus.usage
    }
    context.progress.stop()
    const failure = failureOf(error)
    status = statusOf(error)
    if (json) await print(process.stdout, asJson({ failure, status }))
    else await print(process.stderr, renderFailure(failure, coloursWanted(process.stderr)))
  }
  return status
}

/** Waits until the text is written: a pipe may be slow, and the process ends right after. */
async function print(stream: NodeJS.WriteStream, output: string | Json): Promise<void> {
  if (output === '') return
  const { redactSecrets } = await import('./config/secret.ts')
  const redact = (text: string) => redactSecrets(text, secrets())
  const text = typeof output === 'string' ? redact(output) : jsonText(output, redact)
  await new Promise<void>((written) => {
    // A reader that went away (head, a closed terminal) is no failure of the run.
    stream.once('error', () => {
      written()
    })
    stream.write(text, () => {
      written()
    })
  })
}

/** Redacted value by value: a password such as `"` or `1` must not break the JSON around it. */
function jsonText({ json }: Json, redact: (text: string) => string): string {
  const safe = (_: string, value: unknown) => (typeof value === 'string' ? redact(value) : value)
  return JSON.stringify(json, safe, 2) + '\n'
}

function usageFailure({ message }: CommanderError) {
  const next = 'Run schema_backup --help.'
  return { failure: { code: 'usage', message, next }, status: exitStatus.usage }
}

process.exit(await main())
