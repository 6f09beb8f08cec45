import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { double, ruleOf, startBodyMesh, upper, type BodyFilter } from '../../../test/support/filters/body-filters.ts'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { Mesh, until } from '../../../test/support/mesh/mesh.ts'
import { backendOf } from '../../../test/support/models.ts'
import { arrivals, later } from '../../../test/support/turns.ts'
import type { BodyTransform, Filter } from '../../filter/index.ts'
import { createReply } from '../../filter/reply.ts'
import { formatEndpointKey } from '../../model/endpoint.ts'
import type { Mirror } from '../../model/route.ts'
import { defaultDeadlines } from '../limits/deadlines.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const MIB = 1 << 20

const start = async (...how: Parameters<typeof startBodyMesh>): Promise<void> => {
  mesh = await startBodyMesh(...how)
}

const upload = (mode: 'stream' | 'buffer', transform: BodyTransform, limitBytes = MIB): BodyFilter => [
  { request: mode, limitBytes },
  { transformRequest: () => transform },
]
const seen = () => mesh.pod.tunnels.at(-1)?.requests.at(-1)

describe('a request whose body filters change', () => {
  it('goes on in chunks where they change it piece by piece', async () => {
    await start([upload('stream', upper)])
    const tunnel = await mesh.tunnel()
    for (let i = 0; i < 2; i++) {
      assert.equal((await tunnel.request('POST', '/', 'content-length: 5\r\n', 'hello')).head.status, 200)
      const request = seen()
      assert.deepEqual([String(request?.body), request?.head.bodyLength], ['HELLO', -1])
      assert.equal(request?.head.headers.get('content-length'), undefined)
    }
    assert.equal(mesh.pod.tunnels.length, 1)
  })

  it('has its new length where they want the whole', async () => {
    await start([upload('buffer', double), upload('stream', upper)])
    const tunnel = await mesh.tunnel()
    const chunks = '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'
    assert.equal((await tunnel.request('POST', '/', 'transfer-encoding: chunked\r\n', chunks)).head.status, 200)
    assert.deepEqual([String(seen()?.body), seen()?.head.bodyLength], ['ABCDEABCDE', 10])
  })

  it('without one is shown to no filter', async () => {
    let asked = 0
    await start([
      [{ request: 'buffer' }, { transformRequest: () => void asked++, onRequestTrailers: () => void asked++ }],
    ])
    await (await mesh.tunnel()).get()
    assert.equal(asked, 0)
  })

  it('that is longer than a filter takes is answered 413, announced or not, and nobody else sees it', async () => {
    await start([upload('buffer', upper, 100)])
    const tunnel = await mesh.tunnel()
    tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 101\r\n\r\n', 'POST')
    assert.equal((await tunnel.answer()).head.status, 413)
    assert.equal((await mesh.record(1)).details, 'request_payload_too_large{F0}')
    const other = await mesh.tunnel()
    const chunk = `65\r\n${'x'.repeat(101)}\r\n`
    other.write(`POST / HTTP/1.1\r\nhost: api\r\ntransfer-encoding: chunked\r\n\r\n${chunk}`, 'POST')
    assert.equal((await other.answer()).head.status, 413)
    assert.equal(mesh.pod.requests, 0)
  })

  it('is asked for at once when a client waits for leave to send what has to be there first', async () => {
    await start([upload('buffer', upper)])
    const tunnel = await mesh.tunnel()
    tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n', 'POST')
    // Nothing of the test tells when the 100 is out but the answer that counts it.
    await arrivals()
    tunnel.write('ok')
    const { informational, head } = await tunnel.answer()
    assert.deepEqual([informational, head.status, String(seen()?.body)], [[100], 200, 'OK'])
  })

  it('is answered by a filter, and nothing is sent', async () => {
    for (const mode of ['stream', 'buffer'] as const) {
      await start([upload(mode, () => createReply(422, { reason: 'bad_json' }))])
      const tunnel = await mesh.tunnel()
      for (let i = 1; i <= 2; i++) {
        const { head } = await tunnel.request('POST', '/', 'content-length: 2\r\n', '{]')
        assert.equal(head.status, 422)
        assert.equal((await mesh.record(i)).details, 'bad_json')
        if (head.headers.get('connection') === 'close') break
      }
      assert.equal(mesh.pod.requests, 0)
      if (mode === 'stream') await mesh.close()
    }
  })

  it('is answered 500 when a filter throws, or gives no function', async () => {
    const broken: Filter = { transformRequest: () => 'text' as unknown as BodyTransform }
    for (const parts of [
      upload('stream', () => later(7 as unknown as string)),
      [{ request: 'stream' }, broken] as const,
    ]) {
      await start([parts])
      const { head } = await (await mesh.tunnel()).request('POST', '/', 'content-length: 2\r\n', 'ok')
      assert.equal(head.status, 500)
      if (parts[1] !== broken) await mesh.close()
    }
  })

  it('is changed once, however often it is sent', async () => {
    let calls = 0
    let answered = 0
    await start(
      [upload('stream', (bytes, isLast) => (isLast ? undefined : `${++calls}:${String(bytes)}`))],
      {
        onRequest: (tunnel) =>
          void tunnel.write(`HTTP/1.1 ${answered++ < 2 ? 503 : 200} X\r\ncontent-length: 0\r\n\r\n`),
      },
      { rule: { retry: { codes: [503], attempts: 3, backoffMs: 1 } } },
    )
    const { head } = await (await mesh.tunnel()).request('POST', '/', 'content-length: 2\r\n', 'ok')
    assert.deepEqual([head.status, calls, answered], [200, 1, 3])
    const bodies = mesh.pod.tunnels.flatMap(({ requests }) => requests.map(({ body }) => String(body)))
    assert.deepEqual(bodies, ['1:ok', '1:ok', '1:ok'])
  })

  it('is what copies for mirrors have too', async () => {
    const { service, endpoints } = backendOf('shadow')
    const mirror: Mirror = { service, endpoints, numerator: 1, denominator: 1, origin: 'the test' }
    for (const mode of ['stream', 'buffer'] as const) {
      const { filters, rule } = ruleOf([upload(mode, double)])
      mesh = await Mesh.start({ filters, rule: { ...rule, mirrors: [mirror] }, pods: [{}, {}] })
      const [main, copy] = mesh.pods
      assert.ok(main !== undefined && copy !== undefined)
      const groups = { api: main, shadow: copy }
      mesh.apply(
        mesh.model({
          endpoints: Object.entries(groups).map(([name, pod]) => ({
            key: formatEndpointKey('shop', name, 80),
            endpoints: [mesh.endpoint(pod.options.address)],
          })),
        }),
      )
      await (await mesh.tunnel()).request('POST', '/', 'content-length: 2\r\n', 'ok')
      await until(() => copy.requests === 1 && mesh.counters.openMirrors === 0)
      assert.equal(String(copy.tunnels[0]?.requests[0]?.body), 'okok')
      if (mode === 'stream') await mesh.close()
    }
  })

  it('arrives whole when it is large, and twice as long', async () => {
    await start([upload('stream', double)])
    const tunnel = await mesh.tunnel()
    tunnel.write(`POST / HTTP/1.1\r\nhost: api\r\ncontent-length: ${8 * MIB}\r\n\r\n`, 'POST')
    await tunnel.upload(8 * MIB)
    assert.equal((await tunnel.answer()).head.status, 200)
    assert.equal(seen()?.bodyBytes, 16 * MIB)
  })

  it('waits in its client when the pod does not read', async () => {
    await start([upload('stream', double)], { onHead: (tunnel) => void (tunnel.isReading = false) })
    const tunnel = await mesh.tunnel()
    tunnel.write(`POST / HTTP/1.1\r\nhost: api\r\ncontent-length: ${4 * MIB}\r\n\r\n`, 'POST')
    const upload4 = tunnel.upload(4 * MIB)
    await until(() => (mesh.pod.tunnels[0]?.unread ?? 0) > 0 && tunnel.channel.queuedBytes > 0)
    await arrivals()
    assert.ok(mesh.counters.heldBytes < 2 * MIB, `${mesh.counters.heldBytes} bytes are held`)
    mesh.pod.tunnels[0]?.readOn()
    await upload4
    await tunnel.answer()
    assert.equal(seen()?.bodyBytes, 8 * MIB)
  })

  it('is given up when its client is, with a filter that waits', async () => {
    await start([upload('stream', () => new Promise(() => {}))])
    const tunnel = await mesh.tunnel()
    tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 9\r\n\r\nabc', 'POST')
    await until(() => mesh.pod.tunnels.length === 1)
    tunnel.write('def')
    for (const client of mesh.clients) client.destroy()
    assert.equal((await mesh.record(1)).flags, 'DC')
  })

  it('is ended with the name of the filter that it waits for too long', async () => {
    const clock = createFakeClock()
    const deadlines = { ...defaultDeadlines, streamIdleMs: 5000 }
    await start([upload('buffer', () => new Promise(() => {}))], {}, { clock, deadlines })
    const tunnel = await mesh.tunnel()
    const answer = tunnel.request('POST', '/', 'content-length: 2\r\n', 'ok')
    await until(() => mesh.counters.activeExchanges === 1)
    await arrivals()
    for (let i = 0; i < 8; i++) clock.advance(1250)
    assert.equal((await answer).head.status, 504)
    assert.equal((await mesh.record(1)).details, 'filter_timeout{F0}')
  })

  it('and its trailers pass filters', async () => {
    await start([[{}, { onRequestTrailers: async (trailers) => (await later(0), trailers.add('x-new', '1')) }]])
    const tunnel = await mesh.tunnel()
    await tunnel.request('POST', '/', 'transfer-encoding: chunked\r\n', '2\r\nok\r\n0\r\nx-a: b\r\n\r\n')
    assert.deepEqual(seen()?.trailers?.fields, ['x-a', 'b', 'x-new', '1'])
  })
})
