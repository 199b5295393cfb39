import { tableText } from '../config/categories.ts'
import { kindWords } from '../model.ts'
import { counted, painter, type Verbosity } from './render.ts'
import type { RestorePlan } from './restore-preview.ts'
import type { RestoreReport } from './restore.ts'

interface RenderOptions {
  readonly verbosity: Verbosity
  readonly colours: boolean
}

/** How many lines a list shows before "and N more". */
const shownLines = 20

/** What a restore will do, for a person who can still stop it. */
export function renderPlan(plan: RestorePlan, { verbosity, colours }: RenderOptions): string {
  if (verbosity === 'quiet') return ''
  const paint = painter(colours)
  const limit = verbosity === 'verbose' ? Infinity : shownLines
  const commit = plan.commit === undefined ? '' : ` at ${plan.commit.slice(0, 10)}`
  const rows = plan.tables.reduce((sum, table) => sum + table.rows, 0)
  const objects = plan.objects.map(({ kind, count }) => counted(count, kindWords(kind))).join(', ')
  return textOf([
    `${paint('bold', `${plan.source}${commit}`)} → ${paint('bold', plan.target)}: ${modeText(plan)}`,
    ...(objects === '' ? [] : [`  objects: ${objects}`]),
    `  rows: ${number(rows)} in ${counted(plan.tables.length, 'table')}`,
    ...shorten(
      plan.tables.map(({ table, rows: count }) => `    ${table} ${number(count)}`),
      limit,
    ),
    ...(plan.withoutRows.length === 0
      ? []
      : [`  without rows: ${shorten(plan.withoutRows, limit).join(', ')}`]),
    ...(plan.dropped.length === 0
      ? []
      : [
          `  ${paint('red', 'dropped')}, with every row, ${counted(plan.dropped.length, 'object')}:`,
        ]),
    ...shorten(
      plan.dropped.map((name) => `    ${name}`),
      limit,
    ),
    ...(plan.snapshotFirst ? [snapshotText] : []),
    ...plan.warnings.map(
      ({ message, next }) =>
        `  ${paint('yellow', 'warning:')} ${[message, next ?? []].flat().join(' ')}`,
    ),
  ])
}

const snapshotText =
  '  A snapshot of the target is taken first. It holds the rows of global and local tables; those of others are lost.'

/** What a restore did, below its plan. */
export function renderRestore(
  report: RestoreReport,
  { verbosity, colours }: RenderOptions,
): string {
  const paint = painter(colours)
  const { plan, tables, violations, broken } = report
  const problems = [
    ...violations.map(
      ({ table, constraint, rows }) =>
        `${paint('red', 'violation:')} ${tableText(table)}: ${constraint}: ${counted(rows, 'row')} without a parent`,
    ),
    ...broken.map(
      ({ kind, name, reason }) =>
        `${paint('yellow', 'not restored:')} ${kindWords(kind)} ${name}: ${reason}`,
    ),
  ]
  if (verbosity === 'quiet') return textOf(problems)
  if (report.dryRun) return textOf(['Nothing was changed (--dry-run).'])
  const limit = verbosity === 'verbose' ? Infinity : shownLines
  const rows = tables.reduce((sum, table) => sum + table.rowsInFiles, 0)
  const rate = Math.round(rows / Math.max(0.001, report.seconds))
  return textOf([
    ...(report.before === undefined
      ? []
      : [`The target as it was: ${paint('bold', report.before)} (restore --at ${report.before})`]),
    `${paint('green', 'restored')} ${plan.targetName}: ${counted(rows, 'row')} in ${counted(tables.length, 'table')} ${paint('dim', `(${report.seconds.toFixed(1)} s, ${number(rate)} rows/s)`)}`,
    ...shorten(
      tables.map(
        ({ table, rowsInFiles, rowsInTarget }) =>
          `  ${tableText(table)}: ${counted(rowsInFiles, 'row')} in the files, ${number(rowsInTarget)} in the target`,
      ),
      limit,
    ),
    ...problems,
  ])
}

function modeText({ mode, objectsInTarget }: RestorePlan): string {
  if (objectsInTarget === undefined) return 'a new database'
  if (mode === 'rows') return 'rows into the tables that are there'
  return mode === 'replace' ? 'replaces what is there' : 'an empty database'
}

function shorten(lines: readonly string[], limit: number): readonly string[] {
  const rest = lines.length - limit
  return rest <= 0 ? lines : [...lines.slice(0, limit), `    and ${rest} more (--verbose)`]
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
