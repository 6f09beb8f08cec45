import type { HeaderList } from '../../http/header-list.ts'
import type { H1ResponseHead } from '../../http/h1/message.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Endpoint } from '../../model/endpoint.ts'
import type { Retry } from '../../model/route.ts'
import type { EndpointGroup } from '../../snapshot/snapshot.ts'
import { Forward } from '../forward/forward.ts'
import type { ForwardFailure } from '../forward/failure.ts'
import type { ForwardDeps, ForwardTrace, ForwardUser } from '../forward/forward-plan.ts'

/** Of an answer's body, or of a gRPC message. */
const MAX_ANSWER_BYTES = 256 * 1024

/**
 * A question changes nothing, whatever its method: one that was lost is put once more. Else each connection that a
 * provider closes for having been idle would cost a request.
 */
const AGAIN: Retry = { codes: [], attempts: 1, backoffMs: 0 }

/** A question as a request of ours. */
export interface CallRequest {
  readonly method: string
  readonly target: string
  readonly host: string
  /** Without Host, and without fields of a connection. */
  readonly headers: HeaderList
  readonly body: Buffer
  /** It goes as HTTP/2, whatever the port is declared to speak. */
  readonly isHttp2: boolean
}

/** The whole answer, or why there is none. */
export type CallAnswer =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers: HeaderList
      readonly body: Buffer
      readonly trailers: HeaderList | undefined
    }
  | { readonly kind: 'failed'; readonly message: string; readonly isLate: boolean }

/** One question to an endpoint of a provider, over the same pools and with the same identity as requests. */
export class ProviderCall implements ForwardUser {
  readonly #forward: Forward
  readonly #trace: ForwardTrace
  readonly #body: Buffer
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #onAnswer: (answer: CallAnswer) => void
  readonly #pieces: Buffer[] = []
  #bytes = 0
  #head: H1ResponseHead | undefined
  #cancelTimer: (() => void) | undefined
  #isDone = false

  constructor(
    request: CallRequest,
    to: {
      readonly group: EndpointGroup
      readonly timeoutMs: number
      /** Called once, unless the call is given up; maybe before `start` returns. */
      readonly onAnswer: (answer: CallAnswer) => void
    },
    deps: ForwardDeps,
  ) {
    const trace: ForwardTrace = { attempts: 0, tries: [], endpoint: undefined, upstreamMs: -1, upstreamFailure: '' }
    const { body, ...head } = request
    const upstream = {
      ...head,
      scheme: 'http' as const,
      token: undefined,
      bodyLength: body.length,
      upgrade: undefined,
      h1Head: undefined,
      h2Head: undefined,
    }
    this.#forward = new Forward(
      this,
      { group: to.group, request: upstream, trace, retry: AGAIN, tryMs: undefined },
      deps,
    )
    this.#trace = trace
    this.#body = body
    this.#clock = deps.clock
    this.#timeoutMs = to.timeoutMs
    this.#onAnswer = to.onAnswer
  }

  /** Who was asked last; `undefined`: nobody yet. */
  get endpoint(): Endpoint | undefined {
    return this.#trace.endpoint
  }

  start(): void {
    const timeoutMs = this.#timeoutMs
    this.#cancelTimer = this.#clock.after(timeoutMs, () => this.#break(`no whole answer within ${timeoutMs} ms`, true))
    this.#forward.start()
    if (this.#isDone) return
    if (this.#body.length > 0) this.#forward.sendBody(this.#body, 0, this.#body.length)
    this.#forward.endBody(undefined)
  }

  /** Nobody wants the answer any more. */
  giveUp(): void {
    if (this.#isDone) return
    this.#finish()
    this.#forward.abandon()
  }

  onInformational(): void {}

  onResponse(head: H1ResponseHead): void {
    this.#head = head
    if (head.bodyLength > MAX_ANSWER_BYTES) this.#break(`an answer of ${head.bodyLength} bytes`)
    else if (head.status === 101) this.#break('an answer of status 101')
  }

  onBody(buffer: Buffer, start: number, end: number): boolean {
    if (this.#isDone) return true
    this.#bytes += end - start
    if (this.#bytes > MAX_ANSWER_BYTES) this.#break(`an answer of more than ${MAX_ANSWER_BYTES} bytes`)
    // The memory is the connection's.
    else this.#pieces.push(Buffer.from(buffer.subarray(start, end)))
    return true
  }

  onEnd(trailers: HeaderList | undefined): void {
    const head = this.#head
    if (this.#isDone || head === undefined) return
    this.#finish()
    const { status, headers } = head
    this.#onAnswer({ kind: 'answer', status, headers, body: Buffer.concat(this.#pieces), trailers })
  }

  onFailure(failure: ForwardFailure): void {
    this.#fail(explain(failure), failure.kind === 'timeout')
  }

  onRequestBytesPassed(): void {}

  #break(message: string, isLate = false): void {
    if (this.#isDone) return
    this.#forward.abandon(isLate)
    this.#fail(message, isLate)
  }

  #fail(message: string, isLate: boolean): void {
    if (this.#isDone) return
    this.#finish()
    this.#onAnswer({ kind: 'failed', message, isLate })
  }

  #finish(): void {
    this.#isDone = true
    this.#cancelTimer?.()
  }
}

const explain = (failure: ForwardFailure): string => {
  switch (failure.kind) {
    case 'no-endpoint':
      return 'no endpoint of it is ready'
    case 'overflow':
      return `its limit of ${failure.limit} is reached`
    case 'fault':
      return `the proxy failed: ${String(failure.error)}`
    case 'unwritable':
    case 'connect-failed':
    case 'refused':
    case 'reset':
    case 'timeout':
    case 'protocol':
      return failure.message
  }
}
