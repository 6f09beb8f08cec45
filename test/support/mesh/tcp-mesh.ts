import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { ConnectionRoutes } from '../../../src/model/connection-route.ts'
import type { BackendPolicy } from '../../../src/model/backend/backend-policy.ts'
import type { BackendTls, EndpointSet } from '../../../src/model/endpoint.ts'
import { formatEndpointKey } from '../../../src/model/endpoint.ts'
import type { FilterSpec } from '../../../src/model/filter-spec.ts'
import type { AuthorizationPolicy } from '../../../src/model/security/authorization.ts'
import type { ServicePort } from '../../../src/model/service.ts'
import { serviceOf } from '../models.ts'
import { Mesh, VIP, identityOf, podAddress } from './mesh.ts'
import type { MeshOptions } from './mesh.ts'
import { RelayPod } from './relay-pod.ts'
import { openStream } from './tunnel-stream.ts'
import type { TunnelStream } from './tunnel-stream.ts'

/** What lies behind Service `shop/api` and others, and how its port is declared. */
export interface TcpSetting {
  /** Default `tcp`. */
  readonly protocol?: ServicePort['protocol']
  readonly connections?: ConnectionRoutes
  /** Ports of applications at `at`, by Service. */
  readonly services: Readonly<Record<string, readonly number[]>>
  readonly tls?: BackendTls
  /** Of each of them. */
  readonly policy?: Omit<BackendPolicy, 'source'>
  /** In force on Service `shop/api`. */
  readonly policies?: readonly AuthorizationPolicy[]
  /** There is a RequestAuthentication for it. */
  readonly isTokenWanted?: boolean
  /** Of Service `shop/api`. */
  readonly filters?: readonly FilterSpec[]
}

/** A waypoint whose Service `shop/api` leads to TCP applications that a test starts at `at`. */
export class TcpMesh {
  readonly mesh: Mesh
  /** Where applications are to listen. */
  readonly at = { address: podAddress(60) }
  readonly #transport: 'plain' | 'hbone'
  readonly #relay: RelayPod | undefined
  readonly #apps = new AsyncDisposableStack()

  private constructor(mesh: Mesh, transport: 'plain' | 'hbone', relay: RelayPod | undefined) {
    this.mesh = mesh
    this.#transport = transport
    this.#relay = relay
  }

  static async start(transport: 'plain' | 'hbone', options: MeshOptions = {}): Promise<TcpMesh> {
    const mesh = await Mesh.start(options)
    if (transport === 'plain') return new TcpMesh(mesh, transport, undefined)
    const relay = new RelayPod(await mesh.ca.issue(identityOf('api')), podAddress(60))
    return new TcpMesh(mesh, transport, await relay.listen(mesh.hbonePort))
  }

  /** An application that leaves it to `onSocket` to end its direction. */
  async serve(onSocket: (socket: Socket) => void): Promise<{ readonly port: number; readonly sockets: Socket[] }> {
    const sockets: Socket[] = []
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket)
      socket.on('error', () => {})
      onSocket(socket)
    })
    server.listen(0, this.at.address)
    await once(server, 'listening')
    this.#apps.defer(async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    })
    return { port: (server.address() as AddressInfo).port, sockets }
  }

  put({
    protocol = 'tcp',
    connections,
    services,
    tls,
    policy,
    policies = [],
    isTokenWanted = false,
    filters = [],
  }: TcpSetting): void {
    const endpoints = Object.entries(services).map(([name, ports]): EndpointSet => {
      const places = ports.map((port) => this.mesh.endpoint(this.at.address, { port, transport: this.#transport }))
      const key = formatEndpointKey('shop', name, 80)
      return {
        key,
        endpoints: places,
        ...(tls === undefined ? {} : { tls }),
        ...(policy === undefined ? {} : { policy: { source: 'test', ...policy } }),
      }
    })
    const port = { protocol, ...(connections === undefined ? {} : { connections }) }
    const authentications = isTokenWanted ? [{ key: 'shop/tokens', rules: [] }] : []
    const judged = {
      ...(policies.length === 0 ? {} : { authorizations: policies.map(({ key }) => key) }),
      ...(isTokenWanted ? { authentications: ['shop/tokens'] } : {}),
    }
    const service = serviceOf(port, { ...judged, filters })
    this.mesh.apply(this.mesh.model({ services: [service], endpoints, authorizations: policies, authentications }))
  }

  /** A tunnel on a connection of its own. */
  async open(authority = VIP): Promise<TunnelStream> {
    return openStream(await this.mesh.dial(), authority)
  }

  async close(): Promise<void> {
    await this.mesh.close()
    this.#relay?.[Symbol.dispose]()
    await this.#apps.disposeAsync()
  }
}

/** An application that greets, answers in capitals, and ends when its client does. */
export const chatty =
  (name: string) =>
  (socket: Socket): void => {
    socket.write(`220 ${name}\n`)
    socket.on('data', (chunk) => socket.write(chunk.toString('latin1').toUpperCase()))
    socket.on('end', () => socket.end('bye\n'))
  }
