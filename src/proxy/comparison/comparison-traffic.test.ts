/** Comparisons of real answers: a primary and a mirror behind a waypoint in this process. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Http2Server } from 'node:http2'
import { after, afterEach, describe, it } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { comparisonOf } from '../../../test/support/comparison.ts'
import { Mesh, until } from '../../../test/support/mesh/mesh.ts'
import type { PodTunnel } from '../../../test/support/mesh/pod.ts'
import { backendOf } from '../../../test/support/models.ts'
import type { BackendPolicy } from '../../model/backend/backend-policy.ts'
import { formatEndpointKey } from '../../model/endpoint.ts'
import type { MirrorComparison } from '../../model/comparison/mirror-comparison.ts'
import type { Rule } from '../../model/route.ts'
import type { ComparisonOutcome, ComparisonReading } from './comparison-reading.ts'

let mesh: Mesh
afterEach(() => mesh.close())

type Answering = (tunnel: PodTunnel, count: number) => void

const answer = (body: string | Buffer, headers = 'content-type: application/json\r\n', status = 200): Buffer => {
  const bytes = Buffer.from(body)
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status} X\r\n${headers}content-length: ${bytes.length}\r\n\r\n`),
    bytes,
  ])
}
const say =
  (...said: Parameters<typeof answer>): Answering =>
  (tunnel) =>
    void tunnel.write(answer(...said))

interface Setup {
  readonly primary?: Answering
  readonly mirror?: Answering
  /** Pods answer before they have the body. */
  readonly answersHead?: boolean
  readonly comparison?: Partial<MirrorComparison>
  readonly rule?: Partial<Rule>
  readonly policy?: Omit<BackendPolicy, 'source'>
}

/** Requests go to the first pod, copies to the second. */
const start = async ({ primary = say('{}'), mirror = say('{}'), answersHead = false, ...setup }: Setup) => {
  const { comparison, rule, policy } = setup
  const { service, endpoints } = backendOf('shadow')
  const to = { service, endpoints, numerator: 1, denominator: 1, origin: 'the test' }
  mesh = await Mesh.start({
    pods: [primary, mirror].map((answering) => {
      let count = 0
      return { [answersHead ? 'onHead' : 'onRequest']: (tunnel: PodTunnel) => answering(tunnel, count++) }
    }),
    rule: { mirrors: [{ ...to, comparison: comparisonOf(comparison) }], ...rule },
  })
  const [main, copy] = mesh.pods
  assert.ok(main !== undefined && copy !== undefined)
  const api = {
    key: formatEndpointKey('shop', 'api', 80),
    endpoints: [mesh.endpoint(main.options.address)],
    ...(policy === undefined ? {} : { policy: { source: 'BackendPolicy shop/api', ...policy } }),
  }
  const shadow = { key: formatEndpointKey('shop', 'shadow', 80), endpoints: [mesh.endpoint(copy.options.address)] }
  const model = mesh.model({ endpoints: [api, shadow] })
  await mesh.plane.apply(model, 50)
  return { main, copy, model }
}

const read = (): ComparisonReading => {
  const [reading, ...others] = mesh.plane.readComparisons()
  assert.ok(reading !== undefined && others.length === 0)
  return reading
}
const settled = (outcome: ComparisonOutcome, count = 1): Promise<void> =>
  until(() => read().outcomes[outcome] === count, `${count} ${outcome}: ${JSON.stringify(read().outcomes)}`)
const told = (): readonly string[] => read().differences.map(({ path, kind, count }) => `${kind} ${path} ${count}`)

describe('an answer of a mirror', () => {
  const json = 'content-type: application/json\r\n'
  const text = 'content-type: text/plain\r\n'
  const cases: readonly (readonly [string, Answering, Answering, readonly string[]])[] = [
    ['the same', say('{"a":[1]}'), say('{"a": [1]}'), []],
    ['a place in it', say('{"a":[{"b":1}]}'), say('{"a":[{"b":2}]}'), ['value body /a/*/b 1']],
    ['a status', say('{}'), say('{}', json, 500), ['value status 1']],
    ['a header', say('{}'), say('{}', text), ['value header content-type 1', 'type body 1']],
    ['text', say('abc', text), say('abd', text), ['value body 1']],
    [
      'gzip and brotli',
      say(gzipSync('{"a":1}'), `${json}content-encoding: gzip\r\n`),
      say(brotliCompressSync('{"a":2}'), `${json}content-encoding: br\r\n`),
      ['value body /a 1'],
    ],
    [
      'chunks',
      (tunnel) =>
        void tunnel.write(
          `HTTP/1.1 200 X\r\n${json}transfer-encoding: chunked\r\n\r\n2\r\n[1\r\n2\r\n,2\r\n1\r\n]\r\n0\r\n\r\n`,
        ),
      say('[1,3]'),
      ['value body /* 1'],
    ],
    ['nothing', say('', text, 204), say('', text, 204), []],
  ]
  for (const [what, primary, mirror, differences] of cases) {
    it(`is compared: ${what}`, async () => {
      await start({ primary, mirror })
      await (await mesh.tunnel()).get()
      await settled(differences.length === 0 ? 'same' : 'different')
      assert.deepEqual(told(), differences)
    })
  }

  it('is compared beside what filters and retries made of the request, not of the answer', async () => {
    const mirror = {
      ...backendOf('shadow'),
      numerator: 1,
      denominator: 1,
      origin: 'backend',
      comparison: comparisonOf(),
    }
    const { kind: _kind, weight: _weight, filters: _filters, ...onBackend } = mirror
    await start({
      primary: (tunnel, count) => void tunnel.write(count === 0 ? answer('[]', '', 503) : answer('[1]')),
      mirror: say('[2]'),
      rule: {
        mirrors: [],
        backends: [{ ...backendOf('api'), mirrors: [onBackend] }],
        retry: { codes: [503], attempts: 1, backoffMs: 0 },
      },
    })
    await (await mesh.tunnel()).request('POST', '/', 'content-length: 2\r\n', 'hi')
    await settled('different')
    assert.deepEqual(told(), ['value body /* 1'])
  })
})

describe('of a gRPC call', () => {
  const servers: Http2Server[] = []
  after(() => servers.forEach((server) => server.close()))

  const serve = async (status: string, body: string) => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/grpc', trailer: 'grpc-status' })
      response.addTrailers({ 'grpc-status': status })
      response.end(body)
    })
    servers.push(server)
    server.on('session', (session) => session.unref())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  for (const [what, status, body, told1] of [
    ['the status is compared, which stands in the trailers', '13', 'aaaa', ['value trailer grpc-status 1']],
    ['the messages are compared by a digest', '0', 'aaab', ['value body 1']],
  ] as const) {
    it(what, async () => {
      const { model } = await start({})
      const ports = await Promise.all([serve('0', 'aaaa'), serve(status, body)])
      const endpoints = model.endpoints.map((set, i) => ({
        ...set,
        protocol: 'http2' as const,
        endpoints: [mesh.endpoint('127.0.0.1', { transport: 'plain', port: ports[i] ?? 0 })],
      }))
      await mesh.plane.apply({ ...model, endpoints }, 70)
      const call = 'content-length: 2\r\ncontent-type: application/grpc\r\nte: trailers\r\n'
      const { trailers } = await (await mesh.tunnel()).request('POST', '/', call, 'hi')
      assert.equal(trailers?.get('grpc-status'), '0')
      await settled('different')
      assert.deepEqual(told(), told1)
    })
  }
})

describe('what is no answer of the mirror is no difference:', () => {
  const cases: readonly (readonly [string, ComparisonOutcome, Setup])[] = [
    ['a reset', 'unanswered', { mirror: (tunnel) => tunnel.reset(2) }],
    [
      'half an answer',
      'unanswered',
      {
        mirror: (tunnel) => {
          tunnel.write('HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nabc')
          tunnel.reset(2)
        },
      },
    ],
    ['no answer of the primary', 'skipped', { primary: (tunnel) => tunnel.reset(2) }],
    [
      'an answer that is too long',
      'skipped',
      { mirror: say(JSON.stringify('a'.repeat(200))), comparison: { limitBytes: 100 } },
    ],
    [
      'a bomb',
      'skipped',
      { mirror: say(gzipSync(Buffer.alloc(1e5)), 'content-encoding: gzip\r\n'), comparison: { limitBytes: 1000 } },
    ],
  ]
  for (const [what, outcome, setup] of cases) {
    it(what, async () => {
      await start(setup)
      const tunnel = await mesh.tunnel()
      const { head } = await tunnel.get()
      assert.equal(head.status, setup.primary === undefined ? 200 : 503)
      await settled(outcome)
      assert.deepEqual(told(), [])
    })
  }

  it('one that comes too late', async () => {
    await start({ mirror: () => {} })
    const tunnel = await mesh.tunnel()
    for (let i = 0; i < 3; i++) assert.equal((await tunnel.get()).head.status, 200)
    assert.equal(read().outcomes.unanswered, 0)
    mesh.pods[1]?.close()
    await settled('unanswered', 3)
  })

  it('copies that are cut since the primary wants no more of the request', async () => {
    await start({ primary: say('', '', 413), answersHead: true })
    const tunnel = await mesh.tunnel()
    tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 10\r\n\r\nhello', 'POST')
    assert.equal((await tunnel.answer()).head.status, 413)
    await settled('skipped')
  })

  it('a client that goes away', async () => {
    const { main } = await start({ primary: () => {} })
    const tunnel = await mesh.tunnel()
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => main.requests === 1)
    tunnel.channel.abort()
    await settled('skipped')
  })
})

describe('the primary', () => {
  const noise = { percent: 100, methods: ['GET'], samples: 2 }

  it('gets a share of the safe requests twice, and what differs there is noise', async () => {
    const counting: Answering = (tunnel, count) => void tunnel.write(answer(`{"n":${count},"of":"a"}`))
    const { main, copy } = await start({
      primary: counting,
      mirror: say('{"n":-1,"of":"b"}'),
      comparison: { noise },
    })
    const tunnel = await mesh.tunnel()
    await tunnel.get()
    await settled('learning')
    for (let i = 0; i < 4; i++) await tunnel.get()
    await settled('different', 4)
    assert.deepEqual(told(), ['value body /of 4'])
    assert.deepEqual([main.requests, copy.requests, read().noise.samples], [10, 5, 5])
    assert.deepEqual(
      read().noise.paths.map(({ path, kind, primary }) => [path, kind, primary]),
      [['body /n', 'value', 1]],
    )
    assert.equal(mesh.records.length, 5)
  })

  it('gets no other request twice', async () => {
    const { main } = await start({ comparison: { noise } })
    await (await mesh.tunnel()).request('POST', '/', 'content-length: 2\r\n', 'hi')
    await settled('same')
    assert.equal(main.requests, 1)
  })

  it('gets nothing twice where a limit leaves little room', async () => {
    const { main } = await start({ comparison: { noise }, policy: { limits: { maxRequests: 2 } } })
    await (await mesh.tunnel()).get()
    await settled('learning')
    assert.equal(main.requests, 1)
  })

  it('that fails the second time teaches nothing', async () => {
    await start({
      primary: (tunnel, count) => (count === 0 ? void tunnel.write(answer('1')) : tunnel.reset(2)),
      mirror: say('1'),
      comparison: { noise },
    })
    await (await mesh.tunnel()).get()
    await settled('learning')
    assert.equal(read().noise.samples, 0)
  })
})

it('what is known outlives another configuration, and not another comparison', async () => {
  const { model } = await start({ mirror: say('[1]') })
  await (await mesh.tunnel()).get()
  await settled('different')
  await mesh.plane.apply({ ...structuredClone(model), pathNormalization: 'NONE' }, 60)
  assert.deepEqual(told(), ['type body 1'])
  const other = structuredClone(model)
  const routes = other.routes.map((route) => ({
    ...route,
    rules: route.rules.map(({ mirrors = [], ...rule }) => ({
      ...rule,
      mirrors: mirrors.map((mirror) => ({ ...mirror, comparison: comparisonOf({ ignore: ['/a'] }) })),
    })),
  }))
  await mesh.plane.apply({ ...other, routes }, 61)
  assert.deepEqual(told(), [])
  await mesh.plane.apply({ ...other, routes: other.routes.map((route) => ({ ...route, rules: [] })) }, 62)
  assert.deepEqual(mesh.plane.readComparisons(), [])
})
