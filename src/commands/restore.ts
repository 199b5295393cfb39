import { setTimeout as wait } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import type { DatabaseServer, Violation } from '../engines/target.ts'
import { engineFor } from '../engines/index.ts'
import { ExpectedError, exitStatus, type ExitStatus } from '../errors.ts'
import type { NotCaptured, ObjectKey } from '../model.ts'
import type { CommandContext } from './context.ts'
import { interruptible } from './interrupt.ts'
import { pour, type PourOptions, type PouredTable, type PourReport } from './pour.ts'
import type { Warning } from './report.ts'
import { selectObjects } from './restore-plan.ts'
import { planRestore, refuseProduct, type RestorePlan } from './restore-preview.ts'
import {
  requireConfirmation,
  resolveTarget,
  type RestoreTarget,
  type TargetRequest,
} from './restore-target.ts'
import { snapshotBeforeReplace } from './snapshot-before.ts'
import { onlyDatabase } from './only-database.ts'
import { openSource, type FileSource } from './source.ts'
import { takeOver } from './take-over.ts'

/** What one run of `restore` was asked for. */
export interface RestoreOptions extends Omit<TargetRequest, 'environment'> {
  /** Which of the configured databases; needed when there are several. */
  readonly database?: string
  readonly at?: string
  readonly fromHost?: string
  readonly withoutLocal: boolean
  /** The account that owns a database that is made. */
  readonly owner?: string
  readonly tables?: readonly string[]
  readonly withDependencies: boolean
  readonly schemaOnly: boolean
  /** Rows into tables that exist. */
  readonly dataOnly: boolean
  readonly upsert: boolean
  readonly checkReferences: boolean
  readonly dryRun: boolean
  /** Gets the plan before anything is changed. */
  readonly showPlan: (plan: RestorePlan) => Promise<void>
}

/** What a restore did; `--json` prints it as it is. */
export interface RestoreReport {
  readonly plan: RestorePlan
  readonly dryRun: boolean
  /** The commit that holds the target as it was; only when the target is a configured database. */
  readonly before?: string
  readonly tables: readonly PouredTable[]
  readonly violations: readonly Violation[]
  /** Objects that were broken when they were saved: the target is without them. */
  readonly broken: readonly NotCaptured[]
  readonly warnings: readonly Warning[]
  readonly status: ExitStatus
  readonly seconds: number
}

/** Everything that a restore works with. */
interface Restore {
  readonly plan: RestorePlan
  readonly source: FileSource
  /** Which objects of the source are restored. */
  readonly selected: (object: ObjectKey) => boolean
  readonly config: Config
  readonly options: RestoreOptions
  readonly context: CommandContext
  readonly target: RestoreTarget
  readonly server: DatabaseServer
}

/**
 * Pours the files of a database into a target: gates, plan, snapshot of what would be lost, fill, report. Throws
 * ExpectedError when a gate is closed or a file is not whole, before anything is changed, and when the target refuses
 * something: then it is as it was, or the error says in which state it is.
 */
export async function restore(
  config: Config,
  options: RestoreOptions,
  context: CommandContext,
): Promise<RestoreReport> {
  const started = performance.now()
  refuseContradictions(options)
  const database = onlyDatabase(config, options.database)
  const { environment } = context
  const target = await resolveTarget(config, database, { ...options, environment })
  const engine = await engineFor(target.request.url)
  await using server = await interruptible(engine.openServer(target.request), context.signal)
  if (!options.dryRun) requireConfirmation(server.database, target, options)
  await using files = await openSource(config, database, options, environment)
  const { source, selected } = await takeOver(
    {
      files,
      selected: selectObjects(files.objects, options),
      database,
      targetUrl: target.request.url,
      server,
      dataOnly: options.dataOnly,
    },
    context,
  )
  const request = { source, target, server, options, selected, context }
  const plan = await planRestore(request)
  await options.showPlan(plan)
  const report = { plan, dryRun: options.dryRun, warnings: plan.warnings }
  const seconds = () => (performance.now() - started) / 1000
  if (options.dryRun) {
    const status = exitStatus.done
    return { ...report, tables: [], violations: [], broken: [], status, seconds: seconds() }
  }
  const run = { config, options, context, target, server, source, selected, plan }
  const before = await snapshotBefore(run)
  const poured = await fillTarget(run)
  return {
    ...report,
    ...(before === undefined ? {} : { before }),
    ...poured,
    status: statusOf(poured),
    seconds: seconds(),
  }
}

function statusOf({ violations, broken }: PourReport): ExitStatus {
  if (violations.length > 0) return exitStatus.different
  return broken.length > 0 ? exitStatus.incomplete : exitStatus.done
}

function refuseContradictions(options: RestoreOptions): void {
  const usage = (message: string, next: string) =>
    new ExpectedError('bad-usage', message, next, { status: exitStatus.usage })
  if (options.upsert && !options.dataOnly) {
    throw usage('--upsert is about rows for tables that exist.', 'Add --data-only.')
  }
  if (options.tables !== undefined && options.replace && !options.dataOnly) {
    throw usage(
      '--replace with --table would drop the whole database and bring back a part of it.',
      'Restore the tables into an empty database, or their rows alone with --data-only.',
    )
  }
}

async function snapshotBefore({
  config,
  context,
  target,
  plan,
}: Restore): Promise<string | undefined> {
  if (target.backedUpAs === undefined || plan.objectsInTarget === undefined) return undefined
  return await snapshotBeforeReplace(config, target.backedUpAs, context)
}

/** Makes the database where there is none, fills it, and takes away what was made when that fails. */
async function fillTarget(run: Restore): Promise<PourReport> {
  const { server, plan, options, source } = run
  const isNew = plan.objectsInTarget === undefined
  if (isNew) {
    const settings = source.objects.find(({ kind }) => kind === 'database')
    await server.create(server.database, {
      ...(options.owner === undefined ? {} : { owner: options.owner }),
      ...(settings === undefined ? {} : { settings }),
    })
  }
  try {
    return await pourInto(run)
  } catch (error) {
    // It was made a moment ago, and holds nothing.
    if (isNew) await atMost(graceMilliseconds, server.drop(server.database))
    throw error
  }
}

/** What a signal has stopped gets this long to end by itself; a server may hang. */
const graceMilliseconds = 3000

async function pourInto({
  source,
  selected,
  server,
  target,
  plan,
  options,
  context,
}: Restore): Promise<PourReport> {
  const { signal, progress } = context
  const engine = await engineFor(target.request.url)
  await using database = await interruptible(
    engine.open(server.requestFor(server.database)),
    signal,
  )
  if (plan.objectsInTarget === undefined) {
    const found = await database.read({ wantsRows: () => false }, ({ schema }) =>
      Promise.resolve(schema.product),
    )
    refuseProduct(source.product, found)
  }
  const pouring = pour(source, database, {
    mode: plan.mode,
    include: selected,
    schemaOnly: options.schemaOnly,
    upsert: options.upsert,
    skipReferenceCheck: !options.checkReferences,
    onProgress: progressWithRates(server.database, context),
    signal,
  })
  try {
    return await interruptible(pouring, signal)
  } catch (error) {
    if (signal.aborted) await atMost(graceMilliseconds, pouring)
    throw error
  } finally {
    progress.stop()
  }
}

function progressWithRates(
  label: string,
  { progress, now }: CommandContext,
): NonNullable<PourOptions['onProgress']> {
  const table = { name: '', since: 0 }
  let hasBegun = false
  return ({ what, done, total, rows }) => {
    if (!hasBegun) progress.start(label, total)
    hasBegun = true
    if (rows === undefined) {
      progress.show(done, what)
      return
    }
    const time = now().getTime()
    if (table.name !== what) Object.assign(table, { name: what, since: time })
    const rate = Math.round((rows * 1000) / Math.max(1, time - table.since))
    const counted = `${rows.toLocaleString('en-US')} rows, ${rate.toLocaleString('en-US')} rows/s`
    progress.show(done, `${what} ${counted}`)
  }
}

/** Waits for something whose outcome no longer matters. */
async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([Promise.allSettled([work]), wait(milliseconds, undefined, { ref: false })])
}
