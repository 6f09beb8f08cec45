import type { RequestView } from '../../filter/index.ts'
import { HeaderList } from '../../http/header-list.ts'
import type { H1RequestHead } from '../../http/h1/message.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Mirror } from '../../model/route.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { Counters } from '../counters.ts'
import { hashOf } from '../balance/hash-key.ts'
import { hashableOf, toForwardRequest } from '../request/forward-request.ts'
import type { ForwardClient } from '../request/forward-request.ts'
import { Forward } from './forward.ts'
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
}

/** The copies of one request: made as it was after the filters of its rule, or of its backend, and begun behind it. */
export class Mirrors {
  readonly #head: H1RequestHead
  readonly #client: ForwardClient
  readonly #deps: MirrorDeps
  readonly #drawn: { readonly mirror: Mirror; readonly request: ForwardRequest }[] = []
  #copies: readonly Copy[] = []

  constructor(head: H1RequestHead, client: ForwardClient, deps: MirrorDeps) {
    this.#head = head
    this.#client = client
    this.#deps = deps
  }

  /** Decides for each mirror whether it gets a copy of the request as it is now. */
  draw(mirrors: readonly Mirror[], request: RequestView): void {
    for (const mirror of mirrors) {
      if (this.#deps.random() * mirror.denominator >= mirror.numerator) continue
      const view = { ...request, headers: new HeaderList([...request.headers.fields]) }
      this.#drawn.push({ mirror, request: toForwardRequest(view, this.#head, this.#client) })
    }
  }

  /** Begins the copies; a body of `bodyLength` follows. */
  start({ groups }: Pick<Snapshot, 'groups'>, bodyLength: number): void {
    const { counters } = this.#deps
    this.#copies = this.#drawn.flatMap(({ mirror, request: drawn }) => {
      // Filters may have changed the body since.
      const request = { ...drawn, bodyLength }
      const group = groups.get(mirror.endpoints)
      if (group === undefined || group.closed !== undefined || counters.openMirrors >= MAX_COPIES) {
        counters.mirrorsDropped++
        return []
      }
      const hash = hashOf(group, hashableOf(request, this.#client))
      return [new Copy({ group, request, hash }, this.#deps)]
    })
    for (const copy of this.#copies) copy.start()
  }

  /** Body of the request; the memory must stay as it is. */
  push(buffer: Buffer, start: number, end: number): void {
    for (const copy of this.#copies) copy.push(buffer, start, end)
  }

  end(trailers: HeaderList | undefined): void {
    for (const copy of this.#copies) copy.end(trailers)
  }

  /** The request will not be whole. */
  abandon(): void {
    for (const copy of this.#copies) copy.giveUp()
  }
}

/** One copy on its way; whatever comes back is dropped. */
class Copy implements ForwardUser {
  readonly #forward: Forward
  readonly #counters: Counters
  readonly #clock: Clock
  #cancelTimer: (() => void) | undefined
  readonly #memory: SpareMemory
  #lagBytes = 0
  #isDone = false

  constructor(what: Pick<ForwardPlan, 'group' | 'request' | 'hash'>, deps: MirrorDeps) {
    const trace: ForwardTrace = { attempts: 0, tries: [], endpoint: undefined, upstreamMs: -1, upstreamFailure: '' }
    const plan = { ...what, trace, retry: undefined, tryMs: undefined, isCopy: true }
    this.#forward = new Forward(this, plan, deps)
    this.#counters = deps.counters
    this.#clock = deps.clock
    this.#memory = deps.memory
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

  onResponse(): void {}

  onBody(): boolean {
    return true
  }

  onEnd(): void {
    this.#finish(false)
  }

  onFailure(): void {
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
    if (isDropped) this.#counters.mirrorsDropped++
  }
}
