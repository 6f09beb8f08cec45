/** `npm run test:long`: what replicas that are added get of tunnels that were there before. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { doubleReplicas } from '../support/resilience/spread.ts'

it('after twice the age of a connection all of twice as many replicas carry the same', async (t) => {
  const report = await doubleReplicas({ network: '127.71.36', replicas: 2, tunnels: 1000, maxAgeSeconds: 15 })
  t.diagnostic(`${report.requests} requests; ${report.before.join(', ')} before, ${report.after.join(', ')} after`)
  assert.deepEqual(report.failures, [])
  const mean = report.after.reduce((sum, count) => sum + count, 0) / report.after.length
  for (const count of report.after) {
    assert.ok(Math.abs(count - mean) <= mean / 5, `${count} of a mean of ${mean}: ${report.after.join(', ')}`)
  }
})
