/** Prints `passed failed skipped` of one vitest run, from its JSON report.
 *
 *  A file that could not be loaded, and a run that ended badly without naming a test, count as one failure each: a red run never
 *  counts as green.
 *  Usage: node scripts/count-tests.mjs REPORT EXIT_CODE */
import { readFileSync } from 'node:fs'

const [reportFile, exitCode] = process.argv.slice(2)

function readReport() {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8'))
  } catch {
    return { testResults: [] }
  }
}

let passed = 0
let failed = 0
let skipped = 0
for (const file of readReport().testResults) {
  const before = failed
  for (const test of file.assertionResults) {
    if (test.status === 'passed') passed += 1
    else if (test.status === 'failed') failed += 1
    else skipped += 1
  }
  if (file.status === 'failed' && failed === before) failed += 1
}
if (exitCode !== '0' && failed === 0) failed = 1
console.log(`${passed} ${failed} ${skipped}`)
