import type { Clock } from '../../../../lib/clock.ts'
import type { FetchText } from './fetch-text.ts'
import { fetchKeys, type RemoteKeySource } from './fetch-keys.ts'
import { findKeys, readKeySet, type PublicKey } from './key-set.ts'

/** What rings share. */
export interface KeyRingDeps {
  readonly clock: Clock
  /** From 0 (included) to 1 (excluded). */
  readonly random: () => number
  readonly fetchText: FetchText
  readonly counters: { jwksFetches: number; jwksFetchFailures: number }
  /** Told of each failure, and of the first success after one. */
  readonly onNews: (news: KeyNews) => void
}

/** How it went with the keys of an issuer. */
export interface KeyNews {
  readonly source: string
  /** `undefined`: they were got again. */
  readonly failure: string | undefined
  /** There are keys from before, which stay in use. */
  readonly hasKeys: boolean
}

/** What a token says of the key that has signed it. */
export interface WantedKey {
  readonly kid: string | undefined
  readonly alg: string
}

/** istiod's (PILOT_JWT_PUB_KEY_REFRESH_INTERVAL). */
const REFRESH_MS = 20 * 60_000
/** Whatever a Cache-Control says. */
const MIN_REFRESH_MS = 60_000
const MAX_REFRESH_MS = 60 * 60_000
/** Ahead of the time when they are no longer fresh, and replicas not all at once. */
const REFRESH_SHARE = 0.8
const JITTER_SHARE = 0.15
const FIRST_RETRY_MS = 1000
const MAX_RETRY_MS = 60_000
/** Of asking for keys that nobody knows: so many at once, and then one in so long, whatever tokens anybody makes up. */
const UNKNOWN_BURST = 3
const UNKNOWN_MS = 30_000

/**
 * The keys of one issuer, from its address: fetched when they are first needed, again before they are old, and when a token
 * names one that is not among them. When the issuer cannot be reached those that are there stay, however old.
 */
export class KeyRing {
  readonly #source: RemoteKeySource
  readonly #name: string
  readonly #deps: KeyRingDeps
  /** `undefined`: never got any. */
  #keys: readonly PublicKey[] | undefined
  #fetching: Promise<void> | undefined
  #failures = 0
  #nextTryMs = 0
  #unknownLeft = UNKNOWN_BURST
  #unknownSinceMs = 0
  #cancelTimer: (() => void) | undefined
  readonly #closing = new AbortController()

  constructor(source: RemoteKeySource, deps: KeyRingDeps) {
    this.#source = source
    this.#name = source.kind === 'uri' ? source.uri : `issuer ${source.issuer}`
    this.#deps = deps
  }

  /** Those that may have signed such a token; a promise when it takes asking for them. Empty: none of them has. `undefined`: there are no keys at all. */
  find(wanted: WantedKey): readonly PublicKey[] | undefined | Promise<readonly PublicKey[] | undefined> {
    const found = this.#findNow(wanted)
    if (found !== undefined && found.length > 0) return found
    const asked = found === undefined ? this.#fetchFirst() : this.#fetchUnknown()
    return asked === undefined ? found : asked.then(() => this.#findNow(wanted))
  }

  /** Gets the keys ahead of the first token. */
  prepare(): void {
    if (this.#keys === undefined) void this.#fetchFirst()
  }

  /** Asks nobody any more, and waits for no answer: a process could not end for as long. */
  close(): void {
    this.#closing.abort()
    this.#cancelTimer?.()
  }

  #findNow(wanted: WantedKey): readonly PublicKey[] | undefined {
    return this.#keys === undefined ? undefined : findKeys(this.#keys, wanted)
  }

  /** Until there are keys nobody waits for longer than one attempt takes, and between two nobody waits at all. */
  #fetchFirst(): Promise<void> | undefined {
    if (this.#fetching !== undefined) return this.#fetching
    return this.#deps.clock.monotonicMs() < this.#nextTryMs ? undefined : this.#fetch()
  }

  #fetchUnknown(): Promise<void> | undefined {
    if (this.#fetching !== undefined) return this.#fetching
    const nowMs = this.#deps.clock.monotonicMs()
    const earned = Math.floor((nowMs - this.#unknownSinceMs) / UNKNOWN_MS)
    if (earned > 0) {
      this.#unknownLeft = Math.min(UNKNOWN_BURST, this.#unknownLeft + earned)
      this.#unknownSinceMs = nowMs
    }
    if (this.#unknownLeft === 0 || nowMs < this.#nextTryMs) return undefined
    this.#unknownLeft--
    return this.#fetch()
  }

  #fetch(): Promise<void> {
    this.#cancelTimer?.()
    this.#deps.counters.jwksFetches++
    this.#fetching = fetchKeys(this.#source, this.#deps.fetchText, this.#closing.signal)
      .then(
        ({ text, maxAgeMs }) => this.#take(text, maxAgeMs),
        (error: unknown) => this.#fail(error instanceof Error ? error.message : String(error)),
      )
      .finally(() => (this.#fetching = undefined))
    return this.#fetching
  }

  #take(text: string, maxAgeMs = REFRESH_MS): void {
    const before = this.#keys ?? []
    const keys = readKeySet(text, before)
    // An empty set could be a slip at the issuer's, and would refuse everybody.
    if (keys === undefined || keys.length === 0) return this.#fail(`${this.#name} gave no key that signs tokens`)
    for (const key of before) key.isRetired = !keys.includes(key)
    this.#keys = keys
    if (this.#failures > 0) this.#deps.onNews({ source: this.#name, failure: undefined, hasKeys: true })
    this.#failures = 0
    this.#nextTryMs = 0
    const freshMs = Math.min(MAX_REFRESH_MS, Math.max(MIN_REFRESH_MS, maxAgeMs))
    this.#fetchAfter(freshMs * (REFRESH_SHARE - JITTER_SHARE * this.#deps.random()))
  }

  #fail(failure: string): void {
    if (this.#closing.signal.aborted) return
    this.#deps.counters.jwksFetchFailures++
    this.#failures++
    const waitMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 10))
    const jitteredMs = waitMs * (1 - JITTER_SHARE * this.#deps.random())
    this.#nextTryMs = this.#deps.clock.monotonicMs() + jitteredMs
    this.#deps.onNews({ source: this.#name, failure, hasKeys: this.#keys !== undefined })
    this.#fetchAfter(jitteredMs)
  }

  #fetchAfter(delayMs: number): void {
    if (this.#closing.signal.aborted) return
    this.#cancelTimer = this.#deps.clock.after(delayMs, () => {
      if (this.#fetching === undefined) void this.#fetch()
    })
  }
}
