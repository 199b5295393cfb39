import type { CategoryProblem } from '../config/categories.ts'
import { engineOfProduct } from '../engines/index.ts'
import { ExpectedError, exitStatus } from '../errors.ts'
import type { StageOptions } from '../files/stage.ts'
import { readMaskKey } from '../files/mask-key.ts'
import type { Schema } from '../model.ts'
import { needsKey, planMasks, tableMasks } from './mask.ts'
import type { ObjectCategories } from './selection.ts'
import type { DatabaseRun } from './snapshot-run.ts'

/** What becomes of the rows on their way into the backup directory. */
export interface SharedMasks {
  readonly masksOf: NonNullable<StageOptions['masksOf']>
  readonly problems: readonly CategoryProblem[]
}

/** The masks of one run, before anything is written; throws ExpectedError `mask-refused`, `mask-key-damaged`. */
export async function sharedMasks(
  schema: Schema,
  categories: ObjectCategories,
  run: DatabaseRun,
): Promise<SharedMasks> {
  const { neutral } = await engineOfProduct(schema.product)
  const entries = run.database.masks ?? []
  const plan = planMasks({ schema, categories, entries, neutral })
  const key = needsKey(plan) ? await keyOf(run) : new Uint8Array(0)
  return { masksOf: tableMasks(plan, { schema, neutral }, key), problems: plan.problems }
}

async function keyOf({ config, options }: DatabaseRun): Promise<Uint8Array> {
  const { privateDirectory } = config
  if (privateDirectory !== undefined) {
    return await readMaskKey(privateDirectory, { create: !options.dryRun })
  }
  throw new ExpectedError(
    'mask-refused',
    'The key that masks by `hash` need is kept in the private directory, and none is configured.',
    'Configure `user_data_backup_dir`, or mask with `null` or a text.',
    { status: exitStatus.configuration },
  )
}
