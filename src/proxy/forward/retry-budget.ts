import { defaultRetryBudget } from '../../model/backend/backend-defaults.ts'
import type { RetryBudgetPolicy } from '../../model/backend/backend-policy.ts'
import type { EndpointGroup } from '../../snapshot/snapshot.ts'

/** Parts of the time that is looked back on, at most. */
const SLOTS = 10

/**
 * How many repetitions one Service may get: when everything fails they would only add to the load. Time passes in whole
 * seconds.
 */
export class RetryBudget {
  /** Of the requests that are looked back on. */
  readonly #share: number
  readonly #requests: number[]
  readonly #retries: number[]
  readonly #slotTicks: number
  /** Always allowed in so many seconds (GEP-3388, `minRetryRate`). */
  readonly #floor: number
  readonly #floorTicks: number
  #slot = 0
  #slotAge = 0
  #allRequests = 0
  #allRetries = 0
  #floorAge = 0
  #floorRetries = 0
  /** It has been forgotten: whoever keeps it has to ask for another one. */
  isRetired = false

  constructor({ percent, intervalMs, minRetryRate }: RetryBudgetPolicy = defaultRetryBudget) {
    const seconds = Math.max(1, Math.ceil(intervalMs / 1000))
    this.#slotTicks = Math.ceil(seconds / SLOTS)
    const slots = Math.ceil(seconds / this.#slotTicks)
    this.#requests = new Array<number>(slots).fill(0)
    this.#retries = new Array<number>(slots).fill(0)
    this.#share = percent / 100
    this.#floor = minRetryRate.count
    this.#floorTicks = Math.max(1, Math.ceil(minRetryRate.intervalMs / 1000))
  }

  get isUnused(): boolean {
    return this.#allRequests === 0 && this.#allRetries === 0 && this.#floorRetries === 0
  }

  /** A request that is sent for the first time. */
  noteRequest(): void {
    this.#requests[this.#slot] = (this.#requests[this.#slot] ?? 0) + 1
    this.#allRequests++
  }

  /** Leave to send one again, which counts from then on. */
  take(): boolean {
    if (this.#floorRetries >= this.#floor && this.#allRetries + 1 > this.#allRequests * this.#share) return false
    this.#retries[this.#slot] = (this.#retries[this.#slot] ?? 0) + 1
    this.#allRetries++
    this.#floorRetries++
    return true
  }

  /** To be called each second. */
  tick(): void {
    if (++this.#floorAge >= this.#floorTicks) {
      this.#floorAge = 0
      this.#floorRetries = 0
    }
    if (++this.#slotAge < this.#slotTicks) return
    this.#slotAge = 0
    this.#slot = (this.#slot + 1) % this.#requests.length
    this.#allRequests -= this.#requests[this.#slot] ?? 0
    this.#allRetries -= this.#retries[this.#slot] ?? 0
    this.#requests[this.#slot] = 0
    this.#retries[this.#slot] = 0
  }
}

/**
 * The budgets of this process, one for each Service (XBackendTrafficPolicy targets Services): ports with the same figures
 * share it. Other figures begin anew.
 */
export class RetryBudgets {
  readonly #budgets = new Map<string, RetryBudget>()
  readonly #ofGroup = new WeakMap<EndpointGroup, RetryBudget>()

  /** The budget of the Service behind `group`, for now: not to be kept. */
  of(group: EndpointGroup): RetryBudget {
    const known = this.#ofGroup.get(group)
    if (known !== undefined && !known.isRetired) return known
    const policy = group.policy?.retryBudget ?? defaultRetryBudget
    const service = group.key.slice(0, group.key.lastIndexOf(':'))
    const { percent, intervalMs, minRetryRate } = policy
    const key = `${service} ${percent} ${intervalMs} ${minRetryRate.count} ${minRetryRate.intervalMs}`
    const budget = this.#budgets.get(key) ?? new RetryBudget(policy)
    this.#budgets.set(key, budget)
    this.#ofGroup.set(group, budget)
    return budget
  }

  /** To be called each second. */
  tick(): void {
    for (const [key, budget] of this.#budgets) {
      budget.tick()
      if (!budget.isUnused) continue
      budget.isRetired = true
      this.#budgets.delete(key)
    }
  }
}
