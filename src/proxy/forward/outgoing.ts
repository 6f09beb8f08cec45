import { changesBody } from '../../filter/body/body-stage.ts'
import type { RequestView } from '../../filter/index.ts'
import type { HeaderList } from '../../http/header-list.ts'
import type { H1RequestHead } from '../../http/h1/message.ts'
import type { SpiffeId } from '../../model/identity.ts'
import type { Mirror } from '../../model/route.ts'
import type { BackendPlan, EndpointGroup, RulePlan, Snapshot } from '../../snapshot/snapshot.ts'
import { HeldBytes } from '../held-bytes.ts'
import { hashOf } from '../balance/hash-key.ts'
import { hashableOf, toForwardRequest } from '../request/forward-request.ts'
import type { ForwardClient } from '../request/forward-request.ts'
import type { TransformOrder } from '../body/body-plan.ts'
import { TransformedBody } from '../body/transformed-body.ts'
import { BodyReader } from './body-reader.ts'
import type { BodyWish } from './body-reader.ts'
import { Forward } from './forward.ts'
import type { ForwardTrace, ForwardUser } from './forward-plan.ts'
import type { ExchangeTrace } from '../tracing/exchange-trace.ts'
import type { ServedRequest } from '../serve/served-request.ts'
import { Mirrors } from './mirrors.ts'
import type { MirrorDeps, MirroredRequest } from './mirrors.ts'
import type { Session, Sessions } from '../session/sessions.ts'

/** What sessions need beside. */
export interface OutgoingDeps extends MirrorDeps {
  /** Who we are at the moment. */
  readonly ownIdentity: () => SpiffeId
  readonly sessions: Sessions
}

/** Where a request goes. */
export interface Destined {
  readonly group: EndpointGroup
  readonly rule: Pick<RulePlan, 'retry' | 'timeouts'> | undefined
  readonly snapshot: Snapshot
  readonly trace: ForwardTrace
}

/** A request on its way out: what came of its body before anybody could take it, the request itself, and its copies. */
export class Outgoing {
  readonly #user: ForwardUser
  readonly #head: H1RequestHead
  readonly #client: ForwardClient
  readonly #tracing: ExchangeTrace | undefined
  readonly #deps: OutgoingDeps
  readonly #early = new HeldBytes()
  /** Where somebody wanted to see the body before it goes out. */
  #reader: BodyReader | undefined
  #forward: Forward | ServedRequest | undefined
  /** Where a filter may answer it, or does. */
  #served: ServedRequest | undefined
  #mirrors: Mirrors | undefined
  #trailers: HeaderList | undefined
  /** Where the rule, or what is called without one, has sessions. */
  #session: Session | undefined
  /** Where filters change the body. */
  #transformed: TransformedBody | undefined
  /** The client has sent all of it. */
  isWhole: boolean

  constructor(user: ForwardUser, from: MirroredRequest, deps: OutgoingDeps) {
    this.#user = user
    this.#head = from.head
    this.#client = from.client
    this.#tracing = from.tracing
    this.#deps = deps
    this.isWhole = from.head.bodyLength === 0 && from.client.upgrade === undefined
  }

  /** Shows the body before it goes out; `consume` gives the client credit. */
  readBody(wish: BodyWish, consume: (bytes: number) => void): void {
    // What follows a request to switch is no body of it.
    if (this.#client.upgrade !== undefined) return wish.onBody({ kind: 'whole', bytes: Buffer.alloc(0) })
    if (!wish.allowsPartial && this.#head.bodyLength > wish.maxBytes) return wish.onBody({ kind: 'too-large' })
    this.#reader ??= new BodyReader(this.#early, this.#deps.memory, consume)
    this.#reader.begin(wish)
    this.#reader.look(this.isWhole)
  }

  /** Of request bytes that are passed on, how many the client has had no credit for yet. */
  withoutAdvance(bytes: number): number {
    return this.#reader === undefined ? bytes : this.#reader.withoutAdvance(bytes)
  }

  /** Body from the client; false when it is held until `onRequestBytesPassed`. */
  push(buffer: Buffer, start: number, end: number): boolean {
    if (this.#transformed !== undefined) return this.#transformed.push(buffer, start, end)
    if (this.#forward === undefined) {
      this.#early.push(buffer, start, end)
      this.#reader?.look(false)
      return false
    }
    return this.#pass(buffer, start, end)
  }

  end(trailers: HeaderList | undefined): void {
    this.isWhole = true
    this.#trailers = trailers
    if (this.#transformed !== undefined) return this.#transformed.end(trailers)
    if (this.#forward === undefined) return this.#reader?.look(true)
    this.#endPassed(trailers)
  }

  /** Nothing is switched to after all: a request that asked for it was whole. */
  settle(): void {
    if (this.#client.upgrade !== undefined) this.end(undefined)
  }

  /** Those of `mirrors` that chance chooses get a copy of the request as it is now, when it goes out. */
  drawMirrors(mirrors: readonly Mirror[], request: RequestView): void {
    // A copy of a request to switch would have the mirror talk to nobody.
    if (mirrors.length === 0 || this.#client.upgrade !== undefined) return
    this.#mirrors ??= new Mirrors({ head: this.#head, client: this.#client, tracing: this.#tracing }, this.#deps)
    this.#mirrors.draw(mirrors, request)
  }

  /** The backend of a rule that the request's session is with, or else one by weight. */
  pickBackend(rule: RulePlan, { headers }: RequestView, snapshot: Snapshot): BackendPlan | undefined {
    const { sessionPersistence } = rule.source
    const { balancer, sessions } = this.#deps
    if (sessionPersistence === undefined) return balancer.pickBackend(rule)
    this.#session = sessions.of(sessionPersistence, headers)
    return this.#session.findBackend(rule, snapshot) ?? balancer.pickBackend(rule)
  }

  /** Sends it to an endpoint of `group`, as the rule says if there is one; once. May have called the user before it returns. */
  send(request: RequestView, to: Destined): void {
    const forward = this.#forwardTo(request, to, this.#head)
    const isReady = this.isWhole && this.#early.isEmpty
    if (isReady) forward.endBody(this.#trailers)
    forward.start()
    // Answered already, so that nothing went out: there is nothing to copy.
    if (forward.isOver) return
    this.#mirrors?.start(to, request, this.#head.bodyLength)
    if (isReady) this.#mirrors?.end(this.#trailers)
    else this.#sendEarly(forward)
  }

  /** The same for a request whose body filters change; it may set out later. */
  sendTransformed(request: RequestView, to: Destined, order: TransformOrder): void {
    // What the client said of its length is not true any more.
    if (changesBody(order.plan.stages)) request.headers.removeLower('content-length')
    this.#transform(order, (bodyLength) => this.#startTransformed(request, to, bodyLength))
  }

  /** A filter may answer it from now on; `undefined`: none does. */
  offer(served: ServedRequest | undefined): void {
    this.#served = served
  }

  /** The filter that it was offered to wants its body, which other filters may change. */
  feed(order: TransformOrder | undefined): void {
    const served = this.#served
    if (served === undefined) return
    this.#forward = served
    if (order !== undefined) this.#transform(order, () => {})
    else if (this.isWhole && this.#early.isEmpty) served.endBody(this.#trailers)
    else this.#sendEarly(served)
  }

  /** That filter has taken bytes which were held for it. */
  onTaken(bytes: number): void {
    if (this.#transformed === undefined) this.#user.onRequestBytesPassed(bytes)
    else this.#transformed.onPassed(bytes)
  }

  /** A filter answers it. */
  get isServed(): boolean {
    return this.#served !== undefined
  }

  /** The answer is not wanted any more, or will not come from an endpoint; `isLate`: the time of the request is up. */
  abandon(isLate = false): void {
    this.#mirrors?.abandon(this.isWhole && this.#transformed?.isThrough !== false)
    const owed = this.#transformed?.cancel() ?? 0
    // Any client could have endpoints put aside by giving its calls no time.
    this.#carrier?.abandon(isLate && !this.#head.headers.hasLower('grpc-timeout'))
    this.#reader?.cancel()
    const dropped = this.#early.drop() + owed
    if (dropped > 0) this.#user.onRequestBytesPassed(dropped)
  }

  /** Says that response bytes which were held are passed on. */
  consume(bytes: number): void {
    this.#carrier?.consume(bytes)
  }

  /** The endpoint has had `deadlineMs` to begin its answer. */
  expire(deadlineMs: number): void {
    this.#carrier?.expire(deadlineMs)
  }

  /** A repetition was wanted that there was no leave for any more. */
  get isExhausted(): boolean {
    return this.#forward !== undefined && 'isExhausted' in this.#forward && this.#forward.isExhausted
  }

  /** Bytes that the endpoint, or the way there, does not take at the moment. */
  get queuedBytes(): number {
    return this.#carrier?.queuedBytes ?? 0
  }

  /** More of the body is to come, and could go out at once. */
  get awaitsBody(): boolean {
    return !this.isWhole && this.takesBody
  }

  /** Whether more of the body could go out at once. */
  get takesBody(): boolean {
    if (this.#reader?.isWaiting === true) return true
    if (this.waitsFor !== undefined) return false
    return this.#transformed?.isGathering === true || this.#carrier?.takesBody === true
  }

  /** The kind of the filter that the body waits for. */
  get waitsFor(): string | undefined {
    return this.#transformed?.waitsFor
  }

  /** Since when the endpoint has had all of it without beginning its answer, monotonic; -1: it is not so. */
  get awaitsHeadSinceMs(): number {
    return this.#carrier?.awaitsHeadSinceMs ?? -1
  }

  get #carrier(): Forward | ServedRequest | undefined {
    return this.#forward ?? this.#served
  }

  /** Has the body changed on its way; `begin` is told its length as far as it is known. */
  #transform(order: TransformOrder, begin: (bodyLength: number) => void): void {
    const transformed = new TransformedBody(order, {
      begin,
      push: (buffer, start, end) => this.#pass(buffer, start, end),
      end: (trailers) => this.#endPassed(trailers),
      consume: (bytes) => this.#user.onRequestBytesPassed(bytes),
    })
    this.#transformed = transformed
    transformed.begin(this.#head.bodyLength)
    const passed = this.#early.drain((buffer, start, end) => transformed.push(buffer, start, end))
    if (passed > 0) this.#user.onRequestBytesPassed(passed)
    if (this.isWhole) transformed.end(this.#trailers)
  }

  #forwardTo(
    request: RequestView,
    { group, rule, snapshot, trace }: Destined,
    head: Pick<H1RequestHead, 'host' | 'scheme' | 'bodyLength' | 'target'>,
  ): Forward {
    if (rule === undefined && group.policy?.sessionPersistence !== undefined) {
      this.#session = this.#deps.sessions.of(group.policy.sessionPersistence, request.headers)
      this.#session.findIn(group)
    }
    const forwarded = toForwardRequest(request, head, this.#client)
    const plan = {
      group,
      request: forwarded,
      trace,
      tracing: this.#tracing,
      retry: rule?.retry,
      repeats: snapshot.defaultRepeats,
      tryMs: rule?.timeouts?.backendRequestMs,
      session: this.#session,
      hash: group.policy === undefined ? undefined : hashOf(group, hashableOf(forwarded, this.#client)),
    }
    const user = this.#transformed === undefined ? this.#user : this.#userOf(this.#transformed)
    const forward = new Forward(this.#mirrors?.watch(user, request, group) ?? user, plan, this.#deps)
    this.#forward = forward
    return forward
  }

  #startTransformed(request: RequestView, to: Destined, bodyLength: number): void {
    const forward = this.#forwardTo(request, to, { ...this.#head, bodyLength })
    forward.start()
    if (!forward.isOver) this.#mirrors?.start(to, request, bodyLength)
  }

  /** What is passed on is not what the client has sent. */
  #userOf(transformed: TransformedBody): ForwardUser {
    const user = this.#user
    return {
      onInformational: (head) => user.onInformational(head),
      onResponse: (head) => user.onResponse(head),
      onBody: (buffer, start, end) => user.onBody(buffer, start, end),
      onEnd: (trailers) => user.onEnd(trailers),
      onFailure: (failure) => user.onFailure(failure),
      onRequestBytesPassed: (bytes) => transformed.onPassed(bytes),
    }
  }

  #pass(buffer: Buffer, start: number, end: number): boolean {
    this.#mirrors?.push(buffer, start, end)
    return this.#forward === undefined || this.#forward.sendBody(buffer, start, end)
  }

  #endPassed(trailers: HeaderList | undefined): void {
    this.#mirrors?.end(trailers)
    this.#forward?.endBody(trailers)
  }

  #sendEarly(forward: Forward | ServedRequest): void {
    const passed = this.#early.drain((buffer, start, end) => {
      this.#mirrors?.push(buffer, start, end)
      return forward.sendBody(buffer, start, end)
    })
    if (passed > 0) this.#user.onRequestBytesPassed(passed)
    if (!this.isWhole) return
    this.#mirrors?.end(this.#trailers)
    forward.endBody(this.#trailers)
  }
}
