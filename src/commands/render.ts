import { styleText } from 'node:util'
import { kindWords } from '../model.ts'
import { describeChange } from '../review/changes.ts'
import type { CheckFinding, CheckReport } from './check.ts'
import type { InitResult } from './init.ts'
import type { DatabaseReport, Failure, Held, RunReport, Warning } from './report.ts'

/** How much of a report a person wants to read. */
export type Verbosity = 'quiet' | 'normal' | 'verbose'

/** Text for the two streams; empty when there is nothing to say. */
export interface Rendered {
  readonly output: string
  readonly errors: string
}

interface RenderOptions {
  readonly verbosity: Verbosity
  /** Under cron: print nothing when nothing changed and all is well. */
  readonly silentWhenUnchanged: boolean
  readonly colours: boolean
}

/** Colours a text, or leaves it as it is. */
export type Paint = (style: 'red' | 'green' | 'yellow' | 'bold' | 'dim', text: string) => string

/** How many names a list shows before "and N more". */
const shownNames = 12

/** A run's report for a terminal or a log: what was done on stdout, failures on stderr. */
export function renderRun(report: RunReport, options: RenderOptions): Rendered {
  const paint = painter(options.colours)
  const failures = [
    ...(report.failure === undefined ? [] : [renderFailure(report.failure, options.colours)]),
    ...report.databases.flatMap((database) =>
      database.failure === undefined
        ? []
        : [renderFailure(database.failure, options.colours, `${report.host}/${database.database}`)],
    ),
  ]
  const uneventful =
    report.databases.every((database) => database.outcome === 'unchanged') &&
    report.warnings.every(({ code }) => code !== 'directory')
  const silent =
    options.verbosity === 'quiet' ||
    (options.silentWhenUnchanged && uneventful && report.status === 0)
  const lines = silent
    ? []
    : [
        ...report.databases
          .filter((database) => database.failure === undefined)
          .flatMap((database) => renderDatabase(report.host, database, options, paint)),
        ...report.warnings.map((warning) => `${paint('yellow', 'note:')} ${warningText(warning)}`),
      ]
  return {
    output: lines.map((line) => line + '\n').join(''),
    errors: failures.join('') + (silent ? incompleteness(report, paint) : ''),
  }
}

/** What is missing from a commit, or held it, must be said even when a person asked for quiet. */
function incompleteness(report: RunReport, paint: Paint): string {
  return report.databases
    .filter((database) => database.failure === undefined && database.status !== 0)
    .flatMap((database) => [
      `${report.host}/${database.database}: ${database.outcome === 'held' ? 'held' : 'incomplete'} (status ${database.status}):`,
      ...renderHeld(database, paint),
      ...renderMissing(database, Infinity, paint),
    ])
    .map((line) => line + '\n')
    .join('')
}

function renderDatabase(
  host: string,
  database: DatabaseReport,
  options: RenderOptions,
  paint: Paint,
): string[] {
  const limit = options.verbosity === 'verbose' ? Infinity : shownNames
  const changes = database.changes.map((change) => `  ${describeChange(change)}`)
  return [
    `${paint('bold', `${host}/${database.database}`)}: ${outcomeText(database, paint)}`,
    ...shorten(changes, limit, '  '),
    ...renderHeld(database, paint),
    ...renderMissing(database, limit, paint),
    ...shorten(
      database.warnings.map(
        (warning) => `  ${paint('yellow', 'warning:')} ${warningText(warning)}`,
      ),
      limit,
      '  ',
    ),
  ]
}

function warningText({ where, message, next }: Warning): string {
  return [where === undefined ? message : `${where}: ${message}`, next ?? []].flat().join(' ')
}

function outcomeText(database: DatabaseReport, paint: Paint): string {
  const { global, local, ephemeral } = database.rows
  const rows = [
    `${count(global)} global`,
    ...(local > 0 ? [`${count(local)} local`] : []),
    ...(ephemeral > 0 ? [`${count(ephemeral)} ephemeral`] : []),
  ].join(', ')
  const took = paint('dim', `(${rows} rows, ${database.seconds.toFixed(1)} s)`)
  switch (database.outcome) {
    case 'committed':
      return `${paint('green', `committed ${database.commit?.slice(0, 10) ?? ''}`)} ${took}`
    case 'would-commit':
      return `${paint('yellow', 'would commit')} ${took}`
    case 'unchanged':
      return `unchanged ${took}`
    case 'held':
      return `${paint('red', 'held')}, nothing was committed ${took}`
    case 'failed':
      return paint('red', 'failed')
  }
}

/** Why a guard held the commit, and how to let it pass. */
function renderHeld({ held, database }: DatabaseReport, paint: Paint): string[] {
  const losses = held.filter(({ leak }) => leak === undefined)
  const leaks = held.filter(({ leak }) => leak !== undefined)
  return [
    ...held.map(({ message }) => `  ${paint('red', 'held:')} ${message}`),
    ...(losses.length === 0 ? [] : acceptLosses(losses, database)),
    ...(leaks.length === 0 ? [] : releaseLeaks(leaks)),
  ]
}

function acceptLosses(losses: readonly Held[], database: string): string[] {
  const names = [...new Set(losses.map(({ name }) => quotedForShell(name)))].join(' ')
  return [
    '  Is it the right database, and may the account still read it? The last snapshot stays as it was.',
    `  To accept the loss: schema_backup --database ${quotedForShell(database)} --accept-shrink ${names}`,
  ]
}

function releaseLeaks(leaks: readonly Held[]): string[] {
  const isOfRows = leaks.some(({ leak }) => leak?.column !== undefined)
  const entries = [...new Set(leaks.map(({ name }) => yamlText(name.replace(/[\\*?[{]/g, '\\$&'))))]
  return [
    ...(isOfRows
      ? [
          '  If rows of a table are private, put the table into `local` instead of `global`, or `mask` the column.',
        ]
      : []),
    '  What is no secret, or may be seen by all who read the repository, is released in the configuration:',
    `  leak_guard: {allow: [${entries.join(', ')}]}`,
  ]
}

/** A text in a list of YAML. */
function yamlText(text: string): string {
  return /^[A-Za-z_][\w.]*$/.test(text) ? text : JSON.stringify(text)
}

function quotedForShell(word: string): string {
  return /^[\w./:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

function renderMissing(database: DatabaseReport, limit: number, paint: Paint): string[] {
  const unclassified = names(database.unclassified, limit)
  return [
    ...(database.unclassified.length === 0
      ? []
      : [
          `  ${paint('yellow', 'unclassified:')} ${unclassified} (rows saved nowhere; put each table in a list of the configuration)`,
        ]),
    ...shorten(
      database.notCaptured.map(
        ({ kind, name, reason }) =>
          `  ${paint('yellow', 'not captured:')} ${kindWords(kind)} ${name}: ${reason}`,
      ),
      limit,
      '  ',
    ),
  ]
}

/** The findings of `check` for a person: what would go wrong first. */
export function renderCheck(
  report: CheckReport,
  options: Omit<RenderOptions, 'silentWhenUnchanged'>,
): string {
  const paint = painter(options.colours)
  const bySeverity = (severity: CheckFinding['severity']) =>
    report.findings.filter((finding) => finding.severity === severity)
  const findings = [...bySeverity('error'), ...bySeverity('warning')]
  const lines = findings.flatMap(({ severity, where, message, next }) => [
    `${paint(severity === 'error' ? 'red' : 'yellow', severity)}: ${where}: ${message}`,
    `  ${next}`,
  ])
  const passed = report.passed.map((where) => `${paint('green', 'ok')}: ${where}`)
  const summary = `${counted(bySeverity('error').length, 'error')}, ${counted(bySeverity('warning').length, 'warning')}`
  if (options.verbosity === 'quiet') return lines.map((line) => line + '\n').join('')
  return [...passed, ...lines, summary].map((line) => line + '\n').join('')
}

/** What `init` wrote and what to do next. */
export function renderInit(made: InitResult, colours: boolean): string {
  const paint = painter(colours)
  const lists = Map.groupBy(made.tables, ({ category }) => category ?? 'unclassified')
  const lines = [
    `${paint('green', 'wrote')} ${made.file}`,
    ...[...lists].map(([list, tables]) => `  ${list}: ${counted(tables.length, 'table')}`),
    ...made.secretVariables.map((name) => `Set the environment variable ${name} before a run.`),
    `Read the file, then: schema_backup check --config ${made.file}`,
  ]
  return lines.map((line) => line + '\n').join('')
}

/** A failure as a person reads it: what happened, then what to do. */
export function renderFailure(failure: Failure, colours: boolean, where?: string): string {
  const paint = painter(colours)
  const head = where ?? 'schema_backup'
  const lines = [
    `${head}: ${paint('red', 'error')} [${failure.code}] ${failure.message}`,
    `  ${failure.next}`,
    ...(failure.stack === undefined ? [] : [failure.stack]),
  ]
  return lines.map((line) => line + '\n').join('')
}

function shorten(lines: readonly string[], limit: number, indent: string): string[] {
  if (lines.length <= limit) return [...lines]
  return [
    ...lines.slice(0, limit),
    `${indent}and ${lines.length - limit} more (--verbose lists them)`,
  ]
}

function names(all: readonly string[], limit: number): string {
  const rest = all.length - limit
  return all.slice(0, limit).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

function count(rows: number): string {
  return rows.toLocaleString('en-US')
}

/** What colours texts, when colours are wanted. */
export function painter(colours: boolean): Paint {
  return (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text)
}

/** `1 table`, `1,234 tables`. */
export function counted(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? noun : plural(noun)}`
}

function plural(noun: string): string {
  if (noun.endsWith('y')) return `${noun.slice(0, -1)}ies`
  return noun.endsWith('s') ? `${noun}es` : `${noun}s`
}
