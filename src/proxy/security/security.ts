import type { Model } from '../../model/model.ts'
import type { Frontend, Snapshot } from '../../snapshot/snapshot.ts'
import type { ForwardDeps } from '../forward/forward-plan.ts'
import { authorizationGuard } from './authorization-guard.ts'
import { createCustomGuard } from './custom-guard.ts'
import { Authorizers } from './ext-authz/authorizers.ts'
import { Guards, type Guard } from './guards.ts'
import type { TokenPolicies, TokenPolicyDeps } from './jwt/token-policies.ts'
import { createAdmissionGuard } from './live/admission-guard.ts'
import type { LateQuestions } from './live/late-questions.ts'

export interface SecurityDeps extends TokenPolicyDeps {
  /** How providers are reached. */
  readonly forwarding: ForwardDeps
}

/**
 * All that security policies need of a process: whom requests are judged by, and what that takes beside snapshots. What
 * only some kinds of policies need is loaded with the first of them.
 */
export class Security {
  /** Who has providers asked. */
  readonly authorizers: Authorizers
  readonly #deps: SecurityDeps
  #tokens: TokenPolicies | undefined

  constructor(deps: SecurityDeps) {
    this.#deps = deps
    this.authorizers = new Authorizers({ ...deps.forwarding, counters: deps.counters, onWarning: deps.warn })
  }

  /** All guards in Istio's order; `questions` are those that come later. */
  guardsWith(questions: LateQuestions): Guards {
    const custom = createCustomGuard(this.authorizers.requests)
    const tokens = (frontend: Frontend): Guard | undefined => this.#tokenGuard(frontend)
    return new Guards([custom, tokens, authorizationGuard], createAdmissionGuard(questions))
  }

  /** Loads what a model takes, to be waited for before it is in force; `undefined`: all of it is there. */
  load({ authentications, authorizations }: Model): Promise<unknown> | undefined {
    if (authorizations.some(({ action }) => action === 'CUSTOM')) this.authorizers.need()
    const tokens = authentications.length > 0 && this.#tokens === undefined ? this.#loadTokens() : undefined
    const providers = this.authorizers.load()
    return tokens === undefined ? providers : Promise.all([tokens, providers])
  }

  /** A snapshot has come into force: what it needs is got ahead of the first request, what it does not is let go. */
  retain(snapshot: Snapshot): void {
    this.#tokens?.retain(snapshot)
  }

  close(): void {
    this.#tokens?.close()
  }

  async #loadTokens(): Promise<void> {
    const loaded = await import('./jwt/token-policies.ts')
    this.#tokens = new loaded.TokenPolicies(this.#deps)
  }

  /** Whoever gets here without what it takes is answered 500. */
  #tokenGuard(frontend: Frontend): Guard | undefined {
    if (frontend.authentication === undefined) return undefined
    if (this.#tokens === undefined) throw new Error('RequestAuthentication was not loaded before its snapshot')
    return this.#tokens.guards(frontend)
  }
}
