import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import type { FakeClock } from '../../../test/support/fake-clock.ts'
import { Mesh, until } from '../../../test/support/mesh/mesh.ts'
import type { MeshOptions } from '../../../test/support/mesh/mesh.ts'
import { defaultOutlierDetection } from '../../model/backend/backend-defaults.ts'
import type { PodOptions } from '../../../test/support/mesh/pod.ts'
import { arrivals } from '../../../test/support/turns.ts'

let mesh: Mesh
let clock: FakeClock
afterEach(() => mesh.close())

const start = async (
  pod: Partial<PodOptions>,
  rule: NonNullable<MeshOptions['rule']>,
  options: Partial<MeshOptions> = {},
): Promise<void> => {
  clock = createFakeClock()
  mesh = await Mesh.start({ clock, pods: [pod], rule, ...options })
}
const OK = 'HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\nok'
describe('the time of a request', () => {
  it('is over: 504, and the client may go on', async () => {
    await start(
      { onRequest: (tunnel, { head }) => void (head.target === '/slow' || tunnel.write(OK)) },
      { timeouts: { requestMs: 500 } },
    )
    const tunnel = await mesh.tunnel()
    const slow = tunnel.get('/slow')
    await until(() => mesh.pod.requests === 1)
    clock.advance(499)
    await arrivals()
    assert.equal(mesh.records.length, 0)
    clock.advance(1)
    assert.equal((await slow).head.status, 504)
    const { flags, details, status } = await mesh.record(1)
    assert.deepEqual([status, flags, details], [504, 'UT', 'request_timeout'])
    await until(() => typeof mesh.pod.tunnels[0]?.end === 'number')
    assert.equal((await tunnel.get('/fast')).head.status, 200)
  })

  it('is enough: nothing happens when it would be over', async () => {
    await start({}, { timeouts: { requestMs: 500, backendRequestMs: 400 } })
    const tunnel = await mesh.tunnel()
    assert.equal((await tunnel.get()).head.status, 200)
    clock.advance(600)
    await arrivals()
    assert.equal((await tunnel.get()).head.status, 200)
    assert.equal(mesh.pod.tunnels.length, 1)
  })

  it('is over in the middle of the answer: the client sees that it is not whole', async () => {
    await start(
      { onRequest: (tunnel) => void tunnel.write('HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\nhello') },
      { timeouts: { requestMs: 500 } },
    )
    const tunnel = await mesh.tunnel()
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => tunnel.partial.bytes === 5)
    clock.advance(500)
    assert.equal(await tunnel.ended, 'reset-error')
    const { flags, status } = await mesh.record(1)
    assert.deepEqual([flags, status], ['UT', 200])
  })

  it('goes on while the body of the request comes', async () => {
    await start({}, { timeouts: { requestMs: 500 } })
    const tunnel = await mesh.tunnel()
    tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 10\r\n\r\nhello', 'POST')
    await until(() => mesh.counters.activeExchanges === 1)
    await arrivals()
    clock.advance(500)
    assert.equal((await tunnel.answer()).head.status, 504)
  })

  it('counts as an error of the endpoint when it is the route that gave it, and not the client', async () => {
    const outlierDetection = { ...defaultOutlierDetection, consecutiveGatewayErrors: 5 }
    await start({ onRequest: () => {} }, { timeouts: { requestMs: 500 } }, { policy: { outlierDetection } })
    const tunnel = await mesh.tunnel()
    const late = async (fields: string): Promise<number | undefined> => {
      const { requests } = mesh.pod
      tunnel.write(`POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 0\r\n${fields}\r\n`, 'POST')
      await until(() => mesh.pod.requests > requests)
      await arrivals()
      clock.advance(500)
      await tunnel.answer()
      return mesh.plane.readHealth()[0]?.gatewayErrors
    }
    const call = 'content-type: application/grpc\r\ngrpc-timeout: 100m\r\n'
    assert.deepEqual([await late(call), await late(''), await late(''), await late(call)], [undefined, 1, 2, 2])
  })

  it('covers all tries', async () => {
    await start(
      { onRequest: () => {} },
      { timeouts: { requestMs: 500, backendRequestMs: 200 }, retry: { codes: [], attempts: 5, backoffMs: 10 } },
    )
    const tunnel = await mesh.tunnel()
    const answer = tunnel.get()
    for (let at = 0; at < 500; at += 50) {
      await arrivals()
      clock.advance(50)
    }
    assert.equal((await answer).head.status, 504)
    const { attempts, details, tries } = await mesh.record(1)
    assert.equal(details, 'request_timeout')
    assert.ok(attempts >= 2 && attempts <= 3, `${attempts} tries`)
    assert.equal(tries.length, attempts - 1)
  })
})

describe('the time of a try', () => {
  it('is over: 504 when the route says nothing of retries', async () => {
    await start({ onRequest: () => {} }, { timeouts: { backendRequestMs: 200 } })
    const answer = (await mesh.tunnel()).get()
    await until(() => mesh.pod.requests === 1)
    clock.advance(200)
    assert.equal((await answer).head.status, 504)
    const { flags, details, attempts, upstreamFailure } = await mesh.record(1)
    assert.deepEqual([flags, details, attempts], ['UT', 'upstream_response_timeout', 1])
    assert.match(upstreamFailure, /no whole response of .* within 200 ms/)
  })

  it('is over: another one when it does', async () => {
    let asked = 0
    await start(
      { onRequest: (tunnel) => void (asked++ === 2 && tunnel.write(OK)) },
      { timeouts: { backendRequestMs: 200 }, retry: { codes: [], attempts: 2, backoffMs: 25 } },
    )
    const answer = (await mesh.tunnel()).request('POST', '/', 'content-length: 5\r\n', 'hello')
    for (let step = 0; step < 16 && mesh.records.length === 0; step++) {
      await arrivals()
      clock.advance(50)
    }
    assert.equal((await answer).head.status, 200)
    const { attempts, tries, flags } = await mesh.record(1)
    assert.deepEqual([attempts, tries.map(({ reason }) => reason), flags], [3, ['timeout', 'timeout'], '-'])
  })

  it('is over while it still connects', async () => {
    await start({ onConnect: () => undefined }, { timeouts: { backendRequestMs: 200 } })
    const answer = (await mesh.tunnel()).get()
    await until(() => mesh.pod.tunnels.length === 1)
    clock.advance(200)
    assert.equal((await answer).head.status, 504)
    // The CONNECT is answered after all: nobody is there any more.
    clock.advance(11_000)
    await arrivals()
    assert.equal((await mesh.record(1)).attempts, 1)
  })

  it('is over while it connects to an endpoint that is going: no tunnel is kept that nobody will use', async () => {
    await start({ onConnect: () => undefined }, { timeouts: { backendRequestMs: 200 } })
    const answer = (await mesh.tunnel()).get()
    await until(() => mesh.pod.tunnels.length === 1)
    clock.advance(200)
    assert.equal((await answer).head.status, 504)
    const [late] = mesh.pod.tunnels
    assert.ok(late)
    late.connection.shutdown()
    late.connection.headers(late.stream, [':status', '200'], false)
    await until(() => late.connection.openStreams === 0, 'the tunnel to end')
  })

  it('is over in the middle of the answer', async () => {
    await start(
      { onRequest: (tunnel) => void tunnel.write('HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\nhello') },
      { timeouts: { backendRequestMs: 200 }, retry: { codes: [], attempts: 2, backoffMs: 25 } },
    )
    const tunnel = await mesh.tunnel()
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => tunnel.partial.bytes === 5)
    clock.advance(200)
    assert.equal(await tunnel.ended, 'reset-error')
    assert.deepEqual([(await mesh.record(1)).flags, mesh.pod.requests], ['UT', 1])
  })
})
