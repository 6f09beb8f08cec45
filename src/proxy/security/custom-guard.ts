import { findCustom } from '../../snapshot/security/authorize.ts'
import type { ExternalAuthorizer } from './ext-authz/authorizer.ts'
import type { GuardMaker } from './guards.ts'
import { createRequestFacts } from './request-facts-of.ts'

/**
 * Asks the provider of the CUSTOM policy whose rule matches. It stands before tokens are looked at. A policy whose
 * provider is not there refuses what it matches, as in Istio.
 */
export const createCustomGuard =
  (authorizer: ExternalAuthorizer): GuardMaker =>
  (frontend) => {
    const { authorization } = frontend
    if (authorization?.hasCustom !== true) return undefined
    const factsOf = createRequestFacts(frontend)
    return (exchange) => {
      const rule = findCustom(authorization, factsOf(exchange))
      if (rule === undefined) return undefined
      const { key, provider: name = '' } = rule.policy
      // The frontend may be older than what the mesh says of its providers.
      const provider = exchange.snapshot.providers.get(name)
      if (provider?.kind !== 'usable') {
        exchange.record.authorization = rule.decision
        const why = provider?.reason ?? 'the mesh has no such extension provider'
        return authorizer.refuse(exchange, { name: `provider ${name} of AuthorizationPolicy ${key}`, why })
      }
      const answer = authorizer.check(exchange, { name: `provider ${name}`, settings: provider.settings })
      return answer.then((reply) => {
        if (reply !== undefined) exchange.record.authorization = rule.decision
        return reply
      })
    }
  }
