import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ExchangeRecord } from '../../filter/record.ts'
import { HeaderList } from '../../http/header-list.ts'
import { makeRecord, unknownSource } from '../../../test/support/exchange-records.ts'
import { createFlowLog } from './flow-log.ts'
import { createFlowWriter, verdictOf, type FlowHost } from './flow-record.ts'

const host: FlowHost = { nodeName: 'waypoint-1', uuid: () => 'f1' }

const write = createFlowWriter(host)

const flowOf = (record: ExchangeRecord): Record<string, unknown> =>
  (JSON.parse(write({ record, exchange: undefined })) as { flow: Record<string, unknown> }).flow

const denied = {
  verdict: 'deny',
  action: 'DENY',
  policy: 'shop/admins',
  rule: 0,
  mode: 'enforce',
  details: '',
} as const

it('a request is a flow of Hubble, with both identities', () => {
  const exchange = {
    request: {
      ...{ method: 'GET', scheme: 'http', authority: 'api.shop', path: '/items', query: '?q=1' },
      headers: new HeaderList(['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01']),
    },
    response: undefined,
  }
  const time = '2025-01-15T12:00:00.135Z'
  const labels = (app: string, version: string, account: string, namespace: string, revision = version) => [
    ...[`k8s:app=${app}`, `k8s:version=${version}`, `k8s:service.istio.io/canonical-name=${app}`],
    ...[`k8s:service.istio.io/canonical-revision=${revision}`, 'k8s:io.cilium.k8s.policy.cluster=Kubernetes'],
    ...[`k8s:io.cilium.k8s.policy.serviceaccount=${account}`, `k8s:io.kubernetes.pod.namespace=${namespace}`],
    `spiffe:id=spiffe://cluster.local/ns/${namespace}/sa/${account}`,
  ]
  assert.deepEqual(JSON.parse(write({ record: makeRecord({ path: '/items?q=1&token=x' }), exchange })), {
    flow: {
      ...{ time, uuid: 'f1', verdict: 'FORWARDED' },
      IP: { source: '10.0.1.5', destination: '10.0.3.7', ipVersion: 'IPv4', encrypted: true },
      l4: { TCP: { source_port: 41_234, destination_port: 8080 } },
      source: { namespace: 'web', labels: labels('front', 'v3', 'shop-front', 'web'), workloads: [{ name: 'front' }] },
      destination: {
        namespace: 'shop',
        labels: labels('api', 'v2', 'api', 'shop'),
        workloads: [{ name: 'api-canary' }],
      },
      ...{ Type: 'L7', node_name: 'waypoint-1', destination_names: ['api.shop.svc.cluster.local'] },
      l7: {
        type: 'RESPONSE',
        latency_ns: '12400000',
        http: {
          ...{ code: 200, method: 'GET', url: 'http://api.shop/items?q=1&token=(hidden)', protocol: 'HTTP/1.1' },
          headers: [
            { key: 'x-request-id', value: '0f2a' },
            { key: 'user-agent', value: 'curl/8.5.0' },
            { key: 'x-fairway-route', value: 'HTTPRoute/shop/api/0' },
            { key: 'x-fairway-response-code-details', value: 'via_upstream' },
          ],
        },
      },
      event_type: { type: 129 },
      destination_service: { name: 'api', namespace: 'shop' },
      ...{ traffic_direction: 'INGRESS', is_reply: true },
      trace_context: { parent: { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736' } },
      Summary: 'HTTP/1.1 200 12ms (GET /items?q=1&token=(hidden))',
    },
    ...{ node_name: 'waypoint-1', time },
  })
})

describe('the verdict', () => {
  const verdicts: readonly (readonly [what: string, changes: Partial<ExchangeRecord>, verdict: string])[] = [
    ['of an answer is forwarded, whatever its status', { status: 500 }, 'FORWARDED'],
    ['of a delay is forwarded', { flags: 'DI' }, 'FORWARDED'],
    ['of a policy is dropped', { authorization: denied, status: 403 }, 'DROPPED'],
    ['of an external authorizer is dropped', { flags: 'UAEX', status: 403 }, 'DROPPED'],
    ['of a rate limit is dropped', { flags: 'RL', status: 429 }, 'DROPPED'],
    ['of an endpoint that is gone is an error', { flags: 'UF,URX', status: 503 }, 'ERROR'],
    ['of a client that went is an error', { flags: 'DC', status: 0 }, 'ERROR'],
    ['of no route is an error', { flags: 'NR', status: 404 }, 'ERROR'],
  ]
  for (const [what, changes, verdict] of verdicts) {
    it(what, () => assert.equal(verdictOf(makeRecord(changes)), verdict))
  }
})

it('what is refused has a reason, and no endpoint', () => {
  const flow = flowOf(
    makeRecord({
      authorization: denied,
      endpoint: undefined,
      backend: undefined,
      called: '10.96.0.12:80',
      source: unknownSource,
    }),
  )
  assert.equal(flow['drop_reason_desc'], 'POLICY_DENIED')
  assert.deepEqual(flow['destination'], { namespace: 'shop' })
  assert.deepEqual(flow['source'], {})
  assert.equal((flow['IP'] as { destination: string }).destination, '10.96.0.12')
  assert.match(JSON.stringify(flow['l7']), /\{"key":"x-fairway-policy","value":"shop\/admins"\}/)
})

it('a connection has no HTTP', () => {
  const flow = flowOf(
    makeRecord({
      protocol: 'tcp',
      status: 0,
      method: '',
      path: '',
      flags: 'UC',
      details: 'upstream_remote_disconnect',
    }),
  )
  assert.equal(flow['Type'], 'L3_L4')
  assert.equal('l7' in flow, false)
  assert.equal(flow['Summary'], 'TCP closed 12ms, 91 bytes in, 1211 out UC upstream_remote_disconnect')
})

it('lines are chosen by a filter, and stay lines', () => {
  const lines: string[] = []
  const output = { push: (line: string) => void lines.push(line) }
  const flagged = { path: '-', filter: 'response.code > 399 || sample(0.5)' }
  let chance = 0.9
  const tell = createFlowLog({ flagged, output, host, random: () => chance })
  tell(makeRecord())
  tell(makeRecord({ status: 500, path: '/a\u2028\n\u009b' }))
  chance = 0.1
  tell(makeRecord())
  assert.equal(lines.length, 2)
  for (const line of lines) assert.match(line, /^\{[^\p{Cc}\u2028]*\}\n$/u)
})
