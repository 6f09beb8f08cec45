/** `npm run test:long`: four waypoints that count in one Redis. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { skipWithout } from '../../support/peer-process.ts'
import { tell } from '../../support/rate-limit/load.ts'
import { startRedis } from '../../support/rate-limit/redis-server.ts'
import { startLoad } from '../support/load.ts'
import { createMesh } from '../support/mesh.ts'
import { gateway, service } from '../support/objects.ts'

const address = '127.71.98.1'
const TO = '10.96.0.10:80'
const PER_SECOND = 100
/** So large that a machine which stands still for a second does not fill it. */
const BURST = 1000
const REQUESTS = 10_000

it('four waypoints are within two percent together', { skip: skipWithout('redis-server') }, async (t) => {
  using redis = await startRedis()
  const server = `127.0.0.1:${redis.port}`
  const limit = {
    apiVersion: 'fairway.dev/v1alpha1',
    kind: 'RateLimit',
    metadata: { name: 'all', namespace: 'shop' },
    spec: {
      targetRefs: [{ kind: 'Service', name: 'api' }],
      limits: [{ name: 'all', rate: { requests: PER_SECOND, per: '1s' }, burst: BURST }],
      enforcement: { type: 'Redis', servers: [server], failureMode: 'Closed', timeout: '500ms' },
    },
  }
  const api = service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address, port: 8080 }] })
  await using mesh = await createMesh([gateway, ...api, limit])
  await mesh.startPod('api', { address, port: 8080 })
  const waypoints = []
  for (let i = 0; i < 4; i++) waypoints.push(await mesh.startFairway(1, ['--filter-egress', server]))
  const clients = await Promise.all(waypoints.map((waypoint) => mesh.dial(waypoint)))
  // Each of them is connected to Redis before it counts.
  for (const client of clients) while ((await client.request(TO)).status === 503) await delay(50)
  await delay(1200)
  const startMs = performance.now()
  let endMs = startMs
  const counts = { passed: 0, refused: 0, failed: 0 }
  const loads = clients.map((client) =>
    startLoad({
      lanes: 8,
      lanesPerConnection: 8,
      dial: async () => client,
      authority: TO,
      check: ({ status }) => {
        endMs = performance.now()
        counts[status === 200 ? 'passed' : status === 429 ? 'refused' : 'failed']++
        return undefined
      },
    }),
  )
  while (loads.reduce((sum, load) => sum + load.requests(), 0) < REQUESTS) await delay(50)
  const reports = await Promise.all(loads.map((load) => load.stop()))
  // A bucket that was full, and what has come since.
  const expected = BURST + (PER_SECOND * (endMs - startMs)) / 1000
  tell(t, counts, { expected: Math.round(expected), requests: reports.map(({ requests }) => requests) })
  assert.deepEqual(
    reports.flatMap(({ failures }) => failures),
    [],
  )
  assert.equal(counts.failed, 0)
  assert.ok(Math.abs(counts.passed - expected) <= expected * 0.02, `${counts.passed} of ${expected}`)
})
