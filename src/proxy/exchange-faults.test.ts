import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ruleOf } from '../../test/support/filters/body-filters.ts'
import { openTunnel } from '../../test/support/mesh/client-tunnel.ts'
import { openInner } from '../../test/support/mesh/inner-client.ts'
import type { InnerClient } from '../../test/support/mesh/inner-client.ts'
import { Mesh, until, VIP } from '../../test/support/mesh/mesh.ts'
import type { MeshOptions } from '../../test/support/mesh/mesh.ts'
import type { PodOptions } from '../../test/support/mesh/pod.ts'
import type { Exchange } from '../filter/index.ts'
import { H2Connection } from '../http/h2/connection.ts'
import { ignoreStream } from '../http/h2/stream.ts'
import { Balancer } from './balance/balancer.ts'
import { Downstream } from './downstream.ts'
import { HttpVersionSniffer } from './entry/sniffer.ts'
import { TunnelEntry } from './entry/tunnel-entry.ts'
import { Tunnels } from './entry/tunnels.ts'
import { Outgoing } from './forward/outgoing.ts'
import { RetryBudget } from './forward/retry-budget.ts'
import { H2Tunnel } from './inner-h2/h2-tunnel.ts'
import { Overload } from './overload/overload.ts'
import { Answer } from './response/answer.ts'
import { ResponseWriter } from './response/response-writer.ts'
import { Tracer } from './tracing/tracer.ts'
import { H1Session } from './upstream/h1/h1-session.ts'
import { EndpointPool } from './upstream/pool.ts'

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** What all went wrong in leaves nothing behind: that is what `close` makes sure of. */
const withMesh = async (options: MeshOptions, run: (mesh: Mesh) => Promise<void>): Promise<void> => {
  const onRequest: PodOptions['onRequest'] = (tunnel, { head }) => {
    if (head.target !== '/slow') tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
  }
  const mesh = await Mesh.start({ pods: [{ onRequest }], ...options })
  try {
    await run(mesh)
  } finally {
    await mesh.close()
  }
}

/** Has the next call fail as if it had met a bug, and those behind it do what they always do. */
const failOnce = <T extends object>(prototype: T, name: string & keyof T): void => {
  const before = prototype[name]
  assert.ok(typeof before === 'function')
  const value = (): never => {
    Object.defineProperty(prototype, name, { value: before })
    throw new Error(`a bug in ${name}`)
  }
  Object.defineProperty(prototype, name, { value, configurable: true, writable: true })
}

/** What fails once, and what its request comes to: by HTTP/1.1, and by HTTP/2. */
const faults: readonly (readonly [fail: () => void, h1: string, h2: string])[] = [
  [() => failOnce(Tracer.prototype, 'begin'), '200', '200'],
  [() => failOnce(Overload.prototype, 'refusalOfRequest'), 'reset-error', 'reset 2'],
  [() => failOnce(Outgoing.prototype, 'send'), '500', '500'],
  [() => failOnce(RetryBudget.prototype, 'noteRequest'), '500', '500'],
  [() => failOnce(Balancer.prototype, 'pickEndpoint'), '500', '500'],
  [() => failOnce(EndpointPool.prototype, 'takeIdle'), '500', '500'],
  [() => failOnce(H1Session.prototype, 'begin'), '500', '500'],
  [() => failOnce(Outgoing.prototype, 'push'), 'reset-error', 'reset 2'],
  [() => failOnce(Outgoing.prototype, 'end'), 'reset-error', 'reset 2'],
  [() => failOnce(Answer.prototype, 'begin'), '502', '502'],
  [() => failOnce(ResponseWriter.prototype, 'writeHead'), '500', '500'],
  [() => failOnce(ResponseWriter.prototype, 'endBody'), '200', '200 reset 2'],
  [() => failOnce(Outgoing.prototype, 'abandon'), '200', '200'],
]

const tracer = (): Tracer => {
  const propagation = { reads: ['tracecontext'], writes: ['tracecontext'] } as const
  const defaults = { hasCollector: true, ratio: 0, followsParent: true, reportsErrors: false, propagation }
  return new Tracer(defaults, Math.random)
}

test('whatever fails under way, a request by HTTP/1.1 has an end, and other tunnels of its connection go on', async () => {
  await withMesh({ tracer: tracer() }, async (mesh) => {
    const client = await mesh.dial()
    const other = await openTunnel(client, VIP)
    for (const [fail, wanted] of faults) {
      const tunnel = await openTunnel(client, VIP)
      await tunnel.get()
      fail()
      const end = await Promise.race([tunnel.request('POST', '/', 'content-length: 1\r\n', 'x'), tunnel.ended])
      assert.equal(typeof end === 'string' ? end : String(end.head.status), wanted, String(fail))
      assert.equal((await other.get()).head.status, 200)
      tunnel.channel.end()
    }
  })
})

const tunnelFaults: readonly (readonly [fail: () => void, bytes: string])[] = [
  [() => failOnce(HttpVersionSniffer.prototype, 'feed'), 'GET'],
  [() => failOnce(TunnelEntry.prototype, 'onData'), 'GET'],
  [() => failOnce(TunnelEntry.prototype, 'onEnd'), ''],
  [() => failOnce(HttpVersionSniffer.prototype, 'guess'), ''],
  [() => failOnce(H2Connection.prototype, 'start'), PREFACE],
  [() => failOnce(H2Tunnel.prototype, 'onData'), PREFACE],
  [() => failOnce(Downstream.prototype, 'onData'), 'GET / HTTP/1.1\r\n'],
]

test('what fails before it is known who serves a tunnel, or outside of all requests, resets that tunnel alone', async () => {
  await withMesh({}, async (mesh) => {
    const client = await mesh.dial()
    const other = await openTunnel(client, VIP)
    for (const [fail, bytes] of tunnelFaults) {
      const tunnel = await openTunnel(client, VIP)
      fail()
      if (bytes === '') tunnel.channel.end()
      else tunnel.write(bytes)
      assert.equal(await tunnel.ended, 'reset-error', String(fail))
      assert.equal((await other.get()).head.status, 200)
    }
    const silent = await openTunnel(client, VIP)
    failOnce(TunnelEntry.prototype, 'tick')
    assert.equal(await silent.ended, 'reset-error')
    failOnce(Tunnels.prototype, 'open')
    assert.equal(await (await openTunnel(client, VIP)).ended, 'reset-error')
    failOnce(Overload.prototype, 'refusalOfTunnel')
    await assert.rejects(openTunnel(client, VIP), /was reset/)
    assert.equal((await other.get()).head.status, 200)
    assert.equal(mesh.plane.counters.connectionsTotal, 1)
    assert.match(mesh.logs.join(''), /a tunnel was given up: Error: a bug in feed/)
  })
})

test('what fails on a tunnel to an endpoint resets that one, and not the others of its connection', async () => {
  await withMesh({}, async (mesh) => {
    const client = await mesh.dial()
    const slow = (await openTunnel(client, VIP)).get('/slow')
    await until(() => mesh.pod.requests === 1)
    const tunnel = await openTunnel(client, VIP)
    failOnce(H1Session.prototype, 'onData')
    // It is asked for once more.
    assert.equal((await tunnel.get()).head.status, 200)
    assert.match(mesh.logs.join(''), /a tunnel was given up: Error: a bug in onData/)
    const waiting = mesh.pod.tunnels.find(({ requests }) => requests.some(({ head }) => head.target === '/slow'))
    waiting?.write('HTTP/1.1 204 No Content\r\n\r\n')
    assert.equal((await slow).head.status, 204)
  })
})

/** How a request ends: the status, and how it was reset. */
const ask = ({ h2 }: InnerClient, path: string): Promise<string> =>
  new Promise((resolve) => {
    const fields = [':method', 'POST', ':scheme', 'http', ':path', path, ':authority', 'api']
    let status = ''
    const onHeaders = (answer: readonly string[]): void => void (status = answer[1] ?? '')
    const onReset = (code: number): void => resolve(`${status} reset ${code}`.trim())
    const stream = h2.open(fields, { ...ignoreStream, onHeaders, onReset, onEnd: () => resolve(status) }, false)
    h2.text(stream, 'x')
    h2.end(stream)
  })

test('whatever fails under way, a request by HTTP/2 has an end, and others of its tunnel go on', async () => {
  await withMesh({ protocol: 'http2', tracer: tracer() }, async (mesh) => {
    const inner = await openInner(await mesh.dial(), VIP)
    await until(() => inner.h2.hasSettings)
    const slow = ask(inner, '/slow')
    await until(() => mesh.pod.requests === 1)
    for (const [fail, , wanted] of faults) {
      await ask(inner, '/')
      fail()
      assert.equal(await ask(inner, '/'), wanted, String(fail))
    }
    const waiting = mesh.pod.tunnels.find(({ requests }) => requests.some(({ head }) => head.target === '/slow'))
    waiting?.write('HTTP/1.1 204 No Content\r\n\r\n')
    assert.equal(await slow, '204')
  })
})

const sabotage: readonly (readonly [
  hook: 'onRequest' | 'onResponse',
  change: (exchange: Exchange) => void,
  status: number,
])[] = [
  ['onRequest', ({ request }) => void Object.assign(request, { headers: undefined }), 500],
  ['onRequest', ({ request }) => void Object.assign(request, { headers: ['a', 'b'] }), 500],
  ['onRequest', ({ request }) => void Object.assign(request, { authority: { toString: null } }), 500],
  ['onResponse', ({ response }) => void Object.assign(response ?? {}, { headers: null }), 500],
  ['onResponse', ({ response }) => void Object.assign(response ?? {}, { headers: 7 }), 500],
]

test('what a filter in plain JavaScript makes of a request or a response fails that one, and its tunnel goes on', async () => {
  for (const [hook, change, status] of sabotage) {
    const spoil = (exchange: Exchange): void => {
      if (exchange.request.path === '/spoilt') change(exchange)
    }
    await withMesh(ruleOf([[{}, { [hook]: spoil }]]), async (mesh) => {
      const tunnel = await mesh.tunnel()
      assert.equal((await tunnel.get('/spoilt')).head.status, status, String(change))
      assert.equal((await tunnel.get()).head.status, 200)
    })
  }
})
