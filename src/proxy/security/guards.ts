/**
 * What stands before the filters of a Service: its security policies. Each says nothing, and the request goes on, or
 * answers it; which policies there are, and how they decide, is no business of this file.
 */
import type { Exchange } from '../../filter/index.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import type { Frontend, Snapshot } from '../../snapshot/snapshot.ts'
import type { BodyWish } from '../forward/body-reader.ts'
import type { EnteredChains } from '../request/entered-chains.ts'
import type { ExchangeHook } from '../../filter/hook-run.ts'
import type { Standing } from './live/standing.ts'

/** An exchange that is judged. */
export interface GuardedExchange extends Exchange {
  readonly record: ExchangeRecord
  /** The one that the exchange keeps to its end. */
  readonly snapshot: Snapshot
  /** What was called; there when guards are asked. */
  readonly frontend: Frontend | undefined
  /** Shows the body, which goes to the backend all the same. */
  readonly readBody: (wish: BodyWish) => void
  /** Where hooks are added that run when there is an answer, after those of the filters. */
  readonly chains: Pick<EnteredChains, 'alsoOnResponse'>
  /** What policies have seen of it, once they have. */
  standing: Standing | undefined
  /** All guards have let it through. */
  readonly isAdmitted: boolean
  readonly isOver: boolean
  /** Called at the end, whatever it is: what was begun for this exchange is of no use any more. */
  onOver: (() => void) | undefined
}

/** Judges one exchange; a promise makes only this one wait. `kind` is the policy's. */
export type Guard = ExchangeHook<GuardedExchange>

/** Makes the guard of a frontend; `undefined` where it has nothing to say, and then never will. */
export type GuardMaker = (frontend: Frontend) => Guard | undefined

const NONE: readonly Guard[] = []

/** The guards of frontends, each made once. */
export class Guards {
  readonly #makers: readonly GuardMaker[]
  readonly #last: GuardMaker
  readonly #known = new WeakMap<Frontend, readonly Guard[]>()

  /**
   * `makers` in the order in which their guards are asked (Istio's: CUSTOM, JWT, then AUDIT, DENY and ALLOW), and what is
   * done where any of them has let a request through.
   */
  constructor(makers: readonly GuardMaker[], last: GuardMaker) {
    this.#makers = makers
    this.#last = last
  }

  of(frontend: Frontend): readonly Guard[] {
    // Most have no policies, and are not looked up for it.
    if (frontend.authentication === undefined && frontend.authorization === undefined) return NONE
    const known = this.#known.get(frontend)
    if (known !== undefined) return known
    const made = this.#makers.flatMap((make) => make(frontend) ?? [])
    const guards = made.length === 0 ? NONE : [...made, this.#last(frontend) ?? []].flat()
    this.#known.set(frontend, guards)
    return guards
  }
}
