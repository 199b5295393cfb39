import { Command, Option } from 'commander'

/** What every command's options have in common. */
export interface CommonOptions {
  readonly config?: string
  readonly database?: string
  readonly host?: string
  readonly json?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
}

export interface SnapshotFlags extends CommonOptions {
  readonly model?: boolean
  readonly target?: boolean
  readonly ephemeralDirectory?: string
  readonly dryRun?: boolean
  readonly strict?: boolean
  readonly acceptShrink?: readonly string[]
}

export interface ExportFlags extends CommonOptions {
  readonly at?: string
  readonly output?: string
  readonly schemaOnly?: boolean
  readonly dataOnly?: boolean
  readonly table?: readonly string[]
  readonly withoutLocal?: boolean
  readonly gzip?: boolean
}

export interface VerifyFlags extends CommonOptions {
  readonly at?: string
  readonly vendor?: boolean
  readonly all?: boolean
}

export interface CloneFlags extends CommonOptions {
  readonly suffix: string
  readonly owner?: string
}

export interface RestoreFlags extends CommonOptions {
  readonly to?: string
  readonly at?: string
  readonly fromHost?: string
  readonly withoutLocal?: boolean
  readonly owner?: string
  readonly replace?: boolean
  readonly confirm?: string
  readonly table?: readonly string[]
  readonly dependencies: boolean
  readonly schemaOnly?: boolean
  readonly dataOnly?: boolean
  readonly upsert?: boolean
  readonly riCheck: boolean
  readonly dryRun?: boolean
}

export interface InitFlags {
  readonly output?: string
  readonly yes?: boolean
}

/** What is done for each command. */
export interface Handlers {
  snapshot(flags: SnapshotFlags): Promise<void>
  check(flags: CommonOptions): Promise<void>
  export(flags: ExportFlags): Promise<void>
  restore(flags: RestoreFlags): Promise<void>
  verify(flags: VerifyFlags): Promise<void>
  clone(flags: CloneFlags): Promise<void>
  init(url: string, flags: InitFlags): Promise<void>
}

const examples = `
Examples:
  schema_backup                                snapshot of every configured database
  schema_backup --config /etc/shop.conf        the same with another configuration
  schema_backup --dry-run --verbose            what would be committed; nothing is written
  schema_backup --database csv2 --json         one database, the report as JSON
  schema_backup --model                        stop the consumers, snapshot, start them again
  schema_backup check                          is everything in place for a run?
  schema_backup restore --help                 how to get a database back
  schema_backup init postgres://localhost/shop a configuration for that database
  schema_backup verify --all                   can every snapshot be restored? try it
  schema_backup export --at HEAD~3 -o shop.sql.gz
                                               an older snapshot as one script for the database's own client
  schema_backup clone --suffix test            a copy of the live database beside it

Exit status: 0 done, 1 check or verify found something, 2 failed (nothing committed), 3 held by a guard (nothing committed),
4 committed but incomplete, 64 bad usage, 75 another run is at work, 78 bad configuration.`

const restoreExamples = `
Examples:
  schema_backup restore --to sqlite:copy.db --dry-run          what would be restored
  schema_backup restore --to postgres://localhost/shop_copy    into a new or empty database
  schema_backup restore --at '2026-11-01 12:00' --to …         as it was then
  schema_backup restore --to … --replace --confirm shop        in place of what is there
  schema_backup restore --to … --data-only --table countries   the rows of one table

Exit status: 0 done, 1 done with rows that a foreign key does not allow, 2 failed (the target is as it was),
64 bad usage or a closed gate, 78 the configuration does not allow it.`

/** The program's commands and options; a command that was typed is handed to its handler, parsed. */
export function commandLine(version: string, handlers: Handlers): Command {
  const program = new Command('schema_backup')
    .description('Snapshots of database schemas and configuration rows as plain text in git.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
    .exitOverride()
    .allowExcessArguments(false)
    .showSuggestionAfterError()
    .enablePositionalOptions()
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
    .option(
      '--accept-shrink <name...>',
      'commit although so much of these tables or databases is gone',
    )
    .action((flags: SnapshotFlags) => handlers.snapshot(flags))
  common(program.command('check'))
    .description('look for everything that would go wrong or be left out; change nothing')
    .action((_: unknown, command: Command) =>
      handlers.check(command.optsWithGlobals<CommonOptions>()),
    )
  common(program.command('export'))
    .description("write a snapshot as one SQL script that the database's own client alone runs")
    .option('--at <revision>', 'of a commit, tag or time instead of the files as they are')
    .option(
      '-o, --output <file>',
      'the file to write; .gz and .zst are compressed (default: stdout)',
    )
    .addOption(new Option('--schema-only', 'no rows').conflicts('dataOnly'))
    .option('--data-only', 'rows alone, for tables that exist')
    .option('--table <glob...>', 'only these tables, and what they need')
    .option('--without-local', 'leave out the rows of local tables')
    .option('--gzip', 'compress whatever the name of the file is')
    .action((_: unknown, command: Command) =>
      handlers.export(command.optsWithGlobals<ExportFlags>()),
    )
  restoreCommand(program, handlers)
  common(program.command('verify'))
    .description('restore a snapshot into a scratch database, read it again and compare every byte')
    .option('--at <revision>', 'of a commit, tag or time instead of the files as they are')
    .addOption(
      new Option(
        '--vendor',
        'also compare the dumps of the live database by its own program',
      ).conflicts('at'),
    )
    .option('--all', 'every configured database, with a table of results')
    .action((_: unknown, command: Command) =>
      handlers.verify(command.optsWithGlobals<VerifyFlags>()),
    )
  common(program.command('clone'))
    .description('copy the live database with all rows to <database>_<suffix> on its server')
    .requiredOption('--suffix <suffix>', "what follows the database's name and an underscore")
    .option('--owner <account>', 'who owns the copy (default: who makes it)')
    .action((_: unknown, command: Command) => handlers.clone(command.optsWithGlobals<CloneFlags>()))
  program
    .command('init')
    .argument('<url>', 'the database, e.g. postgres://localhost/shop or sqlite:shop.db')
    .description(
      'write a commented configuration for a database, with a category proposed for each table',
    )
    .option('-o, --output <file>', 'the file to write (default: etc/schema_backup.conf)')
    .option('-y, --yes', 'take every proposal without asking')
    .action((url: string, flags: InitFlags) => handlers.init(url, flags))
  for (const command of program.commands) command.exitOverride()
  return program
}

function restoreCommand(program: Command, handlers: Handlers): void {
  common(program.command('restore'))
    .description("pour a database's files back into a database that the configuration allows")
    .addHelpText('after', restoreExamples)
    .option('--to <url>', 'the target (default: the `restore` block of the configuration)')
    .option('--at <revision>', 'the files of a commit, branch, tag or time')
    .option('--from-host <name>', "another host's directory, as a model")
    .option('--without-local', 'leave out the rows of local tables')
    .option('--owner <account>', 'who owns the database when it is made')
    .option('--replace', 'drop what is in the target first; needs --confirm')
    .option('--confirm <name>', "the target's name, typed exactly")
    .option('--table <glob...>', 'only these tables, and what they depend on')
    .option('--no-dependencies', 'only the tables themselves')
    .addOption(new Option('--schema-only', 'no rows').conflicts('dataOnly'))
    .option('--data-only', 'rows alone, into tables that exist')
    .option('--upsert', 'with --data-only: a row whose key is there replaces that row')
    .option('--no-ri-check', 'no check of foreign keys, for reporting databases')
    .option('--dry-run', 'show the plan; change nothing')
    .action((_: unknown, command: Command) =>
      handlers.restore(command.optsWithGlobals<RestoreFlags>()),
    )
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
