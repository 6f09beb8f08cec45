/** Spans of questions to providers, as a collector gets them, and what providers are told of the trace. */
import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { startAuthzMesh } from '../../../../test/support/ext-authz/authz-mesh.ts'
import { startCheckServer, type CheckServer } from '../../../../test/support/ext-authz/check-server.ts'
import { startHttpProvider, type HttpProvider } from '../../../../test/support/ext-authz/http-provider.ts'
import { until, type Mesh } from '../../../../test/support/mesh/mesh.ts'
import type { Collector } from '../../../../test/support/otlp/collector.ts'
import type { ReceivedSpan } from '../../../../test/support/otlp/read-spans.ts'
import { startTelling, type Telling } from '../../../../test/support/otlp/telling.ts'
import type { ExternalAuthorization } from '../../../model/security/external-authorization.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const CLIENT = '00f067aa0ba902b7'
const fieldsOf = (flags: string): string => `traceparent: 00-${TRACE}-${CLIENT}-${flags}\r\ntracestate: a=1\r\n`

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

/** What a provider was told, one each question. */
type Told = () => readonly (readonly [parent: string | undefined, state: string | undefined])[]

interface Setting extends Telling {
  readonly mesh: Mesh
  readonly port: number
  readonly told: Told
  readonly asked: () => number
}

type Options = Parameters<typeof startTelling>[1] & Pick<Partial<ExternalAuthorization>, 'timeoutMs' | 'failOpen'>

const start = async (
  provider: { readonly port: number; readonly told: Told; readonly settings: Partial<ExternalAuthorization> },
  { timeoutMs = 20_000, failOpen = false, ...some }: Options,
): Promise<Setting> => {
  const telling = await startTelling(stack, some)
  const { port, told } = provider
  const settings = { timeoutMs, failOpen, ...provider.settings }
  const mesh = await startAuthzMesh({ port, settings, tracer: telling.tracer })
  stack.defer(() => mesh.close())
  return { ...telling, mesh, port, told, asked: () => told().length }
}

const startGrpc = async (answer: CheckServer['answer'], options: Options = {}): Promise<Setting> => {
  const { port, metadata, close } = await startCheckServer(answer)
  stack.defer(close)
  const told: Told = () =>
    metadata.map((of) => [of.get('traceparent')[0]?.toString(), of.get('tracestate')[0]?.toString()])
  return start({ port, told, settings: { protocol: 'grpc' } }, options)
}

const startHttp = async (answer: HttpProvider['answer'], options: Options = {}): Promise<Setting> => {
  const { port, seen, close } = await startHttpProvider(answer)
  stack.defer(close)
  const told: Told = () =>
    seen.map(({ headers }) => [headers['traceparent']?.toString(), headers['tracestate']?.toString()])
  // None of the request's fields is shown.
  return start({ port, told, settings: { protocol: 'http', shownHeaders: [] } }, options)
}

/** The span of the only question; it stands where it should. */
const onlyCheck = (collector: Collector): ReceivedSpan => {
  const [server, ...others] = collector.of('server')
  const checks = collector.of('client').filter(({ name }) => name.startsWith('async '))
  const [check] = checks
  assert.ok(server && check)
  assert.deepEqual([others.length, checks.length], [0, 1])
  assert.equal(check.name, 'async outbound|80||authz.shop.svc.cluster.local egress')
  assert.deepEqual([check.traceId, check.parentId, check.traceState], [TRACE, server.spanId, 'a=1'])
  assert.deepEqual([server.traceId, server.parentId], [TRACE, CLIENT])
  assert.ok(server.startNs <= check.startNs && check.startNs <= check.endNs && check.endNs <= server.endNs)
  return check
}

const fails = (type: string) => ({ ext_authz_status: 'ext_authz_error', error: true, 'error.type': type })
const OK = { ext_authz_status: 'ext_authz_ok' }
const REFUSED = { ext_authz_status: 'ext_authz_unauthorized' }
const silent = { timeoutMs: 50 }

const cases: readonly {
  readonly name: string
  readonly begin: () => Promise<Setting>
  readonly status: number
  readonly attributes: ReceivedSpan['attributes']
}[] = [
  {
    ...{ name: 'gRPC, allowed', status: 200, begin: () => startGrpc(() => ({ code: 0 })) },
    attributes: { ...OK, 'rpc.service': 'envoy.service.auth.v3.Authorization', 'grpc.status_code': '0' },
  },
  {
    ...{ name: 'gRPC, refused', status: 403, begin: () => startGrpc(() => ({ code: 7 })) },
    attributes: { ...REFUSED, 'rpc.method': 'Check', 'rpc.grpc.status_code': 0 },
  },
  {
    ...{ name: 'gRPC, failed', status: 403, begin: () => startGrpc(() => ({ fails: 13 })) },
    attributes: { ...fails('grpc_13'), 'fairway.failure': 'gRPC status 13: as you wish' },
  },
  {
    ...{ name: 'gRPC, nonsense', status: 403, begin: () => startGrpc(() => Buffer.from('xx')) },
    attributes: fails('unusable_answer'),
  },
  {
    ...{ name: 'gRPC, too late', status: 403, begin: () => startGrpc(() => 'silence', silent) },
    attributes: fails('timeout'),
  },
  {
    ...{ name: 'gRPC, failed and let through', status: 200 },
    begin: () => startGrpc(() => ({ fails: 14 }), { failOpen: true }),
    attributes: fails('grpc_14'),
  },
  {
    ...{ name: 'HTTP, allowed', status: 200, begin: () => startHttp((_, response) => void response.end()) },
    attributes: { ...OK, ext_authz_http_status: 'OK', 'http.status_code': '200' },
  },
  {
    ...{ name: 'HTTP, refused', status: 401, begin: () => startHttp((_, of) => void of.writeHead(401).end()) },
    attributes: { ...REFUSED, ext_authz_http_status: 'Unauthorized', 'http.response.status_code': 401 },
  },
  {
    ...{ name: 'HTTP, failed', status: 403, begin: () => startHttp((_, of) => void of.writeHead(503).end()) },
    attributes: { ...fails('503'), ext_authz_http_status: 'Service Unavailable' },
  },
  {
    ...{ name: 'HTTP, too late', status: 403, begin: () => startHttp(() => {}, silent) },
    attributes: fails('timeout'),
  },
]

describe('a question to a provider is a span below the request, of which the provider is told', () => {
  for (const { name, begin, status, attributes } of cases) {
    it(name, async () => {
      const { mesh, collector, tell, told, port } = await begin()
      assert.equal((await (await mesh.tunnel()).get('/', fieldsOf('01'))).head.status, status)
      await tell([await mesh.record(1)])
      const check = onlyCheck(collector)
      assert.deepEqual(told(), [[`00-${TRACE}-${check.spanId}-01`, 'a=1']])
      assert.partialDeepStrictEqual(check.attributes, {
        ...{ component: 'proxy', upstream_cluster: 'outbound|80||authz.shop.svc.cluster.local' },
        ...{ 'server.port': port, ...attributes },
      })
      const isError = 'error' in attributes
      assert.deepEqual([check.status.code, check.attributes['error']], isError ? [2, true] : [0, undefined])
      // Where there is an answer to the request itself, it is another span beside it.
      assert.equal(collector.of('client').length, mesh.pod.requests + 1)
    })
  }

  it('that a client did not wait for says so', async () => {
    const { mesh, collector, tell, asked } = await startGrpc(() => 'silence')
    const tunnel = await mesh.tunnel()
    tunnel.write(`GET / HTTP/1.1\r\nhost: api\r\n${fieldsOf('01')}\r\n`, 'GET')
    await until(() => asked() === 1)
    tunnel.channel.abort()
    await tell([await mesh.record(1)])
    const { attributes } = onlyCheck(collector)
    assert.deepEqual([attributes['canceled'], attributes['ext_authz_status']], [true, undefined])
  })
})

describe('of a request that is not traced', () => {
  it('there is no span, and nobody is told', async () => {
    const { mesh, collector, tell, told } = await startHttp((_, response) => void response.end())
    assert.equal((await (await mesh.tunnel()).get('/', fieldsOf('00'))).head.status, 200)
    const record = await mesh.record(1)
    await tell([record])
    assert.deepEqual([record.trace, collector.spans.length, told()], [undefined, 0, [[undefined, undefined]]])
  })

  it('and fails for its provider there is one where failures are wanted', async () => {
    const { mesh, collector, tell, told } = await startGrpc(() => ({ fails: 13 }), { reportsErrors: true })
    assert.equal((await (await mesh.tunnel()).get('/', fieldsOf('00'))).head.status, 403)
    await tell([await mesh.record(1)])
    assert.deepEqual(told(), [[`00-${TRACE}-${onlyCheck(collector).spanId}-00`, 'a=1']])
  })
})
