import type { FilterEnv } from 'fairway/filter'
import { passed, unavailable, type Decision, type Demand, type Limiter } from '../counting/limit.ts'
import { Breaker } from './breaker.ts'

/** Somebody who counts elsewhere. What is wrong there is a rejection. */
export interface Counter {
  readonly decide: (demands: readonly Demand[]) => Promise<Decision>
  readonly charge: (demands: readonly Demand[]) => Promise<void>
  readonly close: () => void
}

/** How somebody elsewhere is asked. */
export interface RemoteOptions {
  /** `Redis`, in the log. */
  readonly name: string
  readonly counter: Counter
  readonly timeoutMs: number
  /** What decides instead while it cannot be asked: a limiter, or always the same. */
  readonly fallback: Limiter | 'Open' | 'Closed'
  readonly env: FilterEnv
}

/** Asks somebody elsewhere, for a bounded time, and not at all while that is of no use. */
export class RemoteLimiter implements Limiter {
  readonly #options: RemoteOptions
  readonly #breaker: Breaker
  readonly #countFailure: (reason: 'timeout' | 'error' | 'not_asked') => void
  #lastError = ''

  constructor(options: RemoteOptions) {
    this.#options = options
    const { env, name } = options
    this.#breaker = new Breaker((isOpen) => {
      if (isOpen) env.log('warn', `${env.origin}: ${name} does not answer (${this.#lastError}): the failure mode holds`)
      else env.log('info', `${env.origin}: ${name} answers again`)
    })
    const failures = env.counter('rate_limit_failures_total', {
      help: 'Requests for which those who count the limit could not be asked.',
      labels: ['reason'],
    })
    this.#countFailure = (reason) => failures.inc({ reason })
  }

  decide(demands: readonly Demand[], nowMs: number): Decision | Promise<Decision> {
    if (!this.#breaker.admits(nowMs)) {
      this.#countFailure('not_asked')
      return this.#decideAlone(demands, nowMs)
    }
    const { promise, resolve } = Promise.withResolvers<Decision>()
    const { env, counter, timeoutMs } = this.#options
    let isOver = false
    const fail = (reason: 'timeout' | 'error', message: string): void => {
      if (isOver) return
      isOver = true
      const failedAtMs = env.now()
      this.#lastError = message
      this.#countFailure(reason)
      this.#breaker.fail(failedAtMs)
      resolve(this.#decideAlone(demands, failedAtMs))
    }
    let cancel = env.after(timeoutMs, () => {
      // When this process has been held up, the answer may be there and not read yet: that comes before the next timer.
      cancel = env.after(0, () => fail('timeout', `nothing in ${timeoutMs} ms`))
    })
    const settle = async (): Promise<void> => {
      try {
        const decision = await counter.decide(demands)
        cancel()
        if (isOver) return
        isOver = true
        this.#breaker.succeed()
        resolve(decision)
      } catch (error) {
        cancel()
        fail('error', error instanceof Error ? error.message : String(error))
      }
    }
    void settle()
    return promise
  }

  charge(demands: readonly Demand[], nowMs: number): void {
    const { counter, fallback } = this.#options
    counter.charge(demands).catch(() => {
      if (typeof fallback !== 'string') fallback.charge(demands, nowMs)
    })
  }

  close(): void {
    this.#options.counter.close()
  }

  #decideAlone(demands: readonly Demand[], nowMs: number): Decision | Promise<Decision> {
    const { fallback } = this.#options
    if (fallback === 'Open') return passed
    if (fallback === 'Closed') return unavailable
    return fallback.decide(demands, nowMs)
  }
}
