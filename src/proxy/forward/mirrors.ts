import type { RequestView } from '../../filter/index.ts'
import { HeaderList } from '../../http/header-list.ts'
import type { H1RequestHead, H1ResponseHead } from '../../http/h1/message.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Mirror } from '../../model/route.ts'
import type { EndpointGroup, Snapshot } from '../../snapshot/snapshot.ts'
import type { AnswerTap } from '../comparison/answer.ts'
import type { Comparing } from '../comparison/comparing.ts'
import type { Comparisons } from '../comparison/comparisons.ts'
import type { Counters } from '../counters.ts'
import { hashOf } from '../balance/hash-key.ts'
import { hashableOf, toForwardRequest } from '../request/forward-request.ts'
import type { ForwardClient } from '../request/forward-request.ts'
import type { RecordDeps } from '../request/record.ts'
import type { ExchangeTrace } from '../tracing/exchange-trace.ts'
import { Forward } from './forward.ts'
import type { ForwardFailure } from './failure.ts'
import type { ForwardDeps, ForwardPlan, ForwardRequest, ForwardTrace, ForwardUser } from './forward-plan.ts'
import type { SpareMemory } from './spare-memory.ts'

/** What a copy may lag behind with its body before it is given up: the request itself never waits for it. */
const MAX_LAG_BYTES = 64 * 1024
/** A copy that is not answered by then is given up. */
const MAX_MS = 30_000
/** Copies under way in this process; more are not made. */
const MAX_COPIES = 1024

/** What mirroring needs beside what forwarding does. */
export interface MirrorDeps extends ForwardDeps {
  readonly counters: Counters
  /** Absent: answers of mirrors are dropped, whatever a model says. */
  readonly comparisons?: Comparisons
  /** Hears of bugs of ours that a copy has met. */
  readonly onError: RecordDeps['onError']
}

/** A mirror that gets a copy. */
interface Drawn {
  readonly mirror: Mirror
  readonly request: ForwardRequest
  /** Where its answer is compared with that of the request. */
  comparing?: Comparing | undefined
}

/** What is copied. */
export interface MirroredRequest {
  readonly head: H1RequestHead
  readonly client: ForwardClient
  /** Its place in a trace; `undefined`: it is not traced. */
  readonly tracing: ExchangeTrace | undefined
}

/** The copies of one request: made as it was after the filters of its rule, or of its backend, and begun behind it. */
export class Mirrors {
  readonly #head: H1RequestHead
  readonly #client: ForwardClient
  readonly #tracing: ExchangeTrace | undefined
  readonly #deps: MirrorDeps
  readonly #drawn: Drawn[] = []
  #copies: readonly Copy[] = []

  constructor(from: MirroredRequest, deps: MirrorDeps) {
    this.#head = from.head
    this.#client = from.client
    this.#tracing = from.tracing
    this.#deps = deps
  }

  /** Decides for each mirror whether it gets a copy of the request as it is now. */
  draw(mirrors: readonly Mirror[], request: RequestView): void {
    for (const mirror of mirrors) {
      if (this.#deps.random() * mirror.denominator >= mirror.numerator) continue
      this.#drawn.push({ mirror, request: this.#toSend(request) })
    }
  }

  /** Lets those that compare see the answer that goes to `user`; the request goes to `group`. */
  watch(user: ForwardUser, { method, path }: RequestView, group: EndpointGroup): ForwardUser {
    let watching = user
    for (const drawn of this.#drawn) {
      if (drawn.mirror.comparison === undefined) continue
      const mayRepeat = (): boolean => this.#hasRoom(group)
      drawn.comparing = this.#deps.comparisons?.begin(drawn.mirror, { method, path }, mayRepeat)
      if (drawn.comparing !== undefined) watching = drawn.comparing.watch(watching)
    }
    return watching
  }

  /** Begins the copies; a body of `bodyLength` follows. `group` is where the request itself has gone, as it is now. */
  start(
    { snapshot, group }: { readonly snapshot: Pick<Snapshot, 'groups'>; readonly group: EndpointGroup },
    request: RequestView,
    bodyLength: number,
  ): void {
    const copies: Copy[] = []
    for (const { mirror, request: drawn, comparing } of this.#drawn) {
      // Filters may have changed the body since.
      const copied = { ...drawn, bodyLength }
      const copy = this.#copy(snapshot.groups.get(mirror.endpoints), copied, comparing?.mirror)
      if (copy !== undefined) copies.push(copy)
      if (comparing?.repeat === undefined) continue
      const repeat = this.#copy(group, this.#toSend(request, bodyLength), comparing.repeat)
      if (repeat !== undefined) copies.push(repeat)
    }
    this.#copies = copies
    for (const copy of copies) copy.start()
  }

  /** Body of the request; the memory must stay as it is. */
  push(buffer: Buffer, start: number, end: number): void {
    for (const copy of this.#copies) copy.push(buffer, start, end)
  }

  end(trailers: HeaderList | undefined): void {
    for (const copy of this.#copies) copy.end(trailers)
  }

  /** The request is given up; one that is not whole will not be. */
  abandon(isWhole: boolean): void {
    for (const { comparing } of this.#drawn)
      if (!isWhole || comparing?.primary.outcome === undefined) comparing?.cancel()
    if (!isWhole) for (const copy of this.#copies) copy.giveUp()
  }

  #toSend(view: RequestView, bodyLength = this.#head.bodyLength): ForwardRequest {
    const copied = { ...view, headers: new HeaderList([...view.headers.fields]) }
    // What a mirror does is part of the exchange, and of none of its tries.
    this.#tracing?.tell(copied.headers)
    return { ...toForwardRequest(copied, this.#head, this.#client), bodyLength }
  }

  #copy(group: EndpointGroup | undefined, request: ForwardRequest, answer: AnswerTap | undefined): Copy | undefined {
    const { counters } = this.#deps
    if (group === undefined || group.closed !== undefined || counters.openMirrors >= MAX_COPIES) {
      counters.mirrorsDropped++
      answer?.lose()
      return undefined
    }
    const hash = hashOf(group, hashableOf(request, this.#client))
    return new Copy({ group, request, hash }, this.#deps, answer)
  }

  /** Whether a request that nobody waits for takes nobody's place: half of what a limit allows is free, behind this one. */
  #hasRoom(group: EndpointGroup): boolean {
    const load = this.#deps.loads.of(group)
    if (load === undefined) return true
    const { maxRequests = Infinity, maxConnections = Infinity } = load.limits
    return load.pending === 0 && (load.requests + 1) * 2 < maxRequests && (load.connections + 1) * 2 < maxConnections
  }
}

/** One copy on its way; what comes back goes nowhere, but to who compares it. */
class Copy implements ForwardUser {
  readonly #forward: Forward
  readonly #counters: Counters
  readonly #clock: Clock
  readonly #onError: MirrorDeps['onError']
  #cancelTimer: (() => void) | undefined
  readonly #memory: SpareMemory
  #lagBytes = 0
  readonly #answer: AnswerTap | undefined
  #isDone = false

  constructor(what: Pick<ForwardPlan, 'group' | 'request' | 'hash'>, deps: MirrorDeps, answer: AnswerTap | undefined) {
    const trace: ForwardTrace = { attempts: 0, tries: [], endpoint: undefined, upstreamMs: -1, upstreamFailure: '' }
    const plan = { ...what, trace, retry: undefined, tryMs: undefined, isCopy: true }
    this.#forward = new Forward(this, plan, deps)
    this.#counters = deps.counters
    this.#clock = deps.clock
    this.#onError = deps.onError
    this.#memory = deps.memory
    this.#answer = answer
  }

  start(): void {
    this.#counters.openMirrors++
    this.#counters.mirrorsTotal++
    this.#cancelTimer = this.#clock.after(MAX_MS, () => this.giveUp())
    this.#forward.start()
  }

  push(buffer: Buffer, start: number, end: number): void {
    if (this.#isDone || this.#forward.sendBody(buffer, start, end)) return
    this.#lagBytes += end - start
    if (!this.#memory.take(end - start) || this.#lagBytes > MAX_LAG_BYTES) this.giveUp()
  }

  end(trailers: HeaderList | undefined): void {
    if (!this.#isDone) this.#forward.endBody(trailers)
  }

  giveUp(): void {
    if (this.#isDone) return
    this.#forward.abandon()
    this.#finish(true)
  }

  onInformational(): void {}

  onResponse(head: H1ResponseHead): void {
    this.#answer?.onResponse(head)
  }

  onBody(buffer: Buffer, start: number, end: number): boolean {
    this.#answer?.onBody(buffer, start, end)
    return true
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.#answer?.onEnd(trailers)
    this.#finish(false)
  }

  onFailure(failure: ForwardFailure): void {
    if (failure.kind === 'fault') this.#onError('a copy of a request failed', failure.error)
    this.#finish(true)
  }

  onRequestBytesPassed(bytes: number): void {
    this.#lagBytes -= bytes
    this.#memory.give(bytes)
  }

  #finish(isDropped: boolean): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#cancelTimer?.()
    this.#counters.openMirrors--
    if (!isDropped) return
    this.#counters.mirrorsDropped++
    this.#answer?.lose()
  }
}
