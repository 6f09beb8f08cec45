import type { HeaderList } from '../../http/header-list.ts'
import type { H1ResponseHead } from '../../http/h1/message.ts'
import type { Clock } from '../../lib/clock.ts'
import { writeHead } from '../../proxy/upstream/head.ts'
import type { UpstreamRequest, UpstreamSession } from '../../proxy/upstream/session.ts'
import type { HboneFailure } from './failure.ts'

/** One request, whole in memory. */
export interface ClientRequest {
  readonly method: string
  /** Path with query, as it goes on the wire. */
  readonly target: string
  readonly host: string
  readonly headers: HeaderList
  readonly body?: Buffer
}

export interface ExchangeOptions {
  readonly clock: Clock
  /** For the whole response. */
  readonly timeoutMs: number
  /** Gets the final response's head as soon as it is there. */
  readonly onHead?: (head: H1ResponseHead) => void
  /**
   * Gets the body in pieces, which are valid only during the call; a promise holds the sender back until it resolves.
   * Default: the body is dropped.
   */
  readonly onBody?: (piece: Buffer) => Promise<void> | undefined
}

/** Times in milliseconds since the request was sent. */
export type Exchanged =
  | {
      readonly ok: true
      readonly head: H1ResponseHead
      readonly bodyBytes: number
      readonly headMs: number
      readonly totalMs: number
    }
  | { readonly ok: false; readonly failure: HboneFailure }

/** Sends a request through a tunnel and waits for the whole response; one at a time on one session. */
export const exchange = (
  session: UpstreamSession,
  request: ClientRequest,
  options: ExchangeOptions,
): Promise<Exchanged> => {
  const { clock, onHead, onBody } = options
  const { promise, resolve } = Promise.withResolvers<Exchanged>()
  const bodyLength = request.body?.length ?? 0
  const outgoing: UpstreamRequest = {
    ...request,
    scheme: 'http',
    bodyLength,
    upgrade: undefined,
    isHttp2: false,
    h1Head: undefined,
    h2Head: undefined,
  }
  const unwritable = writeHead(outgoing, session.version, outgoing.scheme)
  if (unwritable !== undefined) return Promise.resolve(httpFailure(`the request cannot be sent: ${unwritable}`))

  const startedMs = clock.monotonicMs()
  const received = { head: undefined as H1ResponseHead | undefined, headMs: 0, bodyBytes: 0 }
  const fail = (message: string): void => {
    cancel()
    const where = received.head === undefined ? 'no response' : `only part of a response (${received.bodyBytes} bytes)`
    resolve(httpFailure(`${where} to ${request.method} ${request.target}: ${message}`))
  }
  const cancel = clock.after(options.timeoutMs, () => {
    fail(`gave up after ${options.timeoutMs} ms`)
    session.abandon()
  })
  session.begin(
    {
      onInformational: () => {},
      onResponse: (head) => {
        received.head = head
        received.headMs = clock.monotonicMs() - startedMs
        onHead?.(head)
      },
      onBody: (buffer, start, end) => {
        received.bodyBytes += end - start
        const wait = onBody?.(buffer.subarray(start, end))
        if (wait === undefined) return true
        void wait.then(() => session.consume(end - start))
        return false
      },
      onEnd: () => {
        cancel()
        const { head, headMs, bodyBytes } = received
        if (head === undefined) return fail('the response has no head')
        resolve({ ok: true, head, headMs, bodyBytes, totalMs: clock.monotonicMs() - startedMs })
      },
      onFailure: (_kind, message) => fail(message),
      onDrain: () => {},
    },
    outgoing,
  )
  if (request.body !== undefined && bodyLength > 0) session.write(request.body, 0, bodyLength)
  session.finish(undefined)
  return promise
}

const httpFailure = (message: string): Exchanged => ({
  ok: false,
  failure: { stage: 'http', message, next: 'the access log of the waypoint has the reason (response_flags)' },
})
