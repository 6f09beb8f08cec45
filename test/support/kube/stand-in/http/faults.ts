/** What goes wrong on demand. */
import type { User } from '../access.ts'
import type { RequestInfo } from './request-info.ts'

/** A request, and who sent it. */
export interface SeenRequest extends RequestInfo {
  readonly user: User
}

/** What becomes of a request instead of an answer, or before one. */
export type Fault =
  | { readonly kind: 'status'; readonly code: number; readonly retryAfterSeconds?: number }
  /** The answer comes later. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** The connection is cut, after so many bytes of the answer. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** No answer comes. */
  | { readonly kind: 'silent' }

export interface FaultRule {
  readonly fault: Fault
  /** Default: every request. */
  readonly fits?: (request: SeenRequest) => boolean
  /** Default: until it is disposed of. */
  readonly times?: number
}

export class Faults {
  readonly #rules = new Set<{ readonly rule: FaultRule; left: number }>()

  /** From now on, until what it gives is disposed of. */
  add(rule: FaultRule): Disposable {
    const entry = { rule, left: rule.times ?? Infinity }
    this.#rules.add(entry)
    return { [Symbol.dispose]: () => void this.#rules.delete(entry) }
  }

  /** What becomes of this request. */
  take(request: SeenRequest): Fault | undefined {
    for (const entry of this.#rules) {
      if (entry.left === 0 || entry.rule.fits?.(request) === false) continue
      entry.left--
      return entry.rule.fault
    }
    return undefined
  }
}
