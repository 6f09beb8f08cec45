import { Readable } from 'node:stream'
import type { Exchange, Serving } from '../index.ts'
import { createAppSocket, type AppSocket } from './app-socket.ts'

/** Names of whose fields the first counts, and the others are dropped, as with `node:http`. */
const SINGLE: ReadonlySet<string> = new Set([
  ...['age', 'authorization', 'content-length', 'content-type', 'etag', 'expires', 'from', 'host', 'if-modified-since'],
  ...['if-unmodified-since', 'last-modified', 'location', 'max-forwards', 'proxy-authorization', 'referer'],
  ...['retry-after', 'server', 'user-agent'],
])

/**
 * A request as Fastify and its plugins know one: what of `http.IncomingMessage` they use. Nothing of its body is asked for
 * before somebody reads it, so that until then it can be left to whom it would have gone to.
 */
export class AppRequest extends Readable {
  readonly exchange: Exchange
  readonly serving: Serving
  method: string
  url: string
  readonly headers: Record<string, string | string[]>
  readonly httpVersion = '1.1'
  readonly httpVersionMajor = 1
  readonly httpVersionMinor = 1
  readonly trailers: Record<string, string> = {}
  aborted = false
  /** It goes on to whom it would have gone to. */
  isLeft = false
  complete: boolean
  #socket: AppSocket | undefined
  #isAsked = false

  constructor(exchange: Exchange, serving: Serving) {
    super({ autoDestroy: false })
    const { request } = exchange
    this.exchange = exchange
    this.serving = serving
    this.method = request.method
    this.url = request.path + request.query
    this.headers = headersOf(exchange, serving.bodyBytes)
    this.complete = serving.bodyBytes === 0
  }

  /** Who is at the other end; made for whoever asks. */
  get socket(): AppSocket {
    return (this.#socket ??= createAppSocket(this.exchange.source.address))
  }

  get connection(): AppSocket {
    return this.socket
  }

  get rawHeaders(): readonly string[] {
    return this.exchange.request.headers.fields
  }

  setTimeout(): this {
    return this
  }

  /** Hands it on; false when it is too late for that. */
  leave(): boolean {
    this.isLeft = this.serving.leave()
    return this.isLeft
  }

  /** The end of the message has come. */
  finish(trailers: Iterable<readonly [name: string, value: string]>): void {
    for (const [name, value] of trailers) this.trailers[name] = value
    this.complete = true
    this.push(null)
  }

  /** Nobody is there any more who could send the rest, or wants it. */
  lose(): void {
    if (this.destroyed) return
    this.aborted = true
    this.emit('aborted')
    const error = Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
    // Without a listener an error would be everybody's.
    this.destroy(this.listenerCount('error') > 0 && !this.complete ? error : undefined)
  }

  override _read(): void {
    if (this.#isAsked) return this.serving.resume()
    this.#isAsked = true
    if (this.serving.bodyBytes === 0) this.push(null)
    else this.serving.readBody()
  }
}

const headersOf = ({ request }: Exchange, bodyBytes: number | undefined): Record<string, string | string[]> => {
  // Names are a client's, `__proto__` among them.
  const headers = Object.create(null) as Record<string, string | string[]>
  const { fields } = request.headers
  for (let i = 0; i < fields.length; i += 2) addField(headers, fields[i] ?? '', fields[i + 1] ?? '')
  headers['host'] = request.authority
  delete headers['content-length']
  delete headers['transfer-encoding']
  // How the message was framed is said here, as parsers of bodies look for it.
  if (bodyBytes === undefined) headers['transfer-encoding'] = 'chunked'
  else if (bodyBytes > 0) headers['content-length'] = String(bodyBytes)
  return headers
}

const addField = (headers: Record<string, string | string[]>, name: string, value: string): void => {
  const known = headers[name]
  if (name === 'set-cookie') headers[name] = [...(Array.isArray(known) ? known : []), value]
  else if (known === undefined) headers[name] = value
  else if (!SINGLE.has(name)) headers[name] = `${String(known)}${name === 'cookie' ? '; ' : ', '}${value}`
}
