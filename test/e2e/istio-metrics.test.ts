/** What existing dashboards, Kiali and alerts read: Istio's metrics of HTTP, gRPC and TCP as a Prometheus finds them. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type ClientHttp2Stream } from 'node:http2'
import { after, before, describe, it } from 'node:test'
import { createEchoServer } from '../support/peers/grpc-echo.ts'
import { parseMetrics, type MetricsPage } from '../support/prometheus-text.ts'
import { serveTcp } from '../support/tls/tls-app.ts'
import * as grpc from '@grpc/grpc-js'
import { eventually } from './support/eventually.ts'
import { workerCounts, type RunningFairway } from './support/fairway-process.ts'
import type { HboneClient } from './support/hbone-client.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { gateway, service } from './support/objects.ts'

const network = '127.71.131'
const ports = { web: 9001, calls: 9002, echo: 9003 }
const vips = { web: '10.96.0.10', calls: '10.96.0.11', echo: '10.96.0.12' }

/** A Service whose port speaks `appProtocol`. */
const serviceOf = (name: keyof typeof ports, appProtocol: string): readonly object[] => {
  const transport = name === 'web' ? 'hbone' : 'plain'
  const endpoints = [{ address: `${network}.${name.length}`, port: ports[name], transport } as const]
  return service({ name, vip: vips[name], endpoints }).map((object) => {
    if (!('kind' in object) || object.kind !== 'Service') return object
    const port = { name: 'http', port: 80, targetPort: ports[name], protocol: 'TCP', appProtocol }
    return {
      ...object,
      spec: { clusterIP: vips[name], clusterIPs: [vips[name]], selector: { app: name }, ports: [port] },
    }
  })
}

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

const messageOf = (text: string): Buffer => {
  const message = Buffer.alloc(5 + text.length)
  message.writeUInt32BE(text.length, 1)
  message.write(text, 5)
  return message
}

for (const workers of workerCounts(1)) {
  describe(`Istio's metrics (${workers} workers)`, () => {
    const open = new AsyncDisposableStack()
    let mesh: Mesh
    let fairway: RunningFairway
    let client: HboneClient

    const scrape = async (): Promise<string> =>
      (await fetch(`http://${fairway.addresses.metrics}/stats/prometheus`)).text()

    /** The values of a metric, by destination. */
    const valuesOf = ({ samples }: MetricsPage, metric: string): Record<string, number> =>
      Object.fromEntries(
        samples
          .filter(({ name }) => name === metric)
          .map(({ labels, value }) => [labels['destination_service_name'], value]),
      )

    before(async () => {
      const echo = createEchoServer()
      const credentials = grpc.ServerCredentials.createInsecure()
      await new Promise((resolve, reject) => {
        const at = `${network}.${'calls'.length}:${ports.calls}`
        echo.server.bindAsync(at, credentials, (error) => (error === null ? resolve(undefined) : reject(error)))
      })
      open.defer(() => echo.server.forceShutdown())
      open.use(
        await serveTcp(
          { address: `${network}.${'echo'.length}`, port: ports.echo },
          (socket) => void socket.pipe(socket),
        ),
      )
      mesh = open.use(
        await createMesh([
          gateway,
          ...serviceOf('web', 'http'),
          ...serviceOf('calls', 'grpc'),
          ...serviceOf('echo', 'tcp'),
        ]),
      )
      await mesh.startPod('web', { address: `${network}.${'web'.length}`, port: ports.web })
      fairway = await mesh.startFairway(workers)
      client = await mesh.dial(fairway, 'shop/client')
    })
    after(() => open.disposeAsync())

    const tunnelTo = async (name: keyof typeof vips): Promise<ClientHttp2Stream> => {
      const { status, stream } = await client.connect(`${vips[name]}:80`)
      assert.equal(status, 200)
      return stream
    }

    it('have its names, its labels and their order', async () => {
      assert.equal((await client.request(`${vips.web}:80`)).status, 200)
      const tunnel = await tunnelTo('calls')
      const session = connect('http://calls', { createConnection: () => tunnel })
      const call = session.request({
        ':method': 'POST',
        ':path': '/echo.Echo/Collect',
        'content-type': 'application/grpc',
        te: 'trailers',
      })
      call.end(Buffer.concat([messageOf('one'), messageOf('two'), messageOf('')]))
      call.resume()
      await once(call, 'end')
      session.close()
      const bytes = await tunnelTo('echo')
      bytes.end('hello')
      bytes.resume()
      await once(bytes, 'end')
      const text = await eventually('all of it', async () => {
        const page = await scrape()
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
      const earlier = valuesOf(parseMetrics(await scrape()), 'istio_tcp_received_bytes_total')['echo'] ?? 0
      const bytes = await tunnelTo('echo')
      bytes.write('x'.repeat(1000))
      bytes.resume()
      const page = await eventually('its bytes', async () => {
        const now = parseMetrics(await scrape())
        return valuesOf(now, 'istio_tcp_received_bytes_total')['echo'] === earlier + 1000 ? now : undefined
      })
      const opened = valuesOf(page, 'istio_tcp_connections_opened_total')['echo'] ?? 0
      assert.equal(opened - (valuesOf(page, 'istio_tcp_connections_closed_total')['echo'] ?? 0), 1)
      bytes.close()
    })
  })
}
