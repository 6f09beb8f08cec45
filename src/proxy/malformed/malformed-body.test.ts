import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { ruleOf, startBodyMesh, upper, type BodyFilter } from '../../../test/support/filters/body-filters.ts'
import { openInner } from '../../../test/support/mesh/inner-client.ts'
import { Mesh, VIP, until } from '../../../test/support/mesh/mesh.ts'
import type { ClientTunnel } from '../../../test/support/mesh/client-tunnel.ts'
import { backendOf } from '../../../test/support/models.ts'
import { arrivals } from '../../../test/support/turns.ts'
import { INTERNAL_ERROR, PROTOCOL_ERROR } from '../../http/h2/constants.ts'
import { ignoreStream } from '../../http/h2/stream.ts'
import type { H2Stream } from '../../http/h2/stream.ts'
import { defaultOutlierDetection } from '../../model/backend/backend-defaults.ts'
import { formatEndpointKey } from '../../model/endpoint.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const HEAD = 'POST /a HTTP/1.1\r\nhost: api\r\ntransfer-encoding: chunked\r\n\r\n'
const BEGUN = `${HEAD}4\r\nhalf\r\n`
const DETAILS = 'http1_protocol_error{bad-request}'

/** The client has its 400, the tunnel's end, and nobody else is blamed. */
const isRefused = async (tunnel: ClientTunnel, count = 1): Promise<void> => {
  const { head, body } = await tunnel.answer()
  assert.deepEqual([head.status, head.keepAlive, await tunnel.ended], [400, false, 'end'])
  const record = await mesh.record(count)
  assert.deepEqual([record.status, record.flags, record.details, record.path], [400, 'DPE', DETAILS, '/a'])
  assert.equal(`${record.termination}\n`, String(body))
  assert.equal(record.upstreamFailure, '')
}

describe('a body of HTTP/1.1 that is malformed', () => {
  const faults = {
    'a chunk size in C': '0x3\r\nabc\r\n',
    'a chunk size that is too large': 'fffffffffffffffff\r\n',
    'lines that end with LF': '3\nabc\n',
    'a chunk longer than it says': '1\r\nabc\r\n',
    'a trailer that frames': '0\r\ncontent-length: 3\r\n\r\n',
  }
  for (const [what, rest] of Object.entries(faults)) {
    it(`with ${what} is a 400, and the endpoint sees it break off`, async () => {
      mesh = await Mesh.start()
      const tunnel = await mesh.tunnel()
      tunnel.write(BEGUN, 'POST')
      await until(() => mesh.pod.tunnels[0]?.seen.endsWith('half\r\n') === true)
      tunnel.write(rest)
      await isRefused(tunnel)
      await until(() => mesh.pod.tunnels[0]?.end === INTERNAL_ERROR)
      assert.equal(mesh.pod.requests, 0)
    })
  }

  it('in the bytes of its head is a 400 too, and what came behind it is nobody’s request', async () => {
    mesh = await Mesh.start()
    const tunnel = await mesh.tunnel()
    tunnel.write(`${HEAD}0x3\r\nabc\r\n0\r\n\r\nGET /b HTTP/1.1\r\nhost: api\r\n\r\n`, 'POST')
    await isRefused(tunnel)
    assert.equal(mesh.pod.requests, 0)
  })

  it('with trailers that are too large is a 431', async () => {
    mesh = await Mesh.start()
    const tunnel = await mesh.tunnel()
    tunnel.write(`${BEGUN}0\r\nx: ${'x'.repeat(20_000)}`, 'POST')
    assert.equal((await tunnel.answer()).head.status, 431)
    const { status, flags, details } = await mesh.record(1)
    assert.deepEqual([status, flags, details], [431, 'DPE', 'http1_protocol_error{head-too-large}'])
  })

  it('is answered though the client has ended its direction behind it', async () => {
    mesh = await Mesh.start()
    const tunnel = await mesh.tunnel()
    tunnel.write(`${BEGUN}0x3\r\n`, 'POST')
    tunnel.channel.end()
    await isRefused(tunnel)
  })

  it('breaks off an answer that has begun', async () => {
    mesh = await Mesh.start({
      pods: [{ onHead: (pod) => void pod.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n') }],
    })
    const tunnel = await mesh.tunnel()
    tunnel.write(BEGUN, 'POST')
    await until(() => tunnel.partial.bytes === 2)
    tunnel.write('0x3\r\nabc\r\n')
    assert.equal(await tunnel.ended, 'reset-error')
    const { status, flags, details, termination } = await mesh.record(1)
    assert.deepEqual([status, flags, details], [200, 'DPE', DETAILS])
    assert.match(termination ?? '', /chunk/)
    await until(() => mesh.pod.tunnels[0]?.end === INTERNAL_ERROR)
  })

  it('is no fault of the endpoint, however often it comes', async () => {
    const outlierDetection = { ...defaultOutlierDetection, consecutive5xxErrors: 1, consecutiveLocalOriginFailures: 1 }
    mesh = await Mesh.start({ pods: [{}, {}], policy: { outlierDetection } })
    for (let i = 1; i <= 4; i++) {
      const tunnel = await mesh.tunnel()
      tunnel.write(BEGUN, 'POST')
      await until(() => mesh.pods.some(({ tunnels }) => tunnels.at(-1)?.seen.endsWith('half\r\n') === true))
      tunnel.write('0x3\r\nabc\r\n')
      await isRefused(tunnel, i)
    }
    assert.deepEqual(
      mesh.plane.readHealth().filter(({ state, reason }) => state !== 'healthy' || reason !== undefined),
      [],
    )
    assert.deepEqual(mesh.counters.retries, { ...mesh.counters.retries, reset: 0, connectFailed: 0, status: 0 })
  })

  it('ends a repetition that waits for its turn', async () => {
    let tries = 0
    mesh = await Mesh.start({
      rule: { retry: { codes: [503], attempts: 3, backoffMs: 60_000 } },
      pods: [
        {
          onHead: (pod) => {
            tries++
            pod.write('HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n')
          },
        },
      ],
    })
    const tunnel = await mesh.tunnel()
    tunnel.write(BEGUN, 'POST')
    await until(() => mesh.counters.retries.status === 1)
    tunnel.write('0x3\r\nabc\r\n')
    await isRefused(tunnel)
    assert.equal(tries, 1)
  })

  it('breaks off its copies', async () => {
    const { service, endpoints } = backendOf('shadow')
    const mirror = { service, endpoints, numerator: 1, denominator: 1, origin: 'the test' }
    mesh = await Mesh.start({ pods: [{}, {}], rule: { mirrors: [mirror] } })
    const [main, copy] = mesh.pods
    assert.ok(main !== undefined && copy !== undefined)
    const sets = { api: main, shadow: copy }
    mesh.apply(
      mesh.model({
        endpoints: Object.entries(sets).map(([name, pod]) => ({
          key: formatEndpointKey('shop', name, 80),
          endpoints: [mesh.endpoint(pod.options.address)],
        })),
      }),
    )
    const tunnel = await mesh.tunnel()
    tunnel.write(BEGUN, 'POST')
    await until(() => mesh.pods.every(({ tunnels }) => tunnels[0]?.seen.endsWith('half\r\n') === true))
    tunnel.write('0x3\r\nabc\r\n')
    await isRefused(tunnel)
    await until(() => mesh.pods.every(({ tunnels }) => tunnels[0]?.end === INTERNAL_ERROR))
    assert.deepEqual([main.requests, copy.requests, mesh.counters.openMirrors], [0, 0, 0])
  })

  const bodies: Readonly<Record<string, readonly BodyFilter[]>> = {
    'as a whole': [[{ request: 'buffer', limitBytes: 1000 }, { transformRequest: () => upper }]],
    'piece by piece': [[{ request: 'stream' }, { transformRequest: () => upper }]],
    'and do not come back': [[{ request: 'stream' }, { transformRequest: () => () => new Promise<string>(() => {}) }]],
  }
  for (const [how, filters] of Object.entries(bodies)) {
    it(`is a 400 where filters change it ${how}`, async () => {
      mesh = await startBodyMesh(filters)
      const tunnel = await mesh.tunnel()
      tunnel.write(BEGUN, 'POST')
      await arrivals()
      tunnel.write('0x3\r\nabc\r\n')
      await isRefused(tunnel)
      assert.equal(mesh.pod.requests, 0)
    })
  }

  it('takes the place of what a filter that never comes back would have answered', async () => {
    const { filters, rule } = ruleOf([[{}, { onRequest: () => new Promise<void>(() => {}) }]])
    mesh = await Mesh.start({ filters, rule })
    const tunnel = await mesh.tunnel()
    tunnel.write(BEGUN, 'POST')
    await until(() => mesh.counters.activeExchanges === 1)
    tunnel.write('0x3\r\nabc\r\n')
    await isRefused(tunnel)
    assert.equal(mesh.pod.tunnels.length, 0)
  })

  it('does not change that it was refused for want of room', async () => {
    mesh = await Mesh.start({ overload: { maxRequests: 1 }, pods: [{ onRequest: () => {} }] })
    const first = await mesh.tunnel()
    first.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => mesh.pod.requests === 1)
    const tunnel = await mesh.tunnel()
    tunnel.write(BEGUN, 'POST')
    tunnel.write('0x3\r\nabc\r\n')
    assert.equal((await tunnel.answer()).head.status, 503)
    const { status, flags } = await mesh.record(1)
    assert.deepEqual([status, flags], [503, 'OM'])
  })
})

describe('a body of HTTP/2 that is malformed', () => {
  const fields = [':method', 'POST', ':scheme', 'http', ':authority', 'api', ':path', '/a']
  const open = async (
    more: readonly string[],
  ): Promise<{ readonly stream: H2Stream; resets: number[]; send: Send }> => {
    const resets: number[] = []
    const { h2 } = await openInner(await mesh.dial(), VIP)
    await until(() => h2.hasSettings)
    const stream = h2.open([...fields, ...more], { ...ignoreStream, onReset: (code) => resets.push(code) }, false)
    const send: Send = (text, trailers) => {
      const bytes = Buffer.from(text)
      h2.data(stream, bytes, 0, bytes.length)
      if (trailers === 'none') h2.end(stream)
      else if (trailers !== undefined) h2.headers(stream, trailers, true)
    }
    return { stream, resets, send }
  }
  type Send = (text: string, trailers?: readonly string[] | 'none') => void

  const isReset = async (resets: readonly number[], status: number): Promise<void> => {
    const record = await mesh.record(1)
    const details = 'http2_protocol_error{PROTOCOL_ERROR}'
    assert.deepEqual([record.status, record.flags, record.details, record.path], [status, 'DPE', details, '/a'])
    assert.notEqual(record.termination ?? '', '')
    await until(() => resets.length === 1)
    assert.deepEqual(resets, [PROTOCOL_ERROR])
    // The first tunnel was to find out whether it speaks HTTP/2.
    await until(() => mesh.pod.tunnels.at(-1)?.end === INTERNAL_ERROR)
    assert.equal(mesh.pod.requests, 0)
  }

  it('by being shorter than it says has its stream reset, and is told of as what it is', async () => {
    mesh = await Mesh.start({ protocol: 'http2' })
    const { resets, send } = await open(['content-length', '10'])
    send('abc')
    await until(() => mesh.pod.tunnels.at(-1)?.seen.endsWith('abc') === true)
    send('', 'none')
    await isReset(resets, 0)
  })

  it('by its trailers, too', async () => {
    mesh = await Mesh.start({ protocol: 'http2' })
    const { resets, send } = await open([])
    send('abc')
    await until(() => mesh.pod.tunnels.at(-1)?.seen.includes('abc') === true)
    send('', [':path', '/b'])
    await isReset(resets, 0)
  })

  it('breaks off an answer that has begun', async () => {
    mesh = await Mesh.start({
      protocol: 'http2',
      pods: [{ onHead: (pod) => void pod.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n') }],
    })
    const { resets, send, stream } = await open(['content-length', '10'])
    await until(() => stream.hasHeaders)
    send('abc', 'none')
    await isReset(resets, 200)
  })

  it('is no malformed one when the client resets it: that is its leaving', async () => {
    mesh = await Mesh.start({ protocol: 'http2' })
    const { h2 } = await openInner(await mesh.dial(), VIP)
    await until(() => h2.hasSettings)
    const stream = h2.open([...fields, 'content-length', '10'], ignoreStream, false)
    await until(() => (mesh.pod.tunnels.at(-1)?.seen ?? '').startsWith('POST'))
    h2.reset(stream, PROTOCOL_ERROR)
    const { status, flags, details } = await mesh.record(1)
    assert.deepEqual([status, flags, details], [0, 'DC', 'downstream_remote_disconnect'])
  })
})
