import assert from 'node:assert/strict'
import { it } from 'node:test'
import { workerCounts } from '../support/fairway-process.ts'
import { replaceAll } from '../support/resilience/replacement.ts'
import { formatReport } from '../support/resilience/steady-load.ts'

const post = 'POST / HTTP/1.1\r\nhost: api.shop.svc.cluster.local\r\ncontent-length: 2\r\n\r\nhi'

const cases = [
  ...workerCounts(0).map((workers) => ({
    what: 'GETs, to pods that refuse everything at once',
    workers,
    serveOnMs: 0,
    request: undefined,
  })),
  { what: 'POSTs, to pods that serve on for a while', workers: 2, serveOnMs: 300, request: post },
]

/** The long form, at twice the rate and with more rounds, is `npm run test:long`. */
for (const { what, request, ...rest } of cases) {
  it(`all pods are replaced, and nothing fails: ${what} (${rest.workers} workers)`, async (t) => {
    const shape = { network: '127.71.32', ratePerSecond: 1000, rounds: 1, pauseMs: 100 }
    const report = await replaceAll({ ...shape, ...rest, ...(request === undefined ? {} : { request }) })
    t.diagnostic(`${formatReport(report)}; ${report.pods} pods`)
    assert.deepEqual([report.failures, report.unanswered, report.idlePods], [[], 0, 0], report.refusals)
    assert.deepEqual([...new Set(report.streams)], ['whole'])
    assert.ok(report.streamsAtEnd > 0, 'pods were told to end in the middle of streams')
  })
}
