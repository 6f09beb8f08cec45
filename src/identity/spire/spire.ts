/**
 * Credentials from the SPIFFE Workload API: the agent sends a set when it is asked and whenever it has a new one, so
 * there is nothing to renew here, only a stream to keep open. What it sent last stays in force while it is valid,
 * whatever becomes of the stream.
 */
import type { Decoded, Issue } from '../../lib/decoded.ts'
import { formatIssue } from '../../lib/format-issue.ts'
import { StartupError } from '../../lib/startup-error.ts'
import { backoffMs } from '../../lib/waiting/backoff.ts'
import { CredentialStore } from '../credential-store.ts'
import type { Credentials, CredentialSource } from '../credentials.ts'
import type { NextCredentials } from '../decode-next-credentials.ts'
import { isSameSet } from '../is-same-set.ts'
import type { SourceParts } from '../source-parts.ts'
import { decodeSvid } from './decode-svid.ts'
import type { WantedSvid } from './pick-svid.ts'
import { decodeX509SvidResponse } from './workload-api.ts'
import { openWorkloadStream, type WorkloadStreamEnd } from './workload-stream.ts'

export interface SpireOptions extends SourceParts, WantedSvid {
  /** Path of the Workload API's Unix socket. */
  readonly socketPath: string
}

/** A request is answered without delay (SPIFFE Workload API section 4.3): who does not answer for so long hangs. */
const ANSWER_MS = 10_000
/** An agent sends the next set at about half of a life. After this part of what was left, it is asked again. */
const ASK_AGAIN_RATIO = 2 / 3
const ASK_AGAIN_MIN_MS = 10_000
/** Timers end at 25 days. */
const ASK_AGAIN_MAX_MS = 86_400_000
/** Whoever ends a stream that lived so long is asked again at once (section 4.2), others after a pause. */
const HEALTHY_MS = 1000
const MIN_PAUSE_MS = 1000
/** Where asking again is not expected to help (SPIFFE Workload Endpoint section 6). */
const REFUSED_PAUSE_MS = 60_000

/**
 * Waits for the agent's first set for as long as it takes, then follows it. Rejects with `StartupError` (`ESPIRE`) when
 * whoever answers at the socket is no Workload API, and with the reason of `signal` when that is aborted meanwhile.
 */
export const createSpireCredentials = (options: SpireOptions): Promise<CredentialSource> =>
  new SpireSource(options).ready

class SpireSource {
  readonly #options: SpireOptions
  readonly #from: string
  readonly #first = Promise.withResolvers<CredentialSource>()
  readonly ready = this.#first.promise
  #store: CredentialStore | undefined
  #openedMs = 0
  /** Whether the stream that is open, or was last, has brought a message. */
  #isAnswered = false
  /** Attempts in a row that brought no usable set. */
  #failures = 0
  #lastRefusal = ''
  /** When a refusal was last logged, by the monotonic clock. */
  #toldMs = -Infinity
  #closeStream = (): void => {}
  #cancel = (): void => {}

  constructor(options: SpireOptions) {
    this.#options = options
    const { signal, tally, socketPath } = options
    this.#from = `the SPIFFE Workload API at ${socketPath}`
    tally.waitFor(`an identity from ${this.#from}`)
    signal.addEventListener('abort', this.#abort, { once: true })
    if (signal.aborted) this.#abort()
    else this.#connect()
  }

  readonly #abort = (): void => {
    if (this.#store !== undefined) return
    this.#close()
    this.#first.reject(this.#options.signal.reason)
  }

  readonly #close = (): void => {
    this.#options.signal.removeEventListener('abort', this.#abort)
    this.#options.tally.planned(undefined)
    this.#cancel()
    this.#closeStream()
    this.#store?.close()
  }

  readonly #connect = (): void => {
    const { socketPath, clock } = this.#options
    this.#openedMs = clock.monotonicMs()
    this.#isAnswered = false
    this.#closeStream = openWorkloadStream(socketPath, { onMessage: this.#onMessage, onEnd: this.#onEnd })
    this.#after(ANSWER_MS, () => {
      this.#closeStream()
      this.#onEnd({ kind: 'failed', reason: `no answer within ${ANSWER_MS / 1000} s` })
    })
  }

  readonly #onMessage = (message: Uint8Array): void => {
    this.#isAnswered = true
    const decoded = this.#decode(message)
    if (!decoded.ok) this.#refuse('what it sent', decoded.issues)
    else this.#accept(decoded.value)
    const delayMs = Math.min(Math.max(this.#leftMs() * ASK_AGAIN_RATIO, ASK_AGAIN_MIN_MS), ASK_AGAIN_MAX_MS)
    this.#after(delayMs, () => {
      this.#closeStream()
      this.#connect()
    })
  }

  #decode(message: Uint8Array): Decoded<NextCredentials> {
    try {
      const response = decodeX509SvidResponse(message)
      return decodeSvid(response, this.#options, { before: this.#store?.current(), nowMs: this.#options.clock.nowMs() })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return { ok: false, issues: [{ message: `cannot be read (${reason})`, path: 'X509SVIDResponse' }] }
    }
  }

  #accept({ credentials, crlIssues }: NextCredentials): void {
    const { tally, log } = this.#options
    this.#failures = 0
    tally.planned(undefined)
    if (crlIssues.length === 0) {
      this.#lastRefusal = ''
      tally.recovered()
    } else this.#refuse('its new list of revoked certificates', crlIssues)
    if (this.#store !== undefined && isSameSet(credentials, this.#store.current())) return
    log.info(`an identity was sent by ${this.#from}`, {
      identity: credentials.identity,
      notAfter: notAfter(credentials),
    })
    if (this.#store === undefined) this.#start(new CredentialStore(credentials, tally))
    else this.#store.replace(credentials)
  }

  #start(store: CredentialStore): void {
    this.#store = store
    this.#first.resolve({
      current: store.current,
      subscribe: store.subscribe,
      status: store.status,
      close: this.#close,
    })
  }

  /** The agent repeats itself when it is asked again; the complaint is not repeated. */
  #refuse(what: string, issues: readonly Issue[]): void {
    const refusal = issues.map(formatIssue).join('; ')
    if (refusal === this.#lastRefusal) return
    this.#lastRefusal = refusal
    const { clock, log, tally } = this.#options
    const message = `${what} is refused: ${refusal}`
    tally.failed(message, clock.nowMs())
    const nowMs = clock.monotonicMs()
    // One that changes its mind with each message must not fill the log.
    if (nowMs - this.#toldMs < MIN_PAUSE_MS) return
    this.#toldMs = nowMs
    log.warn(`${this.#from}: ${message}`, this.#inForce())
  }

  readonly #onEnd = (end: WorkloadStreamEnd): void => {
    const isHealthy = this.#options.clock.monotonicMs() - this.#openedMs >= HEALTHY_MS
    if (end.kind === 'ended' && isHealthy && this.#isAnswered) {
      this.#connect()
      return
    }
    const reason = explainEnd(end, this.#options)
    if (end.kind === 'refused' && this.#store === undefined) this.#giveUp(reason)
    else this.#retry(reason, end.kind)
  }

  #giveUp(reason: string): void {
    this.#close()
    const advice = 'is it the socket of a SPIRE agent, the one for workloads?'
    this.#first.reject(new StartupError('ESPIRE', `${this.#from} is none (${reason}): ${advice}`))
  }

  #retry(reason: string, kind: WorkloadStreamEnd['kind']): void {
    const { clock, log, tally, random } = this.#options
    this.#failures++
    tally.failed(reason, clock.nowMs())
    const pauseMs = kind === 'refused' ? REFUSED_PAUSE_MS : backoffMs(this.#failures, random)
    const leftMs = this.#leftMs()
    const delayMs = Math.max(leftMs > 0 ? Math.min(pauseMs, leftMs / 4) : pauseMs, MIN_PAUSE_MS)
    tally.planned(clock.nowMs() + delayMs)
    log.warn(`no identity from ${this.#from}: ${reason}`, { retryInSeconds: delayMs / 1000, ...this.#inForce() })
    this.#after(delayMs, this.#connect)
  }

  #inForce(): { readonly inForceUntil?: string } {
    return this.#store === undefined ? {} : { inForceUntil: notAfter(this.#store.current()) }
  }

  /** Of what is in force; 0 when that is nothing, or has run out. */
  #leftMs(): number {
    return Math.max((this.#store?.current().notAfterMs ?? 0) - this.#options.clock.nowMs(), 0)
  }

  /** The one thing that is waited for, besides the stream. */
  #after(delayMs: number, run: () => void): void {
    this.#cancel()
    this.#cancel = this.#options.clock.after(delayMs, run)
  }
}

const explainEnd = (end: WorkloadStreamEnd, { trustDomains }: WantedSvid): string => {
  if (end.kind === 'ended') return 'the stream was ended too soon'
  if (end.kind !== 'no-identity') return end.reason
  const wanted = `spiffe://${trustDomains[0]}/ns/NAMESPACE/sa/ACCOUNT`
  return `it knows none for this process (${end.reason}): is there a registration entry for ${wanted}?`
}

const notAfter = (credentials: Credentials): string => new Date(credentials.notAfterMs).toISOString()
