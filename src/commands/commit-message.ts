import { formatMessage } from '../git/message.ts'
import { describeChange, type Change } from '../review/changes.ts'
import type { DatabaseRun } from './snapshot-run.ts'

/** The message of a commit: what changed in words, every object in the body, and who made it from what. */
export function commitMessage(
  changes: readonly Change[],
  isFirst: boolean,
  pointInTime: string | undefined,
  { config, database, context }: DatabaseRun,
): string {
  const details = changes.map(describeChange)
  return formatMessage({
    host: config.host,
    database: database.name,
    version: context.version,
    changes: isFirst ? [`first snapshot, ${changes.length} objects`] : details,
    details,
    trailers: pointInTime === undefined ? [] : [['Schema-Backup-Point-In-Time', pointInTime]],
  })
}
