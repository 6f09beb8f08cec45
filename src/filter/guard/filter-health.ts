import type { Clock } from '../../lib/clock.ts'
import type { UserFilter } from '../../model/filter-spec.ts'
import { FilterFailure, FilterFault } from './failure.ts'
import type { FailureKind } from './failure.ts'
import { Quarantine } from './quarantine.ts'
import { countFailures, hookBoundsMs, readHookTimes } from './reading.ts'
import type { FilterReading, LastFailure } from './reading.ts'

/** What a failure is to those who are told of it. */
export interface FailureNews {
  readonly id: string
  readonly kind: FailureKind
  /** For the log: one line, or with a stack. */
  readonly message: string
}

export interface HealthHost {
  readonly clock: Clock
  /** `stamp-version.ts:12`: where in the filter's own code an error comes from. */
  readonly locate: (error: unknown, user: UserFilter) => string | undefined
  readonly onFailure: (news: FailureNews) => void
  readonly onQuarantine: (news: FailureNews) => void
}

/** A failure as a hook had it. */
export interface SeenFailure {
  readonly kind: FailureKind
  readonly error: unknown
  /** The error as text without secrets; its first line is shown to operators, the rest goes to the log. */
  readonly text: string
}

/** How one version of a user filter does in this process; it outlives the instances, which come and go with attachments. */
export class FilterHealth {
  readonly user: UserFilter
  readonly kind: string
  /** Where it stands in `HookSlots`, from 1. */
  readonly slot: number
  readonly quarantine = new Quarantine()
  /** Instances that have it. */
  uses = 0
  readonly #host: HealthHost
  #calls = 0
  readonly #failures = countFailures()
  readonly #buckets = new Float64Array(hookBoundsMs.length + 1)
  #sumMs = 0
  #maxMs = 0
  #lastFailure: LastFailure | undefined
  readonly #quarantined: FilterFailure
  readonly #refusals = new Map<FailureKind, FilterFailure>()

  constructor(facts: { readonly user: UserFilter; readonly kind: string; readonly slot: number }, host: HealthHost) {
    this.user = facts.user
    this.kind = facts.kind
    this.slot = facts.slot
    this.#host = host
    this.#quarantined = new FilterFailure(`filter_quarantined{${facts.user.id}}`)
  }

  /** Notes for how long a hook held the loop; hot. */
  note(tookMs: number): void {
    this.#calls++
    this.#sumMs += tookMs
    if (tookMs > this.#maxMs) this.#maxMs = tookMs
    let i = 0
    while (i < hookBoundsMs.length && tookMs > (hookBoundsMs[i] ?? 0)) i++
    this.#buckets[i] = (this.#buckets[i] ?? 0) + 1
  }

  /** Whether it may be called now. */
  isAdmitted(): boolean {
    return this.quarantine.isActive || this.quarantine.admit(this.#host.clock.monotonicMs())
  }

  pass(): void {
    this.quarantine.pass(this.#host.clock.monotonicMs)
  }

  /** What a call that is not made comes to. */
  refuseQuarantined(): undefined {
    if (this.user.failureMode === 'closed') throw this.#quarantined
    return undefined
  }

  /** Counts a failure; throws what closes the exchange, unless the failure mode is `open` and nothing binds it. */
  fail(seen: SeenFailure, isBound: boolean): undefined {
    const kind = this.count(seen)
    if (isBound || this.user.failureMode === 'closed') throw this.#refusalOf(kind)
    return undefined
  }

  /** Counts a failure whose exchange goes on all the same; its kind, which a fault knows by itself. */
  count({ kind: by, error, text }: SeenFailure): FailureKind {
    const { id } = this.user
    const kind = error instanceof FilterFault ? error.kind : by
    const { clock } = this.#host
    const [summary = ''] = text.split('\n', 1)
    this.#note(kind, summary, error instanceof FilterFault ? error.location : this.#host.locate(error, this.user))
    this.#host.onFailure({ id, kind, message: `filter ${id} failed (${kind}): ${text}` })
    if (this.quarantine.fail(clock.monotonicMs(), kind === 'loop' || kind === 'memory'))
      this.#tellQuarantine(kind, summary)
    return kind
  }

  /** It was found to hold the loop or to fill the memory. */
  condemn(kind: 'loop' | 'memory', message: string, location: string | undefined): void {
    this.#note(kind, message, location)
    this.quarantine.condemn(this.#host.clock.monotonicMs())
    this.#tellQuarantine(kind, message)
  }

  /** Another process has found that out; the quarantine lasts until a time of day. */
  hold(failure: LastFailure, untilMs: number): void {
    const { clock } = this.#host
    const leftMs = untilMs - clock.nowMs()
    if (leftMs <= 0) return
    this.#lastFailure = failure
    this.quarantine.hold(clock.monotonicMs(), leftMs)
  }

  read(): FilterReading {
    const { clock } = this.#host
    const { id, version, isolation, failureMode, hookMs, waitMs } = this.user
    const nowMs = clock.monotonicMs()
    const quarantine = this.quarantine.read(nowMs)
    const hookBuckets = [...this.#buckets]
    return {
      id,
      kind: this.kind,
      version,
      isolation,
      failureMode,
      budget: { hookMs, waitMs },
      state: quarantine.state,
      ...(quarantine.state === 'quarantined'
        ? { untilMs: Math.round(clock.nowMs() + quarantine.untilMs - nowMs) }
        : {}),
      calls: this.#calls,
      failures: { ...this.#failures },
      hookMs: readHookTimes(hookBuckets, this.#maxMs, this.#sumMs),
      hookBuckets,
      ...(this.#lastFailure === undefined ? {} : { lastFailure: this.#lastFailure }),
    }
  }

  #note(kind: FailureKind, message: string, location: string | undefined): void {
    this.#failures[kind]++
    const atMs = this.#host.clock.nowMs()
    this.#lastFailure = { kind, message, ...(location === undefined ? {} : { location }), atMs }
  }

  #tellQuarantine(kind: FailureKind, summary: string): void {
    const { id, failureMode } = this.user
    const { clock } = this.#host
    const state = this.quarantine.read(clock.monotonicMs())
    if (state.state !== 'quarantined') return
    const seconds = Math.round((state.untilMs - clock.monotonicMs()) / 1000)
    const where = this.#lastFailure?.location === undefined ? '' : ` at ${this.#lastFailure.location}`
    const what = failureMode === 'closed' ? 'its requests are answered with 500' : 'requests pass without it'
    const message = `filter ${id} is quarantined for ${seconds} s, and ${what}: ${kind}${where}: ${summary}`
    this.#host.onQuarantine({ id, kind, message })
  }

  /** One for each kind: under load an error with a stack for each request would cost more than the filter did. */
  #refusalOf(kind: FailureKind): FilterFailure {
    const known = this.#refusals.get(kind)
    if (known !== undefined) return known
    // What a backend would be told for.
    const status = kind === 'wait' && this.kind === 'App' ? 504 : 500
    const made = new FilterFailure(`filter_failed{${this.user.id},${kind}}`, status)
    this.#refusals.set(kind, made)
    return made
  }
}
