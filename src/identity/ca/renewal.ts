import type { Credentials, CredentialSource } from '../credentials.ts'
import { CredentialStore } from '../credential-store.ts'
import { backoffMs } from '../../lib/waiting/backoff.ts'
import type { SourceParts } from '../source-parts.ts'

/** What came of asking a CA: `message` says why there is nothing. */
export type Obtained =
  | { readonly ok: true; readonly credentials: Credentials }
  | { readonly ok: false; readonly message: string }

export interface RenewalOptions extends SourceParts {
  /** Whom it asks, for messages: `istiod at istiod.istio-system.svc:15012`. */
  readonly from: string
  /** Asks once. It comes back in bounded time, and does not reject. */
  readonly obtain: () => Promise<Obtained>
}

/** Renewals of certificates that were issued at the same time are spread over this part of their life. */
const JITTER_RATIO = 0.1
/** However short the life that a CA gives: it is not asked more often. */
const MIN_DELAY_MS = 1000
/** The clock is looked at this often while we wait: clocks are set, machines sleep, and timers end at 25 days. */
const LONGEST_WAIT_MS = 60_000

/**
 * The one rule by which certificates that we ask for are renewed: at half of what is left of their own dates, give or
 * take; after a failure with growing pauses, none of them longer than a quarter of what is left; and on and on when
 * nothing is left, so that a waypoint recovers by itself. What is in force stays until the next set is there.
 */
export class Renewal implements CredentialSource {
  readonly #options: RenewalOptions
  readonly #first = Promise.withResolvers<CredentialSource>()
  /** Itself, once there are credentials; before that nothing but `close` must be called. */
  readonly ready = this.#first.promise
  #store: CredentialStore | undefined
  #failures = 0
  #isAsking = false
  #isWantedSoon = false
  #isClosed = false
  #cancel = (): void => {}

  constructor(options: RenewalOptions) {
    this.#options = options
    const { signal, tally, from } = options
    tally.waitFor(`a certificate from ${from}`)
    signal.addEventListener('abort', this.#abort, { once: true })
    if (signal.aborted) this.#abort()
    else void this.#ask()
  }

  /** `undefined` as long as there has been nothing. */
  get inForce(): Credentials | undefined {
    return this.#store?.current()
  }

  readonly current = (): Credentials => this.#started().current()

  readonly subscribe: CredentialSource['subscribe'] = (listener) => this.#started().subscribe(listener)

  readonly status: CredentialSource['status'] = () => this.#options.tally.status()

  /** Puts in force what is the same certificate with other trust. */
  readonly replace = (credentials: Credentials): void => this.#started().replace(credentials)

  /** Asks for the next set within `spreadMs`, at a moment that is left to chance, unless it is due before that. */
  readonly renewWithin = (spreadMs: number): void => {
    this.#isWantedSoon = this.#isAsking
    const { clock, random, tally } = this.#options
    const delayMs = random() * spreadMs
    const isDueBefore = (tally.status().nextRenewalMs ?? 0) <= clock.nowMs() + delayMs
    if (!this.#isAsking && this.#failures === 0 && !isDueBefore) this.#plan(delayMs)
  }

  readonly close = (): void => {
    this.#isClosed = true
    this.#cancel()
    this.#options.tally.planned(undefined)
    this.#options.signal.removeEventListener('abort', this.#abort)
    this.#store?.close()
  }

  readonly #abort = (): void => {
    if (this.#store !== undefined) return
    this.close()
    this.#first.reject(this.#options.signal.reason)
  }

  async #ask(): Promise<void> {
    this.#isAsking = true
    const obtained = await this.#options.obtain()
    this.#isAsking = false
    if (this.#isClosed) return
    if (obtained.ok) this.#accept(obtained.credentials)
    else this.#refuse(obtained.message)
  }

  #accept(credentials: Credentials): void {
    const { tally, clock, log, random, from } = this.#options
    this.#failures = 0
    const leftMs = credentials.notAfterMs - clock.nowMs()
    const delayMs = leftMs * (0.5 + JITTER_RATIO * (random() - 0.5))
    this.#plan(this.#isWantedSoon ? 0 : delayMs)
    this.#isWantedSoon = false
    const notAfter = new Date(credentials.notAfterMs).toISOString()
    log.info(`a certificate was issued by ${from}`, { identity: credentials.identity, notAfter })
    if (this.#store !== undefined) return this.#store.replace(credentials)
    this.#store = new CredentialStore(credentials, tally)
    this.#first.resolve(this)
  }

  #refuse(message: string): void {
    const { tally, clock, log, random, from } = this.#options
    this.#failures++
    tally.failed(message, clock.nowMs())
    const leftMs = this.#leftMs()
    const pauseMs = backoffMs(this.#failures, random)
    this.#plan(leftMs > 0 ? Math.min(pauseMs, leftMs / 4) : pauseMs)
    log.warn(`no certificate from ${from}: ${message}`, this.#whatNow())
  }

  #whatNow(): Readonly<Record<string, unknown>> {
    const nextRenewalMs = this.#options.tally.status().nextRenewalMs ?? 0
    const retry = { retryAt: new Date(nextRenewalMs).toISOString() }
    if (this.inForce === undefined) return retry
    return { ...retry, inForceUntil: new Date(this.inForce.notAfterMs).toISOString() }
  }

  /** Of what is in force; 0 when that is nothing, or has run out. */
  #leftMs(): number {
    return Math.max((this.inForce?.notAfterMs ?? 0) - this.#options.clock.nowMs(), 0)
  }

  #plan(delayMs: number): void {
    const { clock, tally } = this.#options
    const atMs = clock.nowMs() + Math.max(Math.round(delayMs), MIN_DELAY_MS)
    tally.planned(atMs)
    this.#waitUntil(atMs)
  }

  #waitUntil(atMs: number): void {
    const { clock } = this.#options
    const leftMs = atMs - clock.nowMs()
    this.#cancel()
    this.#cancel = clock.after(Math.min(leftMs, LONGEST_WAIT_MS), () => {
      if (clock.nowMs() < atMs) this.#waitUntil(atMs)
      else void this.#ask()
    })
  }

  #started(): CredentialStore {
    if (this.#store === undefined) throw new Error('there are no credentials yet: wait for `ready`')
    return this.#store
  }
}
