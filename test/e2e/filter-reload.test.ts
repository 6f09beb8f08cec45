import assert from 'node:assert/strict'
import { it } from 'node:test'
import { reloadFilterUnderLoad } from './support/filter-reloads.ts'

/** The long form, with a hundred versions and then a thousand, is `npm run test:long`. */
it('versions of a filter replace each other: no failure, and no request that two of them saw', async (t) => {
  const report = await reloadFilterUnderLoad({ network: '127.71.9', workers: 2, reloads: 3, durationMs: 1200 })
  t.diagnostic(`${report.requests} requests, ${report.seen} versions seen`)
  assert.deepEqual(report.failures, [])
  assert.ok(report.requests > 100, `only ${report.requests} requests`)
  assert.ok(report.seen >= 2, `only ${report.seen} versions were in force`)
})
