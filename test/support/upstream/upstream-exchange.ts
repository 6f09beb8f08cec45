import type { HeaderList } from '../../../src/http/header-list.ts'
import type { H1ResponseHead } from '../../../src/http/h1/message.ts'
import type { EndpointPool } from '../../../src/proxy/upstream/pool.ts'
import type { HttpVersion, SessionUser, UpstreamRequest, UpstreamSession } from '../../../src/proxy/upstream/session.ts'
import { upstreamRequest } from './upstream-request.ts'

/** A session of a pool, kept or new, as forwarding takes it; throws with why there is none. */
export const acquire = (pool: EndpointPool, version: HttpVersion = 2): Promise<UpstreamSession> =>
  use(pool, version, (session) => session)

/** The same; what is done with it is done at once. */
const use = <T>(pool: EndpointPool, version: HttpVersion, then: (session: UpstreamSession) => T): Promise<T> => {
  const idle = pool.takeIdle(version)
  if (idle !== undefined) return Promise.resolve(then(idle))
  return new Promise((resolve, reject) => {
    pool.open(version, (acquired) => {
      if (acquired.ok) resolve(then(acquired.session))
      else reject(new Error(`${acquired.failure.kind}: ${acquired.failure.message}`))
    })
  })
}

/** One request on a session, and what has come of its answer. */
export class UpstreamExchange implements SessionUser {
  readonly session: UpstreamSession
  readonly interim: number[] = []
  head: H1ResponseHead | undefined
  bytes = 0
  trailers: HeaderList | undefined
  /** `KIND: MESSAGE` */
  failure = ''
  /** Once the answer is whole, or will not be. */
  readonly over: Promise<void>
  /** While false the body is held, and no credit given. */
  isReading = true
  held = 0
  drains = 0
  readonly #pieces: Buffer[] = []
  readonly #end: () => void

  constructor(session: UpstreamSession) {
    this.session = session
    const { promise, resolve } = Promise.withResolvers<void>()
    this.over = promise
    this.#end = resolve
  }

  /** Begins a request without a body, or with the body and trailers that follow; by HTTP/2 unless told otherwise. */
  static send(
    pool: EndpointPool,
    parts: Partial<UpstreamRequest> = {},
    body?: { readonly bytes: Buffer; readonly trailers?: HeaderList },
  ): Promise<UpstreamExchange> {
    return use(pool, parts.isHttp2 === false ? 1 : 2, (session) => {
      const exchange = new UpstreamExchange(session)
      exchange.begin({ ...(body === undefined ? {} : { bodyLength: body.bytes.length }), ...parts })
      if (body !== undefined) session.write(body.bytes, 0, body.bytes.length)
      session.finish(body?.trailers)
      return exchange
    })
  }

  /** The same, and waits for the end. */
  static async run(...sent: Parameters<typeof UpstreamExchange.send>): Promise<UpstreamExchange> {
    const exchange = await UpstreamExchange.send(...sent)
    await exchange.over
    return exchange
  }

  begin(parts: Partial<UpstreamRequest> = {}): void {
    this.session.begin(this, upstreamRequest(parts))
  }

  get body(): string {
    return Buffer.concat(this.#pieces).toString('latin1')
  }

  /** What came of it, in short: status and body, or the failure. */
  get outcome(): string {
    return this.failure === '' ? `${this.head?.status} ${this.body}` : this.failure
  }

  /** Takes what was held, and all that comes. */
  readOn(): void {
    this.isReading = true
    const { held } = this
    this.held = 0
    this.session.consume(held)
  }

  onInformational({ status }: H1ResponseHead): void {
    this.interim.push(status)
  }

  onResponse(head: H1ResponseHead): void {
    this.head = head
  }

  onBody(buffer: Buffer, start: number, end: number): boolean {
    this.bytes += end - start
    if (this.bytes <= 65_536) this.#pieces.push(Buffer.from(buffer.subarray(start, end)))
    if (!this.isReading) this.held += end - start
    return this.isReading
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.trailers = trailers
    this.#end()
  }

  onFailure(kind: string, message: string): void {
    this.failure = `${kind}: ${message}`
    this.#end()
  }

  onDrain(): void {
    this.drains++
  }
}
