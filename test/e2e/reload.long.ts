/** `npm run test:long`: a hundred configurations during thirty seconds of load. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { reloadUnderLoad } from './support/reloads.ts'

for (const workers of [1, 2]) {
  for (const writing of ['rename', 'in-place'] as const) {
    it(`a hundred configurations in thirty seconds (${workers} workers, ${writing})`, async (t) => {
      const report = await reloadUnderLoad({
        network: '127.71.3',
        workers,
        reloads: 100,
        durationMs: 30_000,
        writing,
      })
      t.diagnostic(`${report.requests} requests, ${report.seen} configurations seen`)
      assert.deepEqual(report.failures, [])
      assert.ok(report.requests > 1000, `only ${report.requests} requests`)
      assert.ok(report.seen >= 95, `only ${report.seen} configurations were in force`)
    })
  }
}
