import type { Endpoint, EndpointKey } from '../../../model/endpoint.ts'
import type { LoadBalancing, OutlierDetection } from '../../../model/backend/backend-policy.ts'
import { hashText } from '../../../lib/hash/hash-text.ts'

/** Why an endpoint was ejected: connections, a peer that fell silent, or one of the counts of `OutlierDetection`. */
export type EjectionReason = 'localOrigin' | 'silent' | 'gatewayErrors' | 'serverErrors' | 'successRatio'

export type SlowStart = NonNullable<Extract<LoadBalancing, { readonly slowStart?: unknown }>['slowStart']>

/** Whose endpoint it is that something is to be decided about: the endpoints of one Service port. */
export interface Watcher {
  readonly key: EndpointKey
  readonly rules: OutlierDetection
  readonly slowStart: SlowStart | undefined
  /** Endpoints in all. */
  readonly size: number
  /** Those that are not healthy at the moment. */
  readonly countOut: () => number
  /** One of them is healthy again. */
  readonly onReturned: (nowMs: number) => void
}

/** Who keeps the states; told synchronously. */
export interface HealthOwner {
  /** Who may be picked, or how often, is another question now. */
  readonly onChange: (health: EndpointHealth) => void
  /** There is something to remember of it. */
  readonly onNoted: (health: EndpointHealth) => void
  readonly onEjected: (health: EndpointHealth, reason: EjectionReason) => void
  readonly onReturned: (health: EndpointHealth) => void
  /** It was to be ejected, and too many are already. */
  readonly onSpared: () => void
}

/** Answers in one interval, for the success ratio. */
export interface Answers {
  readonly watcher: Watcher
  readonly sinceMs: number
  good: number
  all: number
}

/** What is left of the share of an endpoint that has asked for rest. */
export const RESTING_SHARE = 0.1
/** A trial that has had no end for so long does not keep the next one waiting. */
const TRIAL_MS = 5000
/** Failures further apart are not in a row. */
const STREAK_MS = 60_000
/** Nobody has asked for it for so long: what is known of it is out of date. */
const FORGET_MS = 300_000

/** What tells an endpoint apart, whatever Service or TLS settings lead there; another pod at the address is another one. */
export const healthKeyOf = ({ workload, identity, address, port }: Endpoint): string =>
  `${workload.uid}|${identity ?? ''}|${address}|${port}`

/**
 * What is known of one endpoint's health: healthy, ejected for a time, or on probation, where it gets one request at a
 * time until one goes well. All times are monotonic milliseconds.
 */
export class EndpointHealth {
  readonly key: string
  readonly endpoint: Endpoint
  /** The same in every process, for consistent hashing. */
  readonly hash: number
  readonly #owner: HealthOwner
  state: 'healthy' | 'ejected' | 'probation' = 'healthy'
  /** For the owner: what it was counted as last. */
  countedAs: 'ejected' | 'probation' | 'slowed' | undefined
  /** Since when it has been so; 0: always. */
  sinceMs = 0
  /** Nothing is to be remembered of it, so that a good answer changes nothing. */
  isQuiet = true
  /** Of the requests that it would have otherwise: below 1 as long as it starts slowly or has asked for rest. */
  share = 1
  /** Of the last ejection. */
  reason: EjectionReason | undefined
  /** The same for people. */
  detail = ''
  untilMs = 0
  /** By whose rules. */
  ejectedFor: EndpointKey | undefined
  /** Ejections in a row. */
  ejections = 0
  /** Failures in a row, by what `OutlierDetection` counts. */
  localOriginFailures = 0
  gatewayErrors = 0
  serverErrors = 0
  answers: Answers | undefined
  /** The last group that it was looked at for, for what happens to it outside of requests. */
  watcher: Watcher | undefined
  /** A dial of our own is under way. */
  isProbing = false
  restsUntilMs = 0
  #slowStart: SlowStart | undefined
  #startedMs = 0
  #lastMs = 0
  #failedMs = 0
  /** When the trial began that is under way; -1: none is. */
  #trialMs = -1
  /** What failed last: those who waited for one connection tell of one failure. */
  #lastFailure: object | undefined

  constructor(endpoint: Endpoint, key: string, owner: HealthOwner) {
    this.endpoint = endpoint
    this.key = key
    this.#owner = owner
    this.hash = hashText(`${endpoint.workload.uid}|${endpoint.address}|${endpoint.port}`)
  }

  /** Whether a connection of our own can tell if it is back, so that no request need be risked. */
  get needsDial(): boolean {
    return isUnreachable(this.reason)
  }

  /** Whether a Service with these rules goes without it: what it answers to others is theirs to judge. */
  isOutFor(rules: OutlierDetection): boolean {
    if (this.state === 'healthy') return false
    return this.needsDial || countsErrors(rules, true)
  }

  /** Leave for one request to try whether it is well. */
  takeTrial(nowMs: number): boolean {
    if (this.state !== 'probation' || this.needsDial) return false
    if (this.#trialMs >= 0 && nowMs - this.#trialMs < TRIAL_MS) return false
    this.#trialMs = nowMs
    return true
  }

  /** A request that began at `startedMs` is over, whatever came of it. */
  endTrial(startedMs: number): void {
    if (startedMs >= this.#trialMs) this.#trialMs = -1
  }

  /** It could be connected to, or answered: it is there. */
  noteReached(at: Happening): void {
    this.localOriginFailures = 0
    if (this.needsDial) this.#recover(at)
  }

  /** An answer with which nothing is wrong, which ends what was in a row. */
  noteGood(at: Happening): void {
    this.gatewayErrors = 0
    this.serverErrors = 0
    // Whoever uses it all the same does not end its time with those who do not.
    if (this.state === 'ejected' && !this.isOutFor(at.watcher.rules)) return
    this.#recover(at)
  }

  /** `failure` is the same object for all who waited for one connection. */
  noteUnreachable(failure: { readonly message: string }, at: Happening): void {
    if (failure === this.#lastFailure) return
    this.#lastFailure = failure
    if (!this.#isNews(at)) return
    const { rules } = at.watcher
    const limit = rules.consecutiveLocalOriginFailures
    // Whoever is kept away until there is a connection stays so without one, whoever's rules it was ejected by.
    if (limit === 0 && !this.#awaitsConnection()) return
    this.localOriginFailures++
    const times = this.localOriginFailures === 1 ? 'a connection' : `${this.localOriginFailures} connections in a row`
    const detail = `${times} failed: ${failure.message}`
    if (this.state === 'probation') return this.#beginEjection('localOrigin', detail, at)
    if (this.localOriginFailures >= limit) this.#eject('localOrigin', detail, at)
  }

  /** Nobody answers, so that whoever is sent there would wait: there is no need to try that three times. */
  noteSilent(detail: string, at: Happening): void {
    const isWatched = at.watcher.rules.consecutiveLocalOriginFailures > 0 || this.#awaitsConnection()
    if (!isWatched || !this.#isNews(at)) return
    if (this.state === 'probation') this.#beginEjection('silent', detail, at)
    else this.#eject('silent', detail, at)
  }

  /** An answer 500 to 599, or a try that came to none, where the rules look at such (`countsErrors`). */
  noteError(what: { readonly isGateway: boolean; readonly detail: string }, at: Happening): void {
    if (!this.#isNews(at)) return
    const { rules } = at.watcher
    this.serverErrors++
    this.gatewayErrors = what.isGateway ? this.gatewayErrors + 1 : 0
    const isGatewayLimit = isReached(this.gatewayErrors, rules.consecutiveGatewayErrors)
    const reason = isGatewayLimit ? 'gatewayErrors' : 'serverErrors'
    if (this.state === 'probation') this.#beginEjection(reason, what.detail, at)
    else if (isGatewayLimit) {
      this.#eject(reason, `${this.gatewayErrors} gateway errors in a row: ${what.detail}`, at)
    } else if (isReached(this.serverErrors, rules.consecutive5xxErrors)) {
      this.#eject(reason, `${this.serverErrors} errors in a row: ${what.detail}`, at)
    }
  }

  /** Counts for the success ratio. */
  noteAnswer(isGood: boolean, { watcher, nowMs }: Happening): void {
    if (this.state !== 'healthy') return
    this.#note()
    this.answers ??= { watcher, sinceMs: nowMs, good: 0, all: 0 }
    this.answers.all++
    if (isGood) this.answers.good++
  }

  /** It has asked for fewer requests until then. */
  rest(untilMs: number): void {
    this.restsUntilMs = Math.max(this.restsUntilMs, untilMs)
    this.#note()
    this.#setShare(Math.min(this.share, RESTING_SHARE))
  }

  /** It is new, or back. */
  startSlowly(slowStart: SlowStart, nowMs: number): void {
    this.#slowStart = slowStart
    this.#startedMs = nowMs
    this.#note()
    this.#updateShare(nowMs)
  }

  /** Whether it can be connected to is worth a look now. */
  hasten(nowMs: number): void {
    if (this.state === 'ejected' && this.needsDial) this.#change('probation', nowMs)
  }

  /** The rules that it was ejected by are others now: it was for so long at most. */
  limitEjection(maxEjectionMs: number): void {
    this.#lastMs = Math.min(this.#lastMs, maxEjectionMs)
    this.untilMs = Math.min(this.untilMs, this.sinceMs + maxEjectionMs)
  }

  /** Time passes; false when nothing is left to remember. */
  tick(nowMs: number): boolean {
    if (this.state === 'ejected' && nowMs >= this.untilMs) this.#change('probation', nowMs)
    // Nobody knows any better: it is not told as back.
    if (this.state === 'probation' && nowMs - this.sinceMs > FORGET_MS && !this.isProbing)
      this.#change('healthy', nowMs)
    if (this.state === 'healthy') {
      // It was well for as long as it had been kept away.
      if (nowMs - this.sinceMs >= this.#lastMs) this.ejections = 0
      this.#weighAnswers(nowMs)
    }
    if (nowMs - this.#failedMs > STREAK_MS) this.#forgetStreaks()
    this.#updateShare(nowMs)
    this.isQuiet = this.#isNeutral()
    return !this.isQuiet
  }

  #awaitsConnection(): boolean {
    return this.state === 'probation' && this.needsDial
  }

  #isNeutral(): boolean {
    return (
      this.state === 'healthy' &&
      this.share === 1 &&
      this.ejections === 0 &&
      this.localOriginFailures === 0 &&
      this.gatewayErrors === 0 &&
      this.serverErrors === 0 &&
      this.answers === undefined
    )
  }

  /** What began before the state did says nothing of it; while ejected it needs no failure to stay so. */
  #isNews({ startedMs, nowMs }: Happening): boolean {
    if (this.state === 'ejected' || startedMs < this.sinceMs) return false
    this.#failedMs = nowMs
    this.#note()
    return true
  }

  #note(): void {
    if (!this.isQuiet) return
    this.isQuiet = false
    this.#owner.onNoted(this)
  }

  /** Something went well that began since it has been in this state. */
  #recover({ startedMs, nowMs, watcher }: Happening): void {
    if (this.state === 'healthy' || startedMs < this.sinceMs) return
    this.#return(nowMs, watcher.slowStart)
    watcher.onReturned(nowMs)
  }

  #return(nowMs: number, slowStart: SlowStart | undefined): void {
    this.#forgetStreaks()
    this.#trialMs = -1
    this.#change('healthy', nowMs)
    if (slowStart !== undefined) this.startSlowly(slowStart, nowMs)
    this.#owner.onReturned(this)
  }

  /** Of what cannot be reached all may be ejected but the only one, for its answers only a share: they are a guess. */
  #eject(reason: EjectionReason, detail: string, at: Happening): void {
    const { watcher } = at
    const most = isUnreachable(reason) && watcher.size > 1 ? watcher.size : mostOut(watcher)
    if (watcher.countOut() >= most) {
      this.#forgetErrors()
      if (watcher.size > 1) this.#owner.onSpared()
      return
    }
    this.#beginEjection(reason, detail, at)
  }

  #beginEjection(reason: EjectionReason, detail: string, { watcher, nowMs }: Happening): void {
    const { baseEjectionMs, maxEjectionMs } = watcher.rules
    this.#lastMs = Math.min(baseEjectionMs * 2 ** Math.min(this.ejections, 30), maxEjectionMs)
    this.ejections++
    this.reason = reason
    this.detail = detail
    this.untilMs = nowMs + this.#lastMs
    this.ejectedFor = watcher.key
    this.#slowStart = undefined
    this.answers = undefined
    this.#trialMs = -1
    this.#forgetStreaks()
    this.#change('ejected', nowMs)
    this.#owner.onEjected(this, reason)
  }

  #change(state: EndpointHealth['state'], nowMs: number): void {
    this.state = state
    this.sinceMs = nowMs
    this.#owner.onChange(this)
  }

  #forgetStreaks(): void {
    this.localOriginFailures = 0
    this.#lastFailure = undefined
    this.#forgetErrors()
  }

  /** Too many are ejected for their answers: that says nothing of whether this one can be reached. */
  #forgetErrors(): void {
    this.gatewayErrors = 0
    this.serverErrors = 0
  }

  #weighAnswers(nowMs: number): void {
    const { answers } = this
    if (answers === undefined) return
    const { watcher, sinceMs, good, all } = answers
    const { successRatio, intervalMs } = watcher.rules
    if (nowMs - sinceMs < intervalMs) return
    this.answers = undefined
    if (successRatio === undefined || all < successRatio.minimumRequests) return
    if (good * 100 >= successRatio.minimumPercent * all) return
    const at = { watcher, nowMs, startedMs: nowMs }
    this.#eject('successRatio', `${good} of ${all} answers were good in ${intervalMs} ms`, at)
  }

  #updateShare(nowMs: number): void {
    let share = nowMs < this.restsUntilMs ? RESTING_SHARE : 1
    if (this.#slowStart !== undefined) {
      const { durationMs, minimumPercent } = this.#slowStart
      const ratio = Math.max(minimumPercent / 100, (nowMs - this.#startedMs) / durationMs)
      if (ratio >= 1) this.#slowStart = undefined
      else share = Math.min(share, ratio)
    }
    this.#setShare(share)
  }

  /** Those who pick look at the share itself, but for whether there is anything to look at. */
  #setShare(share: number): void {
    const isOther = share < 1 !== this.share < 1
    this.share = share
    if (isOther) this.#owner.onChange(this)
  }
}

/** Something that happened to an endpoint. */
export interface Happening {
  readonly watcher: Watcher
  /** When what came to this began. */
  readonly startedMs: number
  readonly nowMs: number
}

const isUnreachable = (reason: EjectionReason | undefined): boolean => reason === 'localOrigin' || reason === 'silent'

/** How many endpoints of a Service port may be kept away at a time, the last of them for their answers. */
export const mostOut = ({ size, rules }: Pick<Watcher, 'size' | 'rules'>): number =>
  size < 2 ? 0 : Math.max(1, Math.floor((size * rules.maxEjectionPercent) / 100))

const isReached = (count: number, limit: number): boolean => limit > 0 && count >= limit

/** Whether the rules look at such errors at all. */
export const countsErrors = (rules: OutlierDetection, isGateway: boolean): boolean =>
  rules.consecutive5xxErrors > 0 ||
  rules.successRatio !== undefined ||
  (isGateway && rules.consecutiveGatewayErrors > 0)
