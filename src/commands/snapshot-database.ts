import { exitStatus, type ExitStatus } from '../errors.ts'
import { publish, publishPrivately } from './publish.ts'
import { readDatabase } from './read-database.ts'
import { failureOf, statusOf, type DatabaseReport } from './report.ts'
import type { DatabaseRun } from './snapshot-run.ts'

/** Snapshots one database: connect, read, write the files, commit. A failure becomes part of the report. */
export async function snapshotDatabase(run: DatabaseRun): Promise<DatabaseReport> {
  const started = performance.now()
  const elapsed = () => (performance.now() - started) / 1000
  try {
    await using staged = await readDatabase(run)
    await publishPrivately(staged, run)
    const published = await publish(staged, run)
    const { unclassified, notCaptured, warnings, rows } = staged
    return {
      database: run.database.name,
      ...published,
      rows,
      unclassified,
      notCaptured,
      warnings: [...warnings, ...published.warnings],
      status: completeness(unclassified.length, notCaptured.length, run.options.strict),
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
      failure: failureOf(error),
      status: statusOf(error),
      seconds: elapsed(),
    }
  } finally {
    run.context.progress.stop()
  }
}

function completeness(unclassified: number, notCaptured: number, strict: boolean): ExitStatus {
  return notCaptured > 0 || (strict && unclassified > 0) ? exitStatus.incomplete : exitStatus.done
}
