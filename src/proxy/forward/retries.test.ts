import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { Mesh, until } from '../../../test/support/mesh/mesh.ts'
import type { MeshOptions } from '../../../test/support/mesh/mesh.ts'
import type { PodOptions, PodTunnel } from '../../../test/support/mesh/pod.ts'
import { arrivals } from '../../../test/support/turns.ts'
import type { FilterDefinition } from '../../filter/index.ts'
import { INTERNAL_ERROR } from '../../http/h2/constants.ts'
import { anything } from '../../lib/schema.ts'
import type { Retry } from '../../model/route.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const retry = (parts: Partial<Retry> = {}): Retry => ({ codes: [503], attempts: 2, backoffMs: 1, ...parts })
const answer = (status: number, body = ''): string =>
  `HTTP/1.1 ${status} X\r\ncontent-length: ${body.length}\r\n\r\n${body}`
/** A pod that gives these answers in turn, and the last one from then on. */
const inTurn = (...answers: readonly string[]): NonNullable<PodOptions['onRequest']> => {
  let given = 0
  return (tunnel) => void tunnel.write(answers[Math.min(given++, answers.length - 1)] ?? '')
}
const start = async (
  onRequest: NonNullable<PodOptions['onRequest']>,
  rule: NonNullable<MeshOptions['rule']> = { retry: retry() },
  options: MeshOptions = {},
): Promise<void> => {
  mesh = await Mesh.start({ pods: [{ onRequest }], rule, ...options })
}

describe('answers that the route has sent again', () => {
  it('are never seen when one try is better, and leave their connection in use', async () => {
    await start(inTurn(answer(503, 'busy'), answer(200, 'ok')))
    const tunnel = await mesh.tunnel()
    const { head, body } = await tunnel.get()
    assert.deepEqual([head.status, String(body)], [200, 'ok'])
    const { attempts, tries, flags, status } = await mesh.record(1)
    assert.deepEqual([attempts, flags, status], [2, '-', 200])
    assert.partialDeepStrictEqual(tries, [{ status: 503, reason: 'status', failure: '' }])
    assert.equal(mesh.pod.tunnels.length, 1)
  })

  it('are given to the client when all tries are used up: the last of them, whole', async () => {
    await start(inTurn(answer(503, 'one'), answer(503, 'two'), answer(503, 'three')))
    const { head, body } = await (await mesh.tunnel()).get()
    assert.deepEqual([head.status, String(body)], [503, 'three'])
    const { attempts, tries, flags, details } = await mesh.record(1)
    assert.deepEqual([attempts, tries.length, flags, details], [3, 2, 'URX', 'via_upstream'])
    assert.deepEqual([mesh.counters.retries.status, mesh.counters.retriesRefused.attempts], [2, 1])
  })

  it('are told as used up, also when a filter fails on the last of them', async () => {
    const filter: FilterDefinition = {
      kind: 'Broken',
      stage: 'shape',
      config: anything(),
      create: () => ({
        onResponse: () => {
          throw new Error('no')
        },
      }),
    }
    const filters = [{ kind: 'Broken', config: {}, origin: 'test' }]
    await start(inTurn(answer(503)), { retry: retry({ attempts: 1 }), filters }, { filters: [filter] })
    assert.equal((await (await mesh.tunnel()).get()).head.status, 500)
    const { flags, details } = await mesh.record(1)
    assert.deepEqual([flags, details], ['URX', 'filter_failed'])
  })

  it('are not those with another status', async () => {
    await start(inTurn(answer(500, 'no'), answer(200)))
    assert.equal((await (await mesh.tunnel()).get()).head.status, 500)
    assert.equal((await mesh.record(1)).attempts, 1)
  })

  it('come from another endpoint where there is one', async () => {
    const seen: number[] = []
    mesh = await Mesh.start({
      pods: [0, 1, 2].map((index) => ({
        onRequest: (tunnel: PodTunnel) => {
          seen.push(index)
          tunnel.write(answer(seen.length < 3 ? 503 : 200))
        },
      })),
      rule: { retry: retry() },
    })
    assert.equal((await (await mesh.tunnel()).get()).head.status, 200)
    assert.deepEqual(
      seen.toSorted((a, b) => a - b),
      [0, 1, 2],
    )
  })

  it('may be long, and are cut then', async () => {
    let asked = 0
    await start((tunnel) => {
      if (asked++ > 0) return void tunnel.write(answer(200))
      tunnel.write('HTTP/1.1 503 X\r\ncontent-length: 300000\r\n\r\n')
      tunnel.write(Buffer.alloc(200_000))
    })
    const tunnel = await mesh.tunnel()
    assert.equal((await tunnel.get()).head.status, 200)
    assert.equal((await tunnel.get()).head.status, 200)
    await until(() => typeof mesh.pod.tunnels[0]?.end === 'number')
  })

  it('to a request that is still on its way are no reason to wait for the rest of it', async () => {
    let asked = 0
    mesh = await Mesh.start({
      pods: [{ onHead: (tunnel) => void (asked++ === 0 && tunnel.write(answer(503))), onRequest: inTurn(answer(200)) }],
      rule: { retry: retry() },
    })
    const tunnel = await mesh.tunnel()
    tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 10\r\n\r\nhello', 'POST')
    await until(() => asked === 2)
    tunnel.write('world')
    assert.equal((await tunnel.answer()).head.status, 200)
    assert.equal(String(mesh.pod.tunnels[1]?.requests[0]?.body), 'helloworld')
  })
})

describe('bodies', () => {
  it('that were sent again and not taken leave a connection that nobody uses any more', async () => {
    let asked = 0
    mesh = await Mesh.start({
      pods: [
        {
          h2: { settings: { streamWindowBytes: 20_000 } },
          onHead: (tunnel) => {
            if (++asked !== 2) return
            tunnel.isReading = false
            tunnel.write(answer(200, 'early'))
          },
          onRequest: (tunnel) => void tunnel.write(answer(asked === 1 ? 503 : 200)),
        },
      ],
      rule: { retry: retry() },
    })
    const tunnel = await mesh.tunnel()
    const { body } = await tunnel.request('POST', '/', 'content-length: 60000\r\n', 'x'.repeat(60_000))
    assert.equal(String(body), 'early')
    // It waited behind the rest of that body, which nobody was going to read.
    assert.equal((await tunnel.get()).head.status, 200)
    assert.deepEqual([mesh.pod.tunnels.length, asked], [2, 3])
  })

  for (const [form, head, sent] of [
    ['with a length', 'content-length: 60000\r\n', 'x'.repeat(60_000)],
    [
      'in chunks',
      'transfer-encoding: chunked\r\n',
      `7530\r\n${'x'.repeat(30_000)}\r\n7530\r\n${'x'.repeat(30_000)}\r\n0\r\n\r\n`,
    ],
  ] as const) {
    it(`${form} are sent again as they were`, async () => {
      await start(inTurn(answer(503), answer(503), answer(200)))
      const { head: got } = await (await mesh.tunnel()).request('POST', '/', head, sent)
      assert.equal(got.status, 200)
      for (const { body } of mesh.pod.tunnels.flatMap(({ requests }) => requests)) {
        assert.equal(String(body), 'x'.repeat(60_000))
      }
      assert.equal(mesh.pod.requests, 3)
    })
  }

  it('of more than 64 KiB are sent once', async () => {
    await start(inTurn(answer(503), answer(200)))
    const body = 'x'.repeat(70_000)
    const { head } = await (await mesh.tunnel()).request('POST', '/', `content-length: ${body.length}\r\n`, body)
    assert.equal(head.status, 503)
    const { attempts, flags } = await mesh.record(1)
    assert.deepEqual([attempts, flags, mesh.counters.retriesRefused.body], [1, 'URX', 1])
  })
})

describe('lost connections', () => {
  it('are tried again for any method when the route has a retry stanza, after the backoff', async () => {
    const clock = createFakeClock()
    let asked = 0
    await start(
      (tunnel) => (asked++ === 0 ? tunnel.reset(INTERNAL_ERROR) : void tunnel.write(answer(200))),
      { retry: retry({ codes: [], backoffMs: 200 }) },
      { clock },
    )
    const tunnel = await mesh.tunnel()
    const got = tunnel.request('POST', '/', 'content-length: 2\r\n', 'hi')
    await until(() => asked === 1)
    await arrivals()
    clock.advance(199)
    await arrivals()
    assert.equal(asked, 1)
    clock.advance(101)
    assert.equal((await got).head.status, 200)
    assert.deepEqual(
      (await mesh.record(1)).tries.map(({ reason }) => reason),
      ['reset'],
    )
  })

  it('are told with the time that they took, also where the route says nothing of retries', async () => {
    const clock = createFakeClock()
    let asked = 0
    const onRequest = (tunnel: PodTunnel): void => {
      clock.advance(30)
      if (asked++ < 2) tunnel.reset(INTERNAL_ERROR)
      else tunnel.write(answer(200))
    }
    await start(onRequest, {}, { clock })
    assert.equal((await (await mesh.tunnel()).get()).head.status, 200)
    assert.deepEqual(
      (await mesh.record(1)).tries.map(({ durationMs }) => durationMs),
      [30, 30],
    )
  })

  it('end with 503 when all tries are used up', async () => {
    await start((tunnel) => tunnel.reset(INTERNAL_ERROR), { retry: retry({ codes: [] }) })
    assert.equal((await (await mesh.tunnel()).get()).head.status, 503)
    const { attempts, flags } = await mesh.record(1)
    assert.deepEqual([attempts, flags], [3, 'UC,URX'])
  })

  it('while a try waits for its backoff cost a client that goes away nothing', async () => {
    const clock = createFakeClock()
    await start(inTurn(answer(503)), { retry: retry({ backoffMs: 1000 }) }, { clock })
    const tunnel = await mesh.tunnel()
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => mesh.pod.requests === 1)
    await arrivals()
    tunnel.channel.abort()
    const { flags } = await mesh.record(1)
    assert.equal(flags, 'DC')
    clock.advance(5000)
    await arrivals()
    assert.equal(mesh.pod.requests, 1)
  })
})

it('a storm of failures adds a fifth to the load, and ten in a second', async () => {
  await start(inTurn(answer(503)), { retry: retry({ attempts: 5, backoffMs: 0 }) })
  const tunnels = await Promise.all(Array.from({ length: 8 }, () => mesh.tunnel()))
  await Promise.all(
    tunnels.map(async (tunnel) => {
      for (let i = 0; i < 50; i++) assert.equal((await tunnel.get()).head.status, 503)
    }),
  )
  assert.ok(mesh.pod.requests <= 400 * 1.2 + 20, `${mesh.pod.requests} requests for 400`)
  assert.ok(mesh.pod.requests >= 400 * 1.1, `${mesh.pod.requests} requests for 400`)
  assert.ok(mesh.counters.retriesRefused.budget > 200)
})
