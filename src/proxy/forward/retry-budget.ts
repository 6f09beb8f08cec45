import type { EndpointGroup } from '../../snapshot/snapshot.ts'

/** Slots of a second that are looked back on. */
const SLOTS = 10
/** Repetitions among the requests of that time (GEP-3388, `budget.percent`). */
const SHARE = 0.2
/** Always allowed in a second (GEP-3388, `minRetryRate`). */
const FLOOR = 10

/** How many repetitions one Service may get: when everything fails they would only add to the load. */
export class RetryBudget {
  readonly #requests = new Array<number>(SLOTS).fill(0)
  readonly #retries = new Array<number>(SLOTS).fill(0)
  #slot = 0
  #allRequests = 0
  #allRetries = 0
  /** It has been forgotten: whoever keeps it has to ask for another one. */
  isRetired = false

  get isUnused(): boolean {
    return this.#allRequests === 0 && this.#allRetries === 0
  }

  /** A request that is sent for the first time. */
  noteRequest(): void {
    this.#requests[this.#slot] = (this.#requests[this.#slot] ?? 0) + 1
    this.#allRequests++
  }

  /** Leave to send one again, which counts from then on. */
  take(): boolean {
    const now = this.#retries[this.#slot] ?? 0
    if (now >= FLOOR && this.#allRetries + 1 > this.#allRequests * SHARE) return false
    this.#retries[this.#slot] = now + 1
    this.#allRetries++
    return true
  }

  /** To be called each second. */
  rotate(): void {
    this.#slot = (this.#slot + 1) % SLOTS
    this.#allRequests -= this.#requests[this.#slot] ?? 0
    this.#allRetries -= this.#retries[this.#slot] ?? 0
    this.#requests[this.#slot] = 0
    this.#retries[this.#slot] = 0
  }
}

/** The budgets of this process, one for each Service whatever the port (XBackendTrafficPolicy targets Services). */
export class RetryBudgets {
  readonly #ofService = new Map<string, RetryBudget>()
  readonly #ofGroup = new WeakMap<EndpointGroup, RetryBudget>()

  /** The budget of the Service behind `group`, for now: not to be kept. */
  of(group: EndpointGroup): RetryBudget {
    const known = this.#ofGroup.get(group)
    if (known !== undefined && !known.isRetired) return known
    const service = group.key.slice(0, group.key.lastIndexOf(':'))
    const budget = this.#ofService.get(service) ?? new RetryBudget()
    this.#ofService.set(service, budget)
    this.#ofGroup.set(group, budget)
    return budget
  }

  /** To be called each second. */
  tick(): void {
    for (const [service, budget] of this.#ofService) {
      budget.rotate()
      if (!budget.isUnused) continue
      budget.isRetired = true
      this.#ofService.delete(service)
    }
  }
}
