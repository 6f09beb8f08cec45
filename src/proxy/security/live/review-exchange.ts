import type { H1RequestHead } from '../../../http/h1/message.ts'
import type { AuthorizationDecision } from '../../../model/security/authorization-decision.ts'
import { authorize } from '../../../snapshot/security/authorize.ts'
import type { Frontend } from '../../../snapshot/snapshot.ts'
import { factsAsReceived, type LiveExchange } from './facts-as-received.ts'

/**
 * What the policies of now decide about a request that is under way, where they are others than it was judged by last;
 * `undefined` when it may go on. Nobody is asked for a CUSTOM policy, and no token is verified again: that is for requests
 * that begin, as with Envoy.
 */
export const reviewExchange = (
  exchange: LiveExchange,
  head: H1RequestHead,
  frontend: Frontend,
): AuthorizationDecision | undefined => {
  const { authorization } = frontend
  const standing = (exchange.standing ??= { index: exchange.frontend?.authorization, facts: undefined })
  if (standing.index === authorization) return undefined
  standing.index = authorization
  // Who is still waited for is judged by these as well when that is over.
  if (authorization === undefined || !exchange.isAdmitted) return undefined
  const decision = authorize(authorization, standing.facts ?? factsAsReceived(exchange, head, frontend))
  exchange.record.authorization = decision
  return decision.verdict === 'deny' ? decision : undefined
}
