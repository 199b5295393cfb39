// Adds up vitest's JSON reports: `node scripts/tally.mjs REPORT…`. The last line is `N passed, N failed, N skipped`;
// fails when a test failed, when one was skipped (it could hide an engine), and when nothing ran.
import console from 'node:console'
import process from 'node:process'
import { readFileSync } from 'node:fs'

const reports = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, 'utf8')))
const sum = (count) => reports.reduce((total, report) => total + count(report), 0)
const passed = sum((report) => report.numPassedTests)
// A file that could not be loaded has no test that failed.
const brokenFiles = reports
  .flatMap((report) => report.testResults)
  .filter(
    (file) =>
      file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  )
const failed = sum((report) => report.numFailedTests) + brokenFiles.length
const skipped = sum((report) => report.numPendingTests + report.numTodoTests)

for (const file of brokenFiles) console.log(`failed as a whole: ${file.name}`)
for (const test of reports
  .flatMap((report) => report.testResults)
  .flatMap((file) => file.assertionResults)) {
  if (!['passed', 'failed'].includes(test.status)) console.log(`skipped: ${test.fullName}`)
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
if (failed > 0 || skipped > 0 || passed === 0) process.exitCode = 1
