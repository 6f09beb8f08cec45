/** A pod behind the waypoint, made of node:http2 and node:http: its ztunnel and its application, or the latter alone. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Credentials } from '../../../src/identity/credentials.ts'
import { tlsOf } from './hbone-client.ts'

export interface DestinationOptions {
  /** A loopback address of its own. */
  readonly address: string
  /** Absent: plaintext on `port` only. */
  readonly credentials?: Credentials
  /** Where the application listens in plaintext; with credentials nothing listens there. */
  readonly port: number
  /** Default: answers with what it saw, as JSON. */
  readonly answer?: RequestListener
  /** What CONNECT is answered with; default 200. */
  readonly connectStatus?: number
}

/** What the default application says about a request. */
export interface Echo {
  readonly name: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Destination extends AsyncDisposable {
  /** Authorities of the CONNECTs that came. */
  readonly authorities: readonly string[]
  /** Fingerprints (SHA-256) of the certificates that dialled, oldest first. */
  readonly peers: readonly string[]
  /** Requests that reached the application. */
  readonly requests: () => number
  readonly connections: () => number
}

const HBONE_PORT = 15_008

/** Starts a destination; `name` is what it calls itself in answers. */
export const startDestination = async (name: string, options: DestinationOptions): Promise<Destination> => {
  const counts = { requests: 0, connections: 0 }
  const sockets = new Set<Socket>()
  const application = createServer((request, response) => {
    counts.requests++
    ;(options.answer ?? echoAs(name))(request, response)
  })
  application.keepAliveTimeout = 60_000
  const authorities: string[] = []
  const peers: string[] = []
  const server =
    options.credentials === undefined
      ? application
      : createZtunnel(options.credentials, options.connectStatus ?? 200, (authority, stream) => {
          authorities.push(authority)
          application.emit('connection', stream)
        })
  server.on('connection', (socket: Socket) => {
    counts.connections++
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('secureConnection', (socket: TLSSocket) => peers.push(socket.getPeerCertificate().fingerprint256))
  server.listen(options.credentials === undefined ? options.port : HBONE_PORT, options.address)
  await once(server, 'listening')
  return {
    authorities,
    peers,
    requests: () => counts.requests,
    connections: () => counts.connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
}

const createZtunnel = (
  credentials: Credentials,
  status: number,
  onTunnel: (authority: string, stream: ServerHttp2Stream) => void,
): Http2SecureServer => {
  const server = createSecureServer({
    ...tlsOf(credentials),
    minVersion: 'TLSv1.3',
    requestCert: true,
    rejectUnauthorized: true,
  })
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {})
    if (headers[':method'] !== 'CONNECT') return stream.respond({ ':status': 405 }, { endStream: true })
    if (status !== 200) return stream.respond({ ':status': status }, { endStream: true })
    stream.respond({ ':status': 200 })
    return onTunnel(headers[':authority'] ?? '', stream)
  })
  server.on('sessionError', () => {})
  return server
}

const echoAs =
  (name: string): RequestListener =>
  async (request, response) => {
    const { method = '', url = '' } = request
    const echo = { name, method, url, headers: request.headers, body: await readText(request) }
    response.setHeader('content-type', 'application/json')
    response.setHeader('x-backend', name)
    response.end(JSON.stringify(echo))
  }

const readText = async (request: IncomingMessage): Promise<string> => {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk)
  return text
}
