/** `npm run test:long`: all pods are replaced again and again at 2,000 requests/s. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { replaceAll } from '../support/resilience/replacement.ts'
import { formatReport } from '../support/resilience/steady-load.ts'

for (const workers of [1, 2]) {
  for (const serveOnMs of [0, 500]) {
    const what = serveOnMs === 0 ? 'refuse everything at once' : 'serve on for a while'
    it(`nothing fails where pods ${what} (${workers} workers)`, async (t) => {
      const shape = { network: '127.71.32', ratePerSecond: 2000, rounds: 5, pauseMs: 500 }
      const report = await replaceAll({ ...shape, workers, serveOnMs })
      t.diagnostic(`${formatReport(report)}; ${report.pods} pods, ${report.streamsAtEnd} streams at their end`)
      assert.deepEqual([report.failures, report.unanswered, report.idlePods], [[], 0, 0], report.refusals)
      assert.deepEqual([...new Set(report.streams)], ['whole'])
      assert.ok(report.streamsAtEnd > 0, 'pods were told to end in the middle of streams')
    })
  }
}
