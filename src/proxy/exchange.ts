/**
 * One request on its way from the tunnel to a pod, and what becomes of it: the whole path of the data plane in one file
 * (what comes back is `response/answer.ts`). Take the snapshot once and keep it to the end; service from the CONNECT
 * authority; service-scoped filters; match; rule-scoped filters; backend and its filters; forward; finish the record.
 * YAML, Kubernetes, metric names and concrete filters never enter here.
 */
import { emptyChain, type Chain } from '../filter/chain.ts'
import { FilterMistake } from '../filter/guard/failure.ts'
import type { Exchange, Reply, RequestView, ResponseView } from '../filter/index.ts'
import { HookRuns, type ExchangeHook } from '../filter/hook-run.ts'
import type { Destination, ExchangeRecord, Source } from '../filter/record.ts'
import type { HeaderList } from '../http/header-list.ts'
import type { H1RequestHead, H1ResponseHead } from '../http/h1/message.ts'
import { groupOf, resolve } from '../snapshot/resolve.ts'
import type { BackendPlan, EndpointGroup, Frontend, RulePlan, Snapshot } from '../snapshot/snapshot.ts'
import { orderRequestBody } from './body/body-plan.ts'
import { goOn, type BodyWish } from './forward/body-reader.ts'
import type { ForwardFailure } from './forward/failure.ts'
import type { ForwardUser } from './forward/forward-plan.ts'
import { Outgoing } from './forward/outgoing.ts'
import { clientOf, toRequestView } from './request/forward-request.ts'
import { noteFilterError } from './request/note-filter-error.ts'
import { LATE_FILTER_MS } from './limits/deadlines.ts'
import type { SnapshotLease } from './leases.ts'
import type { ExchangeExpiry, WatchedExchange } from './limits/tunnel-watch.ts'
import { EnteredChains } from './request/entered-chains.ts'
import type { ExchangeContext, ExchangeDeps } from './request/exchange-parts.ts'
import type { ExchangeOwner } from './request/exchange-owner.ts'
import { prepareRequest, timeLeftMs } from './request/prepare-request.ts'
import { isConversation } from './request/upgrade.ts'
import { refusalOf } from './request/refusal-of.ts'
import type { RestOfWay } from './request/rest-of-way.ts'
import { finishRecord } from './request/record.ts'
import * as local from './response/local-reply.ts'
import { Answer, type AnsweredExchange } from './response/answer.ts'
import type { GuardedExchange } from './security/guards.ts'
import { offerRequest } from './serve/offer-request.ts'
import { reviewExchange } from './security/live/review-exchange.ts'
import type { Standing } from './security/live/standing.ts'

export class HttpExchange implements GuardedExchange, AnsweredExchange, ForwardUser, WatchedExchange {
  readonly source: Source
  readonly destination: Destination
  readonly request: RequestView
  readonly record: ExchangeRecord
  response: ResponseView | undefined
  match: Exchange['match']
  rule: RulePlan | undefined
  backend: BackendPlan | undefined
  onOver: (() => void) | undefined
  standing: Standing | undefined
  isAdmitted = false
  readonly #deps: ExchangeDeps
  readonly lease: SnapshotLease
  readonly snapshot: Snapshot
  readonly frontend: Frontend | undefined
  readonly downstream: ExchangeOwner
  readonly head: H1RequestHead
  readonly #answer: Answer
  readonly #giveIds: ExchangeDeps['requestIds']['giveId']
  readonly chains: EnteredChains
  readonly outgoing: Outgoing
  readonly bodyMemory: ExchangeDeps['bodyMemory']
  isOver = false
  /** The last run of hooks, which may be waiting for one of them. */
  readonly #hooks = new HookRuns<HttpExchange>()
  /** There when the route gives the request a time. */
  #cancelTimeout: (() => void) | undefined
  /** A client that expects 100-continue has been told to go on. */
  #mayContinue: boolean

  constructor(head: H1RequestHead, context: ExchangeContext, deps: ExchangeDeps) {
    const { record, frontend, trace } = context
    this.#giveIds = trace === 'untold' ? deps.requestIds.giveBoth : deps.requestIds.giveId
    this.#deps = deps
    this.head = head
    this.#mayContinue = !head.expectsContinue
    this.lease = context.lease
    this.snapshot = context.lease.snapshot
    this.frontend = frontend
    this.downstream = context.downstream
    this.record = record
    this.source = record.source
    this.destination = record.destination
    this.chains = new EnteredChains(frontend?.chain ?? emptyChain)
    this.#answer = new Answer(this, head, deps.addDate)
    this.request = toRequestView(head, record.destination.hostname)
    const client = clientOf(head, record, this.snapshot.tellsClientIdentity ? deps.ownIdentity() : undefined)
    this.bodyMemory = deps.bodyMemory
    this.outgoing = new Outgoing(this, { head, client, tracing: trace === 'untold' ? undefined : trace }, deps)
  }

  start(): void {
    const { frontend } = this
    const refusal = refusalOf(this.request, frontend, this.snapshot)
    if (refusal !== undefined || frontend === undefined)
      return this.#answer.replyLocally(refusal ?? local.unboundService)
    prepareRequest(this.request, this.record, this.#giveIds)
    this.#runRequestHooks(this.#deps.guards.of(frontend), () => this.#filter())
  }

  /** The same as `start` for a request that goes on behind a filter. */
  startBehind({ chain, rule, backend }: RestOfWay): void {
    this.chains.service = rule === undefined && backend === undefined ? chain : emptyChain
    if (backend !== undefined) this.#useBackend(backend, rule, chain)
    else if (rule !== undefined) this.#useRule(rule, chain)
    else this.#filter()
  }

  /** Ends what the policies of now do not permit. */
  review(frontend: Frontend): void {
    const end = (reply: local.LocalReply): void => this.giveUp(reply)
    reviewExchange(this, { head: this.head, frontend, questions: this.#deps.questions, end })
  }

  askForBody(): void {
    if (!this.#mayContinue) this.onInformational(goOn())
  }

  readBody(wish: BodyWish): void {
    this.askForBody()
    this.outgoing.readBody(wish, (bytes) => this.downstream.consume(bytes))
  }

  /** Request body from the client; false when it is held until the downstream is told to consume it. */
  onRequestBody(buffer: Buffer, start: number, end: number): boolean {
    return this.#answer.isLocal || this.outgoing.push(buffer, start, end)
  }

  onRequestEnd(trailers: HeaderList | undefined): void {
    this.record.requestEndAtMs = this.request.hasBody ? this.#deps.clock.monotonicMs() : this.record.startedAtMs
    this.outgoing.end(trailers)
  }

  /** Response bytes that were queued towards the client are out. */
  onDownstreamDrain(): void {
    this.#answer.onDrained()
  }

  /** The client is gone: nobody is left to answer. */
  onDownstreamGone(why = local.clientGone): void {
    if (this.isOver) return
    if (!this.#answer.writer.hasHead) this.record.status = 0
    this.#drop(why)
  }

  get awaitsBody(): boolean {
    return this.#mayContinue && this.outgoing.awaitsBody && !isConversation(this.record, this.#answer.writer)
  }

  /** A deadline has passed; `deadlineMs` is how much time it gave. */
  expire(expiry: ExchangeExpiry, deadlineMs: number): void {
    if (expiry === 'response-head') return this.outgoing.expire(deadlineMs)
    const filter = expiry === 'request-body' ? undefined : this.waitsFor
    if (filter !== undefined) this.#note('a filter did not answer in time', new FilterMistake(filter))
    this.giveUp(local.replyToExpiry(expiry, filter))
  }

  onInformational(head: H1ResponseHead): void {
    this.#mayContinue = true
    if (!this.#answer.isLocal) this.#answer.writer.writeInformational(head)
  }

  onResponse(head: H1ResponseHead): void {
    const upgrade = head.status === 101 ? head.headers.getLower('upgrade') : undefined
    // A conversation has its own limits.
    if (upgrade !== undefined) this.#limitTo(this.#deps.deadlines.upgradeMaxMs || Infinity, local.upgradeTimeout)
    this.#answer.begin(head, upgrade)
  }

  onBody(buffer: Buffer, start: number, end: number): boolean {
    return this.#answer.push(buffer, start, end)
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.#answer.end(trailers)
  }

  onRequestBytesPassed(bytes: number): void {
    const owed = this.outgoing.withoutAdvance(bytes)
    if (owed > 0) this.downstream.consume(owed)
  }

  onFailure(failure: ForwardFailure): void {
    this.#guard(() => {
      if (failure.kind === 'fault') return this.fail(failure.error)
      const reply = local.replyToFailure(failure)
      if (this.#answer.isGathering) return this.replaceResponse({ ...reply, ...local.breakOf(failure) })
      if (this.#answer.writer.isBegun) return this.#breakOff(local.breakOf(failure))
      if (failure.kind === 'unwritable') return this.fail(new FilterMistake(failure.message))
      this.#answer.replyLocally(reply)
    })
  }

  /** Guards, or the hooks of one part of the chain, then the next step. */
  #runRequestHooks(hooks: readonly ExchangeHook<HttpExchange>[], next: () => void): void {
    if (hooks.length === 0) return next()
    this.runHooks(hooks, next, (reply) => this.#answer.replyFromFilter(reply))
  }

  /** Neither is called any more when the exchange is over, or has gone another way. */
  runHooks(hooks: readonly ExchangeHook<HttpExchange>[], onPassed: () => void, onReply: (reply: Reply) => void): void {
    const halt = this.#hooks.call(hooks, this)
    if (halt === undefined) return onPassed()
    this.#hooks.goOn(halt, { onPassed, onReply, onThrown: (error, isLate) => this.fail(error, isLate) })
  }

  #filter(): void {
    this.isAdmitted = true
    this.#pass(this.chains.service, () => this.#route())
  }

  /** Hooks of one part of the chain, then those of its filters that may answer themselves, then the next step. */
  #pass({ onRequest, serve }: Chain, next: () => void): void {
    if (serve.length === 0) return this.#runRequestHooks(onRequest, next)
    const about = { exchange: this, clock: this.#deps.clock, onLeft: next }
    this.#runRequestHooks(onRequest, () => offerRequest(serve, about))
  }

  #route(): void {
    if (this.frontend === undefined) return
    const resolution = resolve(this.frontend, this.request, this.source.namespace)
    switch (resolution.kind) {
      case 'no-match':
        return this.#answer.replyLocally(local.noRoute)
      case 'pass-through':
        this.#startTimeout(undefined)
        return this.#useBackend(resolution.backend)
      case 'match': {
        const { rule } = resolution
        this.record.route = rule.route
        this.record.rule = rule.name
        if (rule.closed !== undefined) {
          return this.#answer.replyLocally(local.closedBy(rule.closed.status, rule.closed.reason))
        }
        this.match = { route: rule.route, rule: rule.name, prefix: resolution.prefix, isGuarded: rule.isGuarded }
        this.#useRule(rule)
      }
    }
  }

  #useRule(rule: RulePlan, chain = rule.chain): void {
    this.rule = rule
    this.#startTimeout(rule.timeouts?.requestMs)
    this.chains.rule = chain
    this.#pass(chain, () => this.#chooseBackend(rule))
  }

  #startTimeout(routeMs: number | undefined): void {
    this.#limitTo(timeLeftMs(this, routeMs, this.#deps.clock), local.requestTimeout)
  }

  #limitTo(ms: number, reply: local.LocalReply): void {
    this.#cancelTimeout?.()
    if (ms === Infinity) return
    this.#cancelTimeout = this.#deps.clock.after(ms, () => this.#guard(() => this.giveUp(reply)))
  }

  /** It ends early. Filters see the answer, as any of ours, unless one of them is waited for, or has had another response. */
  giveUp(reply: local.LocalReply): void {
    if (this.isOver) return
    const isStuck = this.waitsFor !== undefined || this.response !== undefined
    this.#hooks.cancel()
    this.outgoing.abandon(reply === local.requestTimeout)
    if (this.#answer.writer.hasHead) return this.#breakOff(reply)
    if (isStuck) this.#answer.forget()
    this.#answer.replyLocally(reply)
    if (this.#hooks.waitsFor === undefined) return
    // One of them waits with this answer too. It may, for a moment: nothing else would end it soon.
    this.#limitTo(LATE_FILTER_MS, reply)
  }

  /** The kind of the filter that this waits for, if it waits for one. */
  get waitsFor(): string | undefined {
    return this.#hooks.waitsFor ?? this.outgoing.waitsFor ?? this.#answer.waitsFor
  }

  #chooseBackend(rule: RulePlan): void {
    this.outgoing.drawMirrors(rule.mirrors, this.request)
    const backend = this.outgoing.pickBackend(rule, this.request, this.snapshot)
    if (backend === undefined) this.#answer.replyLocally(local.noWeight)
    else this.#useBackend(backend, rule)
  }

  #useBackend(backend: BackendPlan, rule?: RulePlan, only?: Chain): void {
    if (backend.kind === 'invalid') return this.#answer.replyLocally(local.closedBy(backend.status, backend.reason))
    const chain = only ?? backend.chain
    this.backend = backend
    this.record.backend = backend.destination
    this.chains.backend = chain
    this.#pass(chain, () => {
      this.outgoing.drawMirrors(backend.mirrors, this.request)
      this.#send(groupOf(this.snapshot, backend), rule)
    })
  }

  #send(group: EndpointGroup | undefined, rule: RulePlan | undefined): void {
    if (group === undefined) return this.#answer.replyLocally(local.noEndpoint)
    if (group.closed !== undefined) return this.#answer.replyLocally(local.closedBy(503, group.closed))
    const to = { group, rule, snapshot: this.snapshot, trace: this.record }
    // The endpoint will not say it when a filter has taken the question out.
    if (!this.#mayContinue && !this.request.headers.hasLower('expect')) this.onInformational(goOn())
    const order = orderRequestBody(this)
    if (order === 'answered') return
    if (order === 'nothing') return this.outgoing.send(this.request, to)
    this.outgoing.sendTransformed(this.request, to, order)
  }

  /** A filter answers in place of whatever was under way. */
  replyInstead(reply: Reply): void {
    if (this.#answer.writer.hasHead) return this.fail(new FilterMistake('a filter replied behind the head'))
    this.#dropResponse()
    this.#answer.replyFromFilter(reply)
  }

  /** What the client gets in place of what an endpoint has begun. */
  replaceResponse(reply: local.LocalReply): void {
    if (this.#answer.writer.hasHead) return this.#breakOff(reply)
    this.#dropResponse()
    this.#answer.replyLocally(reply)
  }

  #dropResponse(): void {
    this.#hooks.cancel()
    // Of a reply too: two that filters put in each other's place could take turns for ever.
    if (this.#answer.writer.isBegun || this.#answer.isLocal) this.#answer.forget()
  }

  /** A filter threw, rejected or wrote what may not go out, or we have a bug: closed; too late, it is only told. */
  fail(error: unknown, isLate = false): void {
    try {
      this.#note(isLate ? 'a filter failed late' : 'an exchange failed', error)
      if (isLate || this.isOver) return
      if (this.#answer.writer.hasHead) return this.#breakOff(local.breakOfFilter(error))
      this.#answer.forget()
      this.#answer.replyLocally(local.replyToFilter(error))
    } catch (second) {
      this.#deps.onError('an exchange failed twice', second)
      this.#breakOff(local.breakOfFilter(error))
    }
  }

  #note(message: string, error: unknown): void {
    noteFilterError(this, { message, error }, this.#deps)
  }

  #guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.fail(error)
    }
  }

  /** The answer is on its way and cannot be completed: the client must see that, and not a short body. */
  #breakOff(why: Pick<local.LocalReply, 'flags' | 'details'>): void {
    this.downstream.abort()
    this.#drop(why)
  }

  #drop({ flags, details }: Pick<local.LocalReply, 'flags' | 'details'>): void {
    this.record.flags = flags
    this.record.details = details
    try {
      this.outgoing.abandon()
      this.#answer.drop()
    } finally {
      this.#finish()
    }
  }

  resetClient(): void {
    this.record.status = 0
    this.#breakOff(this.record)
  }

  complete(): void {
    if (this.isOver) return
    const mayContinue = this.#answer.writer.keepsAlive && this.outgoing.isWhole
    this.#finish()
    this.downstream.onExchangeDone(mayContinue)
  }

  #finish(): void {
    if (this.isOver) return
    this.isOver = true
    this.#hooks.cancel()
    this.#cancelTimeout?.()
    try {
      this.outgoing.abandon()
      this.#answer.close()
      this.onOver?.()
    } catch (error) {
      this.#note('an exchange did not end in order', error)
    }
    finishRecord(this, this.chains.all, this.#deps)
    this.lease.end()
  }
}
