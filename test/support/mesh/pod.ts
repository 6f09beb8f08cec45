import { createServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { once } from 'node:events'
import type { H2Connection } from '../../../src/http/h2/connection.ts'
import { findField } from '../../../src/http/h2/fields.ts'
import type { H2Stream } from '../../../src/http/h2/stream.ts'
import type { ConnectionOptions } from '../../../src/http/h2/connection.ts'
import { H1RequestParser } from '../../../src/http/h1/parser.ts'
import type { H1RequestHead } from '../../../src/http/h1/message.ts'
import type { HeaderList } from '../../../src/http/header-list.ts'
import type { Credentials } from '../../../src/identity/credentials.ts'
import { serverTlsOptions, type TlsSettings } from '../../../src/identity/tls.ts'
import { attachH2 } from '../http/h2-socket.ts'

/** A request that a pod got, its body counted and kept up to 1 MiB. */
export interface PodRequest {
  readonly head: H1RequestHead
  readonly body: Buffer
  readonly bodyBytes: number
  readonly trailers: HeaderList | undefined
}

/** One tunnel at a pod. */
export class PodTunnel {
  readonly authority: string
  readonly connection: H2Connection
  readonly stream: H2Stream
  /** What was received, up to 1 MiB, as text. */
  seen = ''
  readonly requests: PodRequest[] = []
  /** Bytes received and not consumed. */
  unread = 0
  isReading = true
  /** Does not end its direction when the waypoint ended its own. */
  isStubborn = false
  /** How the waypoint ended its direction. */
  end: 'open' | 'end' | number = 'open'
  onDrained: (() => void) | undefined

  constructor(connection: H2Connection, stream: H2Stream, authority: string) {
    this.connection = connection
    this.stream = stream
    this.authority = authority
  }

  write(data: string | Buffer): boolean {
    return typeof data === 'string'
      ? this.connection.text(this.stream, data)
      : this.connection.data(this.stream, data, 0, data.length)
  }

  finish(): void {
    this.connection.end(this.stream)
  }

  reset(code: number): void {
    this.connection.reset(this.stream, code)
  }

  readOn(): void {
    this.isReading = true
    this.connection.consume(this.stream, this.unread)
    this.unread = 0
  }

  /** Sends `bytes` as body bytes, each piece after the one before has left. */
  async download(bytes: number, pieceBytes = 64 * 1024): Promise<void> {
    const piece = Buffer.alloc(pieceBytes, 'd')
    for (let left = bytes; left > 0 && this.end === 'open'; left -= pieceBytes) {
      if (this.connection.data(this.stream, piece, 0, Math.min(left, pieceBytes))) continue
      await new Promise<void>((resolve) => {
        this.onDrained = resolve
      })
    }
  }
}

export interface PodOptions {
  readonly credentials: Credentials
  readonly address: string
  /** 0 for a free one. */
  readonly port: number
  /** Called with each request when it is complete; answers by writing. Default: 200 with the pod's name. */
  readonly onRequest?: (tunnel: PodTunnel, request: PodRequest) => void
  /** Called with each request's head. */
  readonly onHead?: (tunnel: PodTunnel, head: H1RequestHead) => void
  /** Status of each CONNECT; `undefined` does not answer. Default 200. */
  readonly onConnect?: (authority: string) => number | undefined
  readonly h2?: Omit<ConnectionOptions, 'role'>
  /** Default: OpenSSL's. */
  readonly tls?: TlsSettings
}

/** A pod: HBONE with an HTTP/1.1 server inside, written on the codecs alone so that a test can do anything to it. */
export class Pod {
  readonly options: PodOptions
  readonly sockets = new Set<TLSSocket>()
  readonly tunnels: PodTunnel[] = []
  readonly connections: H2Connection[] = []
  /** Bytes of plaintext that any peer has sent. */
  bytes = 0
  port = 0
  readonly #server

  constructor(options: PodOptions) {
    this.options = options
    this.#server = createServer(serverTlsOptions(options.credentials, options.tls))
    this.#server.on('secureConnection', (socket) => this.#onSocket(socket))
    this.#server.on('tlsClientError', () => {})
  }

  get requests(): number {
    return this.tunnels.reduce((sum, tunnel) => sum + tunnel.requests.length, 0)
  }

  async listen(): Promise<this> {
    this.#server.listen(this.options.port, this.options.address)
    await once(this.#server, 'listening')
    const address = this.#server.address()
    this.port = typeof address === 'object' && address !== null ? address.port : 0
    return this
  }

  close(): void {
    this.#server.close()
    for (const socket of this.sockets) socket.destroy()
  }

  #onSocket(socket: TLSSocket): void {
    this.sockets.add(socket)
    socket.on('close', () => this.sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length
    })
    const connection = attachH2(
      socket,
      { onStream: (stream, fields) => this.#onStream(connection, stream, fields) },
      { ...this.options.h2, role: 'server' },
    )
    this.connections.push(connection)
  }

  #onStream(
    connection: H2Connection,
    stream: H2Stream,
    fields: readonly string[],
  ): ReturnType<Parameters<typeof attachH2>[1]['onStream'] & {}> {
    const tunnel = new PodTunnel(connection, stream, findField(fields, ':authority') ?? '')
    this.tunnels.push(tunnel)
    const status = this.options.onConnect === undefined ? 200 : this.options.onConnect(tunnel.authority)
    if (status !== undefined) connection.headers(stream, [':status', String(status)], status !== 200)
    const parser = this.#parse(tunnel)
    return {
      onHeaders: () => {},
      onData: (buffer, start, end) => {
        if (tunnel.seen.length < 1 << 20) tunnel.seen += buffer.toString('latin1', start, end)
        for (let at = start; at < end;) at = parser.feed(buffer, at, end)
        if (tunnel.isReading) connection.consume(stream, end - start)
        else tunnel.unread += end - start
      },
      onEnd: () => {
        tunnel.end = 'end'
        if (!tunnel.isStubborn) connection.end(stream)
      },
      onReset: (code) => {
        tunnel.end = code
        tunnel.onDrained?.()
      },
      onDrain: () => tunnel.onDrained?.(),
    }
  }

  #parse(tunnel: PodTunnel): H1RequestParser {
    let head: H1RequestHead | undefined
    let body: Buffer[] = []
    let bodyBytes = 0
    return new H1RequestParser({
      onRequest: (next) => {
        head = next
        body = []
        bodyBytes = 0
        this.options.onHead?.(tunnel, next)
      },
      onBody: (buffer, start, end) => {
        if (bodyBytes < 1 << 20) body.push(Buffer.from(buffer.subarray(start, end)))
        bodyBytes += end - start
      },
      onEnd: (trailers) => {
        if (head === undefined) return
        const request = { head, body: Buffer.concat(body), bodyBytes, trailers }
        tunnel.requests.push(request)
        const { onRequest } = this.options
        if (onRequest !== undefined) onRequest(tunnel, request)
        else tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      },
      // As servers do, HTTP/2's preface among what they do not understand.
      onFailure: ({ status }) => void tunnel.write(`HTTP/1.1 ${status} No\r\nconnection: close\r\n\r\n`),
    })
  }
}
