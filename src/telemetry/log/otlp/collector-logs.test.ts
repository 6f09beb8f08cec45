import assert from 'node:assert/strict'
import { it } from 'node:test'
import { makeRecord } from '../../../../test/support/exchange-records.ts'
import { readLogs, type ReceivedLog } from '../../../../test/support/otlp/read-logs.ts'
import { testLogHost } from '../../../../test/support/telemetry/log-host.ts'
import { HeaderList } from '../../../http/header-list.ts'
import { systemClock } from '../../../lib/clock.ts'
import { formatEndpointKey } from '../../../model/endpoint.ts'
import type { OtelLogProvider } from '../../../model/telemetry/telemetry-provider.ts'
import type { CallService } from '../../otlp/otlp-target.ts'
import { CollectorLogs } from './collector-logs.ts'
import { queueFlows } from './queue-flows.ts'

type Answer = Awaited<ReturnType<CallService>>

const taken: Answer = {
  ...{ kind: 'answer', status: 200, body: Buffer.alloc(5) },
  headers: new HeaderList(['content-type', 'application/grpc']),
  trailers: new HeaderList(['grpc-status', '0']),
}

const collector = { hostname: 'otel.shop.svc', port: 4317, endpoints: formatEndpointKey('shop', 'otel', 4317) }

/** Logs whose reports `answer` gets. */
const start = (answer: () => Promise<Answer>) => {
  const received: ReceivedLog[] = []
  const targets: string[] = []
  const warnings: string[] = []
  const logs = new CollectorLogs({
    clock: systemClock,
    random: () => 0.5,
    log: { warn: (message) => void warnings.push(message) },
    version: '1.2.3',
    resource: { 'service.name': 'waypoint.shop' },
    env: {},
    call: (_, { body, target }) => {
      targets.push(target)
      received.push(...readLogs(body.subarray(5)))
      return answer()
    },
  })
  return { logs, received, targets, warnings }
}

const provider: OtelLogProvider = {
  ...{ kind: 'otel-log', name: 'otel', collector, logName: 'mine' },
  format: {
    text: '%REQ(:METHOD)% %RESPONSE_CODE%',
    labels: {
      code: '%RESPONSE_CODE%',
      who: 'by %REQ(USER-AGENT)%',
      no: '%REQ(X-NO)%',
      deep: { ok: '%CEL(connection.mtls)%' },
    },
  },
}

const trace = {
  ...{ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', isSampled: true },
  ...{ parentId: undefined, traceState: undefined, tunnel: undefined, tags: [], tries: [], checks: [] },
}

it('an exchange is a record of a log, with its text, its labels and its place in a trace', async () => {
  const { logs, received, targets } = start(() => Promise.resolve(taken))
  logs.open(provider, testLogHost).tell({ record: makeRecord({ status: 503, trace }), exchange: undefined }, undefined)
  logs
    .open({ kind: 'otel-log', name: 'plain', collector }, testLogHost)
    .tell({ record: makeRecord(), exchange: undefined }, undefined)
  await logs.flush(10_000)
  const [log, plain] = received
  assert.deepEqual(log, {
    ...{ timeNs: 1_736_942_400_123_000_000n, severity: 'ERROR', body: 'GET 503' },
    attributes: { code: 503, who: 'by curl/8.5.0', 'deep.ok': true },
    ...{ traceId: trace.traceId, spanId: trace.spanId },
    resource: { 'service.name': 'waypoint.shop', log_name: 'mine', node_name: 'waypoint-1' },
  })
  assert.match(String(plain?.body), /^\[2025-01-15T12:00:00\.123Z\] "GET \/items\?q=1 HTTP\/1\.1" 200 - via_upstream/)
  assert.equal(plain?.resource['log_name'], 'otel_envoy_accesslog')
  assert.deepEqual(new Set(targets), new Set(['/opentelemetry.proto.collector.logs.v1.LogsService/Export']))
  assert.deepEqual(logs.counts(), { exported: 2, queueFull: 0, failed: 0 })
  logs.close()
})

it('a flow is one, too', async () => {
  const { logs, received } = start(() => Promise.resolve(taken))
  const { hostname, port, endpoints } = collector
  const output = queueFlows(logs, { kind: 'service', protocol: 'grpc', headers: [], hostname, port, endpoints })
  output.push('{"flow":{}}\n', { record: makeRecord(), exchange: undefined })
  await logs.flush(10_000)
  assert.equal(received[0]?.body, '{"flow":{}}')
  assert.equal(received[0]?.attributes['destination.workload'], 'api-canary')
  assert.equal(received[0]?.attributes['verdict'], 'FORWARDED')
  logs.close()
})

it('a collector that never answers costs records, bounded by bytes, and no flush waits for it', async () => {
  const { logs } = start(() => new Promise(() => {}))
  const output = logs.open(provider, testLogHost)
  const told = { record: makeRecord({ userAgent: 'a'.repeat(4000) }), exchange: undefined }
  for (let i = 0; i < 3000; i++) output.tell(told, undefined)
  const { queueFull } = logs.counts()
  assert.ok(queueFull > 500 && queueFull < 2500, `${queueFull} found no room`)
  await logs.flush(20)
  logs.close()
})

it('one that refuses is told of once, and counted', async () => {
  const { logs, warnings } = start(() => Promise.resolve({ ...taken, trailers: new HeaderList(['grpc-status', '7']) }))
  const output = logs.open(provider, testLogHost)
  for (let i = 0; i < 100; i++) output.tell({ record: makeRecord(), exchange: undefined }, undefined)
  await logs.flush(10_000)
  assert.equal(logs.counts().failed, 100)
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /records of a log were lost: collector otel\.shop\.svc:4317: gRPC status 7/)
  // Another collector in its place: what was counted stays.
  logs.open({ ...provider, logName: 'other' }, testLogHost)
  assert.equal(logs.counts().failed, 100)
  logs.close()
})
