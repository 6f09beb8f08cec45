/** Traces as a collector gets them: who is below whom, what spans say, and what becomes of them where the collector is not well. */
import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { ignoreStream } from '../../src/http/h2/stream.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { formatEndpointKey } from '../../src/model/endpoint.ts'
import type { TracingPolicy } from '../../src/model/telemetry/tracing-policy.ts'
import { toRequestView } from '../../src/proxy/request/forward-request.ts'
import { Tracer } from '../../src/proxy/tracing/tracer.ts'
import { TraceExports } from '../../src/telemetry/traces/trace-exports.ts'
import { GrpcMesh } from '../support/mesh/grpc-mesh.ts'
import { Mesh, until, VIP, type MeshOptions } from '../support/mesh/mesh.ts'
import type { PodTunnel } from '../support/mesh/pod.ts'
import { Collector, type Mood } from '../support/otlp/collector.ts'
import { defaults, host, startTelling } from '../support/otlp/telling.ts'
import type { ReceivedSpan } from '../support/otlp/read-spans.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const CLIENT = '00f067aa0ba902b7'
const sampled = `traceparent: 00-${TRACE}-${CLIENT}-01\r\n`

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

const startMesh = async (options: MeshOptions & { readonly pods?: Parameters<typeof Mesh.start>[0] } = {}) => {
  const { pods, ...rest } = options
  const mesh = await Mesh.start({ ...rest, ...pods })
  stack.defer(() => mesh.close())
  return mesh
}

const answer = (status: number): string => `HTTP/1.1 ${status} X\r\ncontent-length: 0\r\n\r\n`

/** A span, the one that it names as its parent, and so on to the first that is not there. */
const lineageOf = (spans: readonly ReceivedSpan[], span: ReceivedSpan): readonly string[] => {
  const parent = spans.find(({ spanId }) => spanId === span.parentId)
  return parent === undefined ? [span.spanId, span.parentId] : [span.spanId, ...lineageOf(spans, parent)]
}

describe('a request that is sent twice', () => {
  it('has a span below its client, and one below that for each try, which the pod is told of', async () => {
    const { collector, tracer, tell } = await startTelling(stack)
    const told: string[] = []
    const onRequest = (tunnel: PodTunnel): void => {
      const { head } = tunnel.requests.at(-1) ?? {}
      told.push(head?.headers.getLower('traceparent') ?? '')
      tunnel.write(answer(told.length === 1 ? 503 : 200))
    }
    const rule = { retry: { codes: [503], attempts: 1, backoffMs: 1 } }
    const mesh = await startMesh({ tracer, rule, pods: { pods: [{ onRequest }] } })
    const tunnel = await mesh.tunnel()
    assert.equal((await tunnel.get('/orders?token=geheim&page=2', `${sampled}tracestate: a=1\r\n`)).head.status, 200)
    await tell([await mesh.record(1)])
    const { spans } = collector
    const [server] = collector.of('server')
    const tries = collector.of('client')
    assert.ok(server)
    assert.deepEqual([spans.length, tries.length, server.parentId], [3, 2, CLIENT])
    for (const span of spans) assert.deepEqual([span.traceId, span.traceState], [TRACE, 'a=1'])
    // The pod's own spans are below the try that it was told of.
    assert.deepEqual(
      told,
      tries.map(({ spanId }) => `00-${TRACE}-${spanId}-01`),
    )
    for (const span of tries) assert.deepEqual(lineageOf(spans, span), [span.spanId, server.spanId, CLIENT])
    const [lost, last] = tries
    assert.ok(lost && last)
    assert.ok(server.startNs <= lost.startNs && lost.endNs <= last.startNs && last.endNs <= server.endNs)
    assert.partialDeepStrictEqual(lost, {
      status: { code: 2, message: '503' },
      attributes: { 'http.response.status_code': 503, 'error.type': '503', error: true },
    })
    assert.partialDeepStrictEqual(last, {
      name: 'router inbound-vip|80|http|api.shop.svc.cluster.local egress',
      status: { code: 0 },
      attributes: { 'http.response.status_code': 200, 'http.request.resend_count': 1 },
    })
    assert.equal(lost.attributes['http.request.resend_count'], undefined)
    assert.partialDeepStrictEqual(server, {
      name: 'api.shop.svc.cluster.local:80/*',
      kind: 2,
      status: { code: 0 },
      attributes: {
        component: 'proxy',
        node_id: 'waypoint~10.0.0.9~waypoint-1.shop~shop.svc.cluster.local',
        'http.method': 'GET',
        'http.status_code': '200',
        'http.response.status_code': 200,
        'url.path': '/orders',
        response_flags: '-',
        'istio.canonical_service': 'waypoint',
        'istio.namespace': 'shop',
        'istio.cluster_id': 'Kubernetes',
        'istio.mesh_id': 'td',
        'istio.source_namespace': 'shop',
        'istio.source_principal': 'spiffe://cluster.local/ns/shop/sa/client',
        'istio.destination_principal': 'spiffe://cluster.local/ns/shop/sa/api',
        'fairway.route': 'HTTPRoute/shop/api',
        'fairway.attempts': 2,
      },
      resource: { 'service.name': 'waypoint.shop', 'k8s.pod.name': 'waypoint-1', 'deployment.environment': 'test' },
    })
    assert.doesNotMatch(JSON.stringify(server.attributes), /geheim/)
  })

  it('has them as a gRPC call too', async () => {
    const { collector, tracer, tell } = await startTelling(stack, { ratio: 1 })
    const setting = await GrpcMesh.start({ tracer, rule: { retry: { codes: [503], attempts: 2, backoffMs: 1 } } })
    stack.defer(() => setting.close())
    // Nobody listens at the first: the call goes to the other after it.
    const gone = await setting.startOther()
    gone.server.forceShutdown()
    setting.put(gone.port)
    assert.equal((await setting.call('hello')).error?.code, 14)
    setting.put(setting.serverPort)
    assert.equal((await setting.call('hello')).error, null)
    await until(() => setting.mesh.records.length === 2)
    await tell(setting.mesh.records)
    const [failed, good] = collector.of('server')
    assert.ok(failed && good)
    assert.partialDeepStrictEqual(failed, {
      status: { code: 2 },
      attributes: { response_flags: 'UF,URX', error: true },
    })
    assert.partialDeepStrictEqual(good.attributes, {
      'rpc.system': 'grpc',
      'rpc.service': 'echo.Echo',
      'rpc.method': 'Unary',
      'rpc.grpc.status_code': 0,
      'grpc.status_code': '0',
    })
    const below = collector.of('client').filter(({ parentId }) => parentId === good.spanId)
    assert.deepEqual(setting.log.metadata[0]?.get('traceparent'), [`00-${good.traceId}-${below[0]?.spanId}-01`])
    assert.equal(below.length, 1)
    assert.equal(good.parentId, '')
    const lost = collector.of('client').filter(({ parentId }) => parentId === failed.spanId)
    assert.deepEqual(
      lost.map(({ attributes }) => [attributes['http.request.resend_count'], attributes['server.port']]),
      [undefined, 1, 2].map((repeats) => [repeats, gone.port]),
    )
    assert.deepEqual(
      lost.map(({ status, attributes }) => [status.code, attributes['error.type'], attributes['grpc.status_code']]),
      [
        [2, 'connect-failed', undefined],
        [2, 'connect-failed', undefined],
        [2, 'grpc_14', '14'],
      ],
    )
    for (const { attributes } of lost) assert.match(String(attributes['fairway.failure']), /ECONNREFUSED/)
  })

  it('has them as a gRPC call that gets its answer from another server', async () => {
    const { collector, tracer, tell } = await startTelling(stack, { ratio: 1 })
    const setting = await GrpcMesh.start({ tracer, rule: { retry: { codes: [503], attempts: 2, backoffMs: 1 } } })
    stack.defer(() => setting.close())
    const gone = await setting.startOther()
    gone.server.forceShutdown()
    setting.put(gone.port, setting.serverPort)
    // Chance has the first try go where nobody listens, sooner or later.
    for (let calls = 1; setting.mesh.records.at(-1)?.attempts !== 2; calls++) {
      assert.ok(calls < 100)
      assert.equal((await setting.call('hello')).error, null)
      await until(() => setting.mesh.records.length === calls)
    }
    await tell(setting.mesh.records.slice(-1))
    const [server] = collector.of('server')
    const [lost, last] = collector.of('client')
    assert.ok(server && lost && last && collector.spans.length === 3)
    assert.deepEqual([lost.parentId, last.parentId], [server.spanId, server.spanId])
    assert.deepEqual([lost.status.code, last.status.code, server.status.code], [2, 0, 0])
    assert.partialDeepStrictEqual(lost.attributes, { 'error.type': 'connect-failed', 'server.port': gone.port })
    assert.partialDeepStrictEqual(last.attributes, {
      ...{ 'server.port': setting.serverPort, 'http.request.resend_count': 1 },
      ...{ 'rpc.method': 'Unary', 'grpc.status_code': '0' },
    })
    // The server's own spans are below the try that reached it.
    assert.deepEqual(setting.log.metadata.at(-1)?.get('traceparent'), [`00-${server.traceId}-${last.spanId}-01`])
  })
})

describe('what is told of', () => {
  it('are those that were chosen, and those that fail where that is wanted', async () => {
    for (const reportsErrors of [false, true]) {
      const { collector, tracer, tell } = await startTelling(stack, { reportsErrors })
      let status = 200
      const mesh = await startMesh({
        tracer,
        pods: { pods: [{ onRequest: (tunnel) => void tunnel.write(answer(status)) }] },
      })
      const tunnel = await mesh.tunnel()
      await tunnel.get('/fine')
      status = 500
      await tunnel.get('/broken')
      status = 404
      await tunnel.get('/missing')
      await mesh.record(3)
      await tell(mesh.records)
      assert.deepEqual(
        collector.of('server').map(({ attributes }) => attributes['url.path']),
        reportsErrors ? ['/broken'] : [],
      )
      assert.equal(collector.of('client').length, reportsErrors ? 1 : 0)
    }
  })

  it('has the tags that a policy wants, and goes to whom it names', async () => {
    const { collector, tracer, exports } = await startTelling(stack, { hasCollector: false })
    const tracing: TracingPolicy = {
      provider: 'otel',
      isDisabled: false,
      samplingPercentage: 100,
      customTags: [
        { kind: 'literal', name: 'team', value: 'orders' },
        { kind: 'header', name: 'tenant', header: 'x-tenant', defaultValue: 'none' },
        { kind: 'environment', name: 'stage', variable: 'NOT_SET', defaultValue: 'dev' },
        { kind: 'environment', name: 'left-out', variable: 'NOT_SET' },
        { kind: 'format', name: 'asked', format: '%REQ(:METHOD)% %RESPONSE_CODE%' },
      ],
      hasIstioTags: false,
      samplesByRequestId: false,
      hidesContext: false,
      maxPathTagLength: 5,
    }
    const telemetry = {
      providers: [
        {
          kind: 'opentelemetry',
          name: 'otel',
          collector: { hostname: '127.0.0.1', port: collector.httpPort },
          http: { path: '/v1/traces' },
          headers: [{ kind: 'value', name: 'x-key', value: 'secret' }],
          detectsEnvironment: false,
        },
      ],
      policies: [{ key: 'shop/api', tracing }],
    } as const
    const mesh = await startMesh({ tracer, pods: {} })
    const model = mesh.model({ telemetry })
    mesh.apply({ ...model, services: model.services.map((service) => ({ ...service, telemetry: 'shop/api' })) })
    await exports.prepare({ telemetry })
    await (await mesh.tunnel()).get('/long/path', 'x-tenant: acme\r\nx-forwarded-proto: https\r\n')
    const head = mesh.pod.tunnels[0]?.requests[0]?.head
    assert.ok(head)
    exports.record(await mesh.record(1), { request: toRequestView(head, ''), response: undefined })
    await exports.flush(10_000)
    const [server] = collector.of('server')
    assert.equal(collector.headers[0]?.['x-key'], 'secret')
    assert.partialDeepStrictEqual(server?.attributes, {
      team: 'orders',
      tenant: 'acme',
      stage: 'dev',
      asked: 'GET 200',
      'url.scheme': 'https',
      'url.path': '/long',
    })
    const names = Object.keys(server?.attributes ?? {})
    assert.deepEqual(
      names.filter((name) => name.startsWith('istio.') || name === 'left-out'),
      [],
    )
    assert.equal(server?.resource['deployment.environment'], undefined)
  })

  it('goes to a Service through the mesh, and is linked to the tunnel', async () => {
    const key = formatEndpointKey('observability', 'otel', 4317)
    const collector = stack.use(await Collector.start())
    const tracer = new Tracer({ ...defaults, ratio: 1 }, Math.random)
    const mesh = await startMesh({ tracer, pods: {} })
    const model = mesh.model()
    const endpoints = [mesh.endpoint('127.0.0.1', { transport: 'plain', port: collector.grpcPort })]
    mesh.apply({ ...model, endpoints: [...model.endpoints, { key, endpoints }] })
    const tracing = { provider: 'otel', isDisabled: false, customTags: [], hasIstioTags: true } as const
    const exports = new TraceExports({
      settings: {
        defaults,
        reportDelayMs: 1000,
        self: { serviceName: 'a', resource: {}, tags: {} },
        environmentAttributes: {},
      },
      clock: systemClock,
      random: Math.random,
      log: { warn: () => {} },
      version: '1',
      host,
      call: (...asked) => mesh.plane.call(...asked),
    })
    stack.defer(() => exports.close())
    await exports.prepare({
      telemetry: {
        providers: [
          {
            kind: 'opentelemetry',
            name: 'otel',
            collector: { hostname: 'otel.observability.svc.cluster.local', port: 4317, endpoints: key },
            headers: [],
            detectsEnvironment: false,
          },
        ],
        policies: [{ key: 'a', tracing: { ...tracing, samplesByRequestId: false, hidesContext: false } }],
      },
    })
    const { connection } = await mesh.dialRaw()
    const stream = connection.open(
      [':method', 'CONNECT', ':authority', VIP, 'traceparent', `00-${TRACE}-${CLIENT}-00`],
      ignoreStream,
      false,
    )
    connection.text(stream, 'GET / HTTP/1.1\r\nhost: api\r\n\r\n')
    const record = await mesh.record(1)
    connection.reset(stream, 0)
    const policy = { key: 'a', tracing: { ...tracing, samplesByRequestId: false, hidesContext: false } }
    exports.record({ ...record, telemetry: policy })
    await exports.flush(10_000)
    assert.deepEqual(collector.of('server')[0]?.links, [{ traceId: TRACE, spanId: CLIENT }])
    assert.notEqual(collector.of('server')[0]?.traceId, TRACE)
    assert.deepEqual(exports.counts(), { exported: 1, queueFull: 0, failed: 0 })
    assert.equal(collector.of('server')[0]?.parentId, '')
  })
})

describe('a collector that', () => {
  const moods: readonly (readonly [name: string, protocol: 'grpc' | 'http/protobuf', mood: Mood, failure: RegExp])[] = [
    ['refuses gRPC', 'grpc', { kind: 'refuses', code: 3 }, /INVALID_ARGUMENT: not now/],
    ['refuses HTTP', 'http/protobuf', { kind: 'refuses', code: 400 }, /Bad Request/],
    ['is overloaded', 'grpc', { kind: 'refuses', code: 14 }, /UNAVAILABLE/],
  ]
  for (const [name, protocol, mood, failure] of moods) {
    it(`${name} costs its spans, which are counted, and a line`, async () => {
      const { collector, exports, tracer, tell, logs } = await startTelling(stack, { ratio: 1 }, { protocol })
      collector.mood = mood
      const mesh = await startMesh({ tracer, pods: {} })
      await (await mesh.tunnel()).get()
      await tell([await mesh.record(1)])
      assert.deepEqual(exports.counts(), { exported: 0, queueFull: 0, failed: 1 })
      assert.match(logs.join(), failure)
    })
  }

  it('is not there, or says nothing, holds up no request, and takes no more memory than it may', async () => {
    for (const isThere of [false, true]) {
      const { collector, exports, tracer } = await startTelling(
        stack,
        { ratio: 1 },
        isThere ? {} : { url: 'http://127.0.0.1:9' },
      )
      collector.mood = { kind: 'silent' }
      const mesh = await startMesh({ tracer, pods: {} })
      const tunnel = await mesh.tunnel()
      await tunnel.get()
      const record = await mesh.record(1)
      for (let i = 0; i < 20_000; i++) exports.record(record)
      assert.equal((await tunnel.get()).head.status, 200)
      await exports.flush(isThere ? 50 : 5000)
      const { exported, queueFull, failed } = exports.counts()
      assert.ok(queueFull > 10_000 && queueFull < 20_000, `${queueFull} found no room`)
      assert.deepEqual([exported, isThere ? 0 : failed], [0, isThere ? 0 : 20_000 - queueFull])
    }
  })
})
