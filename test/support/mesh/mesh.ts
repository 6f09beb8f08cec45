import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { FilterMetrics } from '../../../src/filter/env/filter-metrics.ts'
import type { FilterDefinition } from '../../../src/filter/index.ts'
import type { ExchangeRecord } from '../../../src/filter/record.ts'
import type { H2Connection } from '../../../src/http/h2/connection.ts'
import { CredentialStore } from '../../../src/identity/credential-store.ts'
import type { Credentials } from '../../../src/identity/credentials.ts'
import { createDevCa } from '../../../src/identity/ca/dev-ca.ts'
import type { DevCa, IssueOptions } from '../../../src/identity/ca/dev-ca.ts'
import { clientTlsOptions, type TlsSettings } from '../../../src/identity/tls.ts'
import type { Clock } from '../../../src/lib/clock.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { createLogger } from '../../../src/lib/log.ts'
import type { Endpoint } from '../../../src/model/endpoint.ts'
import type { BackendPolicy } from '../../../src/model/backend/backend-policy.ts'
import { formatEndpointKey } from '../../../src/model/endpoint.ts'
import { formatSpiffeId } from '../../../src/model/identity.ts'
import type { SpiffeId } from '../../../src/model/identity.ts'
import type { Model } from '../../../src/model/model.ts'
import type { Rule } from '../../../src/model/route.ts'
import type { PortProtocol } from '../../../src/model/port-protocol.ts'
import { Counters } from '../../../src/proxy/counters.ts'
import type { Tracer } from '../../../src/proxy/tracing/tracer.ts'
import { DataPlane } from '../../../src/proxy/data-plane.ts'
import type { Deadlines } from '../../../src/proxy/limits/deadlines.ts'
import type { OverloadLimits } from '../../../src/proxy/overload/overload.ts'
import { Flusher } from '../../../src/proxy/flusher.ts'
import type { FetchText } from '../../../src/proxy/security/jwt/keys/fetch-text.ts'
import { HboneClient } from '../../../src/proxy/hbone/client.ts'
import { decodeTrust } from '../../../src/proxy/hbone/mesh-identity.ts'
import { attachH2 } from '../http/h2-socket.ts'
import { openTunnel } from './client-tunnel.ts'
import type { ClientTunnel } from './client-tunnel.ts'
import { Pod } from './pod.ts'
import type { PodOptions } from './pod.ts'
import { modelOf, routeOf, serviceOf } from '../models.ts'

/** The address that clients dial. */
export const VIP = '10.96.0.12:80'
const APP_PORT = 8080
const WAIT_MS = 10_000

export const identityOf = (serviceAccount: string, trustDomain = 'cluster.local'): SpiffeId =>
  formatSpiffeId({ trustDomain, namespace: 'shop', serviceAccount })

/** Of no Service: that there are any has what they take loaded. */
const unusedPolicies: Pick<Model, 'authentications' | 'authorizations'> = {
  authentications: [{ key: 'shop/unused', rules: [] }],
  authorizations: [{ key: 'shop/unused', action: 'CUSTOM', isDryRun: false, provider: 'nobody', rules: [] }],
}

/** Lets the loop turn until the condition holds; fails when that takes unreasonably long. */
export const until = async (holds: () => boolean, what = 'the condition'): Promise<void> => {
  const startedMs = performance.now()
  while (!holds()) {
    assert.ok(performance.now() - startedMs < WAIT_MS, `waited ${WAIT_MS} ms for ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

export interface MeshOptions {
  readonly filters?: readonly FilterDefinition[]
  readonly clock?: Clock
  readonly trustDomains?: readonly string[]
  /** Of the waypoint; default: OpenSSL's. */
  readonly tls?: TlsSettings
  /** As `DataPlaneOptions` has it. */
  readonly bufferBytes?: number
  readonly deadlines?: Deadlines
  readonly overload?: OverloadLimits
  /** Where endpoints are taken to listen for HBONE; default: where the pods do. */
  readonly upstreamPort?: number
  /** What the Service's port is declared to speak; default `http`. */
  readonly protocol?: PortProtocol
  /** A route with one rule that the service has; without it requests pass through. */
  readonly rule?: Partial<Rule>
  /** As `DataPlaneOptions` has it. */
  readonly fetchText?: FetchText
  /** As `DataPlaneOptions` has it. */
  readonly filterMetrics?: FilterMetrics
  /** As `DataPlaneOptions` has it. */
  readonly filterEgress?: readonly string[]
  /** As `DataPlaneOptions` has it. */
  readonly tracer?: Tracer
  /** Of the Service's port. */
  readonly policy?: Omit<BackendPolicy, 'source'>
}

/** A waypoint in this process with a CA of its own, the pods behind it, and clients in front, all on real TLS. */
export class Mesh {
  readonly ca: DevCa
  readonly store: CredentialStore
  readonly plane: DataPlane
  readonly records: ExchangeRecord[] = []
  readonly logs: string[] = []
  readonly pods: Pod[] = []
  readonly clients: HboneClient[] = []
  port = 0
  readonly #options: MeshOptions
  readonly #dir: string
  readonly #flusher = new Flusher()
  readonly #upstream: { port: number }
  readonly #sockets: TLSSocket[] = []
  #generation = 0

  private constructor(
    parts: { readonly ca: DevCa; readonly dir: string; readonly credentials: Credentials; readonly hbonePort: number },
    options: MeshOptions,
  ) {
    this.ca = parts.ca
    this.#dir = parts.dir
    this.#options = options
    this.#upstream = { port: parts.hbonePort }
    this.store = new CredentialStore(parts.credentials)
    const clock = options.clock ?? systemClock
    this.plane = new DataPlane({
      credentials: this.store,
      trustDomains: options.trustDomains ?? ['cluster.local'],
      tls: options.tls ?? {},
      filters: options.filters ?? [],
      clock,
      log: createLogger({ write: (line) => this.logs.push(line), level: 'debug', clock }),
      sink: (record) => this.records.push(record),
      ...(options.bufferBytes === undefined ? {} : { bufferBytes: options.bufferBytes }),
      bind: '127.0.0.1',
      reusePort: false,
      upstreamHbonePort: parts.hbonePort,
      // What is applied is in force when the call returns.
      compileSliceMs: Infinity,
      ...(options.deadlines === undefined ? {} : { deadlines: options.deadlines }),
      ...(options.overload === undefined ? {} : { overload: options.overload }),
      ...(options.fetchText === undefined ? {} : { fetchText: options.fetchText }),
      ...(options.filterMetrics === undefined ? {} : { filterMetrics: options.filterMetrics }),
      tracer: options.tracer,
      ...(options.filterEgress === undefined ? {} : { filterEgress: options.filterEgress }),
    })
  }

  /** Starts a waypoint and one pod per element of `pods`, all of them behind Service `shop/api`. */
  static async start(options: MeshOptions & { readonly pods?: readonly Partial<PodOptions>[] } = {}): Promise<Mesh> {
    const dir = mkdtempSync(join(tmpdir(), 'fairway-mesh-'))
    const ca = await createDevCa({ dir, trustDomain: 'cluster.local', clock: systemClock })
    const credentials = await ca.issue(identityOf('api'))
    const pods: Pod[] = []
    for (const [index, pod] of (options.pods ?? [{}]).entries()) {
      const port = pods[0]?.port ?? 0
      pods.push(await new Pod({ credentials, address: podAddress(index), port, ...pod }).listen())
    }
    const mesh = new Mesh(
      {
        ca,
        dir,
        credentials: await ca.issue(identityOf('waypoint')),
        hbonePort: options.upstreamPort ?? pods[0]?.port ?? 9,
      },
      options,
    )
    mesh.pods.push(...pods)
    // Loads what policies take, so that whatever is applied from now on is in force when the call returns.
    await mesh.plane.apply(mesh.model(unusedPolicies), 0)
    mesh.apply(mesh.model())
    mesh.port = await mesh.plane.listen(0)
    return mesh
  }

  get counters(): Counters {
    return this.plane.counters
  }

  get pod(): Pod {
    const [pod] = this.pods
    assert.ok(pod)
    return pod
  }

  endpoint(address: string, parts: Partial<Endpoint> = {}): Endpoint {
    return {
      address,
      port: APP_PORT,
      transport: 'hbone',
      identity: identityOf('api'),
      workload: { uid: `pod-${address}` },
      ...parts,
    }
  }

  /** Service `shop/api` with the pods behind it; parts replaced. */
  model(
    parts: Partial<Model> & { readonly api?: readonly Endpoint[]; readonly policy?: MeshOptions['policy'] } = {},
  ): Model {
    const { api, policy: _policy, ...rest } = parts
    const { rule, protocol = 'http' } = this.#options
    const policy = parts.policy ?? this.#options.policy
    const routes = rule === undefined ? [] : [routeOf('api', [rule])]
    return modelOf(routes, {
      services: [serviceOf({ protocol, routes: routes.map(({ key }) => key) })],
      endpoints: [
        {
          key: formatEndpointKey('shop', 'api', 80),
          protocol: protocol === 'grpc' ? protocol : 'http',
          ...(policy === undefined ? {} : { policy: { source: 'BackendPolicy shop/api', ...policy } }),
          endpoints: api ?? this.pods.map((pod) => this.endpoint(pod.options.address)),
        },
      ],
      ...rest,
    })
  }

  apply(model: Model): void {
    void this.plane.apply(model, ++this.#generation)
  }

  /** A connection of a client pod, HBONE port and identity of the waypoint. */
  async dial(
    options: {
      readonly identity?: SpiffeId
      readonly credentials?: Credentials
      readonly issue?: IssueOptions
      readonly tls?: TlsSettings
    } = {},
  ): Promise<HboneClient> {
    const credentials =
      options.credentials ?? (await this.ca.issue(options.identity ?? identityOf('client'), options.issue))
    const trust = decodeTrust(credentials, { trustDomains: [], nowMs: Date.now() })
    const client = new HboneClient({
      flusher: this.#flusher,
      counters: new Counters(),
      mesh: { clientTls: () => clientTlsOptions(credentials, options.tls), trust: () => trust },
      address: '127.0.0.1',
      port: this.port,
      identity: identityOf('waypoint'),
      connectTimeoutMs: WAIT_MS,
      onGone: () => {},
    })
    this.clients.push(client)
    return client
  }

  /** A connection on the codec alone, for what `HboneClient` would not do. */
  async dialRaw(
    handler: Parameters<typeof attachH2>[1] = {},
    below?: Socket,
  ): Promise<{ readonly socket: TLSSocket; readonly connection: H2Connection }> {
    const credentials = await this.ca.issue(identityOf('client'))
    const to = below === undefined ? { host: '127.0.0.1', port: this.port } : { socket: below }
    const socket = connect({ ...clientTlsOptions(credentials), ...to })
    await once(socket, 'secureConnect')
    const connection = attachH2(socket, handler, { role: 'client' })
    this.#sockets.push(socket)
    await until(() => connection.hasSettings)
    return { socket, connection }
  }

  /** A tunnel on a connection of its own. */
  async tunnel(authority = VIP): Promise<ClientTunnel> {
    return openTunnel(await this.dial(), authority)
  }

  /** The record of the last exchange, once there are so many. */
  async record(count: number): Promise<ExchangeRecord> {
    await until(() => this.records.length >= count, `record ${count}`)
    assert.equal(this.records.length, count)
    const record = this.records[count - 1]
    assert.ok(record)
    return record
  }

  get hbonePort(): number {
    return this.#upstream.port
  }

  /** Ends the clients, then the waypoint; nothing may be left of either. */
  async close(): Promise<void> {
    const { counters, plane } = this
    const loads = [...plane.clients.all()]
    for (const client of this.clients) client.destroy()
    for (const socket of this.#sockets) socket.destroy()
    await until(() => counters.openConnections === 0, 'the clients to be gone')
    assert.equal(counters.openTunnels, 0, 'open tunnels')
    assert.equal(counters.activeExchanges, 0, 'active exchanges')
    const left = loads.map(({ tunnels, requests }) => tunnels + requests).filter((count) => count !== 0)
    assert.deepEqual([plane.clients.size, left], [0, []], 'what clients have under way')
    // Else a tunnel that is kept has lost some of its window for good.
    await until(() => counters.heldBytes === 0, 'all that was received to be taken')
    plane.close()
    for (const pod of this.pods) pod.close()
    await until(() => counters.openUpstreamConnections === 0, 'the connections to pods to be gone')
    rmSync(this.#dir, { recursive: true, force: true })
  }
}

/** An address of this machine that no other test process uses with the same port. */
export const podAddress = (index: number): string =>
  `127.${1 + (process.pid % 200)}.${Math.floor(process.pid / 200) % 250}.${index + 2}`
