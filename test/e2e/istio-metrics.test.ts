/** What existing dashboards, Kiali and alerts read: Istio's metrics of HTTP, gRPC and TCP as a Prometheus finds them. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { parseMetrics, type MetricsPage } from '../support/exposition/prometheus-text.ts'
import { startAllProtocols, type AllProtocols } from './support/protocols/all-protocols.ts'
import { eventually } from './support/eventually.ts'
import { workerCounts } from './support/fairway-process.ts'

const network = '127.71.131'

/** Waypoint contract 6.1: the first twenty are those of all metrics. */
const peers = [
  ...['reporter', 'source_workload', 'source_canonical_service', 'source_canonical_revision'],
  ...['source_workload_namespace', 'source_principal', 'source_app', 'source_version', 'source_cluster'],
  ...['destination_workload', 'destination_workload_namespace', 'destination_principal', 'destination_app'],
  ...['destination_version', 'destination_service', 'destination_canonical_service', 'destination_canonical_revision'],
  ...['destination_service_name', 'destination_service_namespace', 'destination_cluster'],
]
const ends = ['response_flags', 'connection_security_policy']
const requestLabels = [...peers, 'request_protocol', 'response_code', 'grpc_response_status', ...ends]
const connectionLabels = [...peers, 'request_protocol', ...ends]

const histogramOf = (name: string): readonly (readonly [string, readonly string[]])[] => [
  [`${name}_bucket`, [...requestLabels, 'le']],
  [`${name}_sum`, requestLabels],
  [`${name}_count`, requestLabels],
]

const wanted = new Map<string, readonly string[]>([
  ['istio_build', ['component', 'tag']],
  ['istio_requests_total', requestLabels],
  ...histogramOf('istio_request_duration_milliseconds'),
  ...histogramOf('istio_request_bytes'),
  ...histogramOf('istio_response_bytes'),
  ['istio_request_messages_total', peers],
  ['istio_response_messages_total', peers],
  ['istio_tcp_connections_opened_total', connectionLabels],
  ['istio_tcp_connections_closed_total', connectionLabels],
  ['istio_tcp_sent_bytes_total', connectionLabels],
  ['istio_tcp_received_bytes_total', connectionLabels],
])

for (const workers of workerCounts(1)) {
  describe(`Istio's metrics (${workers} workers)`, () => {
    let mesh: AllProtocols

    /** The values of a metric, by destination. */
    const valuesOf = ({ samples }: MetricsPage, metric: string): Record<string, number> =>
      Object.fromEntries(
        samples
          .filter(({ name }) => name === metric)
          .map(({ labels, value }) => [labels['destination_service_name'], value]),
      )

    before(async () => {
      mesh = await startAllProtocols({ network, workers })
    })
    after(() => mesh[Symbol.asyncDispose]())

    it('have its names, its labels and their order', async () => {
      assert.equal(await mesh.request(), 200)
      await mesh.call('Collect', ['one', 'two', ''])
      const bytes = await mesh.open('echo')
      bytes.end('hello')
      bytes.resume()
      await once(bytes, 'end')
      const text = await eventually('all of it', async () => {
        const page = await mesh.scrape()
        return page.includes('istio_tcp_connections_closed_total') && page.includes('istio_request_messages_total')
          ? page
          : undefined
      })
      const found = new Map<string, readonly string[]>()
      for (const [, name = '', labels = ''] of text.matchAll(/^(istio_\w+)\{(.*)\} /gm)) {
        found.set(
          name,
          [...labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(([, label = '']) => label),
        )
      }
      assert.deepEqual(found, wanted)
      const page = parseMetrics(text)
      assert.deepEqual(valuesOf(page, 'istio_requests_total'), { web: 1, calls: 1 })
      assert.deepEqual(valuesOf(page, 'istio_request_messages_total'), { calls: 3 })
      assert.deepEqual(valuesOf(page, 'istio_response_messages_total'), { calls: 1 })
      assert.deepEqual(valuesOf(page, 'istio_tcp_sent_bytes_total'), { echo: 5 })
      const request = page.samples.find(
        ({ name, labels }) => name === 'istio_requests_total' && labels['destination_service_name'] === 'calls',
      )
      const { reporter, request_protocol, response_code, grpc_response_status, source_principal } =
        request?.labels ?? {}
      assert.deepEqual(
        { reporter, request_protocol, response_code, grpc_response_status, source_principal },
        {
          reporter: 'waypoint',
          request_protocol: 'grpc',
          response_code: '200',
          grpc_response_status: '0',
          source_principal: 'spiffe://cluster.local/ns/shop/sa/client',
        },
      )
    })

    it('tell of a connection while it lasts', async () => {
      const earlier = valuesOf(parseMetrics(await mesh.scrape()), 'istio_tcp_received_bytes_total')['echo'] ?? 0
      const bytes = await mesh.open('echo')
      bytes.write('x'.repeat(1000))
      bytes.resume()
      const page = await eventually('its bytes', async () => {
        const now = parseMetrics(await mesh.scrape())
        return valuesOf(now, 'istio_tcp_received_bytes_total')['echo'] === earlier + 1000 ? now : undefined
      })
      const opened = valuesOf(page, 'istio_tcp_connections_opened_total')['echo'] ?? 0
      assert.equal(opened - (valuesOf(page, 'istio_tcp_connections_closed_total')['echo'] ?? 0), 1)
      bytes.close()
    })

    it('are as a Telemetry asks for, as soon as there is one', async () => {
      const tagOverrides = {
        response_code: { operation: 'REMOVE' },
        request_method: { value: 'request.method' },
        tenant: { value: "request.headers['user-agent']" },
      }
      mesh.write([
        {
          apiVersion: 'telemetry.istio.io/v1',
          kind: 'Telemetry',
          metadata: { name: 'web', namespace: 'shop' },
          spec: {
            targetRefs: [{ kind: 'Service', name: 'web' }],
            metrics: [
              {
                overrides: [
                  { match: { metric: 'REQUEST_COUNT' }, tagOverrides },
                  { match: { metric: 'RESPONSE_SIZE' }, disabled: true },
                ],
              },
            ],
          },
        },
      ])
      const line = await eventually('a request that is counted so', async () => {
        await mesh.request()
        return /^istio_requests_total\{(.*request_method.*)\} /m.exec(await mesh.scrape())?.[1]
      })
      const names = [...line.matchAll(/(\w+)="/g)].map(([, name = '']) => name)
      const kept = requestLabels.filter((name) => name !== 'response_code')
      assert.deepEqual(names, [...kept, 'request_method', 'tenant'])
      assert.match(line, /destination_service_name="web",.*,request_method="GET",tenant="unknown"$/)
      const earlier = parseMetrics(await mesh.scrape())
      await mesh.request()
      const now = await eventually('one more', async () => {
        const page = parseMetrics(await mesh.scrape())
        const isMore = sumOf(page, 'istio_requests_total') === sumOf(earlier, 'istio_requests_total') + 1
        return isMore ? page : undefined
      })
      const [bytes, responses] = ['istio_request_bytes_count', 'istio_response_bytes_count']
      assert.equal(sumOf(now, bytes), sumOf(earlier, bytes) + 1)
      assert.equal(sumOf(now, responses), sumOf(earlier, responses))
    })
  })
}

/** Of Service `web`. */
const sumOf = ({ samples }: MetricsPage, metric: string): number =>
  samples
    .filter(({ name, labels }) => name === metric && labels['destination_service_name'] === 'web')
    .reduce((sum, { value }) => sum + value, 0)
