import type { FillRequest, Target } from '../target.ts'
import { fillRows, putBackTriggers } from './fill-rows.ts'
import { openFillSession } from './fill-session.ts'
import { fillWhole } from './fill-whole.ts'
import type { ConnectionSettings } from './settings.ts'

/**
 * Fills the database of `settings`, on a session of its own (target.ts).
 *
 * Every DDL statement commits on its own, so nothing is made in the target itself. In the modes `empty` and
 * `replace` everything is made in `schema_backup_scratch_fill_<random>` on the same server: until that is complete, the target
 * is untouched, whatever happens. Then, within moments, the target gets the table
 * `schema_backup_restore_in_progress` as a mark; its triggers and events are dropped; one RENAME TABLE moves all of its tables to
 * `schema_backup_scratch_old_<random>` and all new ones in; its old views and routines are dropped, the new ones made,
 * triggers and events last; and only then the mark is taken away and the two other databases are dropped.
 * A failure up to the RENAME is undone. After a kill within these moments the mark is there: reading the database
 * throws `restore-in-progress`, the old tables lie in `schema_backup_scratch_old_<random>` (the mark names it), and the
 * next fill in either mode takes the database for one to be replaced. What kills left beside a target is dropped by the next fill on the server.
 *
 * In the mode `rows` all rows are loaded in one transaction. Triggers must not see them: they are dropped before
 * it and made again after it, and in between they stand in the mark, from which the next fill makes them again.
 */
export async function fillDatabase<T>(
  settings: ConnectionSettings,
  request: FillRequest,
  use: (target: Target) => Promise<T>,
): Promise<T> {
  const session = await openFillSession(settings)
  try {
    await putBackTriggers(session)
    return request.mode === 'rows'
      ? await fillRows(session, request, use)
      : await fillWhole(session, request, use)
  } finally {
    await session.client[Symbol.asyncDispose]()
  }
}
