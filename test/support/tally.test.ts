import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from './servers.ts'

const program = join(import.meta.dirname, '..', '..', 'scripts', 'tally.mjs')

async function tally(...reports: readonly (readonly string[])[]) {
  const directory = await temporaryDirectory()
  const files = reports.map((_, index) => join(directory, `${index}.json`))
  for (const [index, statuses] of reports.entries()) {
    const count = (status: string) => statuses.filter((each) => each === status).length
    const report = {
      numPassedTests: count('passed'),
      numFailedTests: count('failed'),
      numPendingTests: count('skipped'),
      numTodoTests: 0,
      testResults: [
        {
          name: 'a.test.ts',
          status: statuses.some((status) => /failed|unloadable/.test(status)) ? 'failed' : 'passed',
          assertionResults: statuses
            .filter((status) => status !== 'unloadable')
            .map((status) => ({ status, fullName: `a ${status} test` })),
        },
      ],
    }
    await writeFile(files[index] ?? '', JSON.stringify(report))
  }
  const { stdout, status } = spawnSync(process.execPath, [program, ...files], { encoding: 'utf8' })
  return { lastLine: stdout.trimEnd().split('\n').at(-1), status }
}

test.each([
  [[['passed', 'passed'], ['passed']], '3 passed, 0 failed, 0 skipped', 0],
  [[['passed'], ['passed', 'failed']], '2 passed, 1 failed, 0 skipped', 1],
  [[['passed', 'skipped']], '1 passed, 0 failed, 1 skipped', 1],
  [[['passed'], ['unloadable']], '1 passed, 1 failed, 0 skipped', 1],
  [[[]], '0 passed, 0 failed, 0 skipped', 1],
])('%j is %s', async (reports, lastLine, status) => {
  expect(await tally(...reports)).toEqual({ lastLine, status })
})
