import { HeaderList } from '../../http/header-list.ts'
import { encodeResponseHead } from '../../http/h1/encode.ts'
import type { H1RequestHead } from '../../http/h1/message.ts'
import { H1RequestParser } from '../../http/h1/parser.ts'
import type { Credentials } from '../../identity/credentials.ts'
import type { Channel, ChannelHandler } from '../../proxy/channel.ts'
import { Counters } from '../../proxy/counters.ts'
import { Flusher } from '../../proxy/flusher.ts'
import { HboneServer } from '../../proxy/hbone/server.ts'
import { formatHostPort } from '../host-port.ts'

/** Where ztunnel listens in each pod; a waypoint dials no other port. */
export const POD_HBONE_PORT = 15_008
/** The port of the application, as the example's objects have it. */
export const APP_PORT = 8080

export interface PodOptions {
  /** `api-stable-1` */
  readonly name: string
  /** The Service that the pod is behind: `api-stable`. */
  readonly service: string
  readonly address: string
  readonly credentials: Credentials
  readonly trustDomains: readonly string[]
  /** Default `POD_HBONE_PORT`; tests take a free one. */
  readonly hbonePort?: number
}

/** A pod as the mesh sees one: ztunnel's HBONE port at its address, and an application behind it. */
export interface Pod {
  readonly service: string
  readonly address: string
  readonly hbonePort: number
  /** Requests answered so far. */
  readonly served: () => number
  /** Keep-alive; every second. */
  readonly tick: () => void
  readonly close: () => void
}

/** Starts a pod; rejects with Node's error when its address or port cannot be had. */
export const startPod = async (options: PodOptions): Promise<Pod> => {
  const { address, service } = options
  const authority = formatHostPort({ host: address, port: APP_PORT })
  let served = 0
  const server = new HboneServer({
    credentials: options.credentials,
    tls: {},
    trustDomains: options.trustDomains,
    flusher: new Flusher(),
    counters: new Counters(),
    onWarning: () => {},
    onTunnel: (request) => {
      // As ztunnel does: only the pod's own address is carried on (waypoint contract 1.5).
      if (request.authority !== authority) return request.refuse(400)
      const channel = request.accept()
      channel.handler = new AppConnection(channel, (head) => {
        served++
        return answer(options, head)
      })
    },
  })
  const wanted = options.hbonePort ?? POD_HBONE_PORT
  const hbonePort = await server.listen({ host: address, port: wanted, reusePort: false })
  return {
    service,
    address,
    hbonePort,
    served: () => served,
    tick: () => server.tick(performance.now()),
    close: () => server.destroy(),
  }
}

/** What the application says: who it is and what it saw, which shows what the filters of the route did. */
const answer = (
  { name, service }: PodOptions,
  head: H1RequestHead,
): { readonly body: string; readonly head: string } => {
  const seen = Object.fromEntries(head.headers)
  const body = `${JSON.stringify({ service, pod: name, method: head.method, path: head.target, headers: seen })}\n`
  const headers = new HeaderList(['content-type', 'application/json', 'x-served-by', service])
  const encoded = encodeResponseHead({ status: 200 }, headers, {
    method: head.method,
    bodyLength: Buffer.byteLength(body),
  })
  if (typeof encoded !== 'string') throw new Error(`the demo's application cannot answer: ${encoded.message}`)
  return { head: encoded, body: head.method === 'HEAD' ? '' : body }
}

/** HTTP/1.1 on one tunnel: each request is answered when it is complete. */
class AppConnection implements ChannelHandler {
  readonly #channel: Channel
  readonly #parser: H1RequestParser
  #head: H1RequestHead | undefined

  constructor(channel: Channel, onRequest: (head: H1RequestHead) => { readonly body: string; readonly head: string }) {
    this.#channel = channel
    this.#parser = new H1RequestParser({
      onRequest: (head) => {
        this.#head = head
        if (head.expectsContinue) channel.sendText('HTTP/1.1 100 Continue\r\n\r\n')
      },
      onBody: () => {},
      onEnd: () => {
        const head = this.#head
        if (head === undefined) return
        const response = onRequest(head)
        const bytes = Buffer.from(response.body)
        channel.sendText(response.head)
        channel.send(bytes, 0, bytes.length)
        if (!head.keepAlive) channel.end()
      },
      onFailure: () => channel.abort(),
    })
  }

  onData(buffer: Buffer, start: number, end: number): void {
    for (let at = start; at < end;) at = this.#parser.feed(buffer, at, end)
    this.#channel.consume(end - start)
  }

  onEnd(): void {
    this.#channel.end()
  }

  onClosed(): void {
    this.#parser.stop()
  }

  onDrain(): void {}
}
