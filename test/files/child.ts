/**
 * A process of its own for tests that kill one, take its permissions or fill its disk.
 * `child.ts lock DIR` holds the lock until killed; `child.ts write DIR` writes a tree twice as small as its second
 * writing, which has COUNT rows: `child.ts write DIR COUNT [private]`. Prints one line of JSON.
 * `child.ts loop DIR` writes `loopSnapshots` by turns until killed.
 */
import type { Row } from '../../src/csv.ts'
import { databaseDirectory } from '../../src/files/layout.ts'
import { lockDirectory } from '../../src/files/lock.ts'
import { placeTree } from '../../src/files/place.ts'
import { stageTree } from '../../src/files/stage.ts'
import { preparePrivateDirectory } from '../../src/files/work-directory.ts'
import { loopSnapshots, snapshotOf, stageOptions, table, textsIn } from './support.ts'

const [verb, directory = '', count = '1', mode] = process.argv.slice(2)

async function writeRows(rows: number): Promise<void> {
  const users = Array.from({ length: rows }, (_, id): Row => [String(id), 'some text'])
  const options = stageOptions(directory, { privateMode: mode === 'private' })
  const staged = await stageTree(snapshotOf([table('users')], { users }), options)
  await placeTree(staged, databaseDirectory('host', 'shop'))
  await staged.discard()
}

/** The failure of the second writing and whether the files are those of the first. */
async function write(): Promise<unknown> {
  try {
    if (mode === 'private') await preparePrivateDirectory(directory)
    await writeRows(1)
  } catch (error) {
    return failure(error)
  }
  const before = await textsIn(directory)
  try {
    await writeRows(Number(count))
    return { code: 'none' }
  } catch (error) {
    const same = JSON.stringify(await textsIn(directory)) === JSON.stringify(before)
    return { ...failure(error), same }
  }
}

function failure(error: unknown) {
  if (!(error instanceof Error)) throw error
  return { name: error.name, code: 'code' in error ? error.code : '', message: error.message }
}

if (verb === 'loop') {
  await lockDirectory(directory)
  console.log('{"begun":true}')
  for (let turn = 0; ; turn += 1) {
    const snapshot = loopSnapshots[turn % loopSnapshots.length] ?? snapshotOf([])
    const staged = await stageTree(snapshot, stageOptions(directory))
    await placeTree(staged, databaseDirectory('host', 'shop'))
    await staged.discard()
  }
} else if (verb === 'lock') {
  const lock = await lockDirectory(directory)
  await stageTree(snapshotOf([table('users')]), stageOptions(directory))
  console.log('{"held":true}')
  setTimeout(() => void lock[Symbol.asyncDispose](), 600_000)
} else {
  console.log(JSON.stringify(await write()))
}
