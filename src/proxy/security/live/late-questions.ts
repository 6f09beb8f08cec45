import { findCustoms } from '../../../snapshot/security/authorize.ts'
import type { AuthorizationIndex, RulePlan } from '../../../snapshot/security/policy-plans.ts'
import type { RequestFacts } from '../../../snapshot/security/request-facts.ts'
import type { Snapshot } from '../../../snapshot/snapshot.ts'
import type { AskedConnection, ConnectionAnswer, ConnectionAuthorizer } from '../ext-authz/connection-authorizer.ts'
import { Fifo } from '../../limits/fifo.ts'

/**
 * How many are asked about at a time: a change of policies may be about ten thousand. Those that wait go on meanwhile, for
 * as long as a provider that hangs takes to be given up, so that they must not be few.
 */
const MOST = 256

/** Something under way that providers are to be asked about. */
export interface LateQuestion {
  /** What is asked, when its turn comes; `undefined`: nothing any more. */
  readonly about: () => Omit<AskedConnection, 'snapshot'> | undefined
  /** Called at the end, with the refusal if there is one. */
  readonly onAnswer: (refusal: ConnectionAnswer | undefined) => void
}

export interface LateQuestionsDeps {
  readonly authorizer: Pick<ConnectionAuthorizer, 'check'>
  /** The one in force. */
  readonly snapshot: () => Snapshot | undefined
  readonly onError: (message: string, error: unknown) => void
}

/** Has providers asked about what they were not asked about when it began, a few at a time; the others go on meanwhile. */
export class LateQuestions {
  readonly #deps: LateQuestionsDeps
  readonly #waiting = new Fifo<LateQuestion>()
  #open = 0

  constructor(deps: LateQuestionsDeps) {
    this.#deps = deps
  }

  ask(question: LateQuestion): void {
    this.#waiting.push(question)
    this.#next()
  }

  #next(): void {
    while (this.#open < MOST) {
      const question = this.#waiting.shift()
      if (question === undefined) return
      this.#put(question)
    }
  }

  #put({ about, onAnswer }: LateQuestion): void {
    const snapshot = this.#deps.snapshot()
    const asked = about()
    if (snapshot === undefined || asked === undefined || asked.rules.length === 0) return onAnswer(undefined)
    this.#open++
    this.#deps.authorizer.check({ ...asked, snapshot }, (refusal) => {
      this.#open--
      try {
        onAnswer(refusal)
      } catch (error) {
        this.#deps.onError('what a provider said late came to nothing', error)
      }
      this.#next()
    })
  }
}

/** The CUSTOM rules of policies in force that match, whose providers were not asked yet. */
export const findUnasked = (
  index: AuthorizationIndex,
  facts: RequestFacts,
  asked: readonly string[],
): readonly RulePlan[] =>
  index.hasCustom ? findCustoms(index, facts).filter(({ policy }) => !asked.includes(policy.provider ?? '')) : NONE

const NONE: readonly RulePlan[] = []

/** Names of the providers that rules name. */
export const providersOf = (rules: readonly RulePlan[]): readonly string[] =>
  rules.map(({ policy }) => policy.provider ?? '')
