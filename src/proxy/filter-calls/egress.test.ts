import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import { createServer as createSilent, type AddressInfo, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { Agent } from 'undici'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { modelOf, serviceOf } from '../../../test/support/models.ts'
import { until } from '../../../test/support/mesh/mesh.ts'
import { createBackendCa } from '../../../test/support/tls/backend-ca.ts'
import { FilterMetrics } from '../../filter/env/filter-metrics.ts'
import type { MeshFetch } from '../../filter/env/calls.ts'
import { systemClock, type Clock } from '../../lib/clock.ts'
import { compile } from '../../snapshot/compile.ts'
import { createMeshDispatch, createMeshFetch, type DispatchWithin } from './call-env.ts'
import { dispatchCall, type CallDeps, type Caller } from './dispatch-call.ts'
import { Egress, refusalOfEgress, type MakeAgent } from './egress.ts'
import { ServiceFinder } from './find-service.ts'

const ALLOWED: readonly (readonly [entry: string, host: string, port: number, isAllowed: boolean])[] = [
  ['api.example.com', 'api.example.com', 443, true],
  ['API.example.com', 'api.example.com', 443, true],
  ['api.example.com', 'api.example.com.', 443, true],
  ['api.example.com', 'api.example.com', 8443, false],
  ['api.example.com:8443', 'api.example.com', 8443, true],
  ['api.example.com:8443', 'api.example.com', 443, false],
  ['api.example.com', 'evil-api.example.com', 443, false],
  ['api.example.com', 'api.example.com.evil.org', 443, false],
  ['*.example.com', 'a.example.com', 443, true],
  ['*.example.com', 'a.b.example.com', 443, true],
  ['*.example.com', 'example.com', 443, false],
  ['*.example.com', 'evilexample.com', 443, false],
]

describe('hosts outside of the mesh', () => {
  for (const [entry, host, port, isAllowed] of ALLOWED) {
    it(`${entry} ${isAllowed ? 'allows' : 'does not allow'} ${host}:${port}`, () => {
      assert.equal(new Egress([entry]).allows(host, port), isAllowed ? entry.toLowerCase() : undefined)
    })
  }

  for (const entry of ['*', '*.', 'https://a.example', 'a.example/path', 'a.example:0', 'a b', '', '*.*.example']) {
    it(`${JSON.stringify(entry)} is none`, () => {
      assert.ok(refusalOfEgress(entry)?.startsWith(`${entry}: `))
      assert.equal(new Egress([entry]).allows('a.example', 443), undefined)
    })
  }
})

interface Unanswered {
  readonly clock: ReturnType<typeof createFakeClock>
  readonly open: ReadonlySet<() => void>
}

/** What a filter calls with that may call `localhost` at a port. */
const egressTo = (port: number, { makeAgent, clock = systemClock }: { makeAgent?: MakeAgent; clock?: Clock } = {}) => {
  const egress = new Egress([`localhost:${port}`], makeAgent)
  const known = serviceOf({ port }, { name: 'outside', hostname: 'localhost', addresses: [] })
  const model = modelOf([], { clusterDomain: 'cluster.local', services: [serviceOf(), known] })
  const snapshot = compile(model, { previous: undefined, generation: 1, filters: () => ({ failure: '' }) })
  const own = new FilterMetrics().openOwn('shop/a')
  const caller: Caller = {
    name: 'shop/a',
    namespace: 'shop',
    signal: new AbortController().signal,
    calls: own.counter('fetch_total', { help: '', labels: ['destination', 'outcome'] }),
    seconds: own.histogram('fetch_seconds', { help: '', labels: ['destination'] }),
    open: new Set(),
  }
  // What stays in the mesh needs more than this.
  const deps = { clock, snapshot: () => snapshot, egress, services: new ServiceFinder() } as unknown as CallDeps
  const within: DispatchWithin = (call, handler) => dispatchCall(call, handler, { caller, deps })
  return { fetch: createMeshFetch(within, 5000), dispatch: createMeshDispatch(within, 5000), caller, egress }
}

/** `env.fetch` of a filter that may call `localhost` at a server's port, for as long as `run` takes. */
const withServer = async (
  trusts: boolean,
  run: (
    fetch: MeshFetch,
    port: number,
    seen: string[],
    dispatch: ReturnType<typeof createMeshDispatch>,
  ) => Promise<void>,
): Promise<void> => {
  const ca = createBackendCa()
  const seen: string[] = []
  const server = createServer(ca.issue(['localhost']), (request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.host} ${request.headers['x-fairway-filter-hops']}`)
    if (request.url === '/cut') response.socket?.destroy()
    else request.pipe(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const makeAgent = trusts ? () => new Agent({ connect: { ca: ca.pem } }) : undefined
  const { fetch: call, dispatch, caller, egress } = egressTo(port, makeAgent === undefined ? {} : { makeAgent })
  try {
    await run(call, port, seen, dispatch)
    assert.equal(caller.open.size, 0)
  } finally {
    egress.close()
    server.closeAllConnections()
    server.close()
  }
}

describe('calls that leave the mesh', () => {
  for (const [what, end, code] of [
    ['have no more time than any', ({ clock }: Unanswered) => clock.advance(300), 'ETIMEDOUT'],
    ['end with their filter', ({ open }: Unanswered) => open.forEach((close) => close()), 'ECLOSED'],
  ] as const) {
    it(`${what}, though nobody answers where their connection is made`, async () => {
      const silent = createSilent()
      silent.listen(0, '127.0.0.1')
      await once(silent, 'listening')
      const { port } = silent.address() as AddressInfo
      const clock = createFakeClock()
      const { fetch: call, caller, egress } = egressTo(port, { clock })
      const answer = call(`https://localhost:${port}/`, { timeoutMs: 300 })
      void answer.catch(() => {})
      const [socket] = (await once(silent, 'connection')) as [Socket]
      end({ clock, open: caller.open })
      await assert.rejects(answer, { name: 'CallError', code })
      // It is part of what the filter may have under way until undici lets go of it.
      assert.equal(caller.open.size, 1)
      egress.close()
      await until(() => caller.open.size === 0, 'the end of the call')
      // undici would give the handshake ten seconds.
      socket.destroy()
      silent.close()
    })
  }

  it('are for whom the operator allows, whatever name the filter would have in the certificate', () =>
    withServer(true, async (_call, port, seen, dispatch) => {
      const ended = new Promise<string>((resolve) =>
        dispatch(
          { origin: `https://localhost:${port}`, path: '/', method: 'GET', ...{ servername: 'evil.example' } },
          {
            onRequestStart: () => {},
            onResponseData: () => {},
            onResponseStart: () => {},
            onResponseEnd: () => resolve('answered'),
            onResponseError: (_controller, { message }) => resolve(message),
          },
        ),
      )
      assert.equal(await ended, 'answered')
      assert.equal(seen.length, 1)
    }))

  it('go over TLS, and say how deep they are', () =>
    withServer(true, async (call, port, seen) => {
      const response = await call(`https://localhost:${port}/a?b`, {
        method: 'POST',
        body: 'token',
        headers: { host: 'evil' },
      })
      assert.equal(await response.text(), 'token')
      assert.deepEqual(seen, [`POST /a?b localhost:${port} 1`])
    }))

  it('go over TLS to hosts that the mesh knows as well', () =>
    withServer(true, async (call, port, seen) => {
      await (await call(`https://localhost:${port}/`)).text()
      assert.equal(seen.length, 1)
      await assert.rejects(call('https://api.shop:80'), { code: 'EINVAL' })
    }))

  it('do not go to whom nobody vouches for', () =>
    withServer(false, async (call, port, seen) => {
      await assert.rejects(call(`https://localhost:${port}/`), { name: 'CallError', code: 'ECONNREFUSED' })
      assert.deepEqual(seen, [])
    }))

  it('never go in the clear', () =>
    withServer(true, async (call, port) => {
      const message = `http://localhost:${port}: outside of the mesh only https:// is allowed`
      await assert.rejects(call(`http://localhost:${port}/`), { code: 'ENOTALLOWED', message })
    }))

  it('say that they were cut', () =>
    withServer(true, async (call, port) => {
      await assert.rejects(call(`https://localhost:${port}/cut`, { method: 'POST', body: 'x' }), { code: 'ECONNRESET' })
    }))
})
