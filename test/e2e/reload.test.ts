import assert from 'node:assert/strict'
import { it } from 'node:test'
import { workerCounts } from './support/fairway-process.ts'
import { reloadUnderLoad } from './support/reloads.ts'

/** The long form, with a hundred configurations in half a minute, is `npm run test:long`. */
for (const writing of ['rename', 'in-place'] as const) {
  for (const workers of workerCounts(writing === 'rename' ? 2 : 1)) {
    it(`ten configurations in two seconds: no failure, no mixture (${workers} workers, ${writing})`, async (t) => {
      const report = await reloadUnderLoad({
        network: '127.71.2',
        workers,
        reloads: 10,
        durationMs: 2000,
        writing,
      })
      t.diagnostic(`${report.requests} requests, ${report.seen} configurations seen`)
      assert.deepEqual(report.failures, [])
      assert.ok(report.requests > 100, `only ${report.requests} requests`)
      // Two that come within the debounce are one.
      assert.ok(report.seen >= 8, `only ${report.seen} configurations were in force`)
    })
  }
}
