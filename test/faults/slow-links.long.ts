/** `npm run test:faults`: one side is behind 1 Mbit/s, and has to be waited for by everybody but its neighbours. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { formatReport } from '../e2e/support/resilience/steady-load.ts'
import { tookWithin } from './support/recovery.ts'
import { createScene, type ClientShape } from './support/scene.ts'

const BITS_PER_SECOND = 1_000_000
const BODY_BYTES = 64 * 1024 * 1024
const STREAMS = 8
const BEFORE_MS = 5000
const SLOW_MS = 20_000
/** Of the processes, beside what they had under the neighbours' load: windows of the streams, and what sockets hold. */
const MAX_GROWTH_MB = 32
/** What one takes for its wait, whatever the link does. */
const WAITING: Partial<ClientShape> = { ratePerSecond: 100, connections: 1, tunnels: STREAMS }
const neighbour: ClientShape = { ratePerSecond: 200, connections: 4, tunnels: 50 }

const head = (line: string, ...fields: readonly string[]): string =>
  [`${line} HTTP/1.1`, 'host: api.shop.svc.cluster.local', ...fields, '', ''].join('\r\n')

const bulks: readonly (readonly [string, Pick<ClientShape, 'request' | 'bodyBytes' | 'work'>])[] = [
  [
    'download',
    {
      request: head(`GET /bytes/${BODY_BYTES}`),
      bodyBytes: BODY_BYTES,
      work: { kind: 'bodies', uploadBytes: undefined },
    },
  ],
  [
    'upload',
    {
      request: head('POST /', `content-length: ${BODY_BYTES}`),
      work: { kind: 'bodies', uploadBytes: BODY_BYTES },
    },
  ],
]

describe('slow links', () => {
  for (const [index, behind] of (['clients', 'pods'] as const).entries()) {
    for (const [what, bulk] of bulks) {
      it(`${what}s of ${behind} behind 1 Mbit/s are held back, and held by nobody`, async (t) => {
        await using scene = await createScene({ subnet: 84 + index, behind, pods: 1 })
        if (scene === undefined) return t.skip('network namespaces are not to be had')
        const neighbours = await scene.startNeighbour(neighbour)
        await delay(BEFORE_MS)
        const startMs = Date.now()
        const beforeMb = scene.rssMb()
        scene.wire.slow(BITS_PER_SECOND)
        const slow = await scene.startClient({ ...neighbour, ...WAITING, ...bulk })
        let mostMb = 0
        while (Date.now() - startMs < SLOW_MS) {
          await delay(250)
          mostMb = Math.max(mostMb, scene.rssMb())
        }
        const passedBytes = await slow.bytes()
        const endMs = Date.now()
        await slow.kill()
        scene.wire.heal()
        await delay(1000)
        const others = await neighbours.stop()
        const before = tookWithin(others.all, { fromMs: startMs - BEFORE_MS / 2, toMs: startMs }, 0.99)
        const meanwhile = tookWithin(others.all, { fromMs: startMs, toMs: endMs }, 0.99)
        const shareOfLink = (passedBytes * 8000) / (endMs - startMs) / BITS_PER_SECOND
        t.diagnostic(
          `passed ${(passedBytes / 2 ** 20).toFixed(2)} MiB, ${(shareOfLink * 100).toFixed(0)} % of the link`,
        )
        t.diagnostic(`RSS ${beforeMb.toFixed(0)} MB, at most ${(mostMb - beforeMb).toFixed(1)} MB more`)
        t.diagnostic(
          `neighbours: ${formatReport(others)}, p99 ${before.toFixed(1)} before, ${meanwhile.toFixed(1)} ms meanwhile`,
        )
        assert.ok(passedBytes > 0, 'something passed')
        // What is sent is either over the link or in a window or buffer on its way: 256 KiB for each stream and side, and sockets.
        assert.ok(passedBytes < 8 * 2 ** 20 + STREAMS * 2 ** 20, `${passedBytes} bytes were taken`)
        assert.ok(mostMb - beforeMb < MAX_GROWTH_MB, `${mostMb - beforeMb} MB`)
        assert.deepEqual([others.failures, others.unanswered], [[], 0])
        return undefined
      })
    }
  }
})
