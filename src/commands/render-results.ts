import { tableText } from '../config/categories.ts'
import { kindWords } from '../model.ts'
import type { CloneReport } from './clone.ts'
import type { ExportReport } from './export.ts'
import {
  counted,
  painter,
  renderFailure,
  type Paint,
  type Rendered,
  type Verbosity,
} from './render.ts'
import type { VerifyReport, VerifyResult } from './verify-report.ts'

interface RenderOptions {
  readonly verbosity: Verbosity
  readonly colours: boolean
}

/** How many differences of one database are shown before "and N more". */
const shownDifferences = 10

/** The differences as diffs on stdout, then a line or, for several databases, a table of results; failures on stderr. */
export function renderVerify(
  report: VerifyReport,
  { verbosity, colours }: RenderOptions,
): Rendered {
  const paint = painter(colours)
  const limit = verbosity === 'verbose' ? Infinity : shownDifferences
  const { databases, host } = report
  const details = databases.flatMap((result) => renderDifferences(host, result, limit, paint))
  const summary = databases.length === 1 ? databases.map(summaryLine) : table(databases)
  const lines = verbosity === 'quiet' ? details : [...details, ...summary]
  return {
    output: lines.map((line) => `${line}\n`).join(''),
    errors: databases
      .flatMap(({ database, failure }) =>
        failure === undefined ? [] : [renderFailure(failure, colours, `${host}/${database}`)],
      )
      .join(''),
  }
}

function renderDifferences(
  host: string,
  { database, differences, notes, outcome }: VerifyResult,
  limit: number,
  paint: Paint,
): string[] {
  const more = differences.length - limit
  return [
    ...notes.map((note) => `${paint('yellow', 'note:')} ${database}: ${note}`),
    ...(outcome === 'different'
      ? [`${paint('bold', `${host}/${database}`)}: ${counted(differences.length, 'difference')}`]
      : []),
    ...differences.slice(0, Math.min(limit, differences.length)).flatMap(({ path, what, text }) => [
      `${paint('red', words[what])}: ${path}`,
      ...text
        .trimEnd()
        .split('\n')
        .map((line) => paintDiffLine(line, paint)),
    ]),
    ...(more > 0 ? [`and ${more} more (--verbose shows them)`] : []),
  ]
}

const words = {
  missing: 'not restored',
  extra: 'not in the snapshot',
  changed: 'differs',
  orphans: 'no parent',
} as const

function paintDiffLine(line: string, paint: Paint): string {
  if (line.startsWith('-')) return paint('red', line)
  return line.startsWith('+') ? paint('green', line) : line
}

const outcomes = {
  same: 'the same',
  different: 'DIFFERENT',
  skipped: 'skipped',
  failed: 'FAILED',
} as const

function summaryLine(result: VerifyResult): string {
  const { database, outcome, objects, rows, seconds, differences } = result
  if (outcome === 'failed') return `${database}: could not be verified`
  const size = `${counted(objects, 'object')}, ${counted(rows, 'row')}, ${seconds.toFixed(1)} s`
  const isWhole = differences.every(({ what }) => what === 'orphans')
  const judged = isWhole ? 'every byte the same' : 'NOT the same'
  const orphans =
    isWhole && outcome !== 'same' ? ', with rows that a foreign key does not allow' : ''
  return `${database}: restored and read again, ${judged}${orphans} (${size})`
}

/** Columns as wide as what stands in them; numbers to the right. */
function table(results: readonly VerifyResult[]): string[] {
  const rows = [
    ['database', 'result', 'objects', 'rows', 'seconds', 'comment'],
    ...results.map((result) => [
      result.database,
      outcomes[result.outcome],
      count(result.objects),
      count(result.rows),
      result.seconds.toFixed(1),
      result.comment ?? '',
    ]),
  ]
  const widths = rows[0]?.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, index) => {
        const width = widths?.[index] ?? 0
        return index >= 2 && index <= 4 ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** What was copied where. */
export function renderClone(report: CloneReport, { verbosity, colours }: RenderOptions): string {
  const paint = painter(colours)
  const size = `${counted(report.objects, 'object')}, ${counted(report.rows, 'row')}, ${report.seconds.toFixed(1)} s`
  const lines = [
    ...(verbosity === 'quiet'
      ? []
      : [`${paint('green', 'made')} ${report.copy} from ${report.source} (${size})`]),
    ...report.notCaptured.map(
      ({ kind, name, reason }) =>
        `  ${paint('yellow', 'not copied:')} ${kindWords(kind)} ${name}: ${reason}`,
    ),
    ...report.violations.map(
      ({ table: name, constraint, rows }) =>
        `  ${paint('yellow', 'warning:')} ${tableText(name)}: ${count(rows)} rows have no parent by ${constraint}, as in the original`,
    ),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** What a script holds, for standard error: the script itself may be on standard output. */
export function renderExport(report: ExportReport, { verbosity, colours }: RenderOptions): string {
  const paint = painter(colours)
  const size = `${counted(report.objects, 'object')}, ${counted(report.tables, 'table')} with ${counted(report.rows, 'row')}`
  const lines = [
    ...(report.file === undefined || verbosity === 'quiet'
      ? []
      : [`${paint('green', 'wrote')} ${report.file} (${size})`]),
    ...(verbosity === 'quiet'
      ? []
      : report.notes.map((note) => `${paint('yellow', 'note:')} ${note}`)),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function count(rows: number): string {
  return rows.toLocaleString('en-US')
}
