import type { HeaderList } from '../../http/header-list.ts'
import type { H1ResponseHead } from '../../http/h1/message.ts'
import type { TryRecord } from '../../filter/record.ts'
import type { Balancer } from '../balance/balancer.ts'
import type { Trying } from '../balance/health/outcomes.ts'
import { asksForRest } from '../balance/health/retry-after.ts'
import { Place } from '../balance/limits/place.ts'
import type { LimitName } from '../balance/limits/service-load.ts'
import { HeldBytes } from '../held-bytes.ts'
import type { Acquired, EndpointPool } from '../upstream/pool.ts'
import type { HttpVersion, SessionUser, UpstreamSession } from '../upstream/session.ts'
import type { ForwardFailure, LossKind } from './failure.ts'
import { isAfterLoss, noteHead, noteTry, whereOf } from './forward-plan.ts'
import type { ForwardDeps, ForwardPlan, ForwardUser } from './forward-plan.ts'
import { refusalOfHttp1, rewriteHead, versionFor, writeHeadFor } from './http-version.ts'
import { ReplayBody } from './replay-body.ts'
import { backoffBefore, isFutile, mayRepeat, reasonToRepeat, refusalOfRepeat } from './retry-policy.ts'
import { readToEnd } from './unwanted-response.ts'

const noPools: readonly EndpointPool[] = []

/** One request on its way to an endpoint of a group, with the tries that takes. */
export class Forward implements SessionUser {
  readonly #deps: ForwardDeps
  readonly #user: ForwardUser
  readonly #plan: ForwardPlan
  /** What endpoints are asked for. */
  readonly #version: HttpVersion
  /** Where the Service port has limits. */
  #place: Place | undefined
  #pool: EndpointPool | undefined
  /** Endpoints that were tried in vain. */
  #tried: readonly EndpointPool[] = noPools
  #session: UpstreamSession | undefined
  /** The last session: credit for what is still on its way to the client is owed after the response ended. */
  #creditor: UpstreamSession | undefined
  #sentAtMs = 0
  /** When the last byte of the request was handed over. */
  #wholeAtMs = 0
  #triedAtMs = 0
  readonly #heldBody = new HeldBytes()
  /** What a further try would have to send again; without a body nothing. */
  readonly #replay: ReplayBody | undefined
  #queuedBytes = 0
  #isRequestWhole = false
  #trailers: HeaderList | undefined
  #hasResponse = false
  #isUpgraded = false
  /** Nothing is known yet of how well the endpoint did at this try. */
  #awaitsVerdict = false
  /** The user has been told how it ended, or wants no more of it. */
  isOver = false
  /** Ends the wait for the next try, or the time that this one has. */
  #cancelTimer: (() => void) | undefined
  /** A repetition was wanted that there was no leave for any more. */
  isExhausted = false

  constructor(user: ForwardUser, plan: ForwardPlan, deps: ForwardDeps) {
    this.#user = user
    this.#plan = plan
    this.#version = versionFor(plan)
    this.#deps = deps
    this.#replay = plan.request.bodyLength === 0 || plan.isCopy === true ? undefined : new ReplayBody(deps.memory)
  }

  start(): void {
    this.#plan.tracing?.beginTry(this.#plan.request.headers, 1, this.#deps.clock.monotonicMs())
    const unwritable = writeHeadFor(this.#plan, this.#version)
    if (unwritable !== undefined) return this.#fail({ kind: 'unwritable', message: unwritable })
    const { group, isCopy } = this.#plan
    if (isCopy !== true) this.#deps.budgets.of(group).noteRequest()
    const load = group.policy?.limits === undefined ? undefined : this.#deps.loads.of(group)
    if (load === undefined) return this.#attempt()
    const onNoRoom = (limit: LimitName): void => this.#fail({ kind: 'overflow', limit })
    const onRoom = (): void => this.#guard(() => this.#attempt())
    this.#place = new Place(load, { mayWait: isCopy !== true, onRoom, onNoRoom })
    this.#place.enter()
  }

  /** Request body; false when it is held until `onRequestBytesPassed`. */
  sendBody(buffer: Buffer, start: number, end: number): boolean {
    if (this.isOver) return true
    if (this.#session !== undefined) return this.#sendBody(buffer, start, end)
    this.#heldBody.push(buffer, start, end)
    return false
  }

  /** The request is complete. */
  endBody(trailers: HeaderList | undefined): void {
    if (this.#isRequestWhole) return
    this.#isRequestWhole = true
    this.#trailers = trailers
    if (this.#session !== undefined) this.#finishRequest()
  }

  /** Says that response bytes which were held are passed on. */
  consume(bytes: number): void {
    this.#creditor?.consume(bytes)
  }

  /** The client is gone, or wants no more of it; `isLate`: since the endpoint has not answered in the time of the route. */
  abandon(isLate = false): void {
    if (this.isOver) return
    if (isLate && this.awaitsHeadSinceMs >= 0)
      this.#noteLoss('timeout', `no response${whereOf(this.#plan.trace)} in time`)
    this.#leave()
    this.#dropSession()
  }

  /** Bytes of the request that the endpoint, or the way there, does not take at the moment. */
  get queuedBytes(): number {
    return this.#session === undefined ? 0 : this.#session.queuedBytes
  }

  /** Whether more of the request's body could go out at once. */
  get takesBody(): boolean {
    return this.#session !== undefined && this.#queuedBytes === 0 && !this.#asksToSwitch()
  }

  /** Since when the endpoint has had the whole request without beginning its answer, monotonic; -1: it is not so. */
  get awaitsHeadSinceMs(): number {
    const isAsked = this.#isRequestWhole || this.#asksToSwitch()
    if (this.#session === undefined || !isAsked || this.#hasResponse) return -1
    return this.queuedBytes === 0 ? this.#wholeAtMs : -1
  }

  /** The endpoint has had `deadlineMs` for its answer: its tunnel is reset, and the user told. */
  expire(deadlineMs: number): void {
    const message = `no response head${whereOf(this.#plan.trace)} within ${deadlineMs} ms of the whole request`
    this.#dropSession()
    this.#noteLoss('timeout', message)
    this.#fail({ kind: 'timeout', message })
  }

  onInformational(head: H1ResponseHead): void {
    this.#user.onInformational(head)
  }

  onResponse(head: H1ResponseHead): void {
    const { policy } = this.#plan.group
    const isRemarkable = head.status >= 429 || policy !== undefined || this.#pool?.health.isQuiet === false
    if (isRemarkable || (this.#version === 2 && asksForRest(head.headers))) {
      this.#tell((outcomes, trying) => (this.#awaitsVerdict = !outcomes.onHead(trying, head)))
    } else this.#awaitsVerdict = false
    const unwanted = reasonToRepeat(head, this.#session, this.#plan)
    if (unwanted !== undefined && this.#takeRepeat()) return this.#repeatAfterAnswer(unwanted)
    this.#hasResponse = true
    if (this.#pool !== undefined) this.#plan.session?.onAnswer(head.headers, this.#pool)
    // A conversation has no time of its own as tries have.
    this.#isUpgraded = head.status === 101
    if (this.#isUpgraded) this.#cancelTimer?.()
    noteHead(this.#plan.trace, this.#sentAtMs, this.#deps.clock.monotonicMs())
    this.#user.onResponse(head)
  }

  onBody(buffer: Buffer, start: number, end: number): boolean {
    return this.#user.onBody(buffer, start, end)
  }

  onEnd(trailers: HeaderList | undefined): void {
    const session = this.#session
    // An answer before the whole request: the rest is not wanted, and the connection cannot be used again.
    if (this.#isUpgraded) session?.finish(undefined)
    else if (!this.#isTaken()) session?.abandon()
    this.#session = undefined
    if (this.#awaitsVerdict || (trailers !== undefined && asksForRest(trailers)))
      this.#tell((outcomes, trying) => outcomes.onTrailers(trying, trailers))
    try {
      this.#leave()
    } finally {
      this.#user.onEnd(trailers)
    }
  }

  onFailure(kind: 'reset' | 'refused' | 'protocol', message: string): void {
    this.#session = undefined
    this.#guard(() => this.#lose(kind, message))
  }

  onDrain(): void {
    if (this.#isRequestWhole) this.#wholeAtMs = this.#deps.clock.monotonicMs()
    this.#passQueued()
  }

  /** It is up to the endpoint to say whether anything follows the head. */
  #asksToSwitch(): boolean {
    return this.#plan.request.upgrade !== undefined && !this.#hasResponse
  }

  #attempt(): void {
    const { group, hash, session, tryMs, trace } = this.#plan
    const own = session !== undefined && this.#tried === noPools ? session.pool : undefined
    const picked = own ?? this.#deps.balancer.pickEndpoint(group, this.#tried, hash)
    if (picked === undefined) return this.#fail({ kind: 'no-endpoint' })
    const pool = this.#place === undefined ? picked : this.#connect(this.#place, picked)
    if (pool === undefined) return
    pool.active++
    this.#pool = pool
    this.#awaitsVerdict = true
    const attempt = ++trace.attempts
    trace.endpoint = pool.endpoint
    if (tryMs !== undefined) this.#after(tryMs, () => this.#onTryTimeout(tryMs))
    this.#triedAtMs = this.#deps.clock.monotonicMs()
    if (attempt > 1) rewriteHead(this.#plan, this.#version, this.#triedAtMs)
    const idle = this.#version === 1 && isAfterLoss(trace) ? undefined : pool.takeIdle(this.#version)
    if (idle !== undefined) return this.#send(idle, this.#triedAtMs)
    pool.open(this.#version, (acquired) => this.#guard(() => this.#onAcquired(acquired, attempt)), this.#place?.load)
  }

  #connect(place: Place, picked: EndpointPool): EndpointPool | undefined {
    const { group, hash, session } = this.#plan
    // What is meant for one endpoint, or not for some, is not sent elsewhere for the sake of a connection.
    const isFree = hash === undefined && session?.pool === undefined && this.#tried === noPools
    return place.connect(picked, this.#version, isFree ? this.#deps.balancer.eligible(group) : noPools)
  }

  #onAcquired(acquired: Acquired, attempt: number): void {
    // Its time was up before.
    if (this.isOver || this.#pool === undefined || attempt !== this.#plan.trace.attempts) {
      if (acquired.ok) acquired.session.park()
      return
    }
    if (acquired.ok) {
      if (!this.#pool.health.isQuiet) this.#tell((outcomes, trying) => outcomes.onConnected(trying))
      return this.#send(acquired.session, this.#deps.clock.monotonicMs())
    }
    const { failure } = acquired
    if (failure.kind === 'overflow') {
      // There turned out to be no connection for it: the try was none.
      this.#cancelTimer?.()
      this.#release()
      this.#plan.trace.attempts--
      return this.#place?.awaitConnection()
    }
    this.#tell((outcomes, trying) => outcomes.onUnreachable(trying, failure))
    this.#lose('connect-failed', failure.message)
  }

  #onTryTimeout(tryMs: number): void {
    this.#dropSession()
    this.#lose('timeout', `no whole response${whereOf(this.#plan.trace)} within ${tryMs} ms`)
  }

  /** This try will give no answer, or not a whole one: another one, or the end. */
  #lose(kind: LossKind, message: string): void {
    const { retry, group } = this.#plan
    this.#noteLoss(kind, message)
    const { method } = this.#plan.request
    const mayHelp = !isFutile(kind, retry, group) && mayRepeat(kind, method, retry)
    if (!this.#hasResponse && mayHelp && this.#takeRepeat())
      return this.#repeat({ status: 0, reason: kind, failure: message })
    this.#fail({ kind, message })
  }

  /** Leave for one more try, which counts from then on. */
  #takeRepeat(): boolean {
    if (this.#plan.isCopy === true) return false
    const { retry, group } = this.#plan
    const tries = { attempts: this.#plan.trace.attempts, isBodyLost: this.#replay?.isLost === true }
    const refusal = refusalOfRepeat(tries, this.#plan, () => this.#deps.budgets.of(group).take())
    if (refusal === undefined) return true
    // That there are so many repetitions at most where the route says nothing is nothing to tell.
    if (refusal === 'attempts' && retry === undefined) return false
    this.isExhausted = true
    this.#deps.counters.retriesRefused[refusal]++
    return false
  }

  #repeatAfterAnswer(why: Pick<TryRecord, 'status' | 'reason' | 'failure'>): void {
    const session = this.#session
    if (this.#isTaken()) readToEnd(session, this.#pool, this.#deps.clock)
    else session?.abandon()
    this.#session = undefined
    this.#repeat(why)
  }

  #repeat(why: Pick<TryRecord, 'status' | 'reason' | 'failure'>): void {
    const trace = this.#plan.trace
    this.#deps.counters.retries[why.reason === 'connect-failed' ? 'connectFailed' : why.reason]++
    const { clock, random } = this.#deps
    noteTry(trace, why, clock.monotonicMs() - this.#triedAtMs)
    this.#cancelTimer?.()
    if (this.#pool !== undefined) this.#tried = [...this.#tried, this.#pool]
    this.#release()
    // What the lost connection had not taken is in the replay.
    this.#passQueued()
    const waitMs = backoffBefore(trace.attempts, this.#plan.retry, random)
    if (waitMs === 0) return this.#attempt()
    this.#after(waitMs, () => this.#attempt())
  }

  #send(session: UpstreamSession, nowMs: number): void {
    if (session.version !== this.#version) {
      // It has no HTTP/2: the request goes as HTTP/1.1 if it can.
      const refusal = refusalOfHttp1(this.#plan, whereOf(this.#plan.trace)) ?? writeHeadFor(this.#plan, session.version)
      if (refusal !== undefined) {
        session.park()
        return this.#lose('connect-failed', refusal)
      }
    }
    this.#session = session
    this.#creditor = session
    this.#sentAtMs = nowMs
    this.#wholeAtMs = nowMs
    session.begin(this, this.#plan.request)
    const replay = this.#replay
    if (replay !== undefined && replay.length > 0) session.write(replay.buffer, 0, replay.length)
    if (!this.#heldBody.isEmpty) {
      const passed = this.#heldBody.drain((buffer, start, end) => this.#sendBody(buffer, start, end))
      if (passed > 0) this.#user.onRequestBytesPassed(passed)
    }
    if (this.#isRequestWhole) this.#finishRequest()
  }

  #sendBody(buffer: Buffer, start: number, end: number): boolean {
    const session = this.#session
    if (session === undefined) return true
    this.#replay?.add(buffer, start, end)
    const isPassed = session.write(buffer, start, end)
    if (!isPassed) this.#queuedBytes += end - start
    return isPassed
  }

  #finishRequest(): void {
    this.#wholeAtMs = this.#plan.request.bodyLength === 0 ? this.#sentAtMs : this.#deps.clock.monotonicMs()
    this.#session?.finish(this.#trailers)
  }

  /** All of the request is on its way, what was sent again included: nothing waits on the connection. */
  #isTaken(): boolean {
    return this.#isRequestWhole && this.#queuedBytes === 0 && this.queuedBytes === 0
  }

  /** The endpoint has this request no more. */
  #release(): void {
    const pool = this.#pool
    if (pool === undefined) return
    pool.active--
    if (!pool.health.isQuiet) pool.health.endTrial(this.#triedAtMs)
    this.#pool = undefined
  }

  #noteLoss(kind: LossKind, message: string): void {
    if (!this.#awaitsVerdict || kind === 'connect-failed' || kind === 'refused') return
    this.#awaitsVerdict = false
    this.#tell((outcomes, trying) => outcomes.onLost(trying, kind, message))
  }

  #tell(run: (outcomes: Balancer['outcomes'], trying: Trying) => void): void {
    const { balancer } = this.#deps
    if (this.#pool !== undefined) run(balancer.outcomes, balancer.trying(this.#plan.group, this.#pool, this.#triedAtMs))
  }

  #after(ms: number, run: () => void): void {
    this.#cancelTimer = this.#deps.clock.after(ms, () => this.#guard(run))
  }

  /** Runs what is called by somebody who has nothing to do with this request, and shall not pay for a bug that it meets. */
  #guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#fail({ kind: 'fault', error })
      this.#dropSession()
    }
  }

  #dropSession(): void {
    const session = this.#session
    this.#session = undefined
    session?.abandon()
  }

  #passQueued(): void {
    const bytes = this.#queuedBytes
    this.#queuedBytes = 0
    if (bytes > 0) this.#user.onRequestBytesPassed(bytes)
  }

  #leave(): void {
    this.isOver = true
    this.#cancelTimer?.()
    this.#release()
    this.#place?.leave()
    this.#replay?.drop()
    // Nobody will pass on what was held of the request: the client gets its credit back here.
    this.#queuedBytes += this.#heldBody.drop()
    this.#passQueued()
  }

  #fail(failure: ForwardFailure): void {
    if (this.isOver) return
    if ('message' in failure) this.#plan.trace.upstreamFailure = failure.message
    try {
      this.#leave()
    } finally {
      this.#user.onFailure(failure)
    }
  }
}
