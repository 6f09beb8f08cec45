import { createReply } from '../../filter/reply.ts'
import type { Reply } from '../../filter/index.ts'
import type { AuthorizationDecision } from '../../model/security/authorization-decision.ts'
import { authorize, watch } from '../../snapshot/security/authorize.ts'
import type { GuardedExchange, GuardMaker } from './guards.ts'
import { createRequestFacts } from './request-facts-of.ts'

/** Lets through, or answers 403, as the AuthorizationPolicies of the frontend have it. */
export const authorizationGuard: GuardMaker = (frontend) => {
  const { authorization } = frontend
  if (authorization === undefined) return undefined
  const factsOf = createRequestFacts(frontend)
  return (exchange) => {
    const facts = factsOf(exchange)
    if (facts.token !== undefined) exchange.record.requestPrincipal = facts.token.principal
    if (authorization.isWatched) exchange.record.authorizationNotes = watch(authorization, facts)
    const decision = authorize(authorization, facts)
    if (decision.verdict === 'deny') return refuse(exchange, decision)
    exchange.record.authorization = decision
    return undefined
  }
}

/** Answers as Envoy does. */
export const refuse = ({ record }: GuardedExchange, decision: AuthorizationDecision): Reply => {
  record.authorization = decision
  return createReply(403, {
    headers: [['content-type', 'text/plain']],
    body: 'RBAC: access denied',
    reason: decision.details,
  })
}
