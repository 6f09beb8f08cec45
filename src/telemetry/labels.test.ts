import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  apiService,
  canaryEndpoint,
  canaryService,
  knownSource,
  unknownSource,
} from '../../test/support/exchange-records.ts'
import { outcomeLabelNames, peerLabelNames } from '../model/telemetry/istio-labels.ts'
import { formatLabels, istioLabels, labelNames, type SeriesKey } from './labels.ts'

const makeKey = (changes: Partial<SeriesKey> = {}): SeriesKey => ({
  source: knownSource,
  service: canaryService,
  endpoint: canaryEndpoint,
  protocol: 'http',
  status: 200,
  grpcStatus: '',
  flags: '-',
  ...changes,
})

const labelsOf = (changes: Partial<SeriesKey> = {}): Record<string, string> =>
  Object.fromEntries(istioLabels(makeKey(changes)))

test('the labels are Istio’s 25, in Istio’s order', () => {
  assert.deepEqual(istioLabels(makeKey()), [
    ['reporter', 'waypoint'],
    ['source_workload', 'front'],
    ['source_canonical_service', 'front'],
    ['source_canonical_revision', 'v3'],
    ['source_workload_namespace', 'web'],
    ['source_principal', 'spiffe://cluster.local/ns/web/sa/shop-front'],
    ['source_app', 'front'],
    ['source_version', 'v3'],
    ['source_cluster', 'Kubernetes'],
    ['destination_workload', 'api-canary'],
    ['destination_workload_namespace', 'shop'],
    ['destination_principal', 'spiffe://cluster.local/ns/shop/sa/api'],
    ['destination_app', 'api'],
    ['destination_version', 'v2'],
    ['destination_service', 'api-canary.shop.svc.cluster.local'],
    ['destination_canonical_service', 'api'],
    ['destination_canonical_revision', 'v2'],
    ['destination_service_name', 'api-canary'],
    ['destination_service_namespace', 'shop'],
    ['destination_cluster', 'Kubernetes'],
    ['request_protocol', 'http'],
    ['response_code', '200'],
    ['grpc_response_status', ''],
    ['response_flags', '-'],
    ['connection_security_policy', 'mutual_tls'],
  ])
})

test('what is not known is unknown, and a missing revision is latest', () => {
  const labels = labelsOf({ source: unknownSource, service: apiService, endpoint: undefined, status: 404, flags: 'NR' })
  const unknown = Object.keys(labels).filter((name) => labels[name] === 'unknown')
  assert.deepEqual(unknown, [
    'source_workload',
    'source_canonical_service',
    'source_workload_namespace',
    'source_principal',
    'source_app',
    'source_version',
    'source_cluster',
    'destination_workload',
    'destination_workload_namespace',
    'destination_principal',
    'destination_app',
    'destination_version',
    'destination_canonical_service',
    'destination_cluster',
  ])
  assert.equal(labels['source_canonical_revision'], 'latest')
  assert.equal(labels['destination_canonical_revision'], 'latest')
  assert.equal(labels['destination_service'], 'api.shop.svc.cluster.local')
  assert.equal(labels['response_flags'], 'NR')
  assert.equal(labels['connection_security_policy'], 'none')
})

test('an endpoint in plaintext has proven no principal', () => {
  const labels = labelsOf({ endpoint: { ...canaryEndpoint, transport: 'plain' } })
  assert.equal(labels['destination_principal'], 'unknown')
  assert.equal(labels['destination_workload'], 'api-canary')
})

test('a client that went away has the code 0', () => {
  assert.equal(labelsOf({ status: 0, flags: 'DC' })['response_code'], '0')
})

const grpcCases: readonly (readonly [protocol: 'http' | 'grpc', status: number, grpcStatus: string, label: string])[] =
  [
    ['grpc', 200, '0', '0'],
    ['grpc', 200, '16', '16'],
    ['grpc', 503, '8', '8'],
    ['grpc', 200, '17', '2'],
    ['grpc', 200, 'nonsense"', '2'],
    ['grpc', 200, '', '2'],
    ['grpc', 400, '', '13'],
    ['grpc', 401, '', '16'],
    ['grpc', 403, '', '7'],
    ['grpc', 404, '', '12'],
    ['grpc', 408, '', '2'],
    ['grpc', 429, '', '14'],
    ['grpc', 500, '', '2'],
    ['grpc', 503, '', '14'],
    ['grpc', 504, '', '14'],
    ['grpc', 0, '', ''],
    ['http', 200, '5', ''],
    ['http', 503, '', ''],
  ]

for (const [protocol, status, grpcStatus, label] of grpcCases) {
  test(`${protocol} with ${status} and the gRPC status '${grpcStatus}' is labelled '${label}'`, () => {
    assert.equal(labelsOf({ protocol, status, grpcStatus })['grpc_response_status'], label)
  })
}

test('a value cannot leave its quotes, and long ones are cut', () => {
  const source = { ...knownSource, app: 'a"} 1\nevil{x="\\', version: 'v'.repeat(1000) }
  const text = formatLabels(istioLabels(makeKey({ source })))
  assert.ok(text.includes('source_app="a\\"} 1\\nevil{x=\\"\\\\",'))
  assert.ok(text.includes(`source_version="${'v'.repeat(256)}",`))
  assert.equal(text.includes('\n'), false)
})

test('the names that policies may change are those that there are', () => {
  const all = Object.values(labelNames()).flat()
  assert.deepEqual(new Set(all), new Set([...peerLabelNames, ...outcomeLabelNames]))
  assert.deepEqual(labelNames().messages, peerLabelNames)
})
