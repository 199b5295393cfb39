import { exitStatus, type ExitStatus } from '../errors.ts'
import { isIncomplete } from '../model.ts'
import { compareStaged, type Comparison } from './compare-staged.ts'
import { leaks } from './leak-guard.ts'
import { publish, publishPrivately, type Published } from './publish.ts'
import { readDatabase } from './read-database.ts'
import { failureOf, statusOf, type DatabaseReport } from './report.ts'
import { privateLosses, shrinkages } from './shrink-guard.ts'
import type { DatabaseRun } from './snapshot-run.ts'
import type { StagedDatabase } from './stage-database.ts'

/** Snapshots one database: connect, read, write the files, commit. A failure becomes part of the report. */
export async function snapshotDatabase(run: DatabaseRun): Promise<DatabaseReport> {
  const started = performance.now()
  const elapsed = () => (performance.now() - started) / 1000
  try {
    await using staged = await readDatabase(run)
    const comparison = await compareStaged(staged.shared, run)
    const held = [...(await shrinkages(comparison, staged, run)), ...(await leaks(comparison, run))]
    const published =
      held.length > 0 ? holding(comparison) : await publishAll(comparison, staged, run)
    const { unclassified, notCaptured, warnings, rows } = staged
    return {
      database: run.database.name,
      ...published,
      rows,
      unclassified,
      notCaptured,
      warnings: [...warnings, ...published.warnings],
      held,
      status:
        held.length > 0
          ? exitStatus.held
          : completeness(unclassified.length, isIncomplete(notCaptured), run.options.strict),
      seconds: elapsed(),
    }
  } catch (error) {
    return {
      database: run.database.name,
      outcome: 'failed',
      changes: [],
      rows: { global: 0, local: 0, ephemeral: 0 },
      unclassified: [],
      notCaptured: [],
      warnings: [],
      held: [],
      failure: failureOf(error),
      status: statusOf(error),
      seconds: elapsed(),
    }
  } finally {
    run.context.progress.stop()
  }
}

/**
 * Private files first, so that no commit exists whose private rows were not saved. Before a replacement they stay as they
 * are where the database has lost what they hold: it may be what the replacement brings back.
 */
async function publishAll(
  comparison: Comparison,
  staged: StagedDatabase,
  run: DatabaseRun,
): Promise<Published> {
  const isBeforeReplacement = run.options.acceptShrink === 'everything'
  const losses = isBeforeReplacement ? await privateLosses(comparison, staged, run) : []
  if (losses.length === 0) await publishPrivately(staged, run)
  return await publish(comparison, staged, run)
}

/** What would have been committed. */
function holding({ changes }: Comparison): Published {
  return { outcome: 'held', changes, warnings: [] }
}

function completeness(unclassified: number, incomplete: boolean, strict: boolean): ExitStatus {
  return incomplete || (strict && unclassified > 0) ? exitStatus.incomplete : exitStatus.done
}
