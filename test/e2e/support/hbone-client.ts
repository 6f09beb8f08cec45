/** A ztunnel in front, made of node:http2 and node:http, so that no code under test talks to itself. */
import { Agent, request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http'
import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders as H2Headers,
} from 'node:http2'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { Credentials } from '../../../src/identity/credentials.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface RequestSpec {
  readonly method?: string
  /** Default `/`. */
  readonly path?: string
  readonly host?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface ConnectAnswer {
  readonly status: number
  readonly headers: H2Headers
  readonly stream: ClientHttp2Stream
}

const DEADLINE_MS = 20_000
/** To one authority; the waypoint allows 100 on a connection. */
const MAX_TUNNELS = 50

/** The pieces of TLS that a peer presents; none at all for a peer without a certificate. */
export const tlsOf = (credentials: Credentials) => ({
  cert: credentials.certificateChainPem,
  key: credentials.privateKeyPem,
  ca: credentials.trustRootsPem,
})

/** Dials a waypoint at `HOST:PORT`; rejects when the handshake fails or no SETTINGS come. */
export const dialWaypoint = async (
  address: string,
  tls: { readonly cert?: string; readonly key?: string; readonly ca: string },
): Promise<HboneClient> => {
  const [host = '', port] = address.split(':')
  const { promise, resolve, reject } = Promise.withResolvers<HboneClient>()
  const socket = connectTls({
    ...tls,
    host,
    port: Number(port),
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
    checkServerIdentity: () => undefined,
  })
  // node:http2 does not tell of an alert that comes right after the handshake, which is how a certificate is refused.
  socket.on('error', reject)
  socket.once('close', () => reject(new Error('closed before its SETTINGS')))
  socket.once('secureConnect', () => {
    const session = connect(`https://${address}`, { createConnection: () => socket })
    session.on('error', reject)
    session.once('remoteSettings', () => resolve(new HboneClient(session)))
  })
  return promise
}

/** One connection to a waypoint; keeps tunnels for further requests, as an application behind ztunnel would. */
export class HboneClient implements Disposable {
  readonly session: ClientHttp2Session
  readonly #agents = new Map<string, Agent>()
  #isDraining = false

  constructor(session: ClientHttp2Session) {
    this.session = session
    session.once('goaway', () => {
      this.#isDraining = true
      // What is in use ends by itself; idle tunnels have nothing more to do here.
      for (const agent of this.#agents.values()) {
        for (const socket of Object.values(agent.freeSockets).flat()) socket?.end()
      }
    })
  }

  /** False once the peer said GOAWAY or is gone. */
  get isOpen(): boolean {
    return !this.#isDraining && !this.session.closed && !this.session.destroyed
  }

  /** Sends CONNECT and gives what came back. */
  connect(authority: string, headers: Readonly<Record<string, string>> = {}): Promise<ConnectAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<ConnectAnswer>()
    const stream = this.session.request({ ...headers, ':method': 'CONNECT', ':authority': authority })
    stream.once('error', reject)
    stream.once('close', () => reject(new Error('reset before an answer')))
    stream.once('response', (fields) => resolve({ status: Number(fields[':status']), headers: fields, stream }))
    stream.on('error', () => {})
    return promise
  }

  /** One HTTP request to what `authority` stands for; rejects when there is no complete answer. */
  async request(authority: string, spec: RequestSpec = {}): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const options: RequestOptions = {
      agent: this.#agentFor(authority),
      host: spec.host ?? 'api.shop.svc.cluster.local',
      method: spec.method ?? 'GET',
      path: spec.path ?? '/',
      headers: { ...spec.headers },
      signal: AbortSignal.timeout(DEADLINE_MS),
    }
    const request = httpRequest(options, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
      response.once('error', reject)
    })
    request.once('error', reject)
    request.end(spec.body)
    return promise
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) agent.destroy()
    this.session.destroy()
  }

  async #openTunnel(authority: string): Promise<ClientHttp2Stream> {
    const { status, stream } = await this.connect(authority)
    if (status === 200) return stream
    stream.close()
    throw new Error(`CONNECT ${authority} was answered ${status}`)
  }

  #agentFor(authority: string): Agent {
    const known = this.#agents.get(authority)
    if (known !== undefined) return known
    const agent = createTunnelAgent({
      open: () => this.#openTunnel(authority),
      maxTunnels: MAX_TUNNELS,
      mayKeep: () => this.isOpen,
    })
    this.#agents.set(authority, agent)
    return agent
  }
}

export interface TunnelAgentOptions {
  /** A tunnel that nobody uses yet; a rejection fails the request that wanted it. */
  readonly open: () => Promise<Duplex>
  readonly maxTunnels: number
  /** Whether a tunnel whose request has been answered may be used again; default: always. */
  readonly mayKeep?: () => boolean
}

/** An agent of node:http for HTTP/1.1 in tunnels, which it keeps for further requests. */
export const createTunnelAgent = ({ open, maxTunnels, mayKeep = () => true }: TunnelAgentOptions): Agent => {
  const agent = new Agent({ keepAlive: true, maxSockets: maxTunnels })
  // What node:http documents to be replaced for connections that are no sockets.
  return Object.assign(agent, {
    createConnection: (_options: unknown, done: (error: unknown, stream?: Duplex) => void) => {
      // oxlint-disable-next-line promise/no-callback-in-promise -- the contract of node:http is a callback
      void open().then((stream) => done(null, stream), done)
    },
    keepSocketAlive: mayKeep,
    reuseSocket: (stream: Duplex) => {
      // node:http takes it off from sockets of its own only.
      for (const listener of stream.listeners('error')) {
        if (listener.name === 'freeSocketErrorListener') stream.off('error', listener as () => void)
      }
    },
  })
}
