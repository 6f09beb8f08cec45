import type { BackendTls } from '../../../src/model/endpoint.ts'
import { formatEndpointKey } from '../../../src/model/endpoint.ts'
import { Mesh, identityOf, podAddress } from '../mesh/mesh.ts'
import type { MeshOptions } from '../mesh/mesh.ts'
import { RelayPod } from '../mesh/relay-pod.ts'

/** How a waypoint reaches applications: over TCP, or in a tunnel that a relay ends, as ztunnel does. */
export const TRANSPORTS = ['plain', 'hbone'] as const
export type Transport = (typeof TRANSPORTS)[number]

/** A waypoint whose Service `shop/api` leads to applications that a test starts at `at`. */
export class TlsMesh {
  readonly mesh: Mesh
  /** Where applications are to listen. */
  readonly at = { address: podAddress(40) }
  readonly #transport: Transport
  readonly #relay: RelayPod | undefined

  private constructor(mesh: Mesh, transport: Transport, relay: RelayPod | undefined) {
    this.mesh = mesh
    this.#transport = transport
    this.#relay = relay
  }

  static async start(transport: Transport, options: MeshOptions = {}): Promise<TlsMesh> {
    const mesh = await Mesh.start(options)
    if (transport === 'plain') return new TlsMesh(mesh, transport, undefined)
    const relay = new RelayPod(await mesh.ca.issue(identityOf('api')), podAddress(40))
    return new TlsMesh(mesh, transport, await relay.listen(mesh.hbonePort))
  }

  /** Why the upstream of the last exchange failed, or its last try that was not the last. */
  get lastFailure(): string {
    const record = this.mesh.records.at(-1)
    return (record?.upstreamFailure || record?.tries.at(-1)?.failure) ?? ''
  }

  /** Puts applications at these ports behind `shop/api`. */
  put(tls: BackendTls | undefined, ...ports: readonly number[]): void {
    const endpoints = ports.map((port) => this.mesh.endpoint(this.at.address, { port, transport: this.#transport }))
    const set = { key: formatEndpointKey('shop', 'api', 80), endpoints, ...(tls === undefined ? {} : { tls }) }
    this.mesh.apply(this.mesh.model({ endpoints: [set] }))
  }

  async close(): Promise<void> {
    await this.mesh.close()
    this.#relay?.[Symbol.dispose]()
  }
}
