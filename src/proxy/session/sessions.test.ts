import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { advanceInSteps, createFakeClock } from '../../../test/support/fake-clock.ts'
import { openInner } from '../../../test/support/mesh/inner-client.ts'
import { Mesh, VIP, until } from '../../../test/support/mesh/mesh.ts'
import type { MeshOptions } from '../../../test/support/mesh/mesh.ts'
import type { PodTunnel } from '../../../test/support/mesh/pod.ts'
import { backendOf, routeOf } from '../../../test/support/models.ts'
import { ignoreStream } from '../../http/h2/stream.ts'
import type { BackendPolicy, SessionPersistence } from '../../model/backend/backend-policy.ts'
import type { Model } from '../../model/model.ts'
import type { Rule } from '../../model/route.ts'
import { formatEndpointKey } from '../../model/endpoint.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const byCookie: SessionPersistence = { type: 'Cookie', name: 's', scope: 'one', lifetimeType: 'Session' }
const byHeader: SessionPersistence = { type: 'Header', name: 'x-s', scope: 'one', lifetimeType: 'Session' }

/** What a pod answers with instead of 200; `undefined`: it resets. */
let statusOf: (pod: number) => number | undefined = () => 200
const pod = (index: number) => ({
  onRequest: (tunnel: PodTunnel) => {
    const status = statusOf(index)
    if (status === undefined) return tunnel.reset(2)
    tunnel.write(`HTTP/1.1 ${status} X\r\ncontent-length: 1\r\n\r\n${index}`)
  },
})

const start = async (rule: Partial<Rule> | undefined, pods = 4, options: MeshOptions = {}): Promise<void> => {
  statusOf = () => 200
  mesh = await Mesh.start({
    pods: Array.from({ length: pods }, (_, i) => pod(i)),
    ...(rule === undefined ? {} : { rule }),
    ...options,
  })
}

interface Asked {
  readonly pod: string
  readonly status: number
  readonly cookies: readonly string[]
  readonly header: string | undefined
}

const ask = async (more = '', path = '/'): Promise<Asked> => {
  const tunnel = await mesh.tunnel()
  const { head, body } = await tunnel.get(path, more)
  const { fields } = head.headers
  const cookies = fields.filter((_, i) => i % 2 === 1 && fields[i - 1] === 'set-cookie')
  return { pod: String(body), status: head.status, cookies, header: head.headers.getLower('x-s') }
}

const cookieLine = ({ cookies: [cookie = ''] }: Asked): string => `cookie: a=b; ${cookie.split(';')[0]}; c=d\r\n`

/** Asks again and again with what a first answer gave: which pods answered, and what else was given. */
const follow = async (line: string, times = 6): Promise<{ readonly pods: string; readonly given: number }> => {
  let [pods, given] = ['', 0]
  for (let i = 0; i < times; i++) {
    const asked = await ask(line)
    pods += asked.pod
    given += asked.cookies.length + (asked.header === undefined ? 0 : 1)
  }
  return { pods, given }
}

/** An application that speaks HTTP/2 alone. */
const serveH2 = async (body: string): Promise<{ readonly port: number; readonly close: () => void }> => {
  const server = createServer((_request, response) => void response.end(body))
  const open = new Set<{ readonly destroy: () => void }>()
  server.on('session', (session) => open.add(session))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = (): void => {
    server.close()
    for (const session of open) session.destroy()
  }
  return { port: (server.address() as AddressInfo).port, close }
}

describe('a session by cookie', () => {
  it('stays with the endpoint of its first request, and is told only once', async () => {
    await start({ sessionPersistence: byCookie })
    const first = await ask()
    assert.match(first.cookies.join(), /^s=[\w-]{8}\.[\w-]{16}; Path=\/; HttpOnly$/)
    assert.deepEqual(await follow(cookieLine(first)), { pods: first.pod.repeat(6), given: 0 })
    assert.deepEqual(mesh.counters.sessions, { begun: 1, kept: 6, moved: 0 })
    const others = await Promise.all(Array.from({ length: 8 }, () => ask()))
    assert.equal(new Set(others.map((asked) => asked.pod)).size, 4, 'those without one go anywhere')
  })

  it('reaches the application as it came, and filters see the answer with it', async () => {
    await start({ sessionPersistence: byCookie }, 1)
    const line = cookieLine(await ask())
    await ask(line)
    const [tunnel] = mesh.pod.tunnels
    assert.equal(tunnel?.requests[1]?.head.headers.getLower('cookie'), line.slice('cookie: '.length, -2))
  })

  it('has path and age where they are asked for, and ends after its time, whatever the client does', async () => {
    const clock = createFakeClock()
    const persistence = { ...byCookie, path: '/a', lifetimeType: 'Permanent', absoluteTimeoutMs: 9000 } as const
    await start({ sessionPersistence: persistence }, 4, { clock })
    const first = await ask()
    assert.match(first.cookies.join(), /^s=[\w-]{8}\.[\w-]{16}\.[0-9a-z]{6}; Path=\/a; Max-Age=9; HttpOnly$/)
    await advanceInSteps(clock, 8000)
    assert.equal((await follow(cookieLine(first), 3)).given, 0)
    clock.advance(1000)
    const late = await ask(cookieLine(first))
    assert.equal(late.cookies.length, 1)
    assert.notEqual(late.cookies[0], first.cookies[0])
    assert.equal(mesh.counters.sessions.begun, 2)
  })

  it('ends after its time without an age where the browser ends it', async () => {
    const clock = createFakeClock()
    await start({ sessionPersistence: { ...byCookie, absoluteTimeoutMs: 5000 } }, 1, { clock })
    const first = await ask()
    assert.doesNotMatch(first.cookies.join(), /Max-Age/)
    clock.advance(5000)
    assert.equal((await ask(cookieLine(first))).cookies.length, 1)
  })

  for (const [name, token] of [
    ['forged', 's=AAAAAAAA.AAAAAAAAAAAAAAAA'],
    ['huge', `s=${'x'.repeat(20_000)}`],
    ['empty', 's='],
    ['missing', 'ss=1; t=2'],
  ] as const) {
    it(`that is ${name} is ignored`, async () => {
      await start({ sessionPersistence: byCookie }, 1)
      const asked = await ask(`cookie: ${token}\r\n`)
      assert.deepEqual([asked.status, asked.cookies.length], [200, 1])
    })
  }

  it('is found behind others of its name', async () => {
    await start({ sessionPersistence: byCookie })
    const first = await ask()
    const line = `cookie: s=old\r\n${cookieLine(first)}`
    assert.deepEqual(await follow(line, 3), { pods: first.pod.repeat(3), given: 0 })
  })

  it('of one rule means nothing to another, whatever its name', async () => {
    await start({ sessionPersistence: byCookie })
    const first = await ask()
    const route = routeOf('api', [{ sessionPersistence: { ...byCookie, scope: 'other' } }])
    mesh.apply({ ...mesh.model(), routes: [route] })
    assert.equal((await ask(cookieLine(first))).cookies.length, 1)
  })

  it('works for a client and an endpoint that speak HTTP/2', async () => {
    await start({ sessionPersistence: byCookie })
    const servers = await Promise.all([0, 1, 2].map((index) => serveH2(String(index))))
    const api = servers.map(({ port }) => mesh.endpoint('127.0.0.1', { transport: 'plain', port }))
    const model = mesh.model({ api })
    mesh.apply({ ...model, endpoints: model.endpoints.map((set) => ({ ...set, protocol: 'http2' as const })) })
    const client = await openInner(await mesh.dial(), VIP)
    const get = async (...fields: readonly string[]): Promise<readonly [body: string, cookie: string | undefined]> => {
      const head = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'api', ...fields]
      const over = Promise.withResolvers<void>()
      const [bodies, cookies]: [string[], string[]] = [[], []]
      client.h2.open(
        head,
        {
          ...ignoreStream,
          onHeaders: (answer) => void cookies.push(answer[answer.indexOf('set-cookie') + 1] ?? ''),
          onData: (buffer, from, end) => void bodies.push(buffer.toString('latin1', from, end)),
          onEnd: over.resolve,
        },
        true,
      )
      await over.promise
      return [bodies.join(''), cookies.find((cookie) => cookie.startsWith('s='))]
    }
    const [first, cookie = ''] = await get()
    const own = cookie.split(';')[0] ?? ''
    for (let i = 0; i < 4; i++) assert.deepEqual(await get('cookie', 'a=b', 'cookie', own), [first, undefined])
    for (const { close } of servers) close()
  })
})

describe('a session by header', () => {
  it('stays with its endpoint, and is told only once', async () => {
    await start({ sessionPersistence: byHeader })
    const first = await ask()
    assert.match(first.header ?? '', /^[\w-]{8}\.[\w-]{16}$/)
    assert.equal(first.cookies.length, 0)
    assert.deepEqual(await follow(`X-S: ${first.header}\r\n`), { pods: first.pod.repeat(6), given: 0 })
  })

  it('that comes twice is no token', async () => {
    await start({ sessionPersistence: byHeader }, 1)
    const { header } = await ask()
    assert.notEqual((await ask(`x-s: ${header}\r\nx-s: ${header}\r\n`)).header, undefined)
  })
})

describe('the endpoint of a session', () => {
  it('is another one, and stays that, when the first is gone', async () => {
    await start({ sessionPersistence: byCookie })
    const first = await ask()
    const left = mesh.pods
      .filter((_, i) => String(i) !== first.pod)
      .map(({ options }) => mesh.endpoint(options.address))
    mesh.apply(mesh.model({ api: left }))
    const second = await ask(cookieLine(first))
    assert.notEqual(second.pod, first.pod)
    assert.equal(second.cookies.length, 1)
    assert.deepEqual(await follow(cookieLine(second)), { pods: second.pod.repeat(6), given: 0 })
    assert.equal(mesh.counters.sessions.moved, 1)
  })

  it('is not another pod at its address', async () => {
    await start({ sessionPersistence: byCookie }, 1)
    const first = await ask()
    mesh.apply(mesh.model({ api: [mesh.endpoint(mesh.pod.options.address, { workload: { uid: 'new' } })] }))
    assert.equal((await ask(cookieLine(first))).cookies.length, 1)
  })

  it('stays the same over swaps that keep it, and in a process that knows nothing of it', async () => {
    await start({ sessionPersistence: byCookie }, 8)
    const first = await ask()
    const line = cookieLine(first)
    const keep = mesh.pods[Number(first.pod)]?.options.address ?? ''
    for (let round = 0; round < 8; round++) {
      const others = mesh.pods
        .map(({ options }) => options.address)
        .filter((at, i) => at === keep || (i * round) % 3 === 0)
      if (!others.includes(keep)) others.push(keep)
      mesh.apply(structuredClone(mesh.model({ api: others.toReversed().map((at) => mesh.endpoint(at)) })))
      assert.deepEqual(await follow(line, 2), { pods: first.pod.repeat(2), given: 0 }, `round ${round}`)
    }
    const { token } = { token: line }
    await mesh.close()
    const addresses = mesh.pods.map(({ options }) => options.address)
    await start({ sessionPersistence: byCookie }, 8)
    assert.deepEqual(
      mesh.pods.map(({ options }) => options.address),
      addresses,
    )
    assert.deepEqual(await follow(token, 2), { pods: first.pod.repeat(2), given: 0 })
  })

  it('is left when it is ejected, and a try elsewhere takes the session along', async () => {
    await start({ sessionPersistence: byCookie, retry: { codes: [503], attempts: 2, backoffMs: 0 } })
    const first = await ask()
    statusOf = (index) => (String(index) === first.pod ? 503 : 200)
    const second = await ask(cookieLine(first))
    assert.deepEqual([second.status, second.cookies.length], [200, 1])
    statusOf = () => 200
    assert.deepEqual(await follow(cookieLine(second)), { pods: second.pod.repeat(6), given: 0 })
  })

  it('is left while it is put aside', async () => {
    const outlierDetection: NonNullable<BackendPolicy['outlierDetection']> = {
      consecutive5xxErrors: 1,
      consecutiveGatewayErrors: 0,
      consecutiveLocalOriginFailures: 3,
      intervalMs: 10_000,
      baseEjectionMs: 60_000,
      maxEjectionMs: 60_000,
      maxEjectionPercent: 100,
    }
    await start({ sessionPersistence: byCookie }, 3, { policy: { outlierDetection } })
    const first = await ask()
    statusOf = (index) => (String(index) === first.pod ? 500 : 200)
    assert.equal((await ask(cookieLine(first))).status, 500)
    const second = await ask(cookieLine(first))
    assert.deepEqual([second.status, second.cookies.length], [200, 1])
    assert.notEqual(second.pod, first.pod)
  })
})

describe('backends by weight', () => {
  const model = (weights: readonly [number, number], persistence = byCookie): Model => {
    const [a, b, c] = mesh.pods.map(({ options }) => mesh.endpoint(options.address))
    assert.ok(a && b && c)
    const backends = [backendOf('api', weights[0]), backendOf('canary', weights[1])]
    return mesh.model({
      routes: [routeOf('api', [{ sessionPersistence: persistence, backends }])],
      endpoints: [
        { key: formatEndpointKey('shop', 'api', 80), protocol: 'http', endpoints: [a, b] },
        { key: formatEndpointKey('shop', 'canary', 80), protocol: 'http', endpoints: [c] },
      ],
    })
  }

  it('count for the first request alone, and not when they become 0', async () => {
    await start({ sessionPersistence: byCookie }, 3)
    mesh.apply(model([0, 1]))
    const first = await ask()
    assert.equal(first.pod, '2')
    for (const weights of [
      [1, 1],
      [1, 0],
      [0, 0],
    ] as const) {
      mesh.apply(model(weights))
      assert.deepEqual(await follow(cookieLine(first), 4), { pods: '2222', given: 0 })
      const { backend } = mesh.records.at(-1) ?? {}
      assert.equal(backend?.name, 'canary')
    }
    mesh.apply(model([1, 0]))
    assert.match((await ask()).pod, /[01]/)
  })
})

describe('a Service without a route', () => {
  it('has the sessions of its policy', async () => {
    await start(undefined, 3, { policy: { sessionPersistence: byHeader } })
    const first = await ask()
    assert.deepEqual(await follow(`x-s: ${first.header}\r\n`), { pods: first.pod.repeat(6), given: 0 })
  })
})

it('copies go anywhere, and an answer of our own begins no session', async () => {
  await start({ sessionPersistence: byCookie }, 1)
  statusOf = () => undefined
  const asked = await ask('', '/x')
  assert.deepEqual([asked.status, asked.cookies.length], [503, 0])
  await until(() => mesh.records.length === 1)
})
