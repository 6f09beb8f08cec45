import type { ExchangeRecord } from '../../filter/record.ts'
import type { H1RequestHead } from '../../http/h1/message.ts'
import { HeaderList } from '../../http/header-list.ts'
import type { SnapshotLease } from '../leases.ts'
import type { ExchangeExpiry, WatchedExchange } from '../limits/tunnel-watch.ts'
import type { ExchangeOwner, OwnedExchange } from '../request/exchange-owner.ts'
import { tellRecord } from '../request/record.ts'
import type { RecordDeps } from '../request/record.ts'
import { toGrpcReply } from '../response/grpc-reply.ts'
import { replyToExpiry } from '../response/local-reply.ts'
import type { LocalReply } from '../response/local-reply.ts'
import { ResponseWriter } from '../response/response-writer.ts'
import { overloadDetails } from './overload-reason.ts'
import type { OverloadReason } from './overload-reason.ts'

/** No endpoint sees any of it. */
const NOTHING = { queuedBytes: 0, awaitsHeadSinceMs: -1 }
/** A body that is read to its end before the answer, since a connection that is left in its middle is lost. */
const SMALL_BODY_BYTES = 64 * 1024
const BODY = 'overloaded, try again later\n'

/**
 * A request for which there is no time: 503, and nothing else happens. It has no filters, no route and no endpoint, as
 * these are what there is no time for. It is not among the requests under way, or a client whose bodies never end would
 * leave no room for others by being refused.
 */
export class RefusedExchange implements OwnedExchange, WatchedExchange {
  readonly record: ExchangeRecord
  readonly outgoing = NOTHING
  readonly #head: H1RequestHead
  readonly #owner: ExchangeOwner
  readonly #lease: SnapshotLease
  readonly #deps: RecordDeps
  readonly #writer: ResponseWriter
  #isWhole: boolean
  #isOver = false

  constructor(
    head: H1RequestHead,
    context: {
      readonly owner: ExchangeOwner
      readonly lease: SnapshotLease
      readonly record: ExchangeRecord
      readonly reason: OverloadReason
    },
    deps: RecordDeps,
  ) {
    const { owner, lease, record, reason } = context
    this.#head = head
    this.#owner = owner
    this.#lease = lease
    this.#deps = deps
    this.record = record
    this.#isWhole = head.bodyLength === 0
    this.#writer = new ResponseWriter(owner.sink, head.method)
    record.flags = 'OM'
    record.details = overloadDetails[reason]
  }

  start(): void {
    const { bodyLength, expectsContinue } = this.#head
    const isBodyAwaited = bodyLength > 0 && bodyLength <= SMALL_BODY_BYTES && !expectsContinue
    if (!isBodyAwaited) this.#answer()
  }

  fail(error: unknown): void {
    this.#deps.onError('an exchange failed', error, this.record.requestId)
    this.#breakOff()
  }

  onRequestBody(): boolean {
    return true
  }

  onRequestEnd(): void {
    this.#isWhole = true
    if (!this.#isOver && !this.#writer.hasHead) this.#answer()
  }

  onDownstreamDrain(): void {
    this.#writer.onDrained()
    if (this.#writer.isComplete) this.#complete()
  }

  onDownstreamGone(): void {
    if (!this.#writer.hasHead) this.record.status = 0
    this.#finish()
  }

  /** Nothing was asked about it, and nothing is. */
  review(): void {}

  get awaitsBody(): boolean {
    return !this.#isWhole && !this.#writer.hasHead
  }

  /** Whoever is waited for, it is the client. */
  expire(expiry: ExchangeExpiry): void {
    if (!this.#writer.hasHead) return this.#answer()
    if (expiry !== 'response-head') this.record.details = replyToExpiry(expiry, undefined).details
    this.#breakOff()
  }

  /** It is refused for the overload, whatever is wrong with its body: nobody has looked at that. */
  giveUp({ details }: LocalReply): void {
    if (this.#isOver) return
    if (!this.#writer.hasHead) return this.#answer()
    this.record.details = details
    this.#breakOff()
  }

  #breakOff(): void {
    this.#owner.abort()
    this.#finish()
  }

  #answer(): void {
    const { record } = this
    const plain = {
      status: 503,
      headers: new HeaderList(['content-type', 'text/plain', 'retry-after', '1']),
      body: BODY,
    }
    const { status, headers, body } = record.protocol === 'grpc' ? toGrpcReply(plain) : plain
    record.status = status
    record.grpcStatus = record.protocol === 'grpc' ? (headers.getLower('grpc-status') ?? '') : ''
    this.#writer.beginLocal(body)
    const mayContinue = this.#head.keepAlive && !this.#owner.isDraining && this.#isWhole
    // The head is ours, and can be written.
    this.#writer.writeHead(status, headers, mayContinue)
    if (this.#writer.isComplete) this.#complete()
  }

  #complete(): void {
    if (this.#isOver) return
    const mayContinue = this.#writer.keepsAlive && this.#isWhole
    this.#finish()
    this.#owner.onExchangeDone(mayContinue)
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    tellRecord(this.record, this.#deps)
    this.#lease.end()
  }
}
