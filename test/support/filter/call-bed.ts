import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { FilterDefinition, FilterEnv } from '../../../src/filter/index.ts'
import { FilterMetrics } from '../../../src/filter/env/filter-metrics.ts'
import { anything } from '../../../src/lib/schema.ts'
import type { BackendPolicy } from '../../../src/model/backend/backend-policy.ts'
import { formatEndpointKey, type Endpoint, type EndpointSet } from '../../../src/model/endpoint.ts'
import type { FilterSpec } from '../../../src/model/filter-spec.ts'
import { serviceOf } from '../models.ts'
import { Mesh, type MeshOptions } from '../mesh/mesh.ts'

/** What a server of a test has been asked. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

interface CallBedOptions extends MeshOptions {
  /** Answers at `http://auth.shop`; default: 200 `hello`. */
  readonly answer?: (request: IncomingMessage, response: ServerResponse, body: string) => void
  /** Hosts outside of the mesh. */
  readonly filterEgress?: readonly string[]
  /** Where a server of HTTP/2 listens that is `http://h2.shop`. */
  readonly h2Port?: number
  /** Of Service `shop/auth`. */
  readonly authPolicy?: Omit<BackendPolicy, 'source'>
}

const endpointAt = (port: number): Endpoint => ({
  address: '127.0.0.1',
  port,
  transport: 'plain',
  workload: { uid: `app-${port}` },
})

const spec: FilterSpec = { kind: 'Caller', config: {}, origin: 'the test' }

/**
 * A waypoint with one filter, whose environment is there to be called with: `auth.shop` is a server over plaintext,
 * `api.shop` the mesh's pods over HBONE.
 */
export class CallBed {
  readonly mesh: Mesh
  readonly env: FilterEnv
  readonly metrics: FilterMetrics
  readonly asked: Asked[] = []
  readonly #server: Server

  private constructor(parts: { mesh: Mesh; env: FilterEnv; metrics: FilterMetrics; server: Server; asked: Asked[] }) {
    this.mesh = parts.mesh
    this.env = parts.env
    this.metrics = parts.metrics
    this.#server = parts.server
    this.asked = parts.asked
  }

  static async start({ answer, authPolicy, h2Port, ...options }: CallBedOptions = {}): Promise<CallBed> {
    const asked: Asked[] = []
    const server = createServer((request, response) => {
      const take = (body: string): void => {
        asked.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
        if (answer === undefined) response.end('hello')
        else answer(request, response, body)
      }
      // A request that is broken off is none.
      text(request).then(take, () => {})
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    let env: FilterEnv | undefined
    const caller: FilterDefinition = {
      kind: 'Caller',
      stage: 'admit',
      config: anything(),
      create: (_config, given) => {
        env = given
        return {}
      },
    }
    const metrics = new FilterMetrics()
    const mesh = await Mesh.start({ ...options, filters: [caller], filterMetrics: metrics })
    const { port } = server.address() as AddressInfo
    const auth: EndpointSet = {
      key: formatEndpointKey('shop', 'auth', 80),
      endpoints: [endpointAt(port)],
      ...(authPolicy === undefined ? {} : { policy: { source: 'BackendPolicy shop/auth', ...authPolicy } }),
    }
    const h2 = { key: formatEndpointKey('shop', 'h2', 80), protocol: 'http2' } as const
    const model = mesh.model()
    mesh.apply({
      ...model,
      clusterDomain: 'cluster.local',
      services: [serviceOf({}, { filters: [spec] })],
      endpoints: [
        ...model.endpoints,
        auth,
        { key: formatEndpointKey('shop', 'empty', 80), endpoints: [] },
        ...(h2Port === undefined ? [] : [{ ...h2, endpoints: [endpointAt(h2Port)] }]),
      ],
    })
    assert.ok(env)
    return new CallBed({ mesh, env, metrics, server, asked })
  }

  /** `auth.shop 2xx`, … with how often. */
  counted(): Readonly<Record<string, number>> {
    const dump = this.metrics.dump().find(({ name }) => name === 'fairway_filter_fetch_total')
    return Object.fromEntries((dump?.series ?? []).map(({ values, numbers }) => [values.join(' '), numbers[0] ?? 0]))
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await this.mesh.close()
  }
}
