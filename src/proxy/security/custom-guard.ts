import type { Reply } from '../../filter/index.ts'
import { findCustoms } from '../../snapshot/security/authorize.ts'
import type { RulePlan } from '../../snapshot/security/policy-plans.ts'
import type { Authorizers } from './ext-authz/authorizers.ts'
import type { GuardedExchange, GuardMaker } from './guards.ts'
import { providersOf } from './live/late-questions.ts'
import { newStanding } from './live/standing.ts'
import { createRequestFacts } from './request-facts-of.ts'

/**
 * Asks the providers of the CUSTOM policies whose rules match, one after the other: each may refuse. It stands before
 * tokens are looked at. A policy whose provider is not there refuses what it matches, as in Istio.
 */
export const createCustomGuard =
  (authorizer: Authorizers['requests']): GuardMaker =>
  (frontend) => {
    const { authorization } = frontend
    if (authorization?.hasCustom !== true) return undefined
    const factsOf = createRequestFacts(frontend)
    return (exchange) => {
      const rules = findCustoms(authorization, factsOf(exchange))
      if (rules.length === 0) return undefined
      exchange.standing ??= newStanding(authorization)
      exchange.standing.asked = providersOf(rules)
      return askAll(authorizer, exchange, rules)
    }
  }

const askAll = async (
  authorizer: Authorizers['requests'],
  exchange: GuardedExchange,
  rules: readonly RulePlan[],
): Promise<Reply | void> => {
  for (const rule of rules) {
    const refusal = await askOne(authorizer, exchange, rule)
    if (refusal === undefined) continue
    exchange.record.authorization = rule.decision
    return refusal
  }
}

const askOne = async (
  authorizer: Authorizers['requests'],
  exchange: GuardedExchange,
  { policy }: RulePlan,
): Promise<Reply | void> => {
  const { key, provider: name = '' } = policy
  // The frontend may be older than what the mesh says of its providers.
  const provider = exchange.snapshot.providers.get(name)
  if (provider?.kind === 'usable') {
    return authorizer.check(exchange, { name: `provider ${name}`, settings: provider.settings })
  }
  const why = provider?.reason ?? 'the mesh has no such extension provider'
  return authorizer.refuse(exchange, { name: `provider ${name} of AuthorizationPolicy ${key}`, why })
}
