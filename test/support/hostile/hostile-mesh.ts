import assert from 'node:assert/strict'
import { findField } from '../../../src/http/h2/fields.ts'
import type { Model, PathNormalization } from '../../../src/model/model.ts'
import type { AuthorizationPolicy } from '../../../src/model/security/authorization.ts'
import type { HboneClient } from '../../../src/proxy/hbone/client.ts'
import { openInner, type InnerClient } from '../mesh/inner-client.ts'
import { Mesh, podAddress, until, VIP } from '../mesh/mesh.ts'
import type { PodTunnel } from '../mesh/pod.ts'
import { openStream } from '../mesh/tunnel-stream.ts'
import { startH2Backend } from './h2-backend.ts'

/** What one request came to, or several in a row: statuses, and each request that the backend received. */
export interface Ending {
  readonly statuses: readonly number[]
  /** Heads as they came over the wire, `\r\n\r\n` and all. */
  readonly received: readonly string[]
}

/** A waypoint whose one backend keeps what it receives, byte by byte. */
export class HostileMesh {
  readonly #mesh: Mesh
  readonly #client: HboneClient
  readonly #received: string[]
  readonly #endpoints: Model['endpoints']
  readonly #open: AsyncDisposableStack
  #inner: InnerClient | undefined

  private constructor(
    parts: { readonly mesh: Mesh; readonly client: HboneClient; readonly open: AsyncDisposableStack },
    received: string[],
    endpoints: Model['endpoints'],
  ) {
    this.#mesh = parts.mesh
    this.#client = parts.client
    this.#open = parts.open
    this.#received = received
    this.#endpoints = endpoints
  }

  /** `backend` is the version of HTTP that the backend speaks. */
  static async start(backend: 1 | 2 = 1): Promise<HostileMesh> {
    const received: string[] = []
    const open = new AsyncDisposableStack()
    const marks = new WeakMap<PodTunnel, number>()
    const mesh = await Mesh.start({
      pods: [
        {
          onRequest: (tunnel, { head }) => {
            received.push(tunnel.seen.slice(marks.get(tunnel) ?? 0))
            marks.set(tunnel, tunnel.seen.length)
            tunnel.write(`HTTP/1.1 200 OK\r\ncontent-length: ${head.method === 'HEAD' ? 0 : 2}\r\n\r\nok`)
          },
        },
      ],
    })
    open.defer(() => mesh.close())
    const parts = { mesh, client: await mesh.dial(), open }
    const [endpoints] = mesh.model().endpoints
    if (backend === 1 || endpoints === undefined) return new HostileMesh(parts, received, mesh.model().endpoints)
    const address = podAddress(70)
    const { port, close } = await startH2Backend(address, (head) => received.push(head))
    open.defer(close)
    const endpoint = mesh.endpoint(address, { transport: 'plain', port })
    return new HostileMesh(parts, received, [{ ...endpoints, protocol: 'http2', endpoints: [endpoint] }])
  }

  /** From now on these policies are in force, and paths are normalised like this. */
  judge(policies: readonly AuthorizationPolicy[], pathNormalization: PathNormalization = 'BASE'): void {
    const model = this.#mesh.model()
    const authorizations = policies.map(({ key }) => key)
    const services = model.services.map((service) => ({ ...service, authorizations }))
    const endpoints = this.#endpoints
    this.#mesh.apply({ ...model, endpoints, authorizations: policies, services, pathNormalization })
  }

  /** Sends these bytes, one for each character, on a connection of their own, and ends it. */
  async send1(text: string): Promise<Ending> {
    const before = this.#received.length
    const stream = await openStream(this.#client, VIP)
    let answers = ''
    stream.on('data', (chunk: Buffer) => (answers += chunk.toString('latin1')))
    stream.end(Buffer.from(text, 'latin1'))
    await until(() => stream.ending !== 'open', 'an answer')
    const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
    return { statuses, received: this.#received.slice(before) }
  }

  /** Sends these fields, in this order and unchecked, with trailers if there are any. */
  async send2(fields: readonly string[], trailers?: readonly string[]): Promise<Ending> {
    const before = this.#received.length
    const { h2 } = await this.#innerClient()
    let status: number | undefined
    let isOver = false
    const stream = h2.open(
      [...fields],
      {
        onHeaders: (answer) => {
          status ??= Number(findField(answer, ':status'))
        },
        onData: (_buffer, start, end) => h2.consume(stream, end - start),
        onEnd: () => {
          isOver = true
        },
        onReset: () => {
          isOver = true
        },
        onDrain: () => {},
      },
      trailers === undefined,
    )
    if (trailers !== undefined) h2.headers(stream, [...trailers], true)
    await until(() => isOver || this.#inner?.isOver === true, 'an answer')
    return { statuses: status === undefined ? [] : [status], received: this.#received.slice(before) }
  }

  async close(): Promise<void> {
    this.#inner?.reset(false)
    await this.#open.disposeAsync()
  }

  async #innerClient(): Promise<InnerClient> {
    if (this.#inner !== undefined && !this.#inner.isOver) return this.#inner
    const inner = await openInner(this.#client, VIP)
    await until(() => inner.h2.hasSettings)
    this.#inner = inner
    return inner
  }
}

/** The target of a request head. */
export const targetOf = (head: string): string => {
  const [line = ''] = head.split('\r\n', 1)
  const parts = line.split(' ')
  assert.equal(parts.length, 3, `request line ${line}`)
  return parts[1] ?? ''
}

/** All values of a field of a request head, which is named in lower case as we write them. */
export const valuesOf = (head: string, name: string): readonly string[] =>
  (head.split('\r\n\r\n', 1)[0] ?? '')
    .split('\r\n')
    .slice(1)
    .flatMap((line) => (line.startsWith(`${name}: `) ? [line.slice(name.length + 2)] : []))
