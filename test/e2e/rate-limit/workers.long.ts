/** `npm run test:long`: workers of a replica count together, however requests are spread over them, and also when one ends. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../support/eventually.ts'
import type { RunningFairway } from '../support/fairway-process.ts'
import { startLoad } from '../support/load.ts'
import { createMesh, type Mesh } from '../support/mesh.ts'
import { gateway, service } from '../support/objects.ts'

const address = '127.71.99.1'
const TO = '10.96.0.10:80'
const PER_SECOND = 500
const SECONDS = 10
/** So long that a machine which stands still for a second does not fill the bucket. */
const BURST_MS = 3000

const burst = (algorithm: string): object =>
  algorithm === 'TokenBucket' ? { burst: (PER_SECOND * BURST_MS) / 1000 } : {}

const limit = (name: string, algorithm: string): object => ({
  apiVersion: 'fairway.dev/v1alpha1',
  kind: 'RateLimit',
  metadata: { name, namespace: 'shop' },
  spec: {
    targetRefs: [{ kind: 'Service', name: 'api' }],
    // Each run has a key of its own.
    limits: [
      { name, algorithm, rate: { requests: PER_SECOND, per: '1s' }, key: [{ type: 'Path' }], ...burst(algorithm) },
    ],
    enforcement: { type: 'Local' },
  },
})

for (const algorithm of ['TokenBucket', 'SlidingWindow']) {
  describe(`a local limit of two workers: ${algorithm}`, () => {
    let mesh: Mesh
    let fairway: RunningFairway
    before(async () => {
      mesh = await createMesh([
        gateway,
        ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address, port: 8080 }] }),
        limit('all', algorithm),
      ])
      await mesh.startPod('api', { address, port: 8080 })
      fairway = await mesh.startFairway(2)
    })
    after(() => mesh?.[Symbol.asyncDispose]())

    /** How many pass, and how many should have. */
    const run = async (path: string, connections: number, during: () => Promise<void>) => {
      let passed = 0
      let startMs = 0
      let endMs = 0
      const lanes = 32
      const load = startLoad({
        lanes,
        lanesPerConnection: lanes / connections,
        dial: () => mesh.dial(fairway),
        authority: TO,
        request: { path },
        check: ({ status }) => {
          endMs = Date.now()
          if (startMs === 0) startMs = endMs
          if (status === 200) passed++
          return undefined
        },
      })
      await Promise.all([sleep(SECONDS * 1000), during()])
      const { requests, failures } = await load.stop()
      // A bucket begins full. A window may be used up at once in its first period, wherever in it that begins.
      const sinceMs = algorithm === 'TokenBucket' ? startMs - BURST_MS : Math.floor(startMs / 1000) * 1000
      const expected = (PER_SECOND * (endMs - sinceMs)) / 1000
      return { passed, expected, requests, failures }
    }

    for (const connections of [1, 16]) {
      it(`is within one percent when requests come by ${connections} connections`, async (t) => {
        const { passed, expected, requests, failures } = await run(`/${connections}`, connections, async () => {})
        t.diagnostic(`${passed} of ${Math.round(expected)} passed, of ${requests} requests`)
        assert.deepEqual(failures, [])
        // What is not asked for while the machine does something else a window does not give later.
        const least = expected * (algorithm === 'TokenBucket' ? 0.99 : 0.8)
        assert.ok(passed <= expected * 1.01 && passed >= least, `${passed} of ${expected}`)
      })
    }

    it('is kept when a worker is killed and another one takes its place', async (t) => {
      const { passed, expected, requests, failures } = await run('/killed', 16, async () => {
        await sleep(3000)
        const [worker = 0] = fairway.workers()
        process.kill(worker, 'SIGKILL')
        await eventually('it is replaced', () => fairway.workers().filter((pid) => pid !== worker).length === 2)
      })
      t.diagnostic(`${passed} of ${Math.round(expected)} passed, of ${requests} requests, ${failures.length} failed`)
      assert.ok(passed <= expected * 1.02, `${passed} of ${expected}`)
    })
  })
}
